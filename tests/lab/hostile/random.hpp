// SPDX-License-Identifier: GPL-2.0 OR MIT
// Numbers by chance, the same ones everywhere: a seed names a run.
#pragma once
#include <cstddef>
#include <cstdint>

using u8 = std::uint8_t;
using u16 = std::uint16_t;
using u32 = std::uint32_t;
using u64 = std::uint64_t;

class Random
{
public:
	explicit Random(u64 seed) : state_{seed * 2 + 1} {}
	// xorshift64*
	u64 next()
	{
		state_ ^= state_ >> 12;
		state_ ^= state_ << 25;
		state_ ^= state_ >> 27;
		return state_ * 0x2545f4914f6cdd1d;
	}
	u32 below(u32 limit) { return static_cast<u32>((next() >> 32) % limit); }
	bool one_in(u32 n) { return below(n) == 0; }
	void fill(void *to, std::size_t bytes)
	{
		for (std::size_t i = 0; i < bytes; i++)
			static_cast<u8 *>(to)[i] = static_cast<u8>(next() >> 40);
	}

private:
	u64 state_;
};
