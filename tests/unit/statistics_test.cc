// SPDX-License-Identifier: GPL-2.0 OR MIT
// What is counted, in which class and in which bucket.
#include "model.hpp"
#include <numeric>
#include <vscsi/statistics.hpp>

using namespace model;

namespace
{

constexpr u64 us = 1000;
constexpr u64 ms = 1000 * us;

u64 sum(const vscsi_latency &latency)
{
	return std::accumulate(std::begin(latency.bucket), std::end(latency.bucket), u64{0});
}

u64 errors(const vscsi_lun_statistics &lun)
{
	return std::accumulate(std::begin(lun.errors), std::end(lun.errors), u64{0});
}

TEST(Latency, BucketsArePowersOfTwo)
{
	EXPECT_EQ(vscsi::latency_bucket(0), 0u);
	EXPECT_EQ(vscsi::latency_bucket(1023), 0u);
	for (u32 i = 0; i + 1 < VSCSI_LATENCY_BUCKETS; i++) {
		const u64 bound = u64{1} << (VSCSI_LATENCY_SHIFT + i);
		EXPECT_EQ(vscsi::latency_bucket(bound - 1), i);
		EXPECT_EQ(vscsi::latency_bucket(bound), i + 1);
	}
	EXPECT_EQ(vscsi::latency_bucket(~u64{0}), VSCSI_LATENCY_BUCKETS - 1);
}

TEST(Latency, SumAndBucket)
{
	vscsi_latency latency{};
	vscsi::count_latency(latency, 5 * us, 8 * us);
	vscsi::count_latency(latency, 0, 3 * us);
	vscsi::count_latency(latency, 0, 50 * ms);
	EXPECT_EQ(latency.sum, 6 * us + 50 * ms);
	EXPECT_EQ(latency.bucket[2], 2u) << "2048 to 4095 ns";
	EXPECT_EQ(latency.bucket[16], 1u) << "33 to 67 ms";
	EXPECT_EQ(sum(latency), 3u);
}

TEST(Latency, ClockThatStepsBackIsNoTime)
{
	vscsi_latency latency{};
	vscsi::count_latency(latency, 2, 1);
	EXPECT_EQ(latency.sum, 0u);
	EXPECT_EQ(latency.bucket[0], 1u);
}

TEST(LunStatistics, RequestsAndTasks)
{
	vscsi_lun_statistics lun{};
	vscsi_lun_requested(&lun, 0);
	vscsi_lun_requested(&lun, 0);
	vscsi_lun_requested(&lun, VSCSI_TASK_ABORT);
	vscsi_lun_requested(&lun, VSCSI_TASK_RESET);
	vscsi_lun_requested(&lun, VSCSI_TASK_RESET);
	EXPECT_EQ(lun.requests, 2u);
	EXPECT_EQ(lun.aborts, 1u);
	EXPECT_EQ(lun.resets, 2u);
	EXPECT_EQ(lun.completed, 0u);
}

TEST(LunStatistics, BytesByDirection)
{
	vscsi_lun_statistics lun{};
	const vscsi_times times{1, 2, 3, 4};
	const vscsi_outcome read{VSCSI_HOST_OK, 0, VSCSI_FROM_DEVICE, 4096, 4096};
	const vscsi_outcome part{VSCSI_HOST_OK, 0, VSCSI_FROM_DEVICE, 4096, 512};
	const vscsi_outcome write{VSCSI_HOST_OK, 0, VSCSI_TO_DEVICE, 8192, 8192};
	const vscsi_outcome none{VSCSI_HOST_OK, 0, VSCSI_FROM_DEVICE, 0, 0};
	for (const auto *outcome : {&read, &part, &write, &none})
		vscsi_lun_completed(&lun, outcome, &times);
	EXPECT_EQ(lun.completed, 4u);
	EXPECT_EQ(lun.reads, 2u);
	EXPECT_EQ(lun.writes, 1u);
	EXPECT_EQ(lun.bytes_read, 4608u);
	EXPECT_EQ(lun.bytes_written, 8192u);
	EXPECT_EQ(errors(lun), 0u);
}

TEST(LunStatistics, TimesOfWhatWasSubmitted)
{
	vscsi_lun_statistics lun{};
	const vscsi_outcome good{VSCSI_HOST_OK, 0, VSCSI_NO_DATA, 0, 0};
	const vscsi_times times{100 * us, 103 * us, 150 * us, 160 * us};
	vscsi_lun_completed(&lun, &good, &times);
	EXPECT_EQ(lun.queue.sum, 3 * us);
	EXPECT_EQ(lun.device.sum, 47 * us);
	EXPECT_EQ(lun.total.sum, 60 * us);
	// Never at the device: that time is nobody's.
	const vscsi_times never{100 * us, 0, 0, 160 * us};
	vscsi_lun_completed(&lun, &good, &never);
	EXPECT_EQ(sum(lun.queue), 1u);
	EXPECT_EQ(sum(lun.device), 1u);
	EXPECT_EQ(sum(lun.total), 2u);
	EXPECT_EQ(lun.total.sum, 120 * us);
}

TEST(LunStatistics, ErrorClasses)
{
	struct {
		u32 host, status;
		i32 kind;
	} cases[] = {
		{VSCSI_HOST_OK, 0x00, -1},
		{VSCSI_HOST_OK, 0x04, -1}, // CONDITION MET
		{VSCSI_HOST_OK, 0x02, VSCSI_ERROR_CHECK_CONDITION},
		{VSCSI_HOST_OK, 0x18, VSCSI_ERROR_CONFLICT},
		{VSCSI_HOST_OK, 0x08, VSCSI_ERROR_BUSY},
		{VSCSI_HOST_OK, 0x28, VSCSI_ERROR_BUSY},
		{VSCSI_HOST_OK, 0x30, VSCSI_ERROR_STATUS},
		{VSCSI_HOST_OK, 0x40, VSCSI_ERROR_STATUS},
		{VSCSI_HOST_NO_CONNECT, 0x02, VSCSI_ERROR_HOST},
		{VSCSI_HOST_ERROR, 0x00, VSCSI_ERROR_HOST},
		{VSCSI_HOST_TIME_OUT, 0x00, VSCSI_ERROR_HOST},
		{VSCSI_HOST_RESET, 0x00, VSCSI_ERROR_ABORTED},
		{VSCSI_HOST_ABORT, 0x02, VSCSI_ERROR_ABORTED},
	};
	for (const auto &item : cases) {
		vscsi_lun_statistics lun{};
		const vscsi_outcome outcome{item.host, item.status, VSCSI_NO_DATA, 0, 0};
		const vscsi_times times{1, 2, 3, 4};
		vscsi_lun_completed(&lun, &outcome, &times);
		EXPECT_EQ(lun.completed, 1u);
		EXPECT_EQ(errors(lun), item.kind < 0 ? 0u : 1u) << item.host << ' ' << item.status;
		if (item.kind >= 0) {
			EXPECT_EQ(lun.errors[item.kind], 1u) << item.host << ' ' << item.status;
		}
	}
}

TEST(RingStatistics, EarlierConnectionsAreAdded)
{
	constexpr auto numbers = sizeof(vscsi_ring_statistics) / sizeof(u64);
	vscsi_ring_statistics total{}, part{};
	u64 words[numbers];
	for (u64 i = 0; i < numbers; i++)
		words[i] = i + 1;
	std::memcpy(&part, words, sizeof part);
	vscsi_ring_statistics_add(&total, &part);
	vscsi_ring_statistics_add(&total, &part);
	std::memcpy(words, &total, sizeof total);
	for (u64 i = 0; i < numbers; i++)
		EXPECT_EQ(words[i], 2 * (i + 1)) << "number " << i;
}

TEST(Outcome, IsWhatWillBeAnswered)
{
	Rig rig;
	const u32 slot = rig.start(transfer(9, VSCSI_FROM_DEVICE, 4096));
	rig.back.set_result(slot, VSCSI_HOST_OK, 0x02, 4096 - 512);
	vscsi_outcome out;
	std::memset(&out, junk, sizeof out);
	vscsi_outcome_of(rig.back.engine(), slot, &out);
	EXPECT_EQ(out.host, u32{VSCSI_HOST_OK});
	EXPECT_EQ(out.status, 0x02u);
	EXPECT_EQ(out.direction, u32{VSCSI_FROM_DEVICE});
	EXPECT_EQ(out.asked, 4096u);
	EXPECT_EQ(out.moved, 512u);
	// A refused copy moves nothing.
	rig.back.set_copy_failed(slot);
	vscsi_outcome_of(rig.back.engine(), slot, &out);
	EXPECT_EQ(out.host, u32{VSCSI_HOST_ERROR});
	EXPECT_EQ(out.moved, 0u);
}

TEST(View, OfACommand)
{
	Rig rig;
	auto request = transfer(9, VSCSI_TO_DEVICE, 2048);
	request.cmnd[0] = 0x2a;
	request.cmd_len = 10;
	const u32 slot = rig.start(request);
	EXPECT_EQ(rig.back.command(slot).rqid, 9u);
	vscsi_request_view view;
	std::memset(&view, junk, sizeof view);
	vscsi_view_of(rig.back.engine(), slot, &view);
	EXPECT_EQ(view.rqid, 9u);
	EXPECT_EQ(view.action, VSCSIIF_ACT_SCSI_CDB);
	EXPECT_EQ(view.channel, disk_at.channel);
	EXPECT_EQ(view.id, disk_at.id);
	EXPECT_EQ(view.lun, disk_at.lun);
	EXPECT_EQ(view.cdb[0], 0x2a);
	EXPECT_EQ(view.cdb_bytes, 10u);
	EXPECT_EQ(view.bytes, 2048u);
	EXPECT_EQ(view.direction, u32{VSCSI_TO_DEVICE});
	EXPECT_EQ(view.reject, VSCSI_NOT_REJECTED);
	rig.back.set_result(slot, VSCSI_HOST_OK, 0x18, 2048);
	vscsi_view_of(rig.back.engine(), slot, &view);
	EXPECT_EQ(view.result, 0x18u);
	EXPECT_EQ(view.residual, 2048u);
}

TEST(View, OfWhatIsRejected)
{
	Rig rig;
	// A slot that had a CDB before must not show it for a request without one.
	auto first = command(1);
	first.cmnd[0] = 0x28;
	const u32 before = rig.start(first);
	rig.back.set_result(before, VSCSI_HOST_OK, 0);
	(void)rig.finish(before);

	auto request = command(2, VSCSI_NO_DATA, {0, 3, 4, 5});
	request.cmd_len = 0;
	auto f = rig.fetch(request);
	ASSERT_EQ(f.what, VSCSI_FETCH_REJECT);
	ASSERT_EQ(f.slot, before);
	vscsi_request_view view;
	std::memset(&view, junk, sizeof view);
	vscsi_view_of(rig.back.engine(), f.slot, &view);
	EXPECT_EQ(view.reject, VSCSI_REJECT_CDB_LENGTH);
	EXPECT_EQ(view.rqid, 2u);
	EXPECT_EQ(view.channel, 3u);
	EXPECT_EQ(view.id, 4u);
	EXPECT_EQ(view.lun, 5u);
	EXPECT_EQ(view.cdb_bytes, 0u);
	(void)rig.finish(f.slot);

	f = rig.fetch(command(3, VSCSI_NO_DATA, {0, 3, 4, 5}));
	ASSERT_EQ(f.what, VSCSI_FETCH_REJECT);
	vscsi_view_of(rig.back.engine(), f.slot, &view);
	EXPECT_EQ(view.reject, VSCSI_REJECT_LUN);
}

} // namespace
