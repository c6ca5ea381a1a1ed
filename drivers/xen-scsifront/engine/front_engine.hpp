// SPDX-License-Identifier: GPL-2.0 OR MIT
// Requests of a frontend's ring, from claim to answer.  One lock of the owner's guards it.
#pragma once
#include "front_ring.hpp"
#include <vscsi/front.h>

namespace vscsi
{

class FrontEngine
{
public:
	FrontEngine(void *shared, u32 page_order) noexcept;

	[[nodiscard]] u32 slots() const noexcept { return ring_.entries(); }
	[[nodiscard]] bool claim(bool task, u32 &slot) noexcept;
	void unclaim(u32 slot) noexcept;
	void send(u32 slot, const vscsi_front_request &request) noexcept;
	[[nodiscard]] bool push() noexcept { return ring_.publish(); }
	[[nodiscard]] int take(vscsi_front_answer &answer) noexcept;
	[[nodiscard]] bool more() noexcept { return ring_.more(); }
	void forget(u32 slot) noexcept;

private:
	enum class Use : u8 { free, claimed, command, task };
	struct Slot {
		u32 bytes;
		Use use;
		u8 turn; // differs from one use to the next, so that a late answer is not another's
	};
	static constexpr u32 slot_bits = 8;
	static constexpr u32 slot_mask = (1u << slot_bits) - 1;
	static_assert(VSCSI_FRONT_MOST_SLOTS <= slot_mask + 1);

	[[nodiscard]] u16 rqid_of(u32 slot) const noexcept
	{
		return static_cast<u16>(slot | u32{slots_[slot].turn} << slot_bits);
	}
	[[nodiscard]] bool in_flight(u16 rqid) const noexcept;
	void release(u32 slot) noexcept;

	FrontRing ring_;
	wire::Response answer_{}; // the last one, as it was read
	u32 claimed_{};           // and not sent
	u32 free_count_{};
	Array<u8, VSCSI_FRONT_MOST_SLOTS> free_{}; // the last one is used next: its memory is warm
	Array<Slot, VSCSI_FRONT_MOST_SLOTS> slots_{};
};

} // namespace vscsi
