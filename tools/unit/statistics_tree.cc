// SPDX-License-Identifier: GPL-2.0
#include "unit/statistics_tree.hpp"

#include <fmt/core.h>

namespace vscsi
{

namespace
{

namespace fs = std::filesystem;

std::string lines(const Latency &latency)
{
	std::string text;
	for (std::size_t at = 0; at < latency_buckets; ++at)
		text += at + 1 < latency_buckets
				? fmt::format("{} {}\n", 1ULL << (latency_shift + at), latency.buckets[at])
				: fmt::format("inf {}\n", latency.buckets[at]);
	return text;
}

} // namespace

StatisticsTree::StatisticsTree()
{
	put(sysfs() / "module/xen_scsiback/parameters/max_pool_pages", "16384\n");
}

fs::path StatisticsTree::controller(const std::string &name) const
{
	return sysfs() / "bus/xen-backend/devices" / name / "statistics";
}

void StatisticsTree::set(const std::string &name, const ControllerCounters &counters) const
{
	for (const auto &file : controller_files)
		put(controller(name) / file.name, fmt::format("{}\n", counters.*file.value));
}

void StatisticsTree::set(const std::string &name, const Vdev &vdev, const LunCounters &counters) const
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

void StatisticsTree::remove(const std::string &name) const
{
	fs::remove_all(controller(name).parent_path());
}

} // namespace vscsi
