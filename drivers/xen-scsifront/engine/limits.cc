// SPDX-License-Identifier: GPL-2.0 OR MIT
// What a frontend makes of what a backend offers.
#include "limits.hpp"
#include "front_ring.hpp"

namespace vscsi
{
namespace
{

constexpr u32 page_sectors = wire::page_bytes / 512;

constexpr u32 between(u32 least, u32 value, u32 most) noexcept
{
	return value < least ? least : value > most ? most : value;
}

} // namespace

vscsi_front_limits front_limits(const vscsi_front_offer &offer) noexcept
{
	vscsi_front_limits limits{};
	limits.segments = between(wire::direct_segments, offer.sg_grant, VSCSI_FRONT_MOST_SEGMENTS);
	limits.sectors = limits.segments * page_sectors;
	limits.page_order = between(0, offer.ring_page_order, VSCSI_FRONT_MOST_PAGE_ORDER);
	limits.commands = FrontRing::entries_of(limits.page_order) - 1;
	return limits;
}

u32 front_lists(u32 segments) noexcept
{
	if (segments <= wire::direct_segments)
		return 0;
	return (segments + VSCSI_FRONT_LISTED - 1) / VSCSI_FRONT_LISTED;
}

u32 front_list_bytes(u32 segments, u32 list) noexcept
{
	const u32 before = list * VSCSI_FRONT_LISTED;
	const u32 left = segments > before ? segments - before : 0;
	return between(0, left, VSCSI_FRONT_LISTED) * static_cast<u32>(sizeof(wire::Segment));
}

} // namespace vscsi
