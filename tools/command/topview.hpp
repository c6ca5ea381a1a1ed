// SPDX-License-Identifier: GPL-2.0
// What `xl-vscsi top` shows, in either form.
#pragma once
#include <chrono>
#include <map>
#include <string>
#include <vector>

#include "core/load.hpp"
#include "core/vport.hpp"

namespace vscsi
{

enum class TopOrder { address, rate, bytes, latency, depth, errors };

// A guest's own port on a SAN.
struct TopVport {
	Wwn port;
	std::string owner; // the guest's name; empty: nobody has noted it
	std::string state;
	PortCounters since;
	PortCounters now;
};

struct TopView {
	Load load;
	std::map<DomId, Domain> domains;
	std::chrono::system_clock::time_point when;
	std::vector<TopVport> vports{};
};

const char *order_name(TopOrder order);
TopOrder next_order(TopOrder order);

// Local time, as strftime has it.
std::string local_time(const TopView &view, const char *format);

// 99 of 100 stay below it.
constexpr double tail_share = 0.99;

} // namespace vscsi
