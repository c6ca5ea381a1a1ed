// SPDX-License-Identifier: GPL-2.0
// What `xl-vscsi top` shows.
#pragma once
#include <map>
#include <string>

#include "core/load.hpp"

namespace vscsi
{

enum class TopOrder { address, rate, bytes, latency, depth, errors };

struct TopView {
	Load load;
	std::map<DomId, Domain> domains;
	std::string time; // of day
};

const char *order_name(TopOrder order);
TopOrder next_order(TopOrder order);

// A line for each LUN below one of titles; rows limits the lines, 0 does not.
std::string top_text(const TopView &view, TopOrder order = TopOrder::address, unsigned rows = 0);
// One line.  The JSON is an interface: names are only added.
std::string top_json(const TopView &view);

} // namespace vscsi
