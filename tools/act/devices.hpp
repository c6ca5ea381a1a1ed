// SPDX-License-Identifier: GPL-2.0
// Whether devices behind LUNs are those that the LUNs were made for: numbers change
// over a reboot, and a restored configuration may lead to others.
#pragma once
#include "act/host.hpp"

namespace vscsi
{

// LIO's configuration, with what is known of the devices behind it.
Lio read_lio(const Host &host);

} // namespace vscsi
