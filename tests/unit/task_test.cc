// SPDX-License-Identifier: GPL-2.0 OR MIT
// Abort and reset: which command they mean.
#include "model.hpp"
#include <set>

using namespace model;

namespace
{

vscsiif_request abort_of(u16 rqid, u16 ref, const vscsi_address &to = disk_at)
{
	auto r = request(VSCSIIF_ACT_SCSI_ABORT, rqid, to);
	r.ref_rqid = ref;
	return r;
}

vscsi_task task_of(Rig &rig, const vscsiif_request &r)
{
	const auto f = rig.fetch(r);
	EXPECT_EQ(f.what, VSCSI_FETCH_TASK);
	return rig.back.task(f.slot);
}

void expect_not_found(const vscsi_task &task)
{
	EXPECT_EQ(task.function, u32{VSCSI_TASK_ABORT});
	EXPECT_EQ(task.in_flight, 0u);
	EXPECT_EQ(task.tag, 0u);
}

TEST(Task, AbortOfARunningCommand)
{
	Rig rig;
	(void)rig.start(command(1));
	const u32 victim = rig.start(command(2));
	(void)rig.start(command(3));
	const auto task = task_of(rig, abort_of(10, 2));
	EXPECT_EQ(task.function, u32{VSCSI_TASK_ABORT});
	EXPECT_EQ(task.device, disk);
	EXPECT_EQ(task.in_flight, 1u);
	EXPECT_EQ(task.tag, rig.back.command(victim).tag);
	EXPECT_EQ(rig.back.counters().aborts, 1u);
	EXPECT_EQ(rig.back.counters().resets, 0u);
}

// A frontend that reads success takes the command's request id back.
TEST(Task, SuccessWaitsForTheCommandsResponse)
{
	Rig rig;
	const u32 victim = rig.start(command(2));
	const auto f = rig.fetch(abort_of(10, 2));
	EXPECT_EQ(rig.back.task(f.slot).covered, 1u << victim);
	EXPECT_NE(vscsi_task_unanswered(rig.back.engine(), f.slot), 0u);
	(void)rig.finish(victim);
	EXPECT_EQ(vscsi_task_unanswered(rig.back.engine(), f.slot), 0u);
	// The slot's next command is none of the task's business.
	EXPECT_EQ(rig.start(command(3)), victim);
	EXPECT_EQ(vscsi_task_unanswered(rig.back.engine(), f.slot), 0u);
}

TEST(Task, ResetCoversTheDevicesCommandsOnly)
{
	Rig rig;
	const u32 first = rig.start(command(1));
	const u32 other = rig.start(command(2, VSCSI_NO_DATA, tape_at));
	const u32 second = rig.start(command(3));
	const auto f = rig.fetch(request(VSCSIIF_ACT_SCSI_RESET, 10));
	EXPECT_EQ(rig.back.task(f.slot).covered, 1u << first | 1u << second);
	(void)rig.finish(second);
	EXPECT_NE(vscsi_task_unanswered(rig.back.engine(), f.slot), 0u);
	(void)rig.finish(first);
	EXPECT_EQ(vscsi_task_unanswered(rig.back.engine(), f.slot), 0u);
	(void)rig.finish(other);
	// A slot's earlier task must not show in a later one.
	(void)rig.finish(f.slot);
	(void)rig.start(command(1));
	const auto again = rig.fetch(abort_of(10, 99));
	EXPECT_EQ(rig.back.task(again.slot).covered, 0u);
	EXPECT_EQ(vscsi_task_unanswered(rig.back.engine(), again.slot), 0u);
}

TEST(Task, AbortOfEverySlot)
{
	Rig rig;
	for (u16 i = 0; i < 15; i++)
		(void)rig.start(command(i));
	for (u16 i = 0; i < 15; i++) {
		const auto f = rig.fetch(abort_of(100, i));
		const auto task = rig.back.task(f.slot);
		EXPECT_EQ(task.in_flight, 1u);
		EXPECT_EQ(task.tag, rig.back.command(i).tag);
		rig.back.set_task_result(f.slot, true);
		const auto response = rig.finish(f.slot);
		EXPECT_EQ(response.rqid, 100);
		EXPECT_EQ(response.rslt, 0x2002);
	}
}

TEST(Task, AbortOfAnAnsweredCommand)
{
	Rig rig;
	(void)rig.finish(rig.start(command(2)));
	expect_not_found(task_of(rig, abort_of(10, 2)));
}

TEST(Task, AbortOfAnUnknownCommand)
{
	Rig rig;
	(void)rig.start(command(2));
	expect_not_found(task_of(rig, abort_of(10, 3)));
}

TEST(Task, AbortOfItself)
{
	Rig rig;
	expect_not_found(task_of(rig, abort_of(10, 10)));
}

TEST(Task, AbortOfAnAbort)
{
	Rig rig;
	(void)rig.start(command(1));
	(void)task_of(rig, abort_of(10, 1));
	expect_not_found(task_of(rig, abort_of(11, 10)));
}

TEST(Task, AbortOfAReset)
{
	Rig rig;
	(void)task_of(rig, request(VSCSIIF_ACT_SCSI_RESET, 10));
	expect_not_found(task_of(rig, abort_of(11, 10)));
}

TEST(Task, AbortOfAnotherDevicesCommand)
{
	Rig rig;
	(void)rig.start(command(1, VSCSI_NO_DATA, tape_at));
	(void)rig.start(command(2, VSCSI_NO_DATA, disk_at));
	expect_not_found(task_of(rig, abort_of(10, 1, disk_at)));
	expect_not_found(task_of(rig, abort_of(11, 2, tape_at)));
	EXPECT_EQ(task_of(rig, abort_of(12, 1, tape_at)).in_flight, 1u);
}

// A command that was never submitted is not running, and has no device: the
// tape's handle happens to be what an empty slot would hold.
TEST(Task, AbortOfARejectedCommand)
{
	Rig rig;
	EXPECT_EQ(rig.fetch(command(1, VSCSI_NO_DATA, {0, 9, 9, 9})).what, VSCSI_FETCH_REJECT);
	expect_not_found(task_of(rig, abort_of(10, 1, tape_at)));
}

TEST(Task, ARejectedDuplicateDoesNotHideTheCommand)
{
	Rig rig;
	const u32 early = rig.start(command(1));
	const u32 running = rig.start(command(2, VSCSI_NO_DATA, tape_at));
	(void)rig.finish(early);
	const auto duplicate = rig.fetch(command(2, VSCSI_NO_DATA, tape_at));
	ASSERT_EQ(duplicate.what, VSCSI_FETCH_REJECT);
	ASSERT_LT(duplicate.slot, running) << "found first";
	const auto task = task_of(rig, abort_of(10, 2, tape_at));
	EXPECT_EQ(task.in_flight, 1u);
	EXPECT_EQ(task.tag, rig.back.command(running).tag);
}

TEST(Task, Reset)
{
	Rig rig;
	(void)rig.start(command(1));
	auto r = request(VSCSIIF_ACT_SCSI_RESET, 10, tape_at);
	r.ref_rqid = 1;
	const auto f = rig.fetch(r);
	ASSERT_EQ(f.what, VSCSI_FETCH_TASK);
	const auto task = rig.back.task(f.slot);
	EXPECT_EQ(task.function, u32{VSCSI_TASK_RESET});
	EXPECT_EQ(task.device, tape);
	EXPECT_EQ(task.in_flight, 0u);
	EXPECT_EQ(rig.back.counters().resets, 1u);
	EXPECT_EQ(rig.back.counters().aborts, 0u);
	rig.back.set_task_result(f.slot, false);
	EXPECT_EQ(rig.finish(f.slot).rslt, 0x2003);
}

// Nothing of the data fields counts in a task request.
TEST(Task, StaleDataFieldsAreIgnored)
{
	Rig rig;
	auto r = abort_of(10, 1);
	r.cmd_len = 99;
	r.sc_data_direction = 77;
	r.nr_segments = 0xff;
	std::memset(r.cmnd, 0x7f, sizeof r.cmnd);
	std::memset(r.seg, 0xff, sizeof r.seg);
	const auto f = rig.fetch(r);
	ASSERT_EQ(f.what, VSCSI_FETCH_TASK);
	vscsi_cursor at{};
	vscsi_copy copy;
	EXPECT_EQ(vscsi_data_copies(rig.back.engine(), f.slot, &at, ~0u, &copy, 1), 0u);
	rig.back.set_task_result(f.slot, true);
	const auto response = rig.finish(f.slot);
	EXPECT_EQ(response.rslt, 0x2002);
	EXPECT_EQ(response.residual_len, 0u);
	EXPECT_EQ(response.sense_len, 0);
	EXPECT_EQ(rig.back.counters().bytes_in + rig.back.counters().bytes_out, 0u);
}

TEST(Task, TagsDifferForEveryUse)
{
	Rig rig;
	std::set<u64> tags;
	for (u16 i = 0; i < 1000; i++) {
		const u32 a = rig.start(command(1));
		const u32 b = rig.start(command(2));
		tags.insert(rig.back.command(a).tag);
		tags.insert(rig.back.command(b).tag);
		EXPECT_EQ(rig.back.command(a).tag, rig.back.command(a).tag);
		(void)rig.finish(i % 2 ? a : b);
		(void)rig.finish(i % 2 ? b : a);
	}
	EXPECT_EQ(tags.size(), 2000u);
	EXPECT_EQ(tags.count(0), 0u) << "0 means none";
}

// An abort that comes late must not hit the rqid's next use unless it means it.
TEST(Task, AReusedRqidHasANewTag)
{
	Rig rig;
	const u32 first = rig.start(command(1));
	const u64 old_tag = rig.back.command(first).tag;
	const auto f = rig.fetch(abort_of(10, 1));
	const auto task = rig.back.task(f.slot);
	EXPECT_EQ(task.tag, old_tag);
	(void)rig.finish(first);
	const u32 second = rig.start(command(1));
	EXPECT_NE(rig.back.command(second).tag, old_tag);
	EXPECT_EQ(task.tag, old_tag);
}

// What an earlier task of its slot covered is not its own.
TEST(Task, OneThatIsRefusedCoversNothing)
{
	Rig rig;
	const u32 command_slot = rig.start(command(1));
	const auto reset = rig.fetch(request(VSCSIIF_ACT_SCSI_RESET, 2));
	ASSERT_EQ(reset.what, VSCSI_FETCH_TASK);
	EXPECT_EQ(vscsi_task_unanswered(rig.back.engine(), reset.slot), 1u << command_slot);
	rig.back.set_task_result(reset.slot, false);
	(void)rig.finish(reset.slot);

	auto nowhere = request(VSCSIIF_ACT_SCSI_RESET, 3);
	nowhere.lun = 99;
	const auto refused = rig.fetch(nowhere);
	ASSERT_EQ(refused.what, VSCSI_FETCH_REJECT);
	ASSERT_EQ(refused.slot, reset.slot);
	EXPECT_EQ(vscsi_task_unanswered(rig.back.engine(), refused.slot), 0u);
}

} // namespace
