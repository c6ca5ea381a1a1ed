// SPDX-License-Identifier: GPL-2.0
#pragma once
#include <string>

#include "command/topview.hpp"

namespace vscsi
{

// One line.  The JSON is an interface: names are only added.
std::string top_json(const TopView &view);

} // namespace vscsi
