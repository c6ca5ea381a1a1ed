// SPDX-License-Identifier: GPL-2.0
#include "core/vport.hpp"

#include <algorithm>

#include "core/failure.hpp"

namespace vscsi
{

namespace
{

constexpr std::string_view fabric_prefix = "fabric:";
constexpr std::string_view hba_prefix = "hba:";

std::optional<VportParent> parse_parent(std::string_view text)
{
	const bool fabric = text.starts_with(fabric_prefix);
	if (!fabric && !text.starts_with(hba_prefix))
		return {};
	const auto name = parse_wwn(text.substr((fabric ? fabric_prefix : hba_prefix).size()));
	if (!name)
		return {};
	return VportParent{fabric ? VportParent::By::fabric : VportParent::By::hba, *name};
}

bool fits(const FcPort &port, const VportParent &parent)
{
	if (port.is_vport)
		return false;
	return parent.by == VportParent::By::fabric ? port.fabric == parent.name : port.port == parent.name;
}

bool has_room(const FcPort &port)
{
	return port.most_vports == 0 || port.vports < port.most_vports;
}

[[noreturn]] void no_hba(const std::vector<FcPort> &ports, const VportParent &parent)
{
	std::string known;
	for (const FcPort &port : ports)
		if (!port.is_vport)
			known += fmt::format("{}hba:{} ({}{})", known.empty() ? "" : ", ",
					     to_string(port.port), port.state,
					     port.fabric ? ", fabric:" + to_string(port.fabric) : "");
	fail(Exit::not_found, "{}: this host has no such HBA that is logged in; it has {}", to_string(parent),
	     known.empty() ? "no Fibre Channel port at all" : known);
}

} // namespace

VportParent expect_parent(std::string_view text)
{
	const auto parent = parse_parent(text);
	if (!parent)
		fail(Exit::usage,
		     "'{}' names no HBA: say fabric:WWN, for any HBA of that fabric, or hba:WWPN; `xl-vscsi "
		     "npiv "
		     "ports` lists them",
		     text);
	return *parent;
}

std::string to_string(const VportParent &parent)
{
	return fmt::format("{}{}", parent.by == VportParent::By::fabric ? fabric_prefix : hba_prefix,
			   to_string(parent.name));
}

std::optional<VportId> parse_vport(std::string_view text)
{
	const std::size_t at = text.find('@');
	const std::size_t colon = text.find(':');
	if (at == std::string_view::npos || colon > at)
		return {};
	const auto port = parse_wwn(text.substr(0, colon));
	const auto node = parse_wwn(text.substr(colon + 1, at - colon - 1));
	const auto parent = parse_parent(text.substr(at + 1));
	if (!port || !node || !parent)
		return {};
	return VportId{*port, *node, *parent};
}

std::string param_text(const VportId &id)
{
	return fmt::format("{}:{}@{}{}", hex_digits(id.port), hex_digits(id.node),
			   id.parent.by == VportParent::By::fabric ? fabric_prefix : hba_prefix,
			   hex_digits(id.parent.name));
}

std::string adapter_identity(const VportId &id)
{
	return "0x" + hex_digits(id.port);
}

const FcPort *port_of(const std::vector<FcPort> &ports, const Wwn &name)
{
	const auto found = std::ranges::find(ports, name, &FcPort::port);
	return found == ports.end() ? nullptr : &*found;
}

const FcPort &expect_hba(const std::vector<FcPort> &ports, const VportParent &parent)
{
	const FcPort *best = nullptr;
	const FcPort *any = nullptr;
	for (const FcPort &port : ports) {
		if (!fits(port, parent))
			continue;
		any = &port;
		if (port.takes_vports && has_room(port) && port.state == "Online" &&
		    (!best || port.vports < best->vports))
			best = &port;
	}
	if (best)
		return *best;
	if (!any)
		no_hba(ports, parent);
	const std::string name = fmt::format("HBA {} (host{})", to_string(any->port), any->host);
	if (!any->takes_vports)
		fail(Exit::no_npiv,
		     "{} has no NPIV: its driver has none, or it is off (lpfc: module parameter "
		     "lpfc_enable_npiv=1; qla2xxx: ql2xmaxvports)",
		     name);
	if (any->state != "Online")
		fail(Exit::link_down, "{} is {}: look at its cable and at the switch port", name, any->state);
	fail(Exit::no_room, "{} has {} vports, and cannot have more; delete one, or name another HBA", name,
	     any->vports);
}

Wwn make_wwn(const std::function<bool(const Wwn &)> &used, std::uint64_t (*random)())
{
	for (;;) {
		const Wwn wwn{made_wwn_base | (random() & made_wwn_mask)};
		if (!used(wwn))
			return wwn;
	}
}

std::string why_not_active(const FcPort &port)
{
	if (port.vport_state == "No Fabric Support")
		return "the fabric does not do NPIV: switch it on for that switch port, or it is a "
		       "point-to-point "
		       "or VN2VN link, which has none";
	if (port.vport_state == "No Fabric Resources")
		return "the switch port has no room for another login: raise its limit of logins (NPIV)";
	if (port.vport_state == "Fabric Rejected WWN")
		return "the fabric refused the WWPN: another port has it, or the switch's security does not "
		       "know it";
	if (port.vport_state == "Linkdown" || port.state == "Linkdown")
		return "the link of its HBA is down";
	if (port.vport_state == "Disabled")
		return "it is switched off (vport_disable)";
	if (port.vport_state == "Failed")
		return "the driver gave it up; see the kernel log";
	return fmt::format(
		"the fabric has not taken its login (FDISC){}. Drivers on libfc do not say why: see the "
		"switch's log; usual are NPIV switched off, the port's limit of logins, a WWPN that is "
		"logged in elsewhere, port security",
		port.vport_state.empty() ? "" : ", its state is " + port.vport_state);
}

} // namespace vscsi
