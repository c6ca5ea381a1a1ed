// SPDX-License-Identifier: GPL-2.0
// What other hosts have as well, through the SAN.
#pragma once
#include <string>
#include <vector>

#include "act/host.hpp"

namespace vscsi
{

// Devices that the domain is to get, by these changes or from what there is: adds what keeps their
// reservations from ending at this host, before any guest has them.  Throws a Failure if somebody
// uses one whose reservations do.
void keep_across_hosts(const Host &host, const Lio &lio, const Domain &domain,
		       const std::vector<Wanted> &devices, std::vector<Change> &changes,
		       std::vector<std::string> &warnings);

} // namespace vscsi
