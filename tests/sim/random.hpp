// SPDX-License-Identifier: GPL-2.0 OR MIT
// The same numbers from the same seed everywhere (splitmix64); <random>'s distributions are not.
#pragma once
#include <vscsi/engine.h>

namespace sim
{

using u8 = vscsi_u8;
using u16 = vscsi_u16;
using u32 = vscsi_u32;
using u64 = vscsi_u64;
using i32 = int;

class Random
{
public:
	explicit constexpr Random(u64 seed) : state_{seed} {}
	constexpr u64 next()
	{
		u64 word = state_ += 0x9e3779b97f4a7c15ULL;
		word = (word ^ word >> 30) * 0xbf58476d1ce4e5b9ULL;
		word = (word ^ word >> 27) * 0x94d049bb133111ebULL;
		return word ^ word >> 31;
	}
	constexpr u32 word() { return static_cast<u32>(next() >> 32); }
	constexpr u32 below(u32 limit) { return static_cast<u32>(u64{word()} * limit >> 32); }
	constexpr bool one_in(u32 n) { return below(n) == 0; }

private:
	u64 state_;
};

} // namespace sim
