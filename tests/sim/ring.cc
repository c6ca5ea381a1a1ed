// SPDX-License-Identifier: GPL-2.0 OR MIT
#include "ring.hpp"

#include <bit>

#include "device.hpp"
#include "fetch.hpp"
#include "frontend.hpp"

namespace sim
{
namespace
{

constexpr u32 bit(u32 slot)
{
	return 1u << slot;
}

// Nobody is left to look at what is written before it is read.
constexpr int junk = 0xa5;

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

void free_request(Request &request)
{
	request.ring = nullptr;
}

bool make_slot(World &world, Ring &ring, u32 slot)
{
	ring.slot[slot] = make_request(world, ring, slot);
	if (!ring.slot[slot])
		return false;
	vscsi_give_list(ring.engine, slot, ring.slot[slot]->list.data());
	return true;
}

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

bool get_pages(World &world, Ring &ring, Request &request)
{
	return get_pages_once(world, ring, request) ||
	       (reclaim(world, ring) && get_pages_once(world, ring, request));
}

void free_bit(Ring &ring, u32 slot)
{
	ring.busy &= ~bit(slot);
	ring.slot[slot]->place = Place::none;
}

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

void copy_failed(World &world, Ring &ring, Request &request)
{
	vscsi_set_copy_failed(ring.engine, request.slot);
	ring.rejected[VSCSI_REJECT_GRANT]++;
	expect_answer(world, *ring.guest, request, {VSCSI_HOST_ERROR << 16, request.bytes, 0, {}});
}

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

// The device goes on with it; another slot takes its place.
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
	vscsi_give_list(ring.engine, slot, spare->list.data());
	return true;
}

void reject(World &world, Request &request)
{
	request.known = true;
	over(world, request);
}

// Never submitted.
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

void ask(World &world, Ring &ring, u32 which)
{
	for (u32 slot = 0; slot < slots; slot++)
		if (which & ring.busy & bit(slot) && ring.slot[slot])
			ask_for(world, *ring.slot[slot]);
	for (u32 i = 0; i < ring.abandoned.count; i++)
		ask_for(world, *ring.abandoned.at[i]);
}

u32 not_over(const Ring &ring, u32 which)
{
	u32 found = 0;
	for (u32 slot = 0; slot < slots; slot++)
		if (which & bit(slot) && ring.slot[slot]->place != Place::over)
			found |= bit(slot);
	return found;
}

bool passes_through(const World &world, const Request &request)
{
	return request.lun && world.device[request.lun->device].passes();
}

void submit_task(World &world, Ring &ring, Request &request)
{
	vscsi_task task;
	std::memset(&task, junk, sizeof task);
	vscsi_task_of(ring.engine, request.slot, &task);
	const u32 covers = unanswered(ring, request);
	world.expect(task.function == (request.abort ? u32{VSCSI_TASK_ABORT} : u32{VSCSI_TASK_RESET}) &&
			     task.covered == covers,
		     "a task is about other commands");
	request.since = world.now;
	if (request.lun) {
		ring.tasks |= bit(request.slot);
		ask(world, ring, covers);
		drop_parked(world, ring, covers);
	}
	vscsi_task_view view{};
	view.function = task.function;
	view.covered = not_over(ring, covers);
	for (u32 slot = 0; slot < slots; slot++)
		if (view.covered & bit(slot) && passes_through(world, *ring.slot[slot]))
			view.comes_back |= bit(slot);
	view.well_known = !request.lun;
	view.abandoned = request.lun && request.lun->abandoned;
	view.passed_through = passes_through(world, request);
	switch (vscsi_task_step(&view)) {
	case VSCSI_TASK_DONE:
		world.expect(!(view.covered & ~view.comes_back) || view.well_known,
			     "nobody aborts what a task covers");
		world.expect(request.abort || view.well_known || view.abandoned, "a reset does nothing");
		request.good = true;
		over(world, request);
		return;
	case VSCSI_TASK_RESET_DEVICE:
		world.expect(!request.abort && view.passed_through, "a device is reset that was not to be");
		if (world.device[request.lun->device].passes())
			reset(world, world.device[request.lun->device]);
		request.good = true;
		over(world, request);
		return;
	default:
		if (!world.expect(request.lun, "target core has no well known logical unit"))
			return;
		world.expect(view.covered || (!request.abort && !view.abandoned),
			     "target core is asked for what it does not have");
		world.expect(!request.abort || view.covered & ~view.comes_back,
			     "target core waits for what comes back by itself");
		request.place = Place::with_core;
		world.device[request.lun->device].tasks.push(&request);
	}
}

void submit_well_known(World &world, Ring &ring, Request &request)
{
	std::array<u8, VSCSI_WELL_KNOWN_BYTES> data{};
	vscsi_result result{};
	u32 bytes = 0;
	if (request.cdb[0] == 0xa0 && vscsi_report_luns_valid(request.cdb.data()))
		check_report(world, *ring.guest, request);
	else
		vscsi_well_known_answer(request.cdb.data(), data.data(), &bytes, &result);
	request.host = result.host;
	request.status = result.status;
	request.has_sense = result.sense_bytes == 18;
	if (request.has_sense)
		std::memcpy(request.sense.data(), result.sense, 18);
	request.residual = request.bytes;
	over(world, request);
}

void submit(World &world, Ring &ring, Request &request, Random &random)
{
	if (request.task) {
		submit_task(world, ring, request);
	} else if (ring.failed_out & bit(request.slot)) {
		copy_failed(world, ring, request);
		reject(world, request);
	} else if (!request.lun) {
		submit_well_known(world, ring, request);
	} else if (request.lun->abandoned) {
		request.place = Place::parked;
		request.since = world.now;
		ring.parked |= bit(request.slot);
	} else {
		if (request.cdb[0] == 0xa0 && vscsi_report_luns_valid(request.cdb.data()))
			check_report(world, *ring.guest, request);
		submit_to_device(world, request, random);
	}
}

void note_covered(Ring &ring, Request &task, u16 ref)
{
	task.covered = 0;
	for (u32 slot = 0; slot < slots; slot++) {
		const Request *other = ring.slot[slot];
		if (!(ring.busy & bit(slot)) || slot == task.slot || other->task)
			continue;
		// What was refused for what it says counts by its device all the same.
		const bool same = task.lun ? other->lun == task.lun || other->use == task.lun->number
					   : other->well_known;
		if (same && (!task.abort || other->rqid == ref)) {
			task.covered |= bit(slot);
			task.covered_use[slot] = ring.use[slot];
		}
	}
}

struct Fetched {
	wire::Request shared;
	int verdict; // ours
	Lun *lun;
	bool well_known;
};

enum class Peek : u8 { empty, request, broken };

// The producer's index is read anew when what was seen of it is used up; no more than a
// page of requests may wait, or be without an answer.
Peek peek(Ring &ring)
{
	if (ring.seen != ring.consumed)
		return Peek::request;
	const u32 producer = ring.page->request_producer;
	if (producer - ring.consumed > slots || producer - static_cast<u32>(ring.answered) > slots)
		return Peek::broken;
	ring.seen = producer;
	return producer == ring.consumed ? Peek::empty : Peek::request;
}

// By the protocol's words; the slot is not known yet.
Fetched foresee(Ring &ring)
{
	Fetched f{};
	std::memcpy(&f.shared, &ring.page->entry[ring.consumed % slots].request, sizeof f.shared);
	const auto &head = f.shared.head;
	f.verdict = verdict_of_head(head);
	if (f.verdict != accepted)
		return f;
	for (u32 slot = 0; slot < slots; slot++)
		if (ring.busy & bit(slot) && ring.slot[slot]->rqid == head.rqid) {
			f.verdict = VSCSI_REJECT_RQID;
			return f;
		}
	f.lun = find_lun(*ring.guest, head.channel, head.id, head.lun);
	f.well_known = !f.lun && is_well_known(*ring.guest, head);
	if (!f.lun && !f.well_known)
		f.verdict = VSCSI_REJECT_LUN;
	else if (head.action == 1 && head.direction != VSCSI_NO_DATA && head.segments & 0x80)
		f.verdict = verdict_of_lists(f.shared);
	return f;
}

void fill(World &world, Ring &ring, Request &request, const Fetched &f, u32 slot)
{
	const auto &head = f.shared.head;
	begin(request);
	request.ring = &ring;
	request.slot = slot;
	request.place = Place::waiting;
	request.rqid = head.rqid;
	request.timeout = head.timeout;
	request.fetched = world.now;
	request.task = head.action == 2 || head.action == 3;
	request.abort = head.action == 2;
	request.direction = head.direction;
	request.well_known = f.well_known && head.action == 1;
	// By which device a command counts for a task, though it holds it no more.
	request.use = f.lun && head.action == 1 ? f.lun->number : none;
	if (request.task)
		return;
	for (u32 i = 0; i < 16; i++)
		request.cdb[i] = i < head.cdb_length ? head.cdb[i] : u8{0};
	request.uid = get_be(request.cdb.data(), uid_at, 4);
	request.segments =
		head.direction == VSCSI_NO_DATA || head.segments & 0x80 ? 0 : head.segments & 0x7fu;
	if (request.segments > VSCSI_DIRECT_SEGMENTS)
		request.segments = 0;
	std::memcpy(request.segment.data(), f.shared.segment, request.segments * sizeof(wire::Segment));
}

void refused(World &world, Ring &ring, Request &request, int why)
{
	ring.rejected[static_cast<u32>(why)]++;
	Answer answer{request.task
			      ? 0x2003
			      : (why == VSCSI_REJECT_LUN ? VSCSI_HOST_NO_CONNECT : VSCSI_HOST_ERROR) << 16,
		      0,
		      0,
		      {}};
	expect_answer(world, *ring.guest, request, answer);
	reject(world, request);
}

// Takes the command as the engine has it, and compares.
void take_command(World &world, Ring &ring, Request &request)
{
	vscsi_command command;
	std::memset(&command, junk, sizeof command);
	vscsi_command_of(ring.engine, request.slot, &command);
	check_layout(world, request, command);
	world.expect(!std::memcmp(command.cdb, request.cdb.data(), 16), "a CDB is not the guest's");
	world.expect(command.device == (request.lun ? request.lun->number : u32{VSCSI_WELL_KNOWN}),
		     "a command is for another device");
	world.expect(command.rqid == request.rqid && command.timeout == request.timeout,
		     "a request has another's name, or time");
	request.direction = command.direction;
	request.bytes = command.data_bytes;
	request.pages = command.pages;
	request.first_offset = command.first_offset;
	request.cdb_bytes = vscsi_cdb_bytes(request.cdb.data(), command.cdb_bytes);
	constexpr std::array<u8, 6> by_group{6, 10, 10, 12, 16, 12};
	world.expect(request.cdb[0] >= 0xc0 || request.cdb[0] == 0x7f ||
			     request.cdb_bytes == by_group[request.cdb[0] >> 5],
		     "a CDB has another length than its group");
}

// False if there is nothing more now.
bool fetch(World &world, Ring &ring, u32 &listed, std::array<wire::Request, slots> &heads, u32 &pending)
{
	const Fetched f = foresee(ring);
	const Peek there = peek(ring);
	u32 slot = none;
	const int what = vscsi_fetch(ring.engine, ring.guest->map, &slot);
	world.expect((what == VSCSI_FETCH_BROKEN) == (there == Peek::broken) &&
			     (what == VSCSI_FETCH_EMPTY) == (there == Peek::empty),
		     "the producer's index is taken for what it is not");
	switch (what) {
	case VSCSI_FETCH_EMPTY:
		return false;
	case VSCSI_FETCH_BROKEN:
		world.expect(ring.guest->hostile, "an honest guest's ring breaks");
		ring.broken = true;
		return false;
	case VSCSI_FETCH_ROOM:
		if (!world.expect(slot < slots && !ring.slot[slot], "a slot that is there has no room"))
			return false;
		ring.cramped = !make_slot(world, ring, slot);
		return !ring.cramped;
	default:
		break;
	}
	if (!world.expect(slot < slots && ring.slot[slot] && !(ring.busy & bit(slot)),
			  "a slot is used twice"))
		return false;
	Request &request = *ring.slot[slot];
	fill(world, ring, request, f, slot);
	ring.consumed++;
	ring.fetched++;
	world.figures[fetched]++;
	ring.busy |= bit(slot);
	ring.use[slot]++;
	ring.tasks &= ~bit(slot);
	was_fetched(*ring.guest, request, f.lun ? f.lun->number : f.well_known ? VSCSI_WELL_KNOWN : none);
	int verdict = f.verdict;
	const bool with_lists = !request.task && f.shared.head.segments & 0x80 &&
				request.direction != VSCSI_NO_DATA && f.shared.head.segments & 0x7f;
	if (verdict == accepted && !request.task && !with_lists)
		verdict = verdict_of_segments(request);
	if (verdict != accepted) {
		world.expect(what == VSCSI_FETCH_REJECT, "a request is taken that is not valid");
		refused(world, ring, request, verdict);
		return true;
	}
	world.expect(what == (request.task ? VSCSI_FETCH_TASK
			      : with_lists ? VSCSI_FETCH_LIST
					   : VSCSI_FETCH_COMMAND),
		     "a valid request is not taken for what it is");
	request.lun = f.lun;
	if (f.lun)
		f.lun->references++;
	if (request.task)
		note_covered(ring, request, f.shared.head.ref_rqid);
	else if (with_lists)
		listed |= bit(slot);
	else
		take_command(world, ring, request);
	heads[slot] = f.shared;
	ring.waiting.at[ring.waiting.count + pending++] = static_cast<u8>(slot);
	return !world.fault;
}

void bring_lists(World &world, Ring &ring, u32 listed, const std::array<wire::Request, slots> &heads,
		 u32 pending)
{
	const u32 before = ring.waiting.count;
	u32 kept = before;
	for (u32 i = before; i < before + pending && !world.fault; i++) {
		const u8 slot = ring.waiting.at[i];
		Request &request = *ring.slot[slot];
		if (listed & bit(slot)) {
			const bool copied = copy_lists(world, ring, request, heads[slot]);
			const int why = !copied ? VSCSI_REJECT_GRANT : verdict_of_segments(request);
			const int what = vscsi_lists_done(ring.engine, slot, copied);
			world.expect((what == VSCSI_FETCH_REJECT) == (why != accepted),
				     "segments of a list are taken that are not valid, or refused");
			if (why != accepted) {
				refused(world, ring, request, why);
				continue;
			}
			take_command(world, ring, request);
		}
		if (request.lun) {
			vscsi_lun_requested(&request.lun->counts, !request.task   ? 0
								  : request.abort ? VSCSI_TASK_ABORT
										  : VSCSI_TASK_RESET);
			request.counted = !request.task;
		}
		ring.waiting.at[kept++] = slot;
	}
	ring.waiting.count = kept;
}

u32 load(World &world, Ring &ring, Random &random)
{
	u32 loaded = 0;
	for (; loaded < ring.waiting.count && !world.fault; loaded++) {
		Request &request = *ring.slot[ring.waiting.at[loaded]];
		if (request.task || !request.bytes)
			continue;
		if (!get_pages(world, ring, request))
			break;
		request.residual = request.bytes;
		if (request.direction == VSCSI_TO_DEVICE &&
		    !copy_data(world, ring, request, request.bytes, random))
			ring.failed_out |= bit(request.slot);
	}
	return loaded;
}

void tasks_first(World &world, Ring &ring)
{
	u32 kept = 0;
	auto &waiting = ring.waiting;
	for (u32 i = 0; i < waiting.count; i++) {
		const u8 slot = waiting.at[i];
		Request &request = *ring.slot[slot];
		if (!request.task) {
			waiting.at[kept++] = slot;
			continue;
		}
		u32 still = 0;
		for (u32 j = 0; j < kept; j++) {
			if (unanswered(ring, request) & bit(waiting.at[j]))
				drop(world, *ring.slot[waiting.at[j]]);
			else
				waiting.at[still++] = waiting.at[j];
		}
		kept = still;
		submit_task(world, ring, request);
	}
	waiting.count = kept;
}

void unpark(World &world, Ring &ring, Request &request, Random &random)
{
	const u64 age = world.now - request.since;
	const vscsi_parked_view view{static_cast<u32>(age), request.lun->abandoned != 0};
	const int step = vscsi_parked_step(&view);
	world.expect(step == (!view.abandoned ? VSCSI_PARKED_SUBMIT
			      : age > 1000    ? VSCSI_PARKED_BUSY
					      : VSCSI_PARKED_KEEP),
		     "a command stays parked, or does not");
	if (step == VSCSI_PARKED_KEEP)
		return;
	ring.parked &= ~bit(request.slot);
	if (step == VSCSI_PARKED_SUBMIT)
		submit_to_device(world, request, random);
	else
		end_with(world, request, VSCSI_HOST_OK, 8, request.bytes, false);
}

void answer_overdue(World &world, Ring &ring, u32 task, u32 covered)
{
	constexpr vscsi_result reset{VSCSI_HOST_RESET, 0, none, 0, nullptr};
	for (u32 slot = 0; slot < slots; slot++) {
		if (!(covered & bit(slot)))
			continue;
		if (!abandon(world, ring, slot))
			return;
		vscsi_set_result(ring.engine, slot, &reset);
		expect_answer(world, *ring.guest, *ring.slot[slot],
			      {VSCSI_HOST_RESET << 16, ring.slot[slot]->bytes, 0, {}});
		answer_slot(world, ring, slot);
	}
	if (ring.held & bit(task) || !abandon(world, ring, task))
		return;
	vscsi_set_task_result(ring.engine, task, true);
	expect_answer(world, *ring.guest, *ring.slot[task], {0x2002, 0, 0, {}});
	answer_slot(world, ring, task);
}

u32 look_at_task(World &world, Ring &ring, u32 task)
{
	const u32 covered = task_unanswered(world, ring, *ring.slot[task]);
	const u64 age = world.now - ring.slot[task]->since;
	const u32 more = static_cast<u32>(std::popcount(covered)) + 1;
	const vscsi_overdue_view view{static_cast<u32>(age), ring.abandoned.count, covered};
	const bool answers = vscsi_overdue_step(&view) == VSCSI_OVERDUE_ANSWER;
	world.expect(answers == (age > 10'000 && ring.abandoned.count + more <= slots),
		     "a task waits for ever, or its device is given too little time");
	if (answers)
		answer_overdue(world, ring, task, covered);
	return covered;
}

} // namespace

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
