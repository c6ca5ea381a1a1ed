// SPDX-License-Identifier: GPL-2.0
// `xl-vscsi top`: what is shown of what came between two looks.
#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <sstream>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "command/fit.hpp"
#include "command/output.hpp"
#include "command/topjson.hpp"
#include "command/toptext.hpp"
#include "unit/statistics_tree.hpp"

namespace vscsi
{
namespace
{

using Words = std::vector<std::string>;

// 2026-07-23 12:34:56.789 two hours east of Greenwich.
constexpr double moment = 1784802896.789;

TopView sample_view()
{
	setenv("TZ", "EET-2", 1); // NOLINT(concurrency-mt-unsafe)
	tzset();
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
	const Sample after{2, {{ControllerKey{1, 0}, now}}};
	return {load_between({}, after),
		{{1, {1, "g1", "u1"}}},
		std::chrono::system_clock::time_point{
			std::chrono::milliseconds{static_cast<std::int64_t>(moment * 1000)}}};
}

// Numbers that are wider than their titles, of many LUNs, with names that are long.
TopView large_view()
{
	Sample now{1, {}};
	for (unsigned id = 1; id <= 20; ++id) {
		ControllerSample &controller = now.controllers[{id, 0}];
		controller.counters.requests = controller.counters.rejected_lun = 123456789;
		controller.counters.bytes_read = 1ULL << 40;
		LunCounters &lun = controller.luns[{0, 0, 12, 16000 + id}];
		lun.in_flight = 70000 + id;
		lun.reads = lun.writes = 10'000'000 + id;
		lun.bytes_read = lun.bytes_written = 1ULL << 43;
		lun.busy = lun.aborts = 20'000'000 + id;
		lun.queue.buckets[31] = lun.device.buckets[31] = lun.total.buckets[30] = 1;
		lun.queue.sum = lun.device.sum = lun.total.sum = 7'654'321'000'000;
	}
	TopView view = sample_view();
	view.load = load_between({}, now);
	for (unsigned id = 1; id <= 20; ++id)
		view.domains[id] = {id, fmt::format("a-guest-of-some-name-{}", id), ""};
	return view;
}

std::vector<std::string> lines_of(const std::string &text)
{
	std::istringstream stream{text};
	std::vector<std::string> lines;
	for (std::string line; std::getline(stream, line);)
		lines.push_back(line);
	return lines;
}

Words words_of(const std::string &line)
{
	std::istringstream stream{line};
	Words words;
	for (std::string word; stream >> word;)
		words.push_back(word);
	return words;
}

bool has(const Words &words, const char *word)
{
	return std::ranges::find(words, word) != words.end();
}

// Whether these are words of the others, in their order.
bool are_part_of(const Words &some, const Words &all)
{
	auto at = all.begin();
	for (const std::string &word : some) {
		at = std::find(at, all.end(), word);
		if (at++ == all.end())
			return false;
	}
	return true;
}

TEST(TopText, OneLineForEachLun)
{
	const auto lines = lines_of(top_text(sample_view()));
	ASSERT_EQ(lines.size(), 4U);
	EXPECT_EQ(lines[0], "xl-vscsi 2026-07-23 12:34:56  2.0 s  guests 1  LUNs 2  requests/s 450  KiB/s 0");
	EXPECT_EQ(words_of(lines[1]), (Words{"GUEST", "VDEV", "QD", "R/s", "W/s", "RKiB/s", "WKiB/s", "QUEUE",
					     "DEVICE", "TOTAL", "P99<", "ERR", "ABRT"}));
	EXPECT_EQ(words_of(lines[2]), (Words{"g1", "0:0:0:1", "16", "200", "100", "800", "800", "0.000",
					     "0.000", "1.000", "1.049", "3", "5"}));
	// Numbers stand below the ends of their titles.
	for (const char *title : {"QD", "R/s", "TOTAL", "ABRT"}) {
		const std::size_t end = lines[1].find(title) + std::string{title}.size();
		EXPECT_NE(lines[2].at(end - 1), ' ') << title;
		EXPECT_TRUE(end == lines[2].size() || lines[2].at(end) == ' ') << title;
	}
}

TEST(TopText, WithoutAWindowNothingIsCut)
{
	const auto lines = lines_of(top_text(large_view()));
	ASSERT_EQ(lines.size(), 22U);
	EXPECT_EQ(words_of(lines[21]), (Words{"a-guest-of-some-name-20", "0:0:12:16020", "70020", "10000020",
					      "10000020", "8589934592", "8589934592", "7654321", "7654321",
					      "7654321", "1099512", "20000020", "20000020"}));
	EXPECT_NE(lines[0].find("rejected 2469135780"), std::string::npos) << lines[0];
}

TEST(TopText, ANumberIsThereAsAWholeOrNot)
{
	const TopView view = large_view();
	for (const TopOrder order : {TopOrder::address, TopOrder::rate, TopOrder::errors}) {
		const auto full = lines_of(top_text(view, order));
		std::size_t before = 0;
		for (unsigned columns = 28; columns <= 200; ++columns) {
			const auto lines = lines_of(top_text(view, order, {0, columns}));
			for (const std::string &line : lines)
				EXPECT_LE(line.size(), columns) << line;
			EXPECT_TRUE(are_part_of(words_of(lines[0]), words_of(full[0]))) << lines[0];
			if (lines.size() != full.size()) {
				EXPECT_EQ(lines[1], "too narrow");
				EXPECT_LT(columns, 50U);
				continue;
			}
			const Words titles = words_of(lines[1]);
			EXPECT_TRUE(are_part_of(titles, words_of(full[1]))) << lines[1];
			EXPECT_GE(titles.size(), before) << "less in a wider window";
			before = titles.size();
			for (std::size_t row = 2; row < lines.size(); ++row) {
				Words words = words_of(lines[row]);
				EXPECT_EQ(words.size(), titles.size()) << lines[row];
				words.erase(words.begin()); // the name
				EXPECT_TRUE(are_part_of(words, words_of(full[row]))) << lines[row];
			}
		}
		EXPECT_EQ(before, 13U);
	}
}

TEST(TopText, WhatMattersMostStaysLongest)
{
	const TopView view = sample_view();
	const auto titles = [&](unsigned columns, TopOrder order = TopOrder::address) {
		return words_of(lines_of(top_text(view, order, {0, columns})).at(1));
	};
	EXPECT_EQ(titles(80), (Words{"GUEST", "VDEV", "QD", "R/s", "W/s", "RKiB/s", "WKiB/s", "DEVICE",
				     "TOTAL", "P99<", "ERR"}));
	EXPECT_EQ(titles(50), (Words{"GUEST", "VDEV", "R/s", "W/s", "TOTAL", "P99<", "ERR"}));
	EXPECT_EQ(titles(30), (Words{"GUEST", "VDEV", "TOTAL", "P99<"}));
	EXPECT_EQ(titles(21), (Words{"GUEST", "VDEV", "TOTAL"}));
	// What it is sorted by is not hidden.
	EXPECT_TRUE(has(titles(50, TopOrder::errors), "ABRT"));
	EXPECT_TRUE(has(titles(50, TopOrder::bytes), "WKiB/s"));
	EXPECT_TRUE(has(titles(40, TopOrder::depth), "QD"));
	EXPECT_TRUE(has(titles(40, TopOrder::rate), "R/s"));
	EXPECT_EQ(lines_of(top_text(view, TopOrder::address, {0, 60}))[0],
		  "12:34:56  2.0 s  guests 1  LUNs 2  requests/s 450  KiB/s 0");
	EXPECT_EQ(lines_of(top_text(view, TopOrder::address, {0, 12}))[0], "12:34:56");
}

TEST(TopText, ALongNameIsMarkedWhereItIsCut)
{
	const TopView view = large_view();
	EXPECT_NE(top_text(view, TopOrder::address, {0, 120}).find("\na-guest-of-some~ 0:0:12"),
		  std::string::npos);
	EXPECT_NE(top_text(view, TopOrder::address, {0, 200}).find("\na-guest-of-some-name-1 "),
		  std::string::npos);
	EXPECT_EQ(shortened("h\u00f6r auf", 4), "h\u00f6r~");
	EXPECT_EQ(shortened("h\u00f6r", 3), "h\u00f6r");
}

TEST(TopText, Order)
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
}

TEST(TopText, SaysHowManyLunsAreNotShown)
{
	const TopView view = large_view();
	const auto lines = [&](unsigned rows) {
		return lines_of(top_text(view, TopOrder::address, {rows, 0}));
	};
	EXPECT_EQ(lines(22).size(), 22U);
	EXPECT_EQ(lines(22).back().find("more"), std::string::npos);
	EXPECT_EQ(lines(21).size(), 21U);
	EXPECT_EQ(lines(21).back(), "2 more");
	EXPECT_EQ(lines(4).back(), "19 more");
	EXPECT_EQ(lines(4)[1].substr(0, 5), "GUEST");
	EXPECT_EQ(lines(3).back(), "20 more");
	EXPECT_EQ(lines(2).back(), "20 more");
	EXPECT_EQ(lines(1).size(), 1U);
}

TEST(TopText, OnAScreenTheLastLineIsForKeys)
{
	const TopView view = large_view();
	for (unsigned rows = 1; rows < 30; ++rows) {
		const auto lines = lines_of(top_screen(view, TopOrder::rate, {rows, 100}));
		EXPECT_LE(lines.size(), rows);
		EXPECT_EQ(lines.back().starts_with("q: quit"), rows > 1) << rows;
	}
	EXPECT_EQ(lines_of(top_screen(sample_view(), TopOrder::rate, {10, 80})).back(),
		  "q: quit  s: sort (rate)  no room for QUEUE ABRT");
	EXPECT_EQ(lines_of(top_screen(sample_view(), TopOrder::rate, {10, 100})).back(),
		  "q: quit  s: sort (rate)");
	EXPECT_EQ(lines_of(top_screen(sample_view(), TopOrder::rate, {10, 30})).back(),
		  "q: quit  s: sort (rate)");
	EXPECT_EQ(lines_of(top_screen(sample_view(), TopOrder::rate, {10, 10})).back(), "q: quit");
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

TEST(TopJson, SaysWhen)
{
	const auto json = nlohmann::json::parse(top_json(sample_view()));
	EXPECT_EQ(json["time"], "2026-07-23T12:34:56+02:00");
	ASSERT_TRUE(json["timestamp"].is_number());
	EXPECT_DOUBLE_EQ(json["timestamp"].get<double>(), moment);
}

TEST(TopJson, AMeanCanBeHadOfLinesThatAreFarApart)
{
	ControllerSample before, after;
	before.luns[disk].device.buckets[3] = 10;
	before.luns[disk].device.sum = 1000;
	after.luns[disk].device.buckets[3] = 12;
	after.luns[disk].device.buckets[5] = 2;
	after.luns[disk].device.sum = 3000;
	TopView view = sample_view();
	view.load = load_between({1, {{ControllerKey{1, 0}, before}}}, {2, {{ControllerKey{1, 0}, after}}});
	const auto json = nlohmann::json::parse(top_json(view));
	const auto &lun = json["guests"][0]["controllers"][0]["luns"][0];
	EXPECT_EQ(lun["latency-ns"]["device"]["count"], 4);
	EXPECT_EQ(lun["total"]["count_device"], 14);
	EXPECT_EQ(lun["total"]["time_device"], 3000);
	EXPECT_EQ(lun["total"]["count_queue"], 0);
	EXPECT_EQ(lun["total"]["time_total"], 0);
}

TEST(TopJson, AGuestWithoutANameIsThere)
{
	TopView view = sample_view();
	view.domains.clear();
	EXPECT_EQ(nlohmann::json::parse(top_json(view))["guests"][0]["domid"], 1);
	EXPECT_NE(top_text(view).find("\n(1) "), std::string::npos);
}

TEST(TopJson, AnErrorIsALineAsWell)
{
	const std::string text = failure_json(Failure{Exit::environment, "xenstore: gone"}, Layout::line);
	EXPECT_EQ(std::ranges::count(text, '\n'), 1);
	EXPECT_EQ(nlohmann::json::parse(text)["code"], 7);
}

} // namespace
} // namespace vscsi
