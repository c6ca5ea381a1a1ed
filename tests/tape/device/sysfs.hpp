// SPDX-License-Identifier: GPL-2.0 OR MIT
// The device files of one SCSI device, found from any one of them.
#pragma once
#include <string>

namespace device
{

struct Nodes {
	std::string generic; // /dev/sgN
	std::string tape;    // /dev/nstN, empty if st does not drive it
	int type = -1;       // peripheral device type
};

// Throws Unusable with what to do about it.
Nodes find_nodes(const std::string &path);

} // namespace device
