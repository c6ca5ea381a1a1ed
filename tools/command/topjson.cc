// SPDX-License-Identifier: GPL-2.0
#include "command/topjson.hpp"

#include <fmt/core.h>
#include <nlohmann/json.hpp>

namespace vscsi
{

namespace
{

using nlohmann::ordered_json;

// ISO 8601 has a colon in the zone that strftime leaves out.
std::string iso_time(const TopView &view)
{
	std::string text = local_time(view, "%Y-%m-%dT%H:%M:%S%z");
	constexpr std::size_t minutes = 2;
	if (text.size() > minutes)
		text.insert(text.size() - minutes, 1, ':');
	return text;
}

double epoch_seconds(const TopView &view)
{
	using std::chrono::milliseconds;
	constexpr double per_second = 1000;
	return static_cast<double>(
		       std::chrono::duration_cast<milliseconds>(view.when.time_since_epoch()).count()) /
	       per_second;
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
		{"p99", bound(tail_share)}};
}

// Of two lines, whatever came between them, a mean is the one's growth by the other's.
ordered_json totals_json(const LunCounters &now)
{
	ordered_json json = counters_json(now, lun_files);
	for (const auto &file : lun_latencies) {
		const Latency &latency = now.*file.value;
		json[fmt::format("count_{}", file.name)] = latency.count();
		json[fmt::format("time_{}", file.name)] = latency.sum;
	}
	return json;
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
		{"total", totals_json(now)}};
}

ordered_json vport_load_json(const Load &load, const TopVport &one)
{
	ordered_json rates = ordered_json::object();
	ordered_json totals = ordered_json::object();
	for (const PortCounterFile &file : port_counter_files) {
		const auto since = one.since.*file.value;
		const auto now = one.now.*file.value;
		rates[file.file] = since ? ordered_json(load.rate(*since)) : ordered_json(nullptr);
		totals[file.file] = now ? ordered_json(*now) : ordered_json(nullptr);
	}
	return {{"wwpn", to_string(one.port)},
		{"guest", one.owner},
		{"state", one.state},
		{"per-second", std::move(rates)},
		{"total", std::move(totals)}};
}

} // namespace

std::string top_json(const TopView &view)
{
	ordered_json guests = ordered_json::array();
	std::optional<DomId> last;
	for (const auto &[key, controller] : view.load.since) {
		if (last != key.domain) {
			const auto found = view.domains.find(key.domain);
			const Domain domain = found == view.domains.end() ? Domain{} : found->second;
			guests.push_back({{"name", domain.name},
					  {"domid", key.domain},
					  {"uuid", domain.uuid},
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
	ordered_json vports = ordered_json::array();
	for (const TopVport &one : view.vports)
		vports.push_back(vport_load_json(view.load, one));
	const ordered_json all{{"time", iso_time(view)},
			       {"timestamp", epoch_seconds(view)},
			       {"seconds", view.load.seconds},
			       {"guests", std::move(guests)},
			       {"vports", std::move(vports)}};
	return all.dump(-1, ' ', false, ordered_json::error_handler_t::replace) + '\n';
}

} // namespace vscsi
