// SPDX-License-Identifier: GPL-2.0
// What the driver's statistics say of a time between two looks at them.
#pragma once
#include <array>
#include <cstdint>
#include <map>
#include <string_view>
#include <vector>

#include "core/guest.hpp"

namespace vscsi
{

// The driver's histograms: bucket i counts what took less than 1024 << i ns, the
// last one what took longer than that.
constexpr std::size_t latency_buckets = 32;
constexpr unsigned latency_shift = 10;

struct Latency {
	std::uint64_t sum = 0; // ns
	std::array<std::uint64_t, latency_buckets> buckets{};

	std::uint64_t count() const;
	double mean() const; // ns; 0 of nothing
	// A bound, in ns, that this share of all stayed below; 0 of nothing, or where there is no bound.
	std::uint64_t below(double share) const;
};

// A file of the driver's for each.
struct LunCounters {
	std::uint64_t in_flight = 0;
	std::uint64_t requests = 0;
	std::uint64_t reads = 0;
	std::uint64_t writes = 0;
	std::uint64_t bytes_read = 0;
	std::uint64_t bytes_written = 0;
	std::uint64_t aborts = 0;
	std::uint64_t resets = 0;
	std::uint64_t check_condition = 0;
	std::uint64_t conflict = 0;
	std::uint64_t busy = 0;
	std::uint64_t other_status = 0;
	std::uint64_t host = 0;
	std::uint64_t aborted = 0;
	Latency queue;
	Latency device;
	Latency total;

	std::uint64_t errors() const;
};

struct ControllerCounters {
	std::uint64_t in_flight = 0;
	std::uint64_t abandoned = 0;
	std::uint64_t requests = 0;
	std::uint64_t responses = 0;
	std::uint64_t notifications = 0;
	std::uint64_t interrupts = 0;
	std::uint64_t bytes_read = 0;
	std::uint64_t bytes_written = 0;
	std::uint64_t aborts = 0;
	std::uint64_t resets = 0;
	std::uint64_t copies = 0;
	std::uint64_t copy_calls = 0;
	std::uint64_t maps = 0;
	std::uint64_t rejected_action = 0;
	std::uint64_t rejected_cdb_length = 0;
	std::uint64_t rejected_direction = 0;
	std::uint64_t rejected_segments = 0;
	std::uint64_t rejected_list = 0;
	std::uint64_t rejected_segment = 0;
	std::uint64_t rejected_lun = 0;
	std::uint64_t rejected_rqid = 0;
	std::uint64_t rejected_grant = 0;

	std::uint64_t rejected() const;
};

// gauge: how much there is now, not since when.
template <typename Counters>
struct CounterFile {
	const char *name;
	std::uint64_t Counters::*value;
	bool gauge = false;
};
template <typename Counters>
struct LatencyFile {
	const char *name; // of latency_* and time_*
	Latency Counters::*value;
};

inline constexpr std::array lun_files{
	CounterFile<LunCounters>{"in_flight", &LunCounters::in_flight, true},
	CounterFile<LunCounters>{"requests", &LunCounters::requests},
	CounterFile<LunCounters>{"reads", &LunCounters::reads},
	CounterFile<LunCounters>{"writes", &LunCounters::writes},
	CounterFile<LunCounters>{"bytes_read", &LunCounters::bytes_read},
	CounterFile<LunCounters>{"bytes_written", &LunCounters::bytes_written},
	CounterFile<LunCounters>{"aborts", &LunCounters::aborts},
	CounterFile<LunCounters>{"resets", &LunCounters::resets},
	CounterFile<LunCounters>{"errors_check_condition", &LunCounters::check_condition},
	CounterFile<LunCounters>{"errors_conflict", &LunCounters::conflict},
	CounterFile<LunCounters>{"errors_busy", &LunCounters::busy},
	CounterFile<LunCounters>{"errors_status", &LunCounters::other_status},
	CounterFile<LunCounters>{"errors_host", &LunCounters::host},
	CounterFile<LunCounters>{"errors_aborted", &LunCounters::aborted},
};
inline constexpr std::array lun_latencies{
	LatencyFile<LunCounters>{"queue", &LunCounters::queue},
	LatencyFile<LunCounters>{"device", &LunCounters::device},
	LatencyFile<LunCounters>{"total", &LunCounters::total},
};
inline constexpr std::array controller_files{
	CounterFile<ControllerCounters>{"in_flight", &ControllerCounters::in_flight, true},
	CounterFile<ControllerCounters>{"abandoned", &ControllerCounters::abandoned, true},
	CounterFile<ControllerCounters>{"requests", &ControllerCounters::requests},
	CounterFile<ControllerCounters>{"responses", &ControllerCounters::responses},
	CounterFile<ControllerCounters>{"notifications", &ControllerCounters::notifications},
	CounterFile<ControllerCounters>{"interrupts", &ControllerCounters::interrupts},
	CounterFile<ControllerCounters>{"bytes_read", &ControllerCounters::bytes_read},
	CounterFile<ControllerCounters>{"bytes_written", &ControllerCounters::bytes_written},
	CounterFile<ControllerCounters>{"aborts", &ControllerCounters::aborts},
	CounterFile<ControllerCounters>{"resets", &ControllerCounters::resets},
	CounterFile<ControllerCounters>{"copies", &ControllerCounters::copies},
	CounterFile<ControllerCounters>{"copy_calls", &ControllerCounters::copy_calls},
	CounterFile<ControllerCounters>{"maps", &ControllerCounters::maps},
	CounterFile<ControllerCounters>{"rejected_action", &ControllerCounters::rejected_action},
	CounterFile<ControllerCounters>{"rejected_cdb_length", &ControllerCounters::rejected_cdb_length},
	CounterFile<ControllerCounters>{"rejected_direction", &ControllerCounters::rejected_direction},
	CounterFile<ControllerCounters>{"rejected_segments", &ControllerCounters::rejected_segments},
	CounterFile<ControllerCounters>{"rejected_list", &ControllerCounters::rejected_list},
	CounterFile<ControllerCounters>{"rejected_segment", &ControllerCounters::rejected_segment},
	CounterFile<ControllerCounters>{"rejected_lun", &ControllerCounters::rejected_lun},
	CounterFile<ControllerCounters>{"rejected_rqid", &ControllerCounters::rejected_rqid},
	CounterFile<ControllerCounters>{"rejected_grant", &ControllerCounters::rejected_grant},
};

struct ControllerKey {
	DomId domain = 0;
	unsigned number = 0;
	auto
	operator<=>(const ControllerKey &) const = default; // NOLINT(modernize-use-nullptr): clang-tidy 14
};

struct ControllerSample {
	ControllerCounters counters;
	std::map<Vdev, LunCounters> luns;
};

struct Sample {
	double seconds = 0; // of any one clock
	std::map<ControllerKey, ControllerSample> controllers;
};

// What came since, and how it stands.  What is new since counts from nothing.
struct Load {
	double seconds = 0;
	std::map<ControllerKey, ControllerSample> since;
	std::map<ControllerKey, ControllerSample> now;

	double rate(std::uint64_t count) const
	{
		return seconds > 0 ? static_cast<double>(count) / seconds : 0;
	}
};
Load load_between(const Sample &before, Sample after);

} // namespace vscsi
