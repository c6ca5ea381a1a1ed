// SPDX-License-Identifier: GPL-2.0 OR MIT
// SCSI's numbers: most significant byte first.
#pragma once
#include <vscsi/types.hpp>

namespace vscsi
{

template <typename Byte>
[[nodiscard]] constexpr u64 get_big_endian(Span<Byte> from, u32 at, u32 bytes) noexcept
{
	u64 value = 0;
	for (u32 i = 0; i < bytes; i++)
		value = value << 8 | from[at + i];
	return value;
}

constexpr void put_big_endian(Span<u8> to, u32 at, u32 bytes, u64 value) noexcept
{
	for (u32 i = bytes; i-- > 0; value >>= 8)
		to[at + i] = static_cast<u8>(value);
}

} // namespace vscsi
