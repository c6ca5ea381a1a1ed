// SPDX-License-Identifier: GPL-2.0
#include "os/statistics.hpp"

#include <optional>

#include "os/files.hpp"

namespace vscsi
{

namespace
{

namespace fs = std::filesystem;

constexpr std::string_view controller_prefix = "vscsi-";
constexpr std::string_view lun_prefix = "lun-";

std::optional<std::uint64_t> read_number(const fs::path &path)
{
	return parse_number(first_line(path), UINT64_MAX);
}

// Lines of a bound and a number; the bounds are fixed.
bool read_latency(const fs::path &folder, const std::string &name, Latency &latency)
{
	const auto sum = read_number(folder / ("time_" + name));
	const auto text = read_file(folder / ("latency_" + name));
	if (!sum || !text)
		return false;
	latency.sum = *sum;
	std::string_view left{*text};
	for (std::uint64_t &bucket : latency.buckets) {
		const std::size_t space = left.find(' '), end = left.find('\n');
		if (space == std::string_view::npos || end == std::string_view::npos || space > end)
			return false;
		const auto count = parse_number(left.substr(space + 1, end - space - 1), UINT64_MAX);
		if (!count)
			return false;
		bucket = *count;
		left.remove_prefix(end + 1);
	}
	return true;
}

template <typename Counters, typename Files>
bool read_counters(const fs::path &folder, Counters &counters, const Files &files)
{
	for (const auto &file : files) {
		const auto number = read_number(folder / file.name);
		if (!number)
			return false;
		counters.*file.value = *number;
	}
	return true;
}

std::optional<LunCounters> read_lun_counters(const fs::path &folder)
{
	LunCounters counters;
	if (!read_counters(folder, counters, lun_files))
		return {};
	for (const auto &file : lun_latencies)
		if (!read_latency(folder, file.name, counters.*file.value))
			return {};
	return counters;
}

// vscsi-DOMAIN-NUMBER
std::optional<ControllerKey> parse_controller(std::string_view name)
{
	if (!name.starts_with(controller_prefix))
		return {};
	name.remove_prefix(controller_prefix.size());
	const std::size_t dash = name.find('-');
	if (dash == std::string_view::npos)
		return {};
	const auto domain = parse_number(name.substr(0, dash), UINT32_MAX);
	const auto number = parse_number(name.substr(dash + 1), UINT32_MAX);
	if (!domain || !number)
		return {};
	return ControllerKey{static_cast<DomId>(*domain), static_cast<unsigned>(*number)};
}

} // namespace

Sample read_statistics(const fs::path &sysfs, double seconds)
{
	Sample sample;
	sample.seconds = seconds;
	const fs::path devices = sysfs / "bus/xen-backend/devices";
	for (const std::string &name : names_in(devices)) {
		const auto key = parse_controller(name);
		if (!key)
			continue;
		const fs::path folder = devices / name / "statistics";
		ControllerSample controller;
		if (!read_counters(folder, controller.counters, controller_files))
			continue;
		for (const std::string &entry : names_in(folder)) {
			if (!entry.starts_with(lun_prefix))
				continue;
			const auto vdev = parse_vdev(std::string_view{entry}.substr(lun_prefix.size()));
			if (!vdev)
				continue;
			if (const auto lun = read_lun_counters(folder / entry))
				controller.luns.emplace(*vdev, *lun);
		}
		sample.controllers.emplace(*key, std::move(controller));
	}
	return sample;
}

} // namespace vscsi
