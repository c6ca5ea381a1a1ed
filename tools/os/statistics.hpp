// SPDX-License-Identifier: GPL-2.0
// The driver's statistics in sysfs; Documentation/abi.md has them.
#pragma once
#include <filesystem>

#include "core/load.hpp"

namespace vscsi
{

// What has none is left out: it comes or goes.
Sample read_statistics(const std::filesystem::path &sysfs, double seconds);

} // namespace vscsi
