// SPDX-License-Identifier: GPL-2.0
// How a device of this host becomes a LUN of a guest.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "core/assign.hpp"
#include "core/change.hpp"
#include "core/host.hpp"

namespace vscsi
{

enum class Via { fitting, pscsi, iblock };

struct ExportOptions {
	Via via = Via::fitting; // pscsi for tapes and changers, iblock for disks
	bool share = false;     // also what another guest has
	bool ring_per_lun = false;
	bool bind = false;         // an unbound portal group to this guest
	bool across_hosts = false; // others have it as well: no reservation may end at this one
	std::optional<Vdev> vdev;
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

// The portal group of an adapter, with a LUN for each of its devices.  Makes
// what is missing, removes what is no more.  Without a guest it only follows.
struct AdapterPlan {
	std::vector<Change> changes;
	std::optional<TpgId> tpg;
};
AdapterPlan export_adapter(const Scene &scene, const Adapter &adapter, const ExportOptions &options,
			   Random random);
std::vector<Change> follow_adapter(const Lio &lio, const Tpg &tpg, const Adapter &adapter);

} // namespace vscsi
