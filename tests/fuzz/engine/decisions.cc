// SPDX-License-Identifier: GPL-2.0 OR MIT
// States that a frontend writes, tasks and their times, and what is counted of them.
#include <vscsi/complaints.h>
#include <vscsi/engine.h>
#include <vscsi/statistics.h>

#include "harness.hpp"

namespace fuzz
{
namespace
{

// Beyond the last one there is what no frontend may write.
u32 state(Input &input)
{
	const u8 value = input.take<u8>();
	return value == 0xff ? input.take<u32>() : value % 10;
}

void host(Input &input)
{
	const vscsi_host_view view{state(input), state(input), input.flag(), input.flag(), input.flag(),
				   input.flag(), input.flag(), input.flag(), input.flag(), input.flag()};
	const int action = vscsi_host_step(&view);
	expect(action >= VSCSI_HOST_NOTHING && action <= VSCSI_HOST_AWAIT, "an action that is none");
	switch (action) {
	case VSCSI_HOST_CONNECT:
		expect(view.frontend == VSCSI_XB_INITIALISED && !view.ring_live && !view.ring_draining,
		       "a ring is connected beside another, or before there is one");
		break;
	case VSCSI_HOST_DISCONNECT:
		expect(view.ring_live, "there is no ring to stop");
		break;
	case VSCSI_HOST_SETTLE:
	case VSCSI_HOST_RECONFIGURE:
		expect(view.ring_live, "devices change without a ring");
		break;
	case VSCSI_HOST_AWAIT:
		expect(view.ring_draining && !view.ring_live, "nothing is there to be awaited");
		break;
	case VSCSI_HOST_UNREGISTER:
		expect(!view.ring_live && (view.frontend == VSCSI_XB_UNKNOWN ||
					   (view.frontend == VSCSI_XB_CLOSED && !view.online)),
		       "a frontend is given up that is there");
		break;
	case VSCSI_HOST_CLOSING:
	case VSCSI_HOST_CLOSED:
	case VSCSI_HOST_WAIT_READY:
		expect(!view.ring_live && !(view.ring_draining && view.online), "closed over a ring");
		break;
	default:
		expect(view.frontend != VSCSI_XB_UNKNOWN, "who is gone is waited for");
	}
}

void device(Input &input)
{
	const vscsi_device_view view{input.below(11), state(input), state(input),
				     input.flag(),    input.flag(), input.flag()};
	const int action = vscsi_device_step(&view);
	expect(action >= VSCSI_DEVICE_NOTHING && action <= VSCSI_DEVICE_ASK, "an action that is none");
	const bool adds =
		view.host_action == VSCSI_HOST_CONNECT || view.host_action == VSCSI_HOST_RECONFIGURE;
	switch (action) {
	case VSCSI_DEVICE_MAP:
	case VSCSI_DEVICE_MAP_KEEP:
	case VSCSI_DEVICE_ASK:
		expect(adds && view.backend != VSCSI_XB_CLOSING && view.backend != VSCSI_XB_CLOSED,
		       "what is to go is mapped");
		break;
	case VSCSI_DEVICE_UNMAP:
		expect(view.backend == VSCSI_XB_CLOSING, "what is to stay goes");
		break;
	case VSCSI_DEVICE_CONNECTED:
	case VSCSI_DEVICE_REFUSED:
		expect(view.mapped && view.host_action == VSCSI_HOST_SETTLE,
		       "nothing is there to be settled");
		break;
	case VSCSI_DEVICE_RESET:
		expect(view.host_action == VSCSI_HOST_CLOSED, "it begins anew under a live guest");
		break;
	default:
		break;
	}
}

// A guest gets along with what it is allowed, whenever that comes, and not with more.
void complaints(Input &input)
{
	u8 cdb[VSCSI_CDB_BYTES], parameters[32];
	input.fill(cdb, sizeof cdb);
	input.fill(parameters, sizeof parameters);
	const u32 bytes = input.take<u16>();
	const u32 here = bytes < sizeof parameters ? bytes : u32{sizeof parameters};
	const vscsi_complaint_view view{cdb,
					input.take<u8>(),
					{input.take<u8>(), input.take<u8>(), input.take<u8>(), true},
					here ? parameters : nullptr,
					here,
					bytes};
	expect(!vscsi_complains(&view) || view.status != 0x08, "BUSY is complained of");
	vscsi_complaints all{};
	const u32 allowed = input.take<u8>();
	u64 now = input.take<u32>() * 1'000'000ULL, counted = 0;
	const u64 begin = now;
	for (u32 step = 0; step < 600; step++) {
		now += input.empty() ? 0 : input.take<u8>() * 1'000'000ULL;
		if (vscsi_complaints_exceeded(&all, now))
			continue;
		vscsi_complaint_count(&all, now, allowed);
		counted++;
		// Who has just begun has less than all at once.
		expect(counted <= 258 + (now - begin) * (allowed ? allowed : 1) / 1'000'000'000,
		       "a guest is complained of more often than it may");
	}
}

void task(Input &input)
{
	const vscsi_task_view view{input.flag() ? u32{VSCSI_TASK_ABORT} : u32{VSCSI_TASK_RESET},
				   input.take<u16>(),
				   input.take<u16>(),
				   input.flag(),
				   input.flag(),
				   input.flag()};
	const int action = vscsi_task_step(&view);
	expect(action >= VSCSI_TASK_DONE && action <= VSCSI_TASK_RESET_DEVICE, "an action that is none");
	expect(action != VSCSI_TASK_RESET_DEVICE ||
		       (view.passed_through && !view.covered && view.function == VSCSI_TASK_RESET),
	       "a reset of what has commands");
	const bool waits = view.covered & ~view.comes_back;
	expect(!waits || view.well_known || action == VSCSI_TASK_SUBMIT, "what it covers is forgotten");

	const vscsi_overdue_view overdue{input.take<u32>(), input.below(40), input.take<u16>()};
	if (vscsi_overdue_step(&overdue) == VSCSI_OVERDUE_ANSWER) {
		const auto more = static_cast<u32>(__builtin_popcount(overdue.covered)) + 1;
		expect(overdue.age_ms > 10'000 && overdue.abandoned + more <= VSCSI_SLOTS,
		       "more is abandoned than a ring has");
	}
	vscsi_parked_view parked{input.take<u32>(), input.flag()};
	const int kept = vscsi_parked_step(&parked);
	expect(kept == (!parked.abandoned       ? VSCSI_PARKED_SUBMIT
			: parked.age_ms > 1'000 ? VSCSI_PARKED_BUSY
						: VSCSI_PARKED_KEEP),
	       "what is held back is so for ever, or not at all");
	const vscsi_early_abort_view early{input.take<u32>(), input.take<u16>(), input.take<u32>()};
	const int when = vscsi_early_abort_step(&early);
	expect(when >= VSCSI_ABORT_LATER && when <= VSCSI_ABORT_BEGINS_BURST, "an action that is none");
	expect(when != VSCSI_ABORT_BEGINS_BURST || early.since_burst_ms >= 10'000, "a burst upon a burst");
	complaints(input);
}

u64 sum(const vscsi_latency &latency)
{
	u64 all = 0;
	for (const u64 n : latency.bucket)
		all += n;
	return all;
}

void counts(Input &input)
{
	vscsi_lun_statistics lun{};
	u64 done = 0, tasks = 0, asked = 0, submitted = 0;
	while (!input.empty()) {
		const u32 function = input.below(4);
		vscsi_lun_requested(&lun, function);
		(function == VSCSI_TASK_ABORT || function == VSCSI_TASK_RESET ? tasks : asked)++;
		const vscsi_outcome outcome{input.below(32), input.take<u8>(), 1 + input.below(3),
					    input.take<u32>(), input.take<u32>()};
		const vscsi_times times{input.take<u64>(), input.flag() ? input.take<u64>() : 0,
					input.take<u64>(), input.take<u64>()};
		vscsi_lun_completed(&lun, &outcome, &times);
		done++;
		submitted += times.submitted != 0;
	}
	u64 errors = 0;
	for (const u64 n : lun.errors)
		errors += n;
	expect(lun.completed == done && sum(lun.total) == done && errors <= done, "miscounted");
	expect(sum(lun.queue) == submitted && sum(lun.device) == submitted, "times of what never was there");
	expect(lun.requests == asked && lun.aborts + lun.resets == tasks, "requests are miscounted");
	expect(lun.reads + lun.writes <= done, "more came than was asked for");
}

void sums(Input &input)
{
	constexpr std::size_t words = sizeof(vscsi_ring_statistics) / sizeof(u64);
	u64 to[words], from[words], expected[words];
	input.fill(to, sizeof to);
	input.fill(from, sizeof from);
	for (std::size_t i = 0; i < words; i++)
		expected[i] = to[i] + from[i];
	vscsi_ring_statistics a, b;
	std::memcpy(&a, to, sizeof a);
	std::memcpy(&b, from, sizeof b);
	vscsi_ring_statistics_add(&a, &b);
	expect(!std::memcmp(&a, expected, sizeof a), "a number of an earlier connection is lost");
}

} // namespace

void decisions(Input input)
{
	switch (input.below(5)) {
	case 0:
		return host(input);
	case 1:
		return device(input);
	case 2:
		return task(input);
	case 3:
		return counts(input);
	default:
		return sums(input);
	}
}

} // namespace fuzz
