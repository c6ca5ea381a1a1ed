// SPDX-License-Identifier: GPL-2.0
// How a device of this host becomes a LUN of a guest.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "core/assign.hpp"
#include "core/change.hpp"
#include "core/host.hpp"
#include "core/users.hpp"

namespace vscsi
{

enum class Via { fitting, pscsi, iblock, fileio };

struct ExportOptions {
	Via via = Via::fitting; // pscsi for tapes and changers, iblock for disks, fileio for files
	bool share = false;     // also what another guest has
	bool read_only = false; // by a portal group of such LUNs
	bool ring_per_lun = false;
	bool bind = false;         // an unbound portal group to this guest
	bool across_hosts = false; // others have it as well: no reservation may end at this one
	std::string binding{};     // what a new portal group is bound to; empty: the guest's name
	std::optional<Vdev> vdev{};
};

// One LUN for one guest, and what has to be changed for it to be there.
struct Export {
	std::vector<Change> changes;
	Wanted wanted;
	std::vector<std::string> warnings;
};

// What a plan is made of.
struct Scene {
	const Lio &lio;
	const Guest &guest;
	Assignment assigned;
	const Users &users;
};

// Random bits for a WWN.
using Random = std::uint64_t (*)();

// Each throws a Failure that says why it cannot be.
Export export_device(const Scene &scene, const HostDevice &device, const ExportOptions &options,
		     Random random);
// Of several paths to one device, the one that is exported already.
const HostDevice &best_path(const Scene &scene, const std::vector<HostDevice> &paths);
Export export_lun(const Scene &scene, const LunName &name, const ExportOptions &options);
Export export_store(const Scene &scene, const StoreName &name, const ExportOptions &options, Random random);

} // namespace vscsi
