// SPDX-License-Identifier: GPL-2.0
#include "core/load.hpp"

#include <numeric>

namespace vscsi
{

namespace
{

// A device that was attached anew begins at nothing, and so does what it counts.
std::uint64_t growth(std::uint64_t before, std::uint64_t after)
{
	return after >= before ? after - before : after;
}

template <typename Counters, typename Files>
void subtract(Counters &after, const Counters &before, const Files &files)
{
	for (const auto &file : files)
		if (!file.gauge)
			after.*file.value = growth(before.*file.value, after.*file.value);
}

void subtract(Latency &after, const Latency &before)
{
	after.sum = growth(before.sum, after.sum);
	for (std::size_t at = 0; at < latency_buckets; ++at)
		after.buckets[at] = growth(before.buckets[at], after.buckets[at]);
}

void subtract(LunCounters &after, const LunCounters &before)
{
	// One that began anew in between has no number of before in it.
	if (after.requests < before.requests)
		return;
	subtract(after, before, lun_files);
	for (const auto &file : lun_latencies)
		subtract(after.*file.value, before.*file.value);
}

} // namespace

std::uint64_t Latency::count() const
{
	return std::accumulate(buckets.begin(), buckets.end(), std::uint64_t{0});
}

double Latency::mean() const
{
	const std::uint64_t all = count();
	return all ? static_cast<double>(sum) / static_cast<double>(all) : 0;
}

std::uint64_t Latency::below(double share) const
{
	const double wanted = static_cast<double>(count()) * share;
	std::uint64_t so_far = 0;
	for (std::size_t at = 0; at + 1 < latency_buckets; ++at) {
		so_far += buckets[at];
		if (so_far && static_cast<double>(so_far) >= wanted)
			return std::uint64_t{1} << (latency_shift + at);
	}
	return 0;
}

std::uint64_t LunCounters::errors() const
{
	return check_condition + conflict + busy + other_status + host + aborted;
}

std::uint64_t ControllerCounters::rejected() const
{
	return rejected_action + rejected_cdb_length + rejected_direction + rejected_segments +
	       rejected_list + rejected_segment + rejected_lun + rejected_rqid + rejected_grant;
}

Load load_between(const Sample &before, Sample after)
{
	Load load;
	load.seconds = after.seconds - before.seconds;
	load.now = after.controllers;
	load.since = std::move(after.controllers);
	for (auto &[key, controller] : load.since) {
		const auto earlier = before.controllers.find(key);
		if (earlier == before.controllers.end())
			continue;
		if (controller.counters.requests >= earlier->second.counters.requests)
			subtract(controller.counters, earlier->second.counters, controller_files);
		for (auto &[vdev, lun] : controller.luns)
			if (const auto was = earlier->second.luns.find(vdev);
			    was != earlier->second.luns.end())
				subtract(lun, was->second);
	}
	return load;
}

} // namespace vscsi
