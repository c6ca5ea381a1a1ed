// SPDX-License-Identifier: GPL-2.0
// NPIV as an operator asks for it: vports are made, logged in and out, given to guests and taken away.
#pragma once
#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "act/attach.hpp"
#include "act/vporthistory.hpp"
#include "act/vports.hpp"

namespace vscsi
{

struct VportRequest {
	Domain domain; // it need not run
	VportParent parent;
	std::optional<Wwn> port{}; // WWPN; the one that the guest had, or a new one, if left out
	std::optional<Wwn> node{}; // WWNN; that of its other vports, or a new one, if left out
	std::optional<unsigned> controller{};
	std::chrono::seconds wait{30}; // for the fabric
	bool login = true;             // see whether the fabric takes it
	bool dry_run = false;
	bool at_once = false; // a lock that somebody has is not waited for
};

// One vport as it is now.
struct VportStatus {
	TpgId tpg;
	std::string domain; // what its portal group is bound to
	VportId id;
	std::optional<unsigned> controller{};
	bool asked = false;               // `npiv login`
	std::optional<FcPort> port;       // it exists
	std::string hba;                  // WWPN of its HBA
	std::optional<FabricPort> holder; // of its name, while it does not get in
	std::vector<RemotePort> targets;
	std::vector<HostDevice> devices; // what it is shown
	unsigned luns = 0;               // that its guest has
	VportHistory history;
	PortCounters counters;
};

struct VportResult {
	std::vector<std::string> steps;
	std::vector<std::string> warnings;
	std::optional<VportStatus> vport;
	bool changed = false;
};

// All, or those of one domain, which need not run.  brief: without targets and devices, and without asking
// the fabric.
enum class VportDetail { brief, whole };
std::vector<VportStatus> vports(const Host &host, const Lio &lio, const std::optional<Domain> &domain,
				VportDetail detail);
std::vector<VportStatus> vports(const Host &host, const std::optional<Domain> &domain);

// The portal group with its vport; with a Failure nothing is left of it.
VportResult create_vport(const Host &host, const VportRequest &request);
// Logs in until `logout`, guest or no guest.
VportResult login_vport(const Host &host, const Domain &domain, const std::optional<Wwn> &port,
			std::chrono::seconds wait);
VportResult logout_vport(const Host &host, const Domain &domain, const std::optional<Wwn> &port,
			 std::chrono::seconds wait);
// Takes its devices from the guest, logs out, and removes the portal group; forget: its names as well.
VportResult delete_vport(const Host &host, const Domain &domain, const std::optional<Wwn> &port,
			 std::chrono::seconds wait, bool forget, bool dry_run);

// attach() for what may be npiv:PARENT as well.
AttachResult attach_any(const Host &host, const AttachRequest &request);

} // namespace vscsi
