// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <vscsi/statistics.hpp>

namespace vscsi
{

void lun_requested(vscsi_lun_statistics &lun, u32 function) noexcept
{
	switch (function) {
	case VSCSI_TASK_ABORT:
		count(lun.aborts);
		break;
	case VSCSI_TASK_RESET:
		count(lun.resets);
		break;
	default:
		count(lun.requests);
	}
}

void lun_completed(vscsi_lun_statistics &lun, const vscsi_outcome &outcome, const vscsi_times &times) noexcept
{
	if (outcome.asked && outcome.direction == VSCSI_FROM_DEVICE) {
		count(lun.reads);
		count(lun.bytes_read, outcome.moved);
	} else if (outcome.asked) {
		count(lun.writes);
		count(lun.bytes_written, outcome.moved);
	}
	if (const i32 kind = error_kind(outcome.host, outcome.status); kind != no_error)
		count(lun.errors[kind]);
	// Time at the device is only of those that came there.
	if (times.submitted) {
		count_latency(lun.queue, times.fetched, times.submitted);
		count_latency(lun.device, times.submitted, times.done);
	}
	count_latency(lun.total, times.fetched, times.answered);
	// Last: who sees it sees the rest.
	__atomic_store_n(&lun.completed, lun.completed + 1, __ATOMIC_RELEASE);
}

void ring_statistics_add(vscsi_ring_statistics &to, const vscsi_ring_statistics &from) noexcept
{
	to.engine.requests += from.engine.requests;
	to.engine.responses += from.engine.responses;
	to.engine.notifications += from.engine.notifications;
	to.engine.bytes_out += from.engine.bytes_out;
	to.engine.bytes_in += from.engine.bytes_in;
	to.engine.aborts += from.engine.aborts;
	to.engine.resets += from.engine.resets;
	for (u32 i = 0; i < VSCSI_REJECT_KINDS; i++)
		to.engine.rejected[i] += from.engine.rejected[i];
	to.interrupts += from.interrupts;
	to.copies += from.copies;
	to.copy_calls += from.copy_calls;
	to.maps += from.maps;
}

} // namespace vscsi
