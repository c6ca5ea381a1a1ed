// SPDX-License-Identifier: GPL-2.0
// `xl-vscsi top`: statistics from a tree, what came between two looks, what is shown.
#include <pty.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "command/options.hpp"
#include "command/top.hpp"
#include "command/topview.hpp"
#include "core/failure.hpp"
#include "os/statistics.hpp"
#include "unit/fake_host.hpp"

namespace vscsi
{
namespace
{

namespace fs = std::filesystem;

constexpr Vdev disk{0, 0, 0, 1};

std::string lines(const Latency &latency)
{
	std::string text;
	for (std::size_t at = 0; at < latency_buckets; ++at)
		text += at + 1 < latency_buckets
				? fmt::format("{} {}\n", 1ULL << (latency_shift + at), latency.buckets[at])
				: fmt::format("inf {}\n", latency.buckets[at]);
	return text;
}

// As the driver has them.
class Tree
{
public:
	fs::path sysfs() const { return m_folder.path(); }
	fs::path controller(const std::string &name) const
	{
		return sysfs() / "bus/xen-backend/devices" / name / "statistics";
	}
	void set(const std::string &name, const ControllerCounters &counters) const
	{
		put(sysfs() / "module/xen_scsiback/refcnt", "1\n");
		for (const auto &file : controller_files)
			put(controller(name) / file.name, fmt::format("{}\n", counters.*file.value));
	}
	void set(const std::string &name, const Vdev &vdev, const LunCounters &counters) const
	{
		const fs::path lun = controller(name) / ("lun-" + to_string(vdev));
		for (const auto &file : lun_files)
			put(lun / file.name, fmt::format("{}\n", counters.*file.value));
		for (const auto &file : lun_latencies) {
			const Latency &latency = counters.*file.value;
			put(lun / fmt::format("time_{}", file.name), fmt::format("{}\n", latency.sum));
			put(lun / fmt::format("latency_{}", file.name), lines(latency));
		}
	}

private:
	TemporaryFolder m_folder;
};

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
	const Tree tree;
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

TEST(Statistics, ADriverWithoutThemIsNamed)
{
	const Tree tree;
	EXPECT_TRUE(read_statistics(tree.sysfs(), 0).controllers.empty());
	put(tree.sysfs() / "bus/xen-backend/devices/vscsi-3-0/driver/x", "");
	try {
		read_statistics(tree.sysfs(), 0);
		ADD_FAILURE() << "no failure";
	} catch (const Failure &failure) {
		EXPECT_EQ(failure.code(), Exit::environment);
		EXPECT_NE(std::string{failure.what()}.find("vscsi-3-0"), std::string::npos);
	}
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

TopView sample_view()
{
	ControllerSample now;
	now.counters.requests = 900;
	LunCounters &lun = now.luns[disk];
	lun.in_flight = 16;
	lun.requests = 600;
	lun.reads = 400;
	lun.writes = 200;
	lun.bytes_read = 400 << 12;
	lun.bytes_written = 200 << 13;
	lun.check_condition = 2;
	lun.busy = 1;
	lun.aborts = 4;
	lun.resets = 1;
	lun.total.buckets[10] = 600;
	lun.total.sum = 600'000'000;
	now.luns[{0, 0, 5, 0}].requests = 700;
	return {load_between(sample_of(0, {}), sample_of(2, now)), {{1, {1, "g1", "u1"}}}, "12:34:56"};
}

TEST(TopText, OneLineForEachLun)
{
	const std::string text = top_text(sample_view());
	EXPECT_EQ(std::ranges::count(text, '\n'), 4);
	EXPECT_NE(text.find("12:34:56  2.0 s  guests 1  LUNs 2  requests/s 450"), std::string::npos) << text;
	const std::string line = text.substr(text.find("0:0:0:1"));
	std::string words = line.substr(0, line.find('\n'));
	words.erase(std::ranges::unique(words, [](char a, char b) { return a == ' ' && b == ' '; }).begin(),
		    words.end());
	EXPECT_EQ(words, "0:0:0:1 16 200 100 800 800 0.000 0.000 1.000 1.049 3 5");
}

TEST(TopText, OrderAndRoom)
{
	const TopView view = sample_view();
	const auto first = [&](TopOrder order) {
		const std::string text = top_text(view, order);
		return text.find("0:0:0:1") < text.find("0:0:5:0") ? 1 : 5;
	};
	EXPECT_EQ(first(TopOrder::address), 1);
	EXPECT_EQ(first(TopOrder::rate), 5);
	EXPECT_EQ(first(TopOrder::bytes), 1);
	EXPECT_EQ(first(TopOrder::latency), 1);
	EXPECT_EQ(first(TopOrder::depth), 1);
	EXPECT_EQ(first(TopOrder::errors), 1);
	TopOrder order = TopOrder::address;
	for (int step = 0; step < 6; ++step)
		order = next_order(order);
	EXPECT_EQ(order, TopOrder::address);
	const auto lines_of = [&](unsigned rows) {
		const std::string text = top_text(view, TopOrder::address, rows);
		return std::ranges::count(text, '\n');
	};
	EXPECT_EQ(lines_of(3), 3);
	EXPECT_EQ(lines_of(100), 4);
	EXPECT_EQ(lines_of(1), 2);
}

TEST(TopJson, IsALineWithRatesAndTotals)
{
	const std::string text = top_json(sample_view());
	EXPECT_EQ(std::ranges::count(text, '\n'), 1);
	const auto json = nlohmann::json::parse(text);
	EXPECT_EQ(json["seconds"], 2.0);
	const auto &guest = json["guests"][0];
	EXPECT_EQ(guest["name"], "g1");
	EXPECT_EQ(guest["domid"], 1);
	const auto &controller = guest["controllers"][0];
	EXPECT_EQ(controller["per-second"]["requests"], 450.0);
	EXPECT_EQ(controller["total"]["requests"], 900);
	EXPECT_FALSE(controller["per-second"].contains("in_flight"));
	const auto &lun = controller["luns"][0];
	EXPECT_EQ(lun["v-dev"], "0:0:0:1");
	EXPECT_EQ(lun["in_flight"], 16);
	EXPECT_EQ(lun["per-second"]["reads"], 200.0);
	EXPECT_EQ(lun["total"]["errors_check_condition"], 2);
	EXPECT_EQ(lun["latency-ns"]["total"]["count"], 600);
	EXPECT_EQ(lun["latency-ns"]["total"]["mean"], 1e6);
	EXPECT_EQ(lun["latency-ns"]["total"]["p99"], 1 << 20);
	EXPECT_TRUE(lun["latency-ns"]["queue"]["p99"].is_null());
}

TEST(TopJson, AGuestWithoutANameIsThere)
{
	TopView view = sample_view();
	view.domains.clear();
	EXPECT_EQ(nlohmann::json::parse(top_json(view))["guests"][0]["domid"], 1);
	EXPECT_NE(top_text(view).find("\n(1) "), std::string::npos);
}

TEST(Top, PrintsAsOftenAsItIsAsked)
{
	FakeHost fake;
	Options options;
	options.sysfs = fake.folder.path().string();
	options.batch = true;
	options.count = 2;
	options.delay = 0.1;
	const Sysfs sysfs{options.sysfs};
	const Host host{fake.store, fake.configfs, sysfs, fake.folder.path(), fake.host.random};
	EXPECT_THROW(top(host, options), Failure) << "no module";
	put(fake.folder.path() / "module/xen_scsiback/refcnt", "1\n");
	testing::internal::CaptureStdout();
	top(host, options);
	options.json = true;
	options.names = {"g1"};
	top(host, options);
	const std::string text = testing::internal::GetCapturedStdout();
	EXPECT_EQ(std::ranges::count(text, '\n'), 2 * 3 + 2) << text;
	options.names = {"nobody"};
	EXPECT_THROW(top(host, options), Failure);
}

// What a program wrote to its terminal until it ended.
std::string rest_of(int terminal)
{
	std::string text;
	char part[4096];
	for (ssize_t got = 0; (got = read(terminal, part, sizeof part)) > 0;)
		text.append(part, static_cast<std::size_t>(got));
	return text;
}

TEST(Top, OnATerminalKeysAreHeardAndAllIsPutRight)
{
	FakeHost fake;
	const Tree tree;
	tree.set("vscsi-1-0", {});
	tree.set("vscsi-1-0", disk, {});
	Options options;
	options.sysfs = tree.sysfs().string();
	options.delay = 60;
	const Sysfs sysfs{options.sysfs};
	const Host host{fake.store, fake.configfs, sysfs, fake.folder.path(), fake.host.random};
	int terminal = -1;
	winsize size{10, 60, 0, 0};
	const pid_t child = forkpty(&terminal, nullptr, nullptr, &size);
	ASSERT_GE(child, 0);
	if (child == 0) {
		top(host, options);
		termios now{};
		tcgetattr(STDIN_FILENO, &now);
		_exit((now.c_lflag & ICANON) && (now.c_lflag & ECHO) ? 0 : 1);
	}
	ASSERT_EQ(write(terminal, "s q", 3), 3);
	const std::string text = rest_of(terminal);
	int status = 0;
	ASSERT_EQ(waitpid(child, &status, 0), child);
	close(terminal);
	EXPECT_EQ(status, 0);
	EXPECT_NE(text.find("\033[?1049h"), std::string::npos);
	EXPECT_NE(text.find("sort (rate)"), std::string::npos) << text;
	EXPECT_NE(text.find("0:0:0:1"), std::string::npos) << text;
	EXPECT_NE(text.find("\033[?1049l"), std::string::npos);
	EXPECT_EQ(text.find("ABRT"), std::string::npos) << "beyond column 60";
}

} // namespace
} // namespace vscsi
