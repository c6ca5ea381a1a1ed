// SPDX-License-Identifier: GPL-2.0
// Which devices a guest is to have, and under which addresses.
#pragma once
#include <string>
#include <vector>

#include "core/guest.hpp"
#include "core/lio.hpp"
#include "core/taken.hpp"

namespace vscsi
{

struct Wanted {
	LunName pdev;
	std::string pdevname;
	Vdev vdev;
	bool managed = true;   // by a bound portal group, so the daemon follows it
	std::string binding{}; // of that
};

// A LUN whose device is not the one that it was made for, and its place.
struct Refused {
	Wanted wanted;
	std::string why;
};

struct Assignment {
	std::vector<Wanted> wanted;
	std::vector<Refused> refused;
	std::vector<std::string> problems; // LUNs that cannot be attached, and why
};

// All LUNs of the portal groups that are bound to the guest.  The same
// configuration gives the same v-devs; a device that is there keeps its own.
Assignment assign(const Lio &lio, const Guest &guest);

// Whether any portal group is bound to the domain.
bool bound(const Lio &lio, const Domain &domain);

// The LUN that a device of the guest is.
LunRef lun_of(const Lio &lio, const Device &device);

// What a LUN is called in `xl-vscsi list`.
std::string device_name(const Lio &lio, const Lun &lun);

// All v-devs that the guest has or is to have.
Taken taken(const Guest &guest, const std::vector<Wanted> &wanted);
// Why a guest can have none of a controller's v-devs: another backend serves it.
std::string served_elsewhere(const Guest &guest, unsigned controller);

} // namespace vscsi
