// SPDX-License-Identifier: GPL-2.0 OR MIT
// What is decided about tasks and about what is overdue, to the millisecond.
#include <bit>
#include <functional>

#include <gtest/gtest.h>
#include <vscsi/engine.h>

namespace
{

using u32 = vscsi_u32;

constexpr u32 all_slots = (1u << VSCSI_SLOTS) - 1;
constexpr u32 never = ~0u;

int overdue(u32 age_ms, u32 abandoned, u32 covered)
{
	const vscsi_overdue_view view{age_ms, abandoned, covered};
	return vscsi_overdue_step(&view);
}

int parked(u32 age_ms, bool abandoned)
{
	const vscsi_parked_view view{age_ms, abandoned};
	return vscsi_parked_step(&view);
}

int early_abort(u32 age_ms, u32 timeout, u32 since_burst_ms)
{
	const vscsi_early_abort_view view{age_ms, timeout, since_burst_ms};
	return vscsi_early_abort_step(&view);
}

// With up to four commands covered.
void for_every_task(const std::function<void(const vscsi_task_view &, bool submitted)> &check)
{
	for (const u32 function : {VSCSI_TASK_ABORT, VSCSI_TASK_RESET}) {
		for (u32 bits = 0; bits < 1u << 11; bits++) {
			const vscsi_task_view view{function,
						   bits & 0xf,
						   bits >> 4 & 0xf,
						   (bits >> 8 & 1) != 0,
						   (bits >> 9 & 1) != 0,
						   (bits >> 10 & 1) != 0};
			SCOPED_TRACE(::testing::Message()
				     << "function " << function << ", covered " << view.covered
				     << ", comes back " << view.comes_back << ", well known "
				     << view.well_known << ", abandoned " << view.abandoned
				     << ", passed through " << view.passed_through);
			const int step = vscsi_task_step(&view);
			// A reset that only the device hears of: once it is behind, and nothing is
			// there that target core knows.
			ASSERT_EQ(step == VSCSI_TASK_RESET_DEVICE,
				  function == VSCSI_TASK_RESET && !view.well_known && !view.covered &&
					  view.abandoned && view.passed_through);
			if (step == VSCSI_TASK_RESET_DEVICE)
				continue;
			ASSERT_TRUE(step == VSCSI_TASK_DONE || step == VSCSI_TASK_SUBMIT);
			check(view, step == VSCSI_TASK_SUBMIT);
		}
	}
}

TEST(TaskStep, TargetCoreHasNoWellKnownUnit)
{
	for_every_task([](const vscsi_task_view &view, bool submitted) {
		if (view.well_known) {
			EXPECT_FALSE(submitted);
		}
	});
}

// An abort is for the one command; only what does not end by itself needs it.
TEST(TaskStep, AbortsAreSubmittedForWhatDoesNotComeBack)
{
	for_every_task([](const vscsi_task_view &view, bool submitted) {
		if (view.function == VSCSI_TASK_ABORT && !view.well_known) {
			EXPECT_EQ(submitted, (view.covered & ~view.comes_back) != 0);
		}
	});
}

// A reset does more than abort, so it reaches also a device that is idle, and
// one whose commands come back; not again if the device does not answer.
TEST(TaskStep, ResetsAreSubmittedUnlessTheDeviceIsBehind)
{
	for_every_task([](const vscsi_task_view &view, bool submitted) {
		if (view.function == VSCSI_TASK_RESET && !view.well_known) {
			EXPECT_EQ(submitted, view.covered || !view.abandoned);
		}
	});
}

TEST(TaskOverdue, ADeviceHasTenSeconds)
{
	for (const u32 age : {0u, 1'000u, 9'999u, 10'000u})
		EXPECT_EQ(overdue(age, 0, 1), VSCSI_OVERDUE_WAIT) << age;
	for (const u32 age : {10'001u, 11'000u, 1u << 31, never})
		EXPECT_EQ(overdue(age, 0, 1), VSCSI_OVERDUE_ANSWER) << age;
	EXPECT_EQ(overdue(10'001, 0, 0), VSCSI_OVERDUE_ANSWER) << "its commands are over, it is not";
}

// Also the task is abandoned, with all that it covers.
TEST(TaskOverdue, ARingsWorthCanBeAbandoned)
{
	for (u32 covered = 0; covered <= all_slots; covered++) {
		const auto more = static_cast<u32>(std::popcount(covered)) + 1;
		for (u32 abandoned = 0; abandoned <= VSCSI_SLOTS + 1; abandoned++)
			ASSERT_EQ(overdue(never, abandoned, covered) == VSCSI_OVERDUE_ANSWER,
				  abandoned + more <= VSCSI_SLOTS)
				<< abandoned << " abandoned, covers " << covered;
	}
	EXPECT_EQ(overdue(never, never, 0), VSCSI_OVERDUE_WAIT);
	EXPECT_EQ(overdue(never, 0, never), VSCSI_OVERDUE_WAIT);
}

TEST(TaskParked, NothingOvertakesWhatWasAbandoned)
{
	for (const u32 age : {0u, 999u, 1'000u, 1'001u, never})
		EXPECT_EQ(parked(age, false), VSCSI_PARKED_SUBMIT) << age;
	for (const u32 age : {0u, 999u, 1'000u})
		EXPECT_EQ(parked(age, true), VSCSI_PARKED_KEEP) << age;
	for (const u32 age : {1'001u, 10'000u, never})
		EXPECT_EQ(parked(age, true), VSCSI_PARKED_BUSY) << age;
}

TEST(TaskEarlyAbort, AtTheGuestsLimitAnAdapterIsAskedAtOnce)
{
	for (const u32 since : {0u, 100u, 101u, 9'999u, 10'000u, never}) {
		EXPECT_EQ(early_abort(30'000, 30, since), VSCSI_ABORT_NOW) << since;
		EXPECT_EQ(early_abort(never, 30, since), VSCSI_ABORT_NOW) << since;
		EXPECT_EQ(early_abort(65'535'000, 65'535, since), VSCSI_ABORT_NOW) << since;
	}
	EXPECT_EQ(early_abort(29'999, 30, 101), VSCSI_ABORT_LATER);
	EXPECT_EQ(early_abort(never, 0, 101), VSCSI_ABORT_LATER) << "it did not say";
	EXPECT_EQ(early_abort(never, 4'294'968, 101), VSCSI_ABORT_LATER)
		<< "more than 32 bits of milliseconds";
}

// An abort is felt by all who use the adapter.
TEST(TaskEarlyAbort, AGuestThatWaitsForLessIsNotBelieved)
{
	for (const u32 timeout : {1u, 29u, 30u}) {
		EXPECT_EQ(early_abort(timeout * 1'000 - 1, timeout, 101), VSCSI_ABORT_LATER) << timeout;
		EXPECT_EQ(early_abort(29'999, timeout, 101), VSCSI_ABORT_LATER) << timeout;
		EXPECT_EQ(early_abort(30'000, timeout, 101), VSCSI_ABORT_NOW) << timeout;
	}
	for (const u32 age : {30'000u, 59'999u})
		EXPECT_EQ(early_abort(age, 60, 101), VSCSI_ABORT_LATER) << "one that waits for more is";
	EXPECT_EQ(early_abort(60'000, 60, 101), VSCSI_ABORT_NOW);
}

TEST(TaskEarlyAbort, BeforeThatInABurstNowAndThen)
{
	for (const u32 timeout : {0u, 30u}) {
		for (const u32 since : {0u, 99u, 100u})
			EXPECT_EQ(early_abort(1, timeout, since), VSCSI_ABORT_NOW) << since;
		for (const u32 since : {101u, 9'999u})
			EXPECT_EQ(early_abort(1, timeout, since), VSCSI_ABORT_LATER) << since;
		for (const u32 since : {10'000u, never})
			EXPECT_EQ(early_abort(1, timeout, since), VSCSI_ABORT_BEGINS_BURST) << since;
	}
}

} // namespace
