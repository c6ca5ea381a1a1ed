// SPDX-License-Identifier: GPL-2.0 OR MIT
#include "answers.hpp"

#include "device.hpp"
#include "fetch.hpp"
#include "frontend.hpp"
#include "ring.hpp"

namespace sim
{

namespace
{

Request *make_request(World &world, Ring &ring, u32 slot)
{
	if (world.allocation_fails())
		return nullptr;
	for (Request &request : ring.requests) {
		if (request.ring)
			continue;
		begin(request);
		request.ring = &ring;
		request.slot = slot;
		std::memset(request.list.data(), junk, request.list.size());
		return &request;
	}
	world.expect(false, "a ring has more slots than it may");
	return nullptr;
}

} // namespace

void free_request(Request &request)
{
	request.ring = nullptr;
}

bool make_slot(World &world, Ring &ring, u32 slot)
{
	ring.slot[slot] = make_request(world, ring, slot);
	if (!ring.slot[slot])
		return false;
	vscsi_give_long_list(ring.engine, slot, ring.slot[slot]->list.data());
	return true;
}

namespace
{

void put_pages(World &, Ring &ring, Request &request)
{
	ring.lent -= request.held_pages;
	ring.cache += request.held_pages;
	if (request.held_pages && ring.starved) {
		ring.starved = false;
		ring.kicked = true;
	}
	request.held_pages = 0;
}

bool get_pages_once(World &world, Ring &ring, Request &request)
{
	const u32 had = std::min(request.pages, ring.cache);
	Guest &guest = *ring.guest;
	if (had < request.pages && !world.pool.take(guest.quota, request.pages - had, !ring.lent)) {
		ring.starved = true;
		return false;
	}
	ring.cache -= had;
	if (had < request.pages && world.allocation_fails()) {
		world.pool.give(guest.quota, request.pages - had);
		ring.cache += had;
		ring.starved = true;
		return false;
	}
	ring.lent += request.pages;
	request.held_pages = request.pages;
	return true;
}

// Others may sit on pages that they do not use.
bool reclaim(World &world, const Ring &but)
{
	bool freed = false;
	for (Guest &guest : world.guest) {
		Ring &ring = guest.ring;
		if (&ring == &but || !ring.there || !guest.quota.common)
			continue;
		freed |= ring.cache > 0;
		world.pool.give(guest.quota, ring.cache);
		ring.cache = 0;
	}
	return freed;
}

} // namespace

bool get_pages(World &world, Ring &ring, Request &request)
{
	return get_pages_once(world, ring, request) ||
	       (reclaim(world, ring) && get_pages_once(world, ring, request));
}

namespace
{

void free_bit(Ring &ring, u32 slot)
{
	ring.busy &= ~bit(slot);
	ring.slot[slot]->place = Place::none;
}

} // namespace

void answer_slot(World &world, Ring &ring, u32 slot)
{
	world.expect(ring.busy & bit(slot), "a request is answered twice");
	ring.answered++;
	free_bit(ring, slot);
	if (ring.live) {
		world.figures[answered]++;
		vscsi_respond(ring.engine, slot);
	} else {
		world.figures[forgotten]++;
		vscsi_forget(ring.engine, slot);
	}
}

u32 unanswered(const Ring &ring, const Request &task)
{
	u32 found = 0;
	for (u32 slot = 0; slot < slots; slot++)
		if (task.covered & ring.busy & bit(slot) && ring.use[slot] == task.covered_use[slot])
			found |= bit(slot);
	return found;
}

u32 task_unanswered(World &world, const Ring &ring, const Request &task)
{
	const u32 found = vscsi_task_unanswered(ring.engine, task.slot);
	world.expect(found == unanswered(ring, task), "a task covers what it does not cover");
	return found;
}

void answer_held(World &world, Ring &ring)
{
	for (u32 slot = 0; slot < slots; slot++) {
		if (!(ring.held & bit(slot)) || task_unanswered(world, ring, *ring.slot[slot]))
			continue;
		ring.held &= ~bit(slot);
		answer_slot(world, ring, slot);
	}
}

void publish(World &, Ring &ring)
{
	if (ring.live && vscsi_publish(ring.engine))
		ring.guest->notified = true;
}

namespace
{

void set_result(World &world, Ring &ring, Request &request)
{
	if (request.known)
		return;
	if (request.task) {
		vscsi_set_task_result(ring.engine, request.slot, request.good);
		expect_answer(world, *ring.guest, request, {request.good ? 0x2002 : 0x2003, 0, 0, {}});
		return;
	}
	const vscsi_result result{request.host, request.status, request.residual,
				  request.has_sense ? 18u : 0u,
				  request.has_sense ? request.sense.data() : nullptr};
	vscsi_set_result(ring.engine, request.slot, &result);
	const i32 value = static_cast<i32>(request.host << 16 | request.status);
	expect_answer(world, *ring.guest, request,
		      {value, std::min(request.residual, request.bytes), u8(request.has_sense ? 18 : 0),
		       request.sense});
}

} // namespace

void copy_failed(World &world, Ring &ring, Request &request)
{
	vscsi_set_copy_failed(ring.engine, request.slot);
	ring.rejected[VSCSI_REJECT_GRANT]++;
	expect_answer(world, *ring.guest, request, {VSCSI_HOST_ERROR << 16, request.bytes, 0, {}});
}

namespace
{

void count_answer(World &world, Ring &ring, Request &request)
{
	if (!request.counted || !request.lun)
		return;
	vscsi_outcome outcome;
	vscsi_outcome_of(ring.engine, request.slot, &outcome);
	if (!request.known && ring.live && !(ring.failed_in & bit(request.slot)))
		world.expect(
			outcome.host == (request.host & 0xff) && outcome.status == (request.status & 0xff) &&
				outcome.asked == request.bytes &&
				outcome.moved == request.bytes - std::min(request.residual, request.bytes),
			"another outcome is counted than there was");
	const vscsi_times times{request.fetched, request.submitted, request.done, world.now};
	vscsi_lun_completed(&request.lun->counts, &outcome, &times);
	request.lun->counted++;
	request.counted = false;
}

void answer_done(World &world, Ring &ring, Request &request)
{
	put_pages(world, ring, request);
	if (ring.failed_in & bit(request.slot))
		copy_failed(world, ring, request);
	count_answer(world, ring, request);
	Lun *lun = request.lun;
	request.lun = nullptr;
	if (request.task && request.good && !request.known && task_unanswered(world, ring, request))
		ring.held |= bit(request.slot);
	else
		answer_slot(world, ring, request.slot);
	if (lun)
		put(world, *lun);
}

} // namespace

void answer(World &world, Ring &ring)
{
	Random random{world.next_uid};
	ring.failed_in = 0;
	const auto done = ring.done;
	ring.done.count = 0;
	for (u32 i = 0; i < done.count; i++) {
		Request &request = *done.at[i];
		set_result(world, ring, request);
		if (ring.live && !request.known && request.held_pages &&
		    request.direction == VSCSI_FROM_DEVICE && request.residual < request.bytes &&
		    !copy_data(world, ring, request, request.bytes - request.residual, random))
			ring.failed_in |= bit(request.slot);
	}
	for (u32 i = 0; i < done.count; i++)
		answer_done(world, ring, *done.at[i]);
	answer_held(world, ring);
	publish(world, ring);
}

void abandoned_end(World &world, Request &request)
{
	Ring &ring = *request.ring;
	world.pool.give(ring.guest->quota, request.held_pages);
	ring.abandoned.remove(&request);
	if (!request.task)
		request.lun->abandoned--;
	Lun &lun = *request.lun;
	free_request(request);
	put(world, lun);
}

bool abandon(World &world, Ring &ring, u32 slot)
{
	Request &request = *ring.slot[slot];
	if (request.place == Place::over)
		return false;
	if (!world.expect(request.place == Place::queued || request.place == Place::with_core,
			  "what its device never had is abandoned to it"))
		return false;
	Request *spare = make_request(world, ring, slot);
	if (!spare)
		return false;
	world.figures[abandonments]++;
	spare->rqid = request.rqid;
	spare->bytes = request.bytes;
	spare->place = Place::over;
	spare->task = request.task;
	ring.lent -= request.held_pages;
	request.abandoned = true;
	ring.abandoned.push(&request);
	world.expect(ring.abandoned.count <= slots, "a guest abandons too much");
	if (!request.task)
		request.lun->abandoned++;
	if (request.counted) {
		const vscsi_outcome outcome{VSCSI_HOST_RESET, 0, request.direction, request.bytes, 0};
		const vscsi_times times{request.fetched, request.submitted, world.now, world.now};
		vscsi_lun_completed(&request.lun->counts, &outcome, &times);
		request.lun->counted++;
		request.counted = false;
	}
	ring.slot[slot] = spare;
	vscsi_give_long_list(ring.engine, slot, spare->list.data());
	return true;
}

void reject(World &world, Request &request)
{
	request.known = true;
	over(world, request);
}

void drop(World &world, Request &request)
{
	request.host = VSCSI_HOST_RESET;
	request.status = 0;
	request.residual = request.bytes;
	request.has_sense = false;
	over(world, request);
}

void drop_parked(World &world, Ring &ring, u32 which)
{
	const u32 dropped = ring.parked & which;
	ring.parked &= ~dropped;
	for (u32 slot = 0; slot < slots; slot++)
		if (dropped & bit(slot))
			drop(world, *ring.slot[slot]);
}

} // namespace sim
