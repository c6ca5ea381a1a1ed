// SPDX-License-Identifier: GPL-2.0 OR MIT
#include "front_engine.hpp"

namespace vscsi
{
namespace
{

constexpr u32 reserved_for_tasks = 1;
constexpr u32 longest_timeout = 0xffff;

// vscsiif.h counts as Linux does, but for what Linux has given up since.
constexpr u32 host_of(u32 result) noexcept
{
	constexpr u32 last_of_the_first = 15;
	constexpr u32 transport_marginal = 20;
	const u32 host = result >> 16 & 0xff;
	return host <= last_of_the_first || host == transport_marginal ? host : u32{VSCSI_HOST_ERROR};
}

// The response without what is reserved.
wire::Response read(const wire::Response &shared) noexcept
{
	struct alignas(u32) Used {
		u8 bytes[offsetof(wire::Response, reserved)];
	};
	const auto used = read_once(reinterpret_cast<const Used &>(shared));
	wire::Response copy;
	__builtin_memcpy(&copy, &used, sizeof used);
	return copy;
}

} // namespace

FrontEngine::FrontEngine(void *shared, u32 page_order) noexcept : ring_{shared, page_order}
{
	// Low ones first.
	for (u32 slot = slots(); slot-- > 0;)
		free_[free_count_++] = static_cast<u8>(slot);
}

bool FrontEngine::claim(bool task, u32 &slot) noexcept
{
	const u32 kept = task ? 0 : reserved_for_tasks;
	if (!free_count_ || ring_.outstanding() + claimed_ + kept >= ring_.entries())
		return false;
	slot = free_[--free_count_];
	claimed_++;
	slots_[slot].use = Use::claimed;
	return true;
}

void FrontEngine::release(u32 slot) noexcept
{
	slots_[slot].use = Use::free;
	slots_[slot].turn++;
	free_[free_count_++] = static_cast<u8>(slot);
}

void FrontEngine::unclaim(u32 slot) noexcept
{
	claimed_--;
	release(slot);
}

void FrontEngine::send(u32 slot, const vscsi_front_request &request) noexcept
{
	const bool command = request.kind == VSCSI_FRONT_COMMAND;
	Slot &s = slots_[slot];
	s.use = command ? Use::command : Use::task;
	s.bytes = command ? request.bytes : 0;
	claimed_--;

	wire::Request &entry = ring_.next();
	wire::RequestHead head{};
	head.rqid = rqid_of(slot);
	head.action = static_cast<u8>(request.kind);
	head.cdb_length =
		static_cast<u8>(request.cdb_bytes < wire::cdb_bytes ? request.cdb_bytes : wire::cdb_bytes);
	if (request.cdb)
		__builtin_memcpy(head.cdb, request.cdb, head.cdb_length);
	head.timeout =
		static_cast<u16>(request.timeout < longest_timeout ? request.timeout : longest_timeout);
	head.channel = request.channel;
	head.id = request.id;
	head.lun = request.lun;
	head.direction = static_cast<u8>(request.direction);
	if (request.kind == VSCSI_FRONT_ABORT)
		head.ref_rqid = rqid_of(request.aborted);
	const u32 segments =
		request.segments < wire::direct_segments ? request.segments : u32{wire::direct_segments};
	head.segments = static_cast<u8>(segments | (request.listed ? u32{wire::indirect_flag} : 0));
	entry.head = head;
	if (segments)
		__builtin_memcpy(entry.segment, request.segment, segments * sizeof(wire::Segment));
}

bool FrontEngine::in_flight(u16 rqid) const noexcept
{
	const u32 slot = rqid & slot_mask;
	if (slot >= slots() || rqid_of(slot) != rqid)
		return false;
	return slots_[slot].use == Use::command || slots_[slot].use == Use::task;
}

int FrontEngine::take(vscsi_front_answer &answer) noexcept
{
	switch (ring_.peek()) {
	case FrontRing::Peek::empty:
		return VSCSI_FRONT_EMPTY;
	case FrontRing::Peek::broken:
		return VSCSI_FRONT_BROKEN;
	case FrontRing::Peek::response:
		break;
	}
	answer_ = read(ring_.take());
	if (!in_flight(answer_.rqid))
		return VSCSI_FRONT_STALE;
	const u32 slot = answer_.rqid & slot_mask;
	const Slot &s = slots_[slot];
	const auto result = static_cast<u32>(answer_.result);
	answer = {slot, host_of(result), result & 0xff, answer_.residual, 0, answer_.sense, false};
	if (s.use == Use::task) {
		answer.succeeded = answer_.result == wire::task_succeeded;
		release(slot);
		return VSCSI_FRONT_TASK;
	}
	answer.sense_bytes =
		answer_.sense_length < wire::sense_bytes ? answer_.sense_length : u32{wire::sense_bytes};
	if (answer.residual > s.bytes) {
		// More is left than there was: nothing of it can be believed.
		answer.residual = s.bytes;
		answer.host = VSCSI_HOST_ERROR;
	}
	release(slot);
	return VSCSI_FRONT_ANSWER;
}

void FrontEngine::forget(u32 slot) noexcept
{
	if (slots_[slot].use == Use::command || slots_[slot].use == Use::task)
		release(slot);
}

} // namespace vscsi
