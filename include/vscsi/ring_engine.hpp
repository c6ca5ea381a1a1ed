// SPDX-License-Identifier: GPL-2.0 OR MIT
// One connected ring: its sixteen slots from fetch to response.
//
// A slot belongs to the ring thread from fetch until submission, then to
// target core, then to the completer until it is freed.  Only the busy bits
// and the ring's answered index are shared.
#pragma once
#include <vscsi/back_ring.hpp>
#include <vscsi/lun_map.hpp>
#include <vscsi/request.hpp>
#include <vscsi/statistics.h>

namespace vscsi
{

static_assert(VSCSI_FEW_SEGMENTS * sizeof(wire::Segment) == VSCSI_LIST_BYTES);
static_assert(VSCSI_MAX_SEGMENTS * u32{sizeof(wire::Segment)} == VSCSI_LONG_LIST_BYTES);
static_assert(VSCSI_PAGE_BYTES % VSCSI_LIST_BYTES == 0, "a list must not cross a page");

struct Slot {
	Atomic<u64> uses; // ring thread writes, completer reads
	u32 device;
	u32 segments;
	DataLayout data;
	i32 result;
	u32 residual;
	u16 rqid;
	u16 ref_rqid;
	u16 timeout;
	u16 channel, id, lun;
	i32 rejected; // a Reject
	u8 action;
	u8 direction;
	u8 lists;
	u8 sense_length;
	u8 cdb_length;
	u8 cdb[wire::cdb_bytes];
	u8 sense[wire::sense_bytes];
	wire::Segment list[wire::direct_segments];
	wire::Segment *all; // the data's segments; null: the slot is not to be used
	u32 room;           // of them
	// The commands that a task covers: a bit for each slot, and the low half of
	// its uses then; ring thread, then completer.
	u32 covered;
	u32 covered_uses[wire::slots];
};

struct Counters {
	Counter requests, responses, notifications;
	Counter bytes_out, bytes_in;
	Counter aborts, resets;
	Array<Counter, VSCSI_REJECT_KINDS> rejected;
};

class RingEngine
{
public:
	explicit RingEngine(wire::Page *page) noexcept : ring_{page} {}

	void give_list(u32 slot, wire::Segment *list, u32 room) noexcept
	{
		slots_[slot].all = list;
		slots_[slot].room = room;
	}
	[[nodiscard]] u32 list_segments(u32 slot) const noexcept { return slots_[slot].segments; }
	int fetch(const LunMap &luns, u32 &slot) noexcept;
	[[nodiscard]] bool has_requests() noexcept { return ring_.has_requests(); }
	[[nodiscard]] bool more() noexcept { return ring_.more(); }
	u32 list_copies(u32 slot, Span<vscsi_copy> out) const noexcept;
	int lists_done(u32 slot, bool copied) noexcept;
	void command_of(u32 slot, vscsi_command &out) const noexcept;
	void task_of(u32 slot, vscsi_task &out) const noexcept;
	[[nodiscard]] u32 task_unanswered(u32 slot) const noexcept;
	u32 data_copies(u32 slot, vscsi_cursor &at, u32 limit, Span<vscsi_copy> out) const noexcept;
	void set_result(u32 slot, const vscsi_result &result) noexcept;
	void set_task_result(u32 slot, bool success) noexcept;
	void set_copy_failed(u32 slot) noexcept { (void)reject(slot, Reject::grant); }
	void respond(u32 slot) noexcept;
	void forget(u32 slot) noexcept { release(slot); }
	[[nodiscard]] bool publish() noexcept;
	void read_counters(vscsi_counters &out) const noexcept;
	void outcome_of(u32 slot, vscsi_outcome &out) const noexcept;
	void view_of(u32 slot, vscsi_request_view &out) const noexcept;
	[[nodiscard]] u32 busy_slots() const noexcept { return busy_.load(Order::acquire); }
	[[nodiscard]] u32 in_flight() const noexcept;

private:
	static constexpr u32 all_busy = (1u << wire::slots) - 1;

	int reject(u32 slot, Reject why) noexcept;
	int accept(u32 slot) noexcept;
	void note_covered(u32 slot) noexcept;
	void release(u32 slot) noexcept { (void)busy_.fetch_and(~(1u << slot)); }
	[[nodiscard]] bool rqid_in_flight(u16 rqid, u32 except) const noexcept;
	[[nodiscard]] Span<const wire::Segment> segments_of(u32 slot) const noexcept
	{
		return {slots_[slot].all, slots_[slot].segments};
	}
	[[nodiscard]] u32 uses_of(u32 slot) const noexcept
	{
		return static_cast<u32>(slots_[slot].uses.load(Order::relaxed));
	}
	[[nodiscard]] u64 tag_of(u32 slot) const noexcept
	{
		return slots_[slot].uses.load(Order::relaxed) * wire::slots + slot;
	}

	BackRing ring_;
	Atomic<u32> busy_{}; // one bit a slot: ring thread sets, completer clears
	Array<Slot, wire::slots> slots_{};
	Counters counters_{};
};

} // namespace vscsi
