// SPDX-License-Identifier: GPL-2.0 OR MIT
// Counting what becomes of commands.  One writer at a time for each number, any
// reader: plain words that are stored whole.
#pragma once
#include <vscsi/statistics.h>
#include <vscsi/types.hpp>

namespace vscsi
{

inline void count(u64 &number, u64 n = 1) noexcept
{
	__atomic_store_n(&number, number + n, __ATOMIC_RELAXED);
}

[[nodiscard]] constexpr u32 latency_bucket(u64 ns) noexcept
{
	const u64 units = ns >> VSCSI_LATENCY_SHIFT;
	if (units == 0)
		return 0;
	const u32 bucket = 64u - static_cast<u32>(__builtin_clzll(units));
	return bucket < VSCSI_LATENCY_BUCKETS ? bucket : VSCSI_LATENCY_BUCKETS - 1;
}

// A clock that stepped back counts as no time.
inline void count_latency(vscsi_latency &latency, u64 from, u64 to) noexcept
{
	const u64 ns = to > from ? to - from : 0;
	count(latency.sum, ns);
	count(latency.bucket[latency_bucket(ns)]);
}

// SAM-5 5.3.1.
enum class Status : u32 {
	good = 0x00,
	check_condition = 0x02,
	condition_met = 0x04,
	busy = 0x08,
	reservation_conflict = 0x18,
	task_set_full = 0x28,
};

inline constexpr i32 no_error = -1;

[[nodiscard]] constexpr i32 error_kind(u32 host, u32 status) noexcept
{
	if (host == VSCSI_HOST_RESET || host == VSCSI_HOST_ABORT)
		return VSCSI_ERROR_ABORTED;
	if (host != VSCSI_HOST_OK)
		return VSCSI_ERROR_HOST;
	switch (static_cast<Status>(status)) {
	case Status::good:
	case Status::condition_met:
		return no_error;
	case Status::check_condition:
		return VSCSI_ERROR_CHECK_CONDITION;
	case Status::reservation_conflict:
		return VSCSI_ERROR_CONFLICT;
	case Status::busy:
	case Status::task_set_full:
		return VSCSI_ERROR_BUSY;
	}
	return VSCSI_ERROR_STATUS;
}

void lun_requested(vscsi_lun_statistics &lun, u32 function) noexcept;
void lun_completed(vscsi_lun_statistics &lun, const vscsi_outcome &outcome,
		   const vscsi_times &times) noexcept;
void ring_statistics_add(vscsi_ring_statistics &to, const vscsi_ring_statistics &from) noexcept;

} // namespace vscsi
