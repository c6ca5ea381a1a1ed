// SPDX-License-Identifier: GPL-2.0
// The counters of `xl-vscsi top` for monitoring systems, as OpenMetrics 1.0.
#pragma once
#include <map>
#include <string>
#include <utility>

#include "command/topview.hpp"
#include "os/store.hpp"

namespace vscsi
{

// As what a guest's devices were attached.
using DeviceNames = std::map<std::pair<DomId, Vdev>, std::string>;
// Of the controllers in view.  In a driver domain from its own directory.
DeviceNames device_names(Store &store, const TopView &view);

// All of an exposition, to `# EOF`.  Names and labels are an interface: they are only added.
std::string top_metrics(const TopView &view, const DeviceNames &devices);

} // namespace vscsi
