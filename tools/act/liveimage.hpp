// SPDX-License-Identifier: GPL-2.0
// LIO's configuration as far as it concerns this fabric, to be compared with what was saved.
#pragma once
#include "act/host.hpp"
#include "core/saved.hpp"

namespace vscsi
{

ConfigImage live_image(const Host &host);

} // namespace vscsi
