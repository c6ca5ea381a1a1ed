// SPDX-License-Identifier: GPL-2.0
// What there is, for `list` and `status`.
#pragma once
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "act/host.hpp"
#include "act/npiv.hpp"
#include "core/reach.hpp"
#include "core/saved.hpp"
#include "core/vscsiline.hpp"

namespace vscsi
{

struct ListedDevice {
	Device device;
	std::optional<Hctl> physical;
	std::optional<LunName> lun; // PORT by its WWN, with its tag; nothing if it is not in this host's LIO
	std::string another{};      // it is not the device that its LUN was made for
	std::optional<Reach> reach{};
};

// What a guest is to have and does not get.
struct ListedRefusal {
	Refused refused;
	std::optional<Hctl> physical;
	std::optional<Reach> reach{};
};

struct ListedController {
	Controller controller;
	std::vector<ListedDevice> devices;
	std::optional<VportStatus> vport{}; // whose LUNs these are
};

struct ListedGuest {
	Domain domain;
	bool running = true; // false: left behind
	std::vector<ListedController> controllers;
	std::vector<ListedRefusal> refused{};
};

// Without names all guests that have PV SCSI; a name that is none is a Failure.
std::vector<ListedGuest> survey(const Host &host, const std::vector<std::string> &names);

// Without names all that can be attached; a name that is none is a Failure.
std::vector<HostDevice> find_devices(const Sysfs &sysfs, const std::vector<std::string> &names);

// Who has each of them, as far as this host can tell.
std::vector<std::vector<User>> users_of_devices(const Host &host, const std::vector<HostDevice> &devices);

struct TpgStatus {
	Tpg tpg;
	std::optional<Domain> domain; // that runs and is bound to it
	std::vector<Wanted> devices;  // which it is to have
	std::vector<std::string> connected;
	std::map<unsigned, Reach> reach{}; // by LUN
	std::optional<VportStatus> vport{};
};

struct Status {
	bool module = false;
	bool ours = false; // not the kernel's own of the same name
	bool daemon = false;
	std::vector<Domain> domains; // guests that run, with PV SCSI or without
	std::vector<DomainConfig> configured;
	std::vector<ListedGuest> guests;
	std::vector<TpgStatus> tpgs;
	std::vector<SharedStore> shared;
	std::optional<SavedState> saved;   // nothing: nobody looked
	std::vector<std::string> problems; // each with its remedy
};

Status status(const Host &host);
// Devices and adapters that files of domains name by numbers.
void look_at_lines(const Host &host, const std::vector<DomainConfig> &configured,
		   std::vector<std::string> &problems);

} // namespace vscsi
