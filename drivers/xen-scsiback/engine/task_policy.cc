// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <vscsi/task_policy.hpp>

namespace vscsi
{
namespace
{

// A frontend waits for its task before it does anything else, on any of its LUNs.
constexpr u32 task_patience_ms = 10'000;
// What is held back occupies a slot that other LUNs could use.
constexpr u32 parked_patience_ms = 1'000;
// One ring's worth; what is more waits for the device.
constexpr u32 most_abandoned = VSCSI_SLOTS;
// A guest that says that it waits for less is not believed: each abort is felt by
// all who use the adapter.
constexpr u32 least_timeout_ms = 30'000;
constexpr u32 burst_every_ms = 10'000;
constexpr u32 burst_ms = 100;

// The compiler's own counting needs a library that a kernel does not have.
constexpr u32 count_bits(u32 bits) noexcept
{
	u32 count = 0;
	for (; bits; bits &= bits - 1)
		count++;
	return count;
}

} // namespace

TaskAction task_step(const vscsi_task_view &view) noexcept
{
	const bool abort = view.function == VSCSI_TASK_ABORT;

	// Its commands are over when the next request is fetched.
	if (view.well_known)
		return TaskAction::done;
	// SAM-5 7.2: a command that is not there any more counts as aborted.
	if (!view.covered && abort)
		return TaskAction::done;
	// In target core another reset would wait for what the guest was answered without.
	if (!view.covered && view.abandoned)
		return view.passed_through ? TaskAction::reset_device : TaskAction::done;
	if (abort && !(view.covered & ~view.comes_back))
		return TaskAction::done;
	return TaskAction::submit;
}

OverdueAction overdue_step(const vscsi_overdue_view &view) noexcept
{
	// The task's own slot is abandoned as well.
	const u32 more = count_bits(view.covered) + 1;

	if (view.age_ms <= task_patience_ms || more > most_abandoned ||
	    view.abandoned > most_abandoned - more)
		return OverdueAction::wait;
	return OverdueAction::answer;
}

ParkedAction parked_step(const vscsi_parked_view &view) noexcept
{
	if (!view.abandoned)
		return ParkedAction::submit;
	return view.age_ms > parked_patience_ms ? ParkedAction::busy : ParkedAction::keep;
}

EarlyAbortAction early_abort_step(const vscsi_early_abort_view &view) noexcept
{
	const u64 timeout_ms = u64{view.timeout} * 1000;
	if (view.timeout && view.age_ms >= (timeout_ms < least_timeout_ms ? least_timeout_ms : timeout_ms))
		return EarlyAbortAction::now;
	if (view.since_burst_ms >= burst_every_ms)
		return EarlyAbortAction::begins_burst;
	return view.since_burst_ms <= burst_ms ? EarlyAbortAction::now : EarlyAbortAction::later;
}

} // namespace vscsi
