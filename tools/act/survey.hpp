// SPDX-License-Identifier: GPL-2.0
// What there is, for `list` and `status`.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "act/host.hpp"
#include "core/vscsiline.hpp"

namespace vscsi
{

struct ListedDevice {
	Device device;
	std::optional<Hctl> physical;
	std::optional<LunName> lun; // PORT by its WWN, with its tag; nothing if it is not in this host's LIO
};

struct ListedController {
	Controller controller;
	std::vector<ListedDevice> devices;
};

struct ListedGuest {
	Domain domain;
	bool running = true; // false: left behind
	std::vector<ListedController> controllers;
};

// Without names all guests that have PV SCSI; a name that is none is a Failure.
std::vector<ListedGuest> survey(const Host &host, const std::vector<std::string> &names);

struct TpgStatus {
	Tpg tpg;
	std::optional<Domain> domain; // that runs and is bound to it
	std::vector<Wanted> devices;  // which it is to have
	std::vector<std::string> connected;
};

struct Status {
	bool module = false;
	bool daemon = false;
	std::vector<Domain> domains; // guests that run, with PV SCSI or without
	std::vector<DomainConfig> configured;
	std::vector<ListedGuest> guests;
	std::vector<TpgStatus> tpgs;
	std::vector<std::string> problems; // each with its remedy
};

Status status(const Host &host);

} // namespace vscsi
