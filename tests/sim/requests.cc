// SPDX-License-Identifier: GPL-2.0 OR MIT
#include "requests.hpp"

#include <bit>

#include "answers.hpp"
#include "device.hpp"
#include "fetch.hpp"
#include "frontend.hpp"
#include "ring.hpp"

namespace sim
{

void ask(World &world, Ring &ring, u32 which)
{
	for (u32 slot = 0; slot < slots; slot++)
		if (which & ring.busy & bit(slot) && ring.slot[slot])
			ask_for(world, *ring.slot[slot]);
	for (u32 i = 0; i < ring.abandoned.count; i++)
		ask_for(world, *ring.abandoned.at[i]);
}

namespace
{

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

} // namespace

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

namespace
{

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

} // namespace

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

namespace
{

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

} // namespace

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

namespace
{

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

} // namespace

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

} // namespace sim
