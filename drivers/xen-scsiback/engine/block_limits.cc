// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <vscsi/big_endian.hpp>
#include <vscsi/block_limits.hpp>

namespace vscsi
{
namespace
{

constexpr u8 block_limits_page = 0xb0;
constexpr u32 at_maximum = 8;
constexpr u32 at_optimal = 12;
constexpr u32 needed = at_optimal + 4;

} // namespace

void widen_block_limits(Span<u8> page, u32 blocks) noexcept
{
	if (page.size() < needed || page[1] != block_limits_page)
		return;
	const u64 maximum = get_big_endian(page, at_maximum, 4);
	// None is no limit.
	if (!maximum || maximum >= blocks)
		return;
	if (get_big_endian(page, at_optimal, 4) == maximum)
		put_big_endian(page, at_optimal, 4, blocks);
	put_big_endian(page, at_maximum, 4, blocks);
}

} // namespace vscsi
