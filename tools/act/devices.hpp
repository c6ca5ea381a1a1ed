// SPDX-License-Identifier: GPL-2.0
// Whether devices behind LUNs are those that the LUNs were made for: numbers change
// over a reboot, and a restored configuration may lead to others.
#pragma once
#include "act/host.hpp"

namespace vscsi
{

// LIO's configuration, with what is known of the devices behind it.
Lio read_lio(const Host &host);

// Detaches dom0's device handlers from passed-through devices that guests have: some answer
// unit attentions by themselves.
// What was done, or could not be.
std::vector<std::string> free_of_handlers(const Host &host, const Lio &lio);

} // namespace vscsi
