// SPDX-License-Identifier: GPL-2.0 OR MIT
// Reading memory that the other end may change at any time.
#pragma once
#include <vscsi/types.hpp>

namespace vscsi
{

// Reads 4-byte words out of shared memory, each exactly once.
template <typename T>
[[nodiscard]] inline T read_once(const T &shared) noexcept
{
	static_assert(sizeof(T) % sizeof(u32) == 0 && alignof(T) >= alignof(u32));
	T copy;
	u32 words[sizeof(T) / sizeof(u32)];
	const auto *from = reinterpret_cast<const volatile u32 *>(&shared);
	for (auto &word : words)
		word = *from++;
	__builtin_memcpy(&copy, words, sizeof copy);
	return copy;
}

} // namespace vscsi
