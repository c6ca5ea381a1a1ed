// SPDX-License-Identifier: GPL-2.0 OR MIT
// A ring whose guest writes what it likes, also between two reads of the engine.  What the
// engine has read is known here, and what it makes of that is compared.
#include <vector>
#include <vscsi/report_luns.hpp>
#include <vscsi/ring_engine.hpp>
#include <vscsi/statistics.h>

#include "engine/page.hpp"

namespace fuzz
{
namespace
{

enum class Phase : u8 { free, list, ready, rejected };

// What is expected of a slot.
struct Slot {
	Phase phase;
	bool task;
	wire::RequestHead head;
	u32 device;
	u32 covered;
	u32 bytes;
	std::vector<wire::Segment> segments;
};

constexpr u32 disk = 7, tape = 0, many = 9;

class Ring
{
public:
	explicit Ring(Input &input) : in_{input}
	{
		page().begin(in_.take<u8>());
		std::memset(memory().data(), junk, memory().size());
		engine_ = vscsi_ring_init(memory().data(), page().at(0));
		map_ = vscsi_luns_init(map_memory().data(), 4);
		const vscsi_address at[] = {{0, 0, 1, 2}, {0, 0, 1, 3}, {0, 1, 1, 2}};
		const u32 devices[] = {disk, tape, many};
		for (u32 i = 0; i < 3; i++)
			expect(!vscsi_luns_add(map_, &at[i], devices[i]), "a LUN is taken");
		for (u32 slot = 0; slot < VSCSI_SLOTS; slot++) {
			std::memset(list(slot), junk, VSCSI_LONG_LIST_BYTES);
			vscsi_give_long_list(engine_, slot, list(slot));
			has_list_[slot] = true;
		}
	}

	void go()
	{
		for (u32 step = 0; step < 200 && !in_.empty(); step++) {
			act(in_.take<u8>());
			check_counts();
		}
		for (u32 slot = 0; slot < VSCSI_SLOTS; slot++)
			if (slots_[slot].phase != Phase::free)
				forget(slot);
		check_counts();
	}

private:
	static Page &page()
	{
		static Page one;
		return one;
	}
	static Exact &memory()
	{
		static Exact one{vscsi_ring_engine_bytes()};
		return one;
	}
	static Exact &map_memory()
	{
		static Exact one{vscsi_luns_bytes(4)};
		return one;
	}
	// Each by itself, so that writing behind one shows.
	static u8 *list(u32 slot)
	{
		static std::array<std::unique_ptr<Exact>, VSCSI_SLOTS> all;
		if (!all[slot])
			all[slot] = std::make_unique<Exact>(VSCSI_LONG_LIST_BYTES);
		return all[slot]->data();
	}

	void act(u8 what)
	{
		switch (what % 16) {
		case 0:
		case 1:
		case 2:
			return send(what >> 4);
		case 3:
		case 4:
		case 5:
		case 6:
			return fetch();
		case 7:
			return page().set(in_.take<u16>() % words, in_.take<u32>());
		case 8:
			return lists_done(what >> 4);
		case 9:
		case 10:
		case 11:
			return complete(what >> 4);
		case 12:
			return publish();
		case 13:
			return more();
		case 14:
			return give(what >> 4);
		default:
			if (slots_[what >> 4].phase != Phase::free && (in_.take<u8>() & 7) == 0)
				forget(what >> 4);
		}
	}

	// Mostly as a frontend does it.
	void send(u32 how)
	{
		const u32 producer = page().word(0);
		wire::Request r{};
		r.head.rqid = in_.take<u8>() % 24;
		const u8 kind = in_.take<u8>();
		r.head.action = kind >= 0xf0 ? in_.take<u8>() : (kind & 7) < 6 ? 1 : (kind & 7) - 4;
		r.head.cdb_length = kind & 8 ? in_.take<u8>() : 10;
		in_.fill(r.head.cdb, how & 1 ? 16 : 2);
		r.head.direction = kind & 16 ? in_.take<u8>() : 1 + kind % 3;
		r.head.channel = kind & 32 ? in_.take<u8>() : 0;
		r.head.id = 1;
		r.head.lun = how & 2 ? in_.take<u16>() : 2 + (kind & 1);
		if (how & 2 && kind & 64)
			r.head.lun = report_luns_well_known;
		r.head.ref_rqid = in_.take<u8>() % 24;
		r.head.timeout = in_.take<u8>();
		r.head.segments = in_.take<u8>();
		const u8 pattern = in_.take<u8>();
		const u32 count = r.head.segments & 0x1fu;
		for (u32 i = 0; i < count && i < wire::direct_segments; i++)
			r.segment[i] = segment(pattern, i, r.head.segments & wire::indirect_flag);
		u32 copy[sizeof r / 4];
		std::memcpy(copy, &r, sizeof r);
		for (u32 i = 0; i < sizeof r / 4; i++)
			page().set(Page::first_word(producer % wire::slots) + i, copy[i]);
		page().set(0, producer + 1);
	}
	wire::Segment segment(u8 pattern, u32 i, bool list)
	{
		if (pattern & 0x80 && (i == 0 || pattern & 1))
			return {in_.take<u32>(), in_.take<u16>(), in_.take<u16>()};
		if (list)
			return {i, static_cast<u16>(pattern * 8 % 2048),
				static_cast<u16>(8 * (1 + pattern % 8))};
		const u16 offset = static_cast<u16>(i ? 0 : 512 * (pattern % 8));
		return {i, offset, static_cast<u16>(pattern & 0x40 ? 512 : wire::page_bytes - offset)};
	}

	void fetch()
	{
		if (broken_)
			return;
		u32 free = 0;
		while (free < VSCSI_SLOTS && slots_[free].phase != Phase::free)
			free++;
		u32 slot = ~0u;
		page().hostile(in_);
		const u32 answers = answered_;
		const int what = vscsi_fetch(engine_, map_, &slot);
		const bool looked = page().has_read(0);
		const u32 waiting = (looked ? page().value_of(0) : seen_) - consumed_;
		if (looked && (waiting > wire::slots || page().value_of(0) - answers > wire::slots)) {
			expect(what == VSCSI_FETCH_BROKEN, "an index that cannot be is believed");
			broken_ = true;
			return;
		}
		if (looked)
			seen_ = page().value_of(0);
		if (what == VSCSI_FETCH_BROKEN) {
			// Slots that were forgotten are free, and were never answered.
			expect(free == VSCSI_SLOTS, "a ring is stopped without need");
			broken_ = true;
			return;
		}
		if (what == VSCSI_FETCH_EMPTY) {
			expect(!waiting && page().reads() == 1, "a request is overlooked");
			return;
		}
		expect(waiting && slot == free, "another slot than the first that is free, or no request");
		if (what == VSCSI_FETCH_ROOM) {
			expect(!has_list_[slot], "a slot that has a list is not used");
			return;
		}
		expect(has_list_[slot], "a slot without a list is used");
		fetched(what, slot);
	}
	void fetched(int what, u32 slot)
	{
		wire::Request read;
		const u32 entry = consumed_++ % wire::slots;
		page().as_read(entry, read);
		for (u32 i = 1; i < words; i++)
			expect(!page().has_read(i) ||
				       (i >= Page::first_word(entry) && i < Page::first_word(entry + 1)),
			       "something else than the request is read");
		Slot &s = slots_[slot];
		const u32 busy = vscsi_busy_slots(engine_) & ~(1u << slot);
		s = {};
		s.device = no_device;
		s.head = read.head;
		s.task = read.head.action == 2 || read.head.action == 3;
		const int reject = expected_reject(read, slot);
		vscsi_request_view view;
		vscsi_view_of(engine_, slot, &view);
		expect(view.rqid == read.head.rqid && view.action == read.head.action &&
			       view.lun == read.head.lun && view.channel == read.head.channel &&
			       view.id == read.head.id,
		       "a request is not what was read of it");
		if (reject != VSCSI_NOT_REJECTED) {
			expect(what == VSCSI_FETCH_REJECT && view.reject == reject,
			       "not refused, or for another reason");
			s.phase = Phase::rejected;
			return;
		}
		expect(view.reject == VSCSI_NOT_REJECTED, "a good request is refused");
		if (s.task) {
			expect(what == VSCSI_FETCH_TASK, "a task is none");
			s.phase = Phase::ready;
			task(slot, busy);
			return;
		}
		s.phase = what == VSCSI_FETCH_LIST ? Phase::list : Phase::ready;
		if (s.phase == Phase::ready)
			return command(slot);
		expect(read.head.segments & wire::indirect_flag, "lists of a request that has none");
		list_copies(slot, read);
	}

	// In vscsiif.h's words, of what was read.
	int expected_reject(const wire::Request &r, u32 slot)
	{
		const auto &h = r.head;
		if (h.action < 1 || h.action > 3)
			return VSCSI_REJECT_ACTION;
		const bool command = h.action == 1;
		if (command &&
		    (!h.cdb_length || h.cdb_length > 16 || (h.cdb[0] == 0x7f && 8 + h.cdb[7] > h.cdb_length)))
			return VSCSI_REJECT_CDB_LENGTH;
		if (command && (h.direction < 1 || h.direction > 3))
			return VSCSI_REJECT_DIRECTION;
		const u32 count = h.segments & 0x7f;
		const bool data = command && h.direction != 3;
		if (data && count > wire::direct_segments)
			return VSCSI_REJECT_SEGMENTS;
		for (u32 i = 0; i < VSCSI_SLOTS; i++)
			if (i != slot && slots_[i].phase != Phase::free && slots_[i].head.rqid == h.rqid)
				return VSCSI_REJECT_RQID;
		Slot &s = slots_[slot];
		const vscsi_address at{0, h.channel, h.id, h.lun};
		if (!vscsi_luns_find(map_, &at, &s.device)) {
			if (h.lun != report_luns_well_known || h.channel > 1 || h.id != 1)
				return VSCSI_REJECT_LUN;
			s.device = VSCSI_WELL_KNOWN;
		}
		if (!data)
			return VSCSI_NOT_REJECTED;
		return h.segments & wire::indirect_flag ? expected_of_lists(r, count)
							: expected_of(r, count, s);
	}
	static int expected_of_lists(const wire::Request &r, u32 count)
	{
		u32 bytes = 0;
		for (u32 i = 0; i < count; i++) {
			const auto &list = r.segment[i];
			if (!list.length || list.length % 8 || list.offset + list.length > 4096)
				return VSCSI_REJECT_LIST;
			bytes += list.length;
		}
		return bytes > VSCSI_MAX_SEGMENTS * 8 ? VSCSI_REJECT_SEGMENTS : VSCSI_NOT_REJECTED;
	}
	static int expected_of(const wire::Request &r, u32 count, Slot &s)
	{
		s.segments.assign(r.segment, r.segment + count);
		return expected_of_segments(s);
	}
	static int expected_of_segments(Slot &s)
	{
		u32 bytes = 0;
		for (const auto &segment : s.segments) {
			if (segment.offset >= 4096 || segment.offset + segment.length > 4096)
				return VSCSI_REJECT_SEGMENT;
			bytes += segment.length;
		}
		s.bytes = bytes;
		return VSCSI_NOT_REJECTED;
	}

	void task(u32 slot, u32 busy)
	{
		vscsi_task task;
		std::memset(&task, junk, sizeof task);
		vscsi_task_of(engine_, slot, &task);
		Slot &s = slots_[slot];
		const bool abort = s.head.action == 2;
		expect(task.function == (abort ? VSCSI_TASK_ABORT : VSCSI_TASK_RESET) &&
			       task.device == s.device,
		       "another task");
		u32 covered = 0;
		for (u32 i = 0; i < VSCSI_SLOTS; i++) {
			const Slot &other = slots_[i];
			if (i != slot && busy >> i & 1 && other.head.action == 1 &&
			    other.device == s.device && other.phase != Phase::free && has_device(other) &&
			    other.head.channel == s.head.channel && other.head.id == s.head.id &&
			    (!abort || other.head.rqid == s.head.ref_rqid))
				covered |= 1u << i;
		}
		expect(task.covered == covered, "it covers others' commands, or not its own");
		expect(!abort || (task.in_flight == 1) == (covered != 0), "what it aborts is there, or not");
		s.covered = covered;
	}
	// A request that was refused before its look-up has none.
	static bool has_device(const Slot &s) { return s.phase != Phase::rejected || s.device != no_device; }

	void command(u32 slot)
	{
		vscsi_command c;
		std::memset(&c, junk, sizeof c);
		vscsi_command_of(engine_, slot, &c);
		const Slot &s = slots_[slot];
		expect(c.device == s.device && c.data_bytes == s.bytes && c.rqid == s.head.rqid &&
			       c.timeout == s.head.timeout && c.cdb_bytes == s.head.cdb_length,
		       "another command");
		expect(c.direction == (s.bytes ? s.head.direction : VSCSI_NO_DATA), "another direction");
		for (u32 i = 0; i < VSCSI_CDB_BYTES; i++)
			expect(c.cdb[i] == (i < s.head.cdb_length ? s.head.cdb[i] : 0), "another CDB");
		expect(c.tag != last_tag_, "a tag is used again");
		last_tag_ = c.tag;
		expect(c.first_offset < wire::page_bytes &&
			       c.pages ==
				       (c.first_offset + s.bytes + wire::page_bytes - 1) / wire::page_bytes,
		       "more or less pages than the data needs");
		if (s.bytes)
			copies(slot, c);
	}

	// Piece by piece the plan is the segments, in their order, without a hole.
	void copies(u32 slot, const vscsi_command &c)
	{
		const Slot &s = slots_[slot];
		const u32 limit = in_.flag() ? in_.take<u32>() % (s.bytes + 1) : s.bytes;
		const u32 room = 1 + in_.below(40);
		Exact memory{room * sizeof(vscsi_copy)};
		auto *plan = reinterpret_cast<vscsi_copy *>(memory.data());
		vscsi_cursor at{};
		u32 moved = 0, segment = 0, done = 0;
		while (const u32 count = vscsi_data_copies(engine_, slot, &at, limit, plan, room)) {
			expect(count <= room, "more copies than there is room for");
			for (u32 i = 0; i < count; i++) {
				const vscsi_copy &copy = plan[i];
				while (segment < s.segments.size() && done == s.segments[segment].length) {
					segment++;
					done = 0;
				}
				expect(segment < s.segments.size(), "more copies than segments");
				const auto &from = s.segments[segment];
				const u32 place = c.first_offset + moved;
				expect(copy.length && copy.grant == from.grant &&
					       copy.grant_offset == from.offset + done &&
					       copy.length <= from.length - done,
				       "a copy of something else");
				expect(copy.page == place / wire::page_bytes &&
					       copy.page_offset == place % wire::page_bytes &&
					       copy.page_offset + copy.length <= wire::page_bytes &&
					       copy.page < c.pages,
				       "a copy to somewhere else");
				done += copy.length;
				moved += copy.length;
			}
		}
		expect(moved == limit && at.moved == limit, "less is copied, or more");
	}

	void list_copies(u32 slot, const wire::Request &read)
	{
		Exact memory{VSCSI_LIST_COPIES * sizeof(vscsi_copy)};
		auto *copies = reinterpret_cast<vscsi_copy *>(memory.data());
		const u32 count = vscsi_list_copies(engine_, slot, copies, VSCSI_LIST_COPIES);
		u32 at = 0, list = 0, done = 0;
		for (u32 i = 0; i < count; i++) {
			const vscsi_copy &copy = copies[i];
			expect(list < (read.head.segments & 0x7fu), "more lists than there are");
			const wire::Segment &from = read.segment[list];
			expect(copy.grant == from.grant && copy.grant_offset == from.offset + done &&
				       copy.page * wire::page_bytes + copy.page_offset == at &&
				       copy.page_offset + copy.length <= wire::page_bytes && copy.length &&
				       done + copy.length <= from.length,
			       "a list of something else");
			at += copy.length;
			done += copy.length;
			if (done == from.length) {
				list++;
				done = 0;
			}
		}
		expect(list == (read.head.segments & 0x7fu), "another number of lists");
		expect(at == vscsi_list_segments(engine_, slot) * sizeof(wire::Segment),
		       "another number of segments");
		expect(at <= VSCSI_LONG_LIST_BYTES && at % sizeof(wire::Segment) == 0,
		       "lists that are too long");
		slots_[slot].segments.resize(at / sizeof(wire::Segment));
	}
	void lists_done(u32 slot)
	{
		Slot &s = slots_[slot];
		if (s.phase != Phase::list)
			return;
		const bool copied = in_.take<u8>() & 3;
		const u8 pattern = in_.take<u8>();
		for (u32 i = 0; i < s.segments.size(); i++)
			s.segments[i] = segment(pattern, i, false);
		std::memcpy(list(slot), s.segments.data(), s.segments.size() * sizeof(wire::Segment));
		const int reject = copied ? expected_of_segments(s) : VSCSI_REJECT_GRANT;
		const int what = vscsi_lists_done(engine_, slot, copied);
		vscsi_request_view view;
		vscsi_view_of(engine_, slot, &view);
		expect(view.reject == reject, "lists are refused, or not");
		expect(what == (reject == VSCSI_NOT_REJECTED ? VSCSI_FETCH_COMMAND : VSCSI_FETCH_REJECT),
		       "they come to something else");
		s.phase = reject == VSCSI_NOT_REJECTED ? Phase::ready : Phase::rejected;
		if (s.phase == Phase::ready)
			command(slot);
	}

	void complete(u32 slot)
	{
		Slot &s = slots_[slot];
		if (s.phase == Phase::free || s.phase == Phase::list)
			return;
		if (s.task) {
			const u32 left = vscsi_task_unanswered(engine_, slot);
			expect(!(left & ~s.covered), "it waits for what it does not cover");
		}
		i32 result = 0;
		bool known = false;
		if (s.phase == Phase::ready && s.task) {
			const bool good = in_.flag();
			vscsi_set_task_result(engine_, slot, good);
			result = good ? 0x2002 : 0x2003;
			known = true;
		} else if (s.phase == Phase::ready && in_.take<u8>() % 8 == 7) {
			vscsi_set_copy_failed(engine_, slot);
			result = VSCSI_HOST_ERROR << 16;
			known = true;
		} else if (s.phase == Phase::ready) {
			Exact sense{in_.below(120)};
			in_.fill(sense.data(), sense.size());
			const vscsi_result of{in_.take<u8>(), in_.take<u8>(), in_.take<u32>(),
					      static_cast<u32>(sense.size()),
					      in_.flag() ? nullptr : sense.data()};
			vscsi_set_result(engine_, slot, &of);
			result = static_cast<i32>(of.host << 16 | of.status);
			known = true;
		}
		vscsi_outcome outcome;
		vscsi_outcome_of(engine_, slot, &outcome);
		expect(outcome.moved <= outcome.asked, "more moved than was asked for");
		respond(slot, known, result, outcome);
	}
	void respond(u32 slot, bool known, i32 result, const vscsi_outcome &outcome)
	{
		Slot &s = slots_[slot];
		vscsi_respond(engine_, slot);
		const u32 entry = answered_++ % wire::slots;
		const std::size_t at = offsetof(wire::Page, entry) + entry * sizeof(wire::Entry);
		page().engine_may_write(at, answer_bytes);
		wire::Response answer;
		std::memcpy(&answer, reinterpret_cast<u8 *>(page().at(0)) + at, answer_bytes);
		expect(answer.rqid == s.head.rqid && !answer.padding, "an answer to another request");
		expect(!known || answer.result == result, "another result");
		expect(answer.sense_length <= wire::sense_bytes, "more sense than there is room for");
		for (u32 i = answer.sense_length; i < wire::sense_bytes; i++)
			expect(!answer.sense[i], "bytes of somebody else's");
		expect(answer.residual == outcome.asked - outcome.moved, "another residual");
		s.phase = Phase::free;
		for (Slot &other : slots_)
			other.covered &= ~(1u << slot);
	}
	void publish()
	{
		page().hostile(in_);
		const bool notify = vscsi_publish(engine_);
		if (answered_ == published_) {
			expect(!notify && !page().reads(), "an event for nothing");
			return;
		}
		page().engine_may_write(offsetof(wire::Page, response_producer), 4);
		const u32 event = page().value_of(3);
		expect(page().reads() == 1 && notify == (answered_ - event < answered_ - published_),
		       "an event that was not asked for, or none");
		published_ = answered_;
		notifications_ += notify;
	}
	void more()
	{
		if (broken_)
			return;
		page().hostile(in_);
		const bool more = vscsi_more_requests(engine_);
		page().engine_may_write(offsetof(wire::Page, request_event), 4);
		if (page().has_read(0)) {
			const u32 producer = page().value_of(0);
			const bool bad = producer - consumed_ > 16 || producer - answered_ > 16;
			expect(more == (bad || producer != consumed_), "a request is overlooked, or made up");
			seen_ = bad ? seen_ : producer;
			broken_ = bad;
			expect(more || page().word(1) == consumed_ + 1, "no event is asked for");
		} else {
			expect(more == (seen_ != consumed_), "the same, of what was seen");
		}
		expect(broken_ || vscsi_has_requests(engine_) || !more,
		       "it says one thing, and then another");
		seen_again();
	}
	// has_requests() may look as well.
	void seen_again()
	{
		if (broken_ || seen_ != consumed_ || !page().has_read(0))
			return;
		const u32 producer = page().value_of(0);
		if (producer - consumed_ > 16 || producer - answered_ > 16)
			broken_ = true;
		else
			seen_ = producer;
	}
	void give(u32 slot)
	{
		if (slots_[slot].phase != Phase::free)
			return;
		has_list_[slot] = in_.flag();
		vscsi_give_long_list(engine_, slot, has_list_[slot] ? list(slot) : nullptr);
	}
	void forget(u32 slot)
	{
		vscsi_forget(engine_, slot);
		slots_[slot].phase = Phase::free;
		forgotten_++;
		for (Slot &other : slots_)
			other.covered &= ~(1u << slot);
	}
	void check_counts()
	{
		vscsi_counters counters;
		std::memset(&counters, junk, sizeof counters);
		vscsi_read_counters(engine_, &counters);
		u32 busy = 0;
		for (u32 i = 0; i < VSCSI_SLOTS; i++)
			busy |= slots_[i].phase != Phase::free ? 1u << i : 0;
		const auto in_flight = static_cast<u32>(__builtin_popcount(busy));
		expect(vscsi_busy_slots(engine_) == busy && vscsi_in_flight(engine_) == in_flight,
		       "a slot is lost, or used twice");
		expect(counters.requests == consumed_ && counters.responses == answered_ &&
			       counters.notifications == notifications_,
		       "miscounted");
		expect(consumed_ == answered_ + forgotten_ + in_flight, "a request is not answered once");
	}

	static constexpr u32 no_device = ~0u;
	Input &in_;
	vscsi_ring_engine *engine_{};
	vscsi_lun_map *map_{};
	std::array<Slot, VSCSI_SLOTS> slots_{};
	std::array<bool, VSCSI_SLOTS> has_list_{};
	u32 seen_{}, consumed_{}, answered_{}, published_{}, forgotten_{};
	u64 notifications_{}, last_tag_{~0ull};
	bool broken_{};
};

} // namespace

void ring(Input input)
{
	Ring{input}.go();
}

} // namespace fuzz
