// SPDX-License-Identifier: GPL-2.0 OR MIT
#include "ring.hpp"

#include <bit>

#include "answers.hpp"
#include "device.hpp"
#include "fetch.hpp"
#include "frontend.hpp"
#include "requests.hpp"

namespace sim
{

void over(World &world, Request &request)
{
	request.place = Place::over;
	if (request.abandoned)
		abandoned_end(world, request);
	else
		request.ring->done.push(&request);
}

void connect(World &world, Guest &guest)
{
	Ring &ring = guest.ring;
	world.expect(!ring.there, "connected over a ring");
	world.figures[connections]++;
	for (Request &request : ring.requests)
		request.ring = nullptr;
	ring.guest = &guest;
	ring.there = ring.live = ring.kicked = true;
	ring.broken = ring.starved = ring.cramped = false;
	ring.page = &guest.shared();
	ring.slot = {};
	ring.use = {};
	ring.busy = ring.parked = ring.tasks = ring.held = 0;
	ring.waiting.count = ring.done.count = ring.abandoned.count = 0;
	ring.lent = ring.cache = 0;
	ring.overdue_at = world.now;
	ring.consumed = ring.seen = 0;
	ring.fetched = ring.answered = 0;
	ring.rejected = {};
	world.expect(vscsi_ring_engine_bytes() <= ring.memory.size(),
		     "an engine needs more memory than there is");
	std::memset(ring.memory.data(), junk, vscsi_ring_engine_bytes());
	ring.engine = vscsi_ring_init(ring.memory.data(), ring.page);
	for (Device &device : world.device)
		device.away &= ~(1u << guest.index);
}

void stop(World &world, Ring &ring)
{
	ring.live = false;
	drain(world, ring);
	ask(world, ring, none);
	drop_parked(world, ring, none);
	for (u32 i = 0; i < ring.waiting.count; i++)
		reject(world, *ring.slot[ring.waiting.at[i]]);
	ring.waiting.count = 0;
	drain(world, ring);
}

bool is_drained(const Ring &ring)
{
	return !vscsi_in_flight(ring.engine) && !ring.abandoned.count;
}

void pass(World &world, Ring &ring, Random &random, Meanwhile meanwhile)
{
	if (!ring.live || ring.broken)
		return;
	std::array<wire::Request, slots> heads;
	u32 listed = 0, pending = 0;
	ring.kicked = false;
	ring.failed_out = 0;
	ring.cramped = false;
	while (ring.waiting.count + pending < slots && fetch(world, ring, listed, heads, pending))
		;
	if (ring.broken)
		world.say("guest %u: its ring is broken", ring.guest->index);
	meanwhile(world, *ring.guest, random);
	bring_lists(world, ring, listed, heads, pending);
	meanwhile(world, *ring.guest, random);
	const u32 loaded = load(world, ring, random);
	meanwhile(world, *ring.guest, random);
	for (u32 i = 0; i < loaded && !world.fault; i++)
		submit(world, ring, *ring.slot[ring.waiting.at[i]], random);
	for (u32 i = 0; i + loaded < ring.waiting.count; i++)
		ring.waiting.at[i] = ring.waiting.at[i + loaded];
	ring.waiting.count -= loaded;
	if (world.fault)
		return;
	tasks_first(world, ring);
	if (ring.broken || ring.waiting.count || ring.cramped)
		return;
	const bool more = peek(ring) != Peek::empty;
	ring.kicked |= more;
	world.expect(vscsi_more_requests(ring.engine) == more, "it is not known whether there is more");
}

void drain(World &world, Ring &ring)
{
	if (ring.there && ring.done.count)
		answer(world, ring);
}

void look(World &world, Ring &ring, Random &random)
{
	if (!ring.live || world.now < ring.overdue_at || !(ring.tasks || ring.parked || ring.abandoned.count))
		return;
	ring.overdue_at = world.now + VSCSI_OVERDUE_EVERY_MS;
	for (u32 slot = 0; slot < slots; slot++)
		if (ring.parked & bit(slot))
			unpark(world, ring, *ring.slot[slot], random);
	answer(world, ring);
	ring.tasks &= vscsi_busy_slots(ring.engine);
	u32 covered = 0;
	for (u32 slot = 0; slot < slots && !world.fault; slot++)
		if (ring.tasks & bit(slot))
			covered |= look_at_task(world, ring, slot);
	answer_held(world, ring);
	publish(world, ring);
	ask(world, ring, covered);
	drain(world, ring);
}

void trim(World &world, Ring &ring)
{
	if (!ring.live)
		return;
	world.pool.give(ring.guest->quota, ring.cache);
	ring.cache = 0;
	for (u32 slot = 1; slot < slots; slot++) {
		if (!ring.slot[slot] || ring.busy & bit(slot))
			continue;
		vscsi_give_list(ring.engine, slot, nullptr);
		free_request(*ring.slot[slot]);
		ring.slot[slot] = nullptr;
	}
}

bool is_due(const Ring &ring)
{
	return ring.live && !ring.broken && (ring.kicked || ring.waiting.count || ring.cramped);
}

void check(World &world, const Guest &guest)
{
	const Ring &ring = guest.ring;
	if (!ring.there)
		return;
	world.expect(vscsi_busy_slots(ring.engine) == ring.busy &&
			     vscsi_in_flight(ring.engine) == static_cast<u32>(std::popcount(ring.busy)),
		     "a slot is lost, or used by nobody");
	world.expect(ring.fetched - ring.answered == static_cast<u64>(std::popcount(ring.busy)),
		     "a request was answered not once");
	u32 lent = 0;
	for (const Request *request : ring.slot)
		lent += request ? request->held_pages : 0;
	u32 all = lent + ring.cache;
	for (u32 i = 0; i < ring.abandoned.count; i++)
		all += ring.abandoned.at[i]->held_pages;
	world.expect(lent == ring.lent && all == guest.quota.pages, "pages are lost");
	vscsi_counters counters;
	vscsi_read_counters(ring.engine, &counters);
	world.expect(counters.requests == ring.fetched, "requests are miscounted");
	for (u32 i = 0; i < VSCSI_REJECT_KINDS; i++)
		world.expect(counters.rejected[i] == ring.rejected[i],
			     "a request is refused for another reason");
}

} // namespace sim
