// SPDX-License-Identifier: GPL-2.0
#include "command/topview.hpp"

#include <algorithm>

#include <fmt/core.h>
#include <nlohmann/json.hpp>

namespace vscsi
{

namespace
{

using nlohmann::ordered_json;

constexpr double tail = 0.99;
constexpr double per_kilobyte = 1024;
constexpr double per_millisecond = 1e6;

struct Row {
	std::string guest;
	Vdev vdev;
	const LunCounters *since = nullptr;
	const LunCounters *now = nullptr;
};

std::string guest_name(const TopView &view, DomId id)
{
	const auto found = view.domains.find(id);
	return found == view.domains.end() || found->second.name.empty() ? fmt::format("({})", id)
									 : found->second.name;
}

// What is larger comes first.
double weight(const Row &row, TopOrder order)
{
	switch (order) {
	case TopOrder::address:
		return 0;
	case TopOrder::rate:
		return static_cast<double>(row.since->requests);
	case TopOrder::bytes:
		return static_cast<double>(row.since->bytes_read + row.since->bytes_written);
	case TopOrder::latency:
		return row.since->total.mean();
	case TopOrder::depth:
		return static_cast<double>(row.now->in_flight);
	case TopOrder::errors:
		return static_cast<double>(row.since->errors() + row.since->aborts + row.since->resets);
	}
	return 0;
}

std::vector<Row> sorted_rows(const TopView &view, TopOrder order)
{
	std::vector<Row> rows;
	for (const auto &[key, controller] : view.load.since)
		for (const auto &[vdev, lun] : controller.luns)
			rows.push_back({guest_name(view, key.domain), vdev, &lun,
					&view.load.now.at(key).luns.at(vdev)});
	std::ranges::stable_sort(rows, std::ranges::greater{},
				 [order](const Row &row) { return weight(row, order); });
	return rows;
}

// So that a small number can be told from none.
std::string milliseconds(double ns)
{
	const double ms = ns / per_millisecond;
	return ms < 10    ? fmt::format("{:.3f}", ms)
	       : ms < 100 ? fmt::format("{:.2f}", ms)
			  : fmt::format("{:.0f}", ms);
}

std::string tail_text(const Latency &latency)
{
	const std::uint64_t bound = latency.below(tail);
	return bound ? milliseconds(static_cast<double>(bound)) : "-";
}

std::string row_text(const Load &load, const Row &row)
{
	const LunCounters &since = *row.since;
	return fmt::format("{:<16.16} {:<12} {:>3} {:>7.0f} {:>7.0f} {:>8.0f} {:>8.0f} {:>7} {:>7} {:>7} "
			   "{:>7} {:>5} {:>5}\n",
			   row.guest, to_string(row.vdev), row.now->in_flight, load.rate(since.reads),
			   load.rate(since.writes), load.rate(since.bytes_read) / per_kilobyte,
			   load.rate(since.bytes_written) / per_kilobyte, milliseconds(since.queue.mean()),
			   milliseconds(since.device.mean()), milliseconds(since.total.mean()),
			   tail_text(since.total), since.errors(), since.aborts + since.resets);
}

std::string head_text(const TopView &view, std::size_t luns, TopOrder order)
{
	std::map<DomId, bool> guests;
	std::uint64_t requests = 0, bytes = 0, rejected = 0, abandoned = 0;
	for (const auto &[key, controller] : view.load.since) {
		guests[key.domain] = true;
		requests += controller.counters.requests;
		bytes += controller.counters.bytes_read + controller.counters.bytes_written;
		rejected += controller.counters.rejected();
		abandoned += controller.counters.abandoned;
	}
	std::string text =
		fmt::format("xl-vscsi {}  {:.1f} s  guests {}  LUNs {}  requests/s {:.0f}  KiB/s {:.0f}",
			    view.time, view.load.seconds, guests.size(), luns, view.load.rate(requests),
			    view.load.rate(bytes) / per_kilobyte);
	if (rejected)
		text += fmt::format("  rejected {}", rejected);
	if (abandoned)
		text += fmt::format("  abandoned {}", abandoned);
	if (order != TopOrder::address)
		text += fmt::format("  by {}", order_name(order));
	return text + '\n';
}

template <typename Counters, typename Files>
ordered_json counters_json(const Counters &counters, const Files &files)
{
	ordered_json json = ordered_json::object();
	for (const auto &file : files)
		json[file.name] = counters.*file.value;
	return json;
}

template <typename Counters, typename Files>
ordered_json rates_json(const Load &load, const Counters &since, const Files &files)
{
	ordered_json json = ordered_json::object();
	for (const auto &file : files)
		if (!file.gauge)
			json[file.name] = load.rate(since.*file.value);
	return json;
}

ordered_json latency_json(const Latency &latency)
{
	const auto bound = [&](double share) {
		const std::uint64_t ns = latency.below(share);
		return ns ? ordered_json(ns) : ordered_json(nullptr);
	};
	return {{"count", latency.count()},
		{"mean", latency.mean()},
		{"p50", bound(0.5)},
		{"p99", bound(tail)}};
}

ordered_json lun_json(const Load &load, const Vdev &vdev, const LunCounters &since, const LunCounters &now)
{
	ordered_json latencies = ordered_json::object();
	for (const auto &file : lun_latencies)
		latencies[file.name] = latency_json(since.*file.value);
	return {{"v-dev", to_string(vdev)},
		{"in_flight", now.in_flight},
		{"per-second", rates_json(load, since, lun_files)},
		{"latency-ns", std::move(latencies)},
		{"total", counters_json(now, lun_files)}};
}

} // namespace

const char *order_name(TopOrder order)
{
	switch (order) {
	case TopOrder::address:
		return "address";
	case TopOrder::rate:
		return "rate";
	case TopOrder::bytes:
		return "bytes";
	case TopOrder::latency:
		return "latency";
	case TopOrder::depth:
		return "depth";
	case TopOrder::errors:
		return "errors";
	}
	return "";
}

TopOrder next_order(TopOrder order)
{
	return order == TopOrder::errors ? TopOrder::address
					 : static_cast<TopOrder>(static_cast<int>(order) + 1);
}

std::string top_text(const TopView &view, TopOrder order, unsigned rows)
{
	const std::vector<Row> all = sorted_rows(view, order);
	std::string text = head_text(view, all.size(), order);
	text += fmt::format(
		"{:<16} {:<12} {:>3} {:>7} {:>7} {:>8} {:>8} {:>7} {:>7} {:>7} {:>7} {:>5} {:>5}\n", "GUEST",
		"VDEV", "QD", "R/s", "W/s", "RKiB/s", "WKiB/s", "QUEUE", "DEVICE", "TOTAL", "P99<", "ERR",
		"ABRT");
	constexpr std::size_t head = 2;
	const std::size_t room = rows > head ? rows - head : rows ? 0 : all.size();
	for (std::size_t at = 0; at < std::min(room, all.size()); ++at)
		text += row_text(view.load, all[at]);
	return text;
}

std::string top_json(const TopView &view)
{
	ordered_json guests = ordered_json::array();
	std::optional<DomId> last;
	for (const auto &[key, controller] : view.load.since) {
		if (last != key.domain) {
			const auto domain = view.domains.find(key.domain);
			guests.push_back({{"name", domain == view.domains.end() ? "" : domain->second.name},
					  {"domid", key.domain},
					  {"uuid", domain == view.domains.end() ? "" : domain->second.uuid},
					  {"controllers", ordered_json::array()}});
			last = key.domain;
		}
		const ControllerSample &now = view.load.now.at(key);
		ordered_json luns = ordered_json::array();
		for (const auto &[vdev, lun] : controller.luns)
			luns.push_back(lun_json(view.load, vdev, lun, now.luns.at(vdev)));
		guests.back()["controllers"].push_back(
			{{"devid", key.number},
			 {"in_flight", now.counters.in_flight},
			 {"abandoned", now.counters.abandoned},
			 {"per-second", rates_json(view.load, controller.counters, controller_files)},
			 {"total", counters_json(now.counters, controller_files)},
			 {"luns", std::move(luns)}});
	}
	const ordered_json all{
		{"time", view.time}, {"seconds", view.load.seconds}, {"guests", std::move(guests)}};
	return all.dump(-1, ' ', false, ordered_json::error_handler_t::replace) + '\n';
}

} // namespace vscsi
