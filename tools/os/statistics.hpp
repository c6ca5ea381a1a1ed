// SPDX-License-Identifier: GPL-2.0
// The driver's statistics in sysfs; Documentation/abi.md has them.
#pragma once
#include <filesystem>

#include "core/load.hpp"

namespace vscsi
{

// What is gone meanwhile is left out.  A driver without statistics is a Failure.
Sample read_statistics(const std::filesystem::path &sysfs, double seconds);

} // namespace vscsi
