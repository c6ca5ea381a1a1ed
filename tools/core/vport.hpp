// SPDX-License-Identifier: GPL-2.0
// NPIV: a guest's own port on a fabric, a virtual port (vport) of an HBA of this host.
#pragma once
#include <array>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/wwn.hpp"

namespace vscsi
{

// Where a vport logs in: by any HBA of a fabric, or by one HBA.
struct VportParent {
	enum class By { fabric, hba } by = By::fabric;
	Wwn name;
	bool operator==(const VportParent &) const = default;
};
// fabric:WWN or hba:WWPN; throws a Failure.
VportParent expect_parent(std::string_view text);
std::string to_string(const VportParent &parent);

struct VportId {
	Wwn port; // WWPN
	Wwn node; // WWNN
	VportParent parent;
	bool operator==(const VportId &) const = default;
};
// param/vport of a portal group: WWPN:WWNN@fabric:WWN.  Nothing if it is of no such form.
std::optional<VportId> parse_vport(std::string_view text);
std::string param_text(const VportId &id);
// What its SCSI host is known by, once it is logged in (`fc_host/port_name`).
std::string adapter_identity(const VportId &id);

// A Fibre Channel port of this host, as class fc_host shows it.
struct FcPort {
	unsigned host = 0;
	Wwn port;
	Wwn node;
	Wwn fabric;        // none: not logged in
	std::string id;    // N_Port_ID, 0x010203
	std::string state; // Online, Linkdown, ...
	std::string speed;
	std::string symbolic;
	bool takes_vports = false; // its driver does NPIV
	unsigned vports = 0;
	unsigned most_vports = 0; // 0: not said
	bool is_vport = false;
	std::string vport;       // name in class fc_vports, vport-3:0-1
	std::string vport_state; // Active, Initializing, ...
	std::string vport_last_state;
};

const FcPort *port_of(const std::vector<FcPort> &ports, const Wwn &name);
// The HBA with the least vports of those that will do; throws a Failure that says why there is none.
const FcPort &expect_hba(const std::vector<FcPort> &ports, const VportParent &parent);

// A target port that a port of this host is logged in to.
struct RemotePort {
	std::string name; // rport-3:0-1
	Wwn port;
	std::string id;
	std::string state;
	bool target = false;
	std::string dev_loss;     // seconds
	std::string fast_io_fail; // seconds, or off
	unsigned luns = 0;
};
using RemotePorts = std::map<unsigned, std::vector<RemotePort>>; // by host of this host's port

// What a port has sent and received, and what went wrong; nothing where the driver does not count.
struct PortCounters {
	std::optional<std::uint64_t> tx_frames{};
	std::optional<std::uint64_t> rx_frames{};
	std::optional<std::uint64_t> tx_words{}; // of four bytes
	std::optional<std::uint64_t> rx_words{};
	std::optional<std::uint64_t> error_frames{};
	std::optional<std::uint64_t> dumped_frames{};
	std::optional<std::uint64_t> link_failures{};
	std::optional<std::uint64_t> invalid_crcs{};
};
struct PortCounterFile {
	const char *file; // in `statistics` of class fc_host
	std::optional<std::uint64_t> PortCounters::*value;
};
inline constexpr std::array port_counter_files{
	PortCounterFile{"tx_frames", &PortCounters::tx_frames},
	PortCounterFile{"rx_frames", &PortCounters::rx_frames},
	PortCounterFile{"tx_words", &PortCounters::tx_words},
	PortCounterFile{"rx_words", &PortCounters::rx_words},
	PortCounterFile{"error_frames", &PortCounters::error_frames},
	PortCounterFile{"dumped_frames", &PortCounters::dumped_frames},
	PortCounterFile{"link_failure_count", &PortCounters::link_failures},
	PortCounterFile{"invalid_crc_count", &PortCounters::invalid_crcs},
};

// WWPNs that are made here: NAA 5, Xen's OUI, and the last 1/16 of what that has room for, where
// no target port is made.
constexpr std::uint64_t made_wwn_base = 0x500163ef00000000;
constexpr std::uint64_t made_wwn_mask = 0xffffffff;
Wwn make_wwn(const std::function<bool(const Wwn &)> &used, std::uint64_t (*random)());

// Why it is not logged in, for operators.
std::string why_not_active(const FcPort &port);

} // namespace vscsi
