// SPDX-License-Identifier: GPL-2.0
// xl-vscsi top
#pragma once
#include "act/host.hpp"

namespace vscsi
{

struct Options;

// Until it is told to end, or as often as it is asked to.
void top(const Host &host, const Options &options);

} // namespace vscsi
