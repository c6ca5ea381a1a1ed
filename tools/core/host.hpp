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
	bool zoned = false;      // host-managed: takes writes in order only
	std::string serial_seed; // for a serial number that stays the same
	// What it is: the best identity that no other device here has; empty if there is none,
	// or if its name lasts, as a volume's does.
	std::string identity;
	std::vector<std::string> identities; // all that it says
	bool numbered = false;               // node is a number of the kernel's
	std::string lasting;                 // a link to it that is none; may be empty
	std::string vendor, model, serial;   // as it says
	Wwn target_port;                     // by which it is reached, of Fibre Channel
	std::optional<FileId> image;         // a file that is used as a disk; node is its path
	std::uint64_t image_size = 0;
};

bool leads_to(const Backstore &store, const HostDevice &device);
// An identity of the device that no other one has; two paths lead to one.
std::string distinct_identity(const HostDevice &device, const std::vector<HostDevice> &all);
// For operators: /dev/nst0 (3:0:0:1, IBM ULT3580-TD5, serial 1068000073).
std::string describe(const HostDevice &device);

// How large a disk is, as this host sees it.
struct DeviceSize {
	std::uint64_t bytes = 0;
	std::string node;   // the kernel's name of it
	std::string rescan; // what to write to if the device has grown since; empty: there is nothing
};

struct Adapter {
	unsigned number = 0;
	std::string identity; // the same after a reboot
	std::vector<HostDevice> devices;
	// Of a vport: its name, its controller in the guest, and what target ports are known by there.
	Wwn vport{};
	std::optional<unsigned> controller{};
	std::vector<Wwn> targets{};
};
// The target ports in that order; those that are new come behind the others.
std::vector<Wwn> target_order(const Adapter &adapter);

} // namespace vscsi
