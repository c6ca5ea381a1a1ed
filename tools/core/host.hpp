// SPDX-License-Identifier: GPL-2.0
// Devices and adapters of this host.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "core/lio.hpp"

namespace vscsi
{

// Peripheral device types of SPC.
constexpr unsigned type_disk = 0;

struct HostDevice {
	std::string node; // /dev/..., as the operator wrote it if he did
	std::optional<Hctl> scsi;
	std::optional<BlockNumber> block;
	unsigned type = type_disk;
	bool whole = true; // no partition
	bool read_only = false;
	std::string identity; // for a serial number that stays the same
};

struct Adapter {
	unsigned number = 0;
	std::string identity; // the same after a reboot
	std::vector<HostDevice> devices;
};

} // namespace vscsi
