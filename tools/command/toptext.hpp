// SPDX-License-Identifier: GPL-2.0
// The tables of `xl-vscsi top`.
#pragma once
#include <string>

#include "command/topview.hpp"
#include "os/screen.hpp"

namespace vscsi
{

// A line for each LUN below one of titles.  What a window has no room for is left out: columns,
// and LUNs, of which it says how many.  One without columns and rows has room for all.
std::string top_text(const TopView &view, TopOrder order = TopOrder::address, Window window = {});
// The same above a line of keys.
std::string top_screen(const TopView &view, TopOrder order, Window window);

} // namespace vscsi
