// SPDX-License-Identifier: GPL-2.0
// `xl-vscsi top`: statistics from a tree, and what came between two looks.
#include <gtest/gtest.h>

#include "os/statistics.hpp"
#include "unit/statistics_tree.hpp"

namespace vscsi
{
namespace
{

// Every number another one, so that none can stand for another.
template <typename Counters, typename Files>
Counters numbered(const Files &files, std::uint64_t first)
{
	Counters counters;
	for (const auto &file : files)
		counters.*file.value = first++;
	return counters;
}

LunCounters numbered_lun(std::uint64_t first)
{
	auto lun = numbered<LunCounters>(lun_files, first);
	for (const auto &file : lun_latencies) {
		Latency &latency = lun.*file.value;
		latency.sum = first += 1000;
		for (std::uint64_t &bucket : latency.buckets)
			bucket = ++first;
	}
	return lun;
}

TEST(Statistics, EveryFileIsRead)
{
	const StatisticsTree tree;
	const auto controller = numbered<ControllerCounters>(controller_files, 100);
	const LunCounters lun = numbered_lun(1);
	tree.set("vscsi-3-1", controller);
	tree.set("vscsi-3-1", disk, lun);
	// Others on the same bus, and what is on its way out.
	put(tree.sysfs() / "bus/xen-backend/devices/vbd-3-51712/statistics/rd_req", "1\n");
	put(tree.controller("vscsi-4-0") / "requests", "1\n");
	put(tree.controller("vscsi-3-1") / "lun-0:0:0:2/requests", "1\n");
	put(tree.controller("vscsi-3-1") / "lun-strange/requests", "1\n");

	const Sample sample = read_statistics(tree.sysfs(), 5);
	ASSERT_EQ(sample.controllers.size(), 1U);
	EXPECT_EQ(sample.seconds, 5);
	const auto &[key, found] = *sample.controllers.begin();
	EXPECT_EQ(key, (ControllerKey{3, 1}));
	for (const auto &file : controller_files)
		EXPECT_EQ(found.counters.*file.value, controller.*file.value) << file.name;
	ASSERT_EQ(found.luns.size(), 1U);
	const auto &[vdev, read] = *found.luns.begin();
	EXPECT_EQ(vdev, disk);
	for (const auto &file : lun_files)
		EXPECT_EQ(read.*file.value, lun.*file.value) << file.name;
	for (const auto &file : lun_latencies) {
		EXPECT_EQ((read.*file.value).sum, (lun.*file.value).sum) << file.name;
		EXPECT_EQ((read.*file.value).buckets, (lun.*file.value).buckets) << file.name;
	}
}

TEST(Statistics, AControllerWithoutThemIsLeftOut)
{
	const StatisticsTree tree;
	EXPECT_TRUE(read_statistics(tree.sysfs(), 0).controllers.empty());
	// While it is being probed it has a driver already.
	put(tree.sysfs() / "bus/xen-backend/devices/vscsi-3-0/driver/x", "");
	tree.set("vscsi-3-1", ControllerCounters{});
	const Sample sample = read_statistics(tree.sysfs(), 0);
	ASSERT_EQ(sample.controllers.size(), 1U);
	EXPECT_EQ(sample.controllers.begin()->first, (ControllerKey{3, 1}));
}

TEST(Latency, MeanAndBounds)
{
	Latency latency;
	EXPECT_EQ(latency.mean(), 0);
	EXPECT_EQ(latency.below(0.99), 0U);
	latency.buckets[0] = 98;
	latency.buckets[3] = 1;
	latency.buckets[10] = 1;
	latency.sum = 5000;
	EXPECT_EQ(latency.mean(), 50);
	EXPECT_EQ(latency.below(0.5), 1024U);
	EXPECT_EQ(latency.below(0.98), 1024U);
	EXPECT_EQ(latency.below(0.99), 8192U);
	EXPECT_EQ(latency.below(1), 1U << 20);
	latency.buckets[latency_buckets - 1] = 1000;
	EXPECT_EQ(latency.below(0.99), 0U) << "longer than any bound";
}

Sample sample_of(double seconds, const ControllerSample &controller)
{
	return {seconds, {{ControllerKey{1, 0}, controller}}};
}

TEST(Load, IsWhatCameSince)
{
	ControllerSample before, after;
	before.counters.requests = 1000;
	after.counters.requests = 1500;
	after.counters.in_flight = 4;
	before.luns[disk].reads = 10;
	before.luns[disk].total.buckets[2] = 7;
	before.luns[disk].in_flight = 9;
	after.luns[disk].reads = 40;
	after.luns[disk].total.buckets[2] = 9;
	after.luns[disk].in_flight = 3;
	const Load load = load_between(sample_of(10, before), sample_of(12, after));
	const ControllerSample &since = load.since.at({1, 0});
	EXPECT_EQ(load.seconds, 2);
	EXPECT_EQ(since.counters.requests, 500U);
	EXPECT_EQ(since.counters.in_flight, 4U) << "not a difference";
	EXPECT_EQ(load.rate(since.counters.requests), 250);
	EXPECT_EQ(since.luns.at(disk).reads, 30U);
	EXPECT_EQ(since.luns.at(disk).total.buckets[2], 2U);
	EXPECT_EQ(since.luns.at(disk).in_flight, 3U);
	EXPECT_EQ(load.now.at({1, 0}).luns.at(disk).reads, 40U);
}

TEST(Load, WhatIsNewBeginsAtNothing)
{
	ControllerSample before, after;
	before.luns[disk].requests = 100;
	before.luns[disk].reads = 5;
	// Attached anew: fewer requests, though by chance more reads.
	after.luns[disk].requests = 8;
	after.luns[disk].reads = 8;
	after.luns[{0, 0, 0, 2}].requests = 3;
	const Load load = load_between(sample_of(1, before), sample_of(2, after));
	const auto &luns = load.since.at({1, 0}).luns;
	EXPECT_EQ(luns.at(disk).requests, 8U);
	EXPECT_EQ(luns.at(disk).reads, 8U);
	EXPECT_EQ(luns.at({0, 0, 0, 2}).requests, 3U);
	EXPECT_TRUE(load_between(sample_of(1, before), Sample{2, {}}).since.empty());
}

} // namespace
} // namespace vscsi
