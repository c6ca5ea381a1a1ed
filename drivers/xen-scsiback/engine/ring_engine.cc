// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <vscsi/report_luns.hpp>
#include <vscsi/ring_engine.hpp>

namespace vscsi
{
namespace
{

constexpr u8 status_check_condition = 0x02;

// No handle: an abort must not find a request that was rejected before its look-up.
constexpr u32 no_device = ~0u;

// Fixed format sense (SPC-4 4.5.3): ILLEGAL REQUEST, INVALID FIELD IN CDB.
constexpr u8 sense_invalid_field[18] = {0x70, 0, 0x05, 0, 0, 0, 0, 10, 0, 0, 0, 0, 0x24, 0};

constexpr i32 rslt(u32 host, u32 status) noexcept
{
	return static_cast<i32>((host & 0xff) << 16 | (status & 0xff));
}

// Sense data says its own length in byte 7 (SPC-4 4.5.2 and 4.5.3).
constexpr u8 sense_length(const vscsi_result &result) noexcept
{
	if (!result.sense || result.sense_bytes < 8 || (result.sense[0] & 0x70) != 0x70)
		return 0;
	u32 length = 8u + result.sense[7];
	if (length > result.sense_bytes)
		length = result.sense_bytes;
	return static_cast<u8>(length < wire::sense_bytes ? length : wire::sense_bytes);
}

} // namespace

bool RingEngine::rqid_in_flight(u16 rqid, u32 except) const noexcept
{
	for (u32 busy = busy_.load(Order::acquire) & ~(1u << except); busy; busy &= busy - 1)
		if (slots_[static_cast<u32>(__builtin_ctz(busy))].rqid == rqid)
			return true;
	return false;
}

int RingEngine::fetch(const LunMap &luns, u32 &slot) noexcept
{
	switch (ring_.peek()) {
	case BackRing::Peek::empty:
		return VSCSI_FETCH_EMPTY;
	case BackRing::Peek::broken:
		return VSCSI_FETCH_BROKEN;
	case BackRing::Peek::request:
		break;
	}
	// A slot is freed before its answer is counted, so outstanding requests,
	// which peek() limits, are never fewer than busy slots.
	const u32 busy = busy_.load(Order::acquire);
	if (busy == all_busy) [[unlikely]]
		return VSCSI_FETCH_BROKEN;
	slot = static_cast<u32>(__builtin_ctz(~busy));
	if (!slots_[slot].all) [[unlikely]]
		return VSCSI_FETCH_ROOM;
	// The tag changes before the slot shows as busy, see task_unanswered().
	(void)slots_[slot].uses.fetch_add(1);
	(void)busy_.fetch_or(1u << slot);

	const wire::Request &shared = ring_.next();
	const auto head = read_once(shared.head);
	counters_.requests.add(1);

	Slot &s = slots_[slot];
	s.rqid = head.rqid;
	s.ref_rqid = head.ref_rqid;
	s.timeout = head.timeout;
	s.action = head.action;
	s.direction = head.direction;
	s.channel = head.channel;
	s.id = head.id;
	s.lun = head.lun;
	s.rejected = VSCSI_NOT_REJECTED;
	s.device = no_device;
	s.lists = 0;
	s.segments = 0;
	s.data = {Reject::none, 0, 0, 0};
	s.result = 0;
	s.residual = 0;
	s.sense_length = 0;
	s.cdb_length = 0;
	s.covered = 0;

	if (const Reject why = check_head(head); why != Reject::none) {
		(void)reject(slot, why);
		if (why == Reject::cdb_length && cdb_too_long(head))
			set_result(slot, {VSCSI_HOST_OK, status_check_condition, 0,
					  sizeof sense_invalid_field, sense_invalid_field});
		return VSCSI_FETCH_REJECT;
	}
	if (rqid_in_flight(head.rqid, slot))
		return reject(slot, Reject::rqid);
	if (const auto *device = luns.find(LunMap::key(head.channel, head.id, head.lun)))
		s.device = device->device;
	else if (head.lun == report_luns_well_known && !luns.of_target(head.channel, head.id).empty())
		s.device = VSCSI_WELL_KNOWN;
	else
		return reject(slot, Reject::lun);

	switch (static_cast<wire::Action>(head.action)) {
	case wire::Action::abort:
		counters_.aborts.add(1);
		note_covered(slot);
		return VSCSI_FETCH_TASK;
	case wire::Action::reset:
		counters_.resets.add(1);
		note_covered(slot);
		return VSCSI_FETCH_TASK;
	case wire::Action::command:
		break;
	}

	s.cdb_length = head.cdb_length;
	for (u32 i = 0; i < wire::cdb_bytes; i++)
		s.cdb[i] = i < head.cdb_length ? head.cdb[i] : u8{0};
	if (static_cast<wire::Direction>(head.direction) == wire::Direction::none)
		return VSCSI_FETCH_COMMAND;

	const u32 entries = head.segments & ~u32{wire::indirect_flag};
	if (head.segments & wire::indirect_flag) {
		for (u32 i = 0; i < entries; i++)
			s.list[i] = read_once(shared.segment[i]);
		const auto count = count_lists({s.list, entries});
		if (count.reject != Reject::none)
			return reject(slot, count.reject);
		s.lists = static_cast<u8>(entries);
		s.segments = count.segments;
		return s.segments ? VSCSI_FETCH_LIST : VSCSI_FETCH_COMMAND;
	}
	for (u32 i = 0; i < entries; i++)
		s.all[i] = read_once(shared.segment[i]);
	s.segments = entries;
	return accept(slot);
}

int RingEngine::accept(u32 slot) noexcept
{
	Slot &s = slots_[slot];
	s.data = lay_out(segments_of(slot));
	if (s.data.reject != Reject::none)
		return reject(slot, s.data.reject);
	return VSCSI_FETCH_COMMAND;
}

int RingEngine::reject(u32 slot, Reject why) noexcept
{
	counters_.rejected[static_cast<std::size_t>(why)].add_shared(1);
	Slot &s = slots_[slot];
	s.rejected = static_cast<i32>(why);
	s.sense_length = 0;
	s.residual = s.data.bytes;
	const auto action = static_cast<wire::Action>(s.action);
	if (action == wire::Action::abort || action == wire::Action::reset)
		s.result = wire::task_failed;
	else
		s.result = rslt(why == Reject::lun ? VSCSI_HOST_NO_CONNECT : VSCSI_HOST_ERROR, 0);
	return VSCSI_FETCH_REJECT;
}

u32 RingEngine::list_copies(u32 slot, Span<vscsi_copy> out) const noexcept
{
	const Slot &s = slots_[slot];
	if (s.lists && s.segments > s.room) [[unlikely]]
		__builtin_trap();
	u32 at = 0;
	u32 count = 0;
	for (u32 i = 0; i < s.lists; i++) {
		const auto &list = s.list[i];
		for (u32 done = 0; done < list.length;) {
			const u32 offset = at % wire::page_bytes;
			u32 length = list.length - done;
			if (length > wire::page_bytes - offset)
				length = wire::page_bytes - offset;
			out[count++] = {list.grant, static_cast<u16>(list.offset + done),
					static_cast<u16>(at / wire::page_bytes), static_cast<u16>(offset),
					static_cast<u16>(length)};
			done += length;
			at += length;
		}
	}
	return count;
}

int RingEngine::lists_done(u32 slot, bool copied) noexcept
{
	return copied ? accept(slot) : reject(slot, Reject::grant);
}

void RingEngine::command_of(u32 slot, vscsi_command &out) const noexcept
{
	const Slot &s = slots_[slot];
	out.cdb = s.cdb;
	out.tag = tag_of(slot);
	out.device = s.device;
	out.direction = s.data.bytes ? s.direction : u32{VSCSI_NO_DATA};
	out.data_bytes = s.data.bytes;
	out.pages = s.data.pages;
	out.first_offset = s.data.first_offset;
	out.timeout = s.timeout;
	out.cdb_bytes = s.cdb_length;
	out.channel = s.channel;
	out.id = s.id;
	out.rqid = s.rqid;
}

// Requests that were there before the task, which is being fetched.
void RingEngine::note_covered(u32 slot) noexcept
{
	Slot &s = slots_[slot];
	const bool abort = static_cast<wire::Action>(s.action) == wire::Action::abort;
	s.covered = 0;
	for (u32 busy = busy_.load(Order::acquire) & ~(1u << slot); busy; busy &= busy - 1) {
		const auto i = static_cast<u32>(__builtin_ctz(busy));
		const Slot &other = slots_[i];
		if (other.device == s.device && other.channel == s.channel && other.id == s.id &&
		    static_cast<wire::Action>(other.action) == wire::Action::command &&
		    (!abort || other.rqid == s.ref_rqid)) {
			s.covered |= 1u << i;
			s.covered_uses[i] = uses_of(i);
		}
	}
}

void RingEngine::task_of(u32 slot, vscsi_task &out) const noexcept
{
	const Slot &s = slots_[slot];
	const bool abort = static_cast<wire::Action>(s.action) == wire::Action::abort;
	out = {abort ? u32{VSCSI_TASK_ABORT} : u32{VSCSI_TASK_RESET}, s.device, 0, 0, task_unanswered(slot)};
	if (abort && out.covered) {
		out.tag = tag_of(static_cast<u32>(__builtin_ctz(out.covered)));
		out.in_flight = 1;
	}
}

u32 RingEngine::task_unanswered(u32 slot) const noexcept
{
	const Slot &s = slots_[slot];
	u32 found = 0;
	for (u32 left = s.covered & busy_.load(Order::acquire); left; left &= left - 1) {
		const auto i = static_cast<u32>(__builtin_ctz(left));
		if (uses_of(i) == s.covered_uses[i])
			found |= 1u << i;
	}
	return found;
}

u32 RingEngine::data_copies(u32 slot, vscsi_cursor &at, u32 limit, Span<vscsi_copy> out) const noexcept
{
	const DataLayout &data = slots_[slot].data;
	const u32 first = data.first_offset;
	const u32 room = static_cast<u32>(out.size());
	const wire::Segment *segment = slots_[slot].all + at.segment;
	// Copies, so that what is written need not be read again.
	u32 done = at.done;
	u32 moved = at.moved;
	u32 count = 0;
	if (limit > data.bytes)
		limit = data.bytes;
	while (count < room && moved < limit) {
		const wire::Segment piece = *segment;
		if (done == piece.length) {
			segment++;
			done = 0;
			continue;
		}
		const u32 place = first + moved;
		const u32 offset = place % wire::page_bytes;
		u32 length = piece.length - done;
		if (length > wire::page_bytes - offset)
			length = wire::page_bytes - offset;
		if (length > limit - moved)
			length = limit - moved;
		out[count++] = {piece.grant, static_cast<u16>(piece.offset + done),
				static_cast<u16>(place / wire::page_bytes), static_cast<u16>(offset),
				static_cast<u16>(length)};
		done += length;
		moved += length;
	}
	at = {static_cast<u32>(segment - slots_[slot].all), done, moved};
	return count;
}

void RingEngine::set_result(u32 slot, const vscsi_result &result) noexcept
{
	Slot &s = slots_[slot];
	s.result = rslt(result.host, result.status);
	s.residual = result.residual < s.data.bytes ? result.residual : s.data.bytes;
	s.sense_length = sense_length(result);
	if (s.sense_length)
		__builtin_memcpy(s.sense, result.sense, s.sense_length);
}

void RingEngine::set_task_result(u32 slot, bool success) noexcept
{
	slots_[slot].result = success ? wire::task_succeeded : wire::task_failed;
}

void RingEngine::respond(u32 slot) noexcept
{
	const Slot &s = slots_[slot];
	wire::Response answer;
	__builtin_memset(&answer, 0, offsetof(wire::Response, reserved));
	answer.rqid = s.rqid;
	answer.sense_length = s.sense_length;
	__builtin_memcpy(answer.sense, s.sense, s.sense_length);
	answer.result = s.result;
	answer.residual = s.residual;
	if (static_cast<wire::Action>(s.action) == wire::Action::command) {
		const u32 moved = s.data.bytes - s.residual;
		if (s.direction == VSCSI_TO_DEVICE)
			counters_.bytes_out.add(moved);
		else
			counters_.bytes_in.add(moved);
	}
	counters_.responses.add(1);
	release(slot);
	__builtin_memcpy(&ring_.answer(), &answer, offsetof(wire::Response, reserved));
}

bool RingEngine::publish() noexcept
{
	const bool notify = ring_.publish();
	if (notify)
		counters_.notifications.add(1);
	return notify;
}

void RingEngine::read_counters(vscsi_counters &out) const noexcept
{
	out.requests = counters_.requests.read();
	out.responses = counters_.responses.read();
	out.notifications = counters_.notifications.read();
	out.bytes_out = counters_.bytes_out.read();
	out.bytes_in = counters_.bytes_in.read();
	out.aborts = counters_.aborts.read();
	out.resets = counters_.resets.read();
	for (u32 i = 0; i < VSCSI_REJECT_KINDS; i++)
		out.rejected[i] = counters_.rejected[i].read();
}

void RingEngine::outcome_of(u32 slot, vscsi_outcome &out) const noexcept
{
	const Slot &s = slots_[slot];
	const auto result = static_cast<u32>(s.result);
	out.host = result >> 16 & 0xff;
	out.status = result & 0xff;
	out.direction = s.direction;
	out.asked = s.data.bytes;
	out.moved = s.data.bytes - s.residual;
}

void RingEngine::view_of(u32 slot, vscsi_request_view &out) const noexcept
{
	const Slot &s = slots_[slot];
	out.cdb = s.cdb;
	out.cdb_bytes = s.cdb_length;
	out.direction = s.direction;
	out.bytes = s.data.bytes;
	out.result = static_cast<u32>(s.result);
	out.residual = s.residual;
	out.reject = s.rejected;
	out.rqid = s.rqid;
	out.channel = s.channel;
	out.id = s.id;
	out.lun = s.lun;
	out.action = s.action;
}

u32 RingEngine::in_flight() const noexcept
{
	u32 count = 0;
	for (u32 busy = busy_.load(Order::acquire); busy; busy &= busy - 1)
		count++;
	return count;
}

} // namespace vscsi
