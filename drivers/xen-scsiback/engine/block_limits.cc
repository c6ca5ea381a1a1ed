// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <vscsi/block_limits.hpp>

namespace vscsi
{
namespace
{

constexpr u8 block_limits_page = 0xb0;
constexpr u32 at_maximum = 8;
constexpr u32 at_optimal = 12;
constexpr u32 needed = at_optimal + 4;

u32 get(Span<u8> page, u32 at) noexcept
{
	u32 value = 0;
	for (u32 i = 0; i < 4; i++)
		value = value << 8 | page[at + i];
	return value;
}

void put(Span<u8> page, u32 at, u32 value) noexcept
{
	for (u32 i = 0; i < 4; i++)
		page[at + i] = static_cast<u8>(value >> (24 - 8 * i));
}

} // namespace

void widen_block_limits(Span<u8> page, u32 blocks) noexcept
{
	if (page.size() < needed || page[1] != block_limits_page)
		return;
	const u32 maximum = get(page, at_maximum);
	// None is no limit.
	if (!maximum || maximum >= blocks)
		return;
	if (get(page, at_optimal) == maximum)
		put(page, at_optimal, blocks);
	put(page, at_maximum, blocks);
}

} // namespace vscsi
