// SPDX-License-Identifier: GPL-2.0 OR MIT
// The C side's calls, one by one, as front.h has them.
#include "front_control.hpp"
#include "front_engine.hpp"
#include "limits.hpp"
#include <new>

using namespace vscsi;

static_assert(sizeof(vscsi_segment) == sizeof(wire::Segment));
static_assert(offsetof(vscsi_segment, offset) == offsetof(wire::Segment, offset));
static_assert(offsetof(vscsi_segment, length) == offsetof(wire::Segment, length));
static_assert(VSCSI_FRONT_LISTED * sizeof(wire::Segment) == wire::page_bytes);
static_assert(VSCSI_FRONT_LISTS <= wire::direct_segments);
static_assert(FrontRing::entries_of(0) == wire::slots);
static_assert(FrontRing::entries_of(VSCSI_FRONT_MOST_PAGE_ORDER) == VSCSI_FRONT_MOST_SLOTS);
static_assert(VSCSI_FRONT_COMMAND == static_cast<int>(wire::Action::command));
static_assert(VSCSI_FRONT_ABORT == static_cast<int>(wire::Action::abort));
static_assert(VSCSI_FRONT_RESET == static_cast<int>(wire::Action::reset));

struct vscsi_front_engine {
	FrontEngine engine;
};

extern "C" {

void vscsi_front_limits_of(const vscsi_front_offer *offer, vscsi_front_limits *limits) noexcept
{
	*limits = front_limits(*offer);
}

vscsi_u32 vscsi_front_lists(vscsi_u32 segments) noexcept
{
	return front_lists(segments);
}

vscsi_u32 vscsi_front_list_bytes(vscsi_u32 segments, vscsi_u32 list) noexcept
{
	return front_list_bytes(segments, list);
}

size_t vscsi_front_bytes(void) noexcept
{
	return sizeof(vscsi_front_engine);
}

vscsi_front_engine *vscsi_front_init(void *memory, void *shared, vscsi_u32 page_order) noexcept
{
	return new (memory) vscsi_front_engine{FrontEngine{shared, page_order}};
}

vscsi_u32 vscsi_front_slots(const vscsi_front_engine *ring) noexcept
{
	return ring->engine.slots();
}

bool vscsi_front_claim(vscsi_front_engine *ring, bool task, vscsi_u32 *slot) noexcept
{
	return ring->engine.claim(task, *slot);
}

void vscsi_front_unclaim(vscsi_front_engine *ring, vscsi_u32 slot) noexcept
{
	ring->engine.unclaim(slot);
}

void vscsi_front_send(vscsi_front_engine *ring, vscsi_u32 slot, const vscsi_front_request *request) noexcept
{
	ring->engine.send(slot, *request);
}

bool vscsi_front_push(vscsi_front_engine *ring) noexcept
{
	return ring->engine.push();
}

int vscsi_front_take(vscsi_front_engine *ring, vscsi_front_answer *answer) noexcept
{
	return ring->engine.take(*answer);
}

bool vscsi_front_more(vscsi_front_engine *ring) noexcept
{
	return ring->engine.more();
}

void vscsi_front_forget(vscsi_front_engine *ring, vscsi_u32 slot) noexcept
{
	ring->engine.forget(slot);
}

int vscsi_front_step(const vscsi_front_view *view) noexcept
{
	return front_step(*view);
}

int vscsi_front_device_step(const vscsi_front_device_view *view) noexcept
{
	return front_device_step(*view);
}

} // extern "C"
