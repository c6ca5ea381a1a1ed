// SPDX-License-Identifier: GPL-2.0 OR MIT
// FIP: who is let in, and how they leave.
#include "fabric/fabric.hpp"

#include <algorithm>

namespace fabric
{

using frames::Descriptor;
using frames::Fip;
using frames::FipOperation;
using frames::Reject;

namespace
{

constexpr Mac all_forwarders{{0x01, 0x10, 0x18, 0x01, 0x00, 0x02}};

} // namespace

void Fabric::receive_fip(LinkId link, frames::Bytes ethernet, Time now)
{
	const auto fip = frames::decode_fip(ethernet);
	if (!fip) {
		counts_.malformed++;
		return;
	}
	const Mac &to = fip->ethernet.destination;
	if (to != forwarder_.address && to != all_forwarders)
		return;
	// A VN_Port's keep-alive comes from its own address and names the ENode's.
	Node node{link, fip->ethernet.source};
	if (fip->operation == FipOperation::discovery && fip->subcode == frames::fip_solicitation) {
		advertise(link, node.address, true, fip->frame_size);
	} else if (fip->operation == FipOperation::link_service && fip->subcode == frames::fip_request) {
		receive_service(node, *fip, now);
	} else if (fip->operation == FipOperation::control && fip->subcode == frames::fip_keep_alive) {
		node.address = fip->mac.value_or(node.address);
		receive_keep_alive(node, *fip);
	}
}

void Fabric::advertise(LinkId link, const Mac &destination, bool solicited, std::size_t pad_to)
{
	send_(link, frames::advertisement(forwarder_, destination, solicited, pad_to));
}

void Fabric::receive_service(const Node &node, const Fip &fip, Time now)
{
	if (!fip.service)
		return;
	Attempt attempt{node, *fip.service, fip.header, {}, Time{0}};
	if (*fip.service == Descriptor::logo) {
		const Port *port = ports_.find(fip.header.source);
		if (port != nullptr && port->node == node) {
			if (port->is_virtual)
				remove(port->id, "LOGO");
			else
				remove_all(node, "LOGO");
		}
		return reply(attempt, fip.header.source, frames::accept_plain(),
			     frames::fabric_provided(fip.header.source));
	}
	const auto login = frames::decode_login(fip.payload);
	if (!login)
		return refuse(attempt, frames::invalid_length);
	attempt.login = *login;
	if (*fip.service == Descriptor::fdisc && settings.fdisc_delay > Time{0}) {
		attempt.due = now + settings.fdisc_delay;
		attempts_.push_back(attempt);
		return;
	}
	admit(attempt);
}

// Who goes on where nobody has logged in is told to begin anew, as after a power cycle of the switch.
void Fabric::receive_keep_alive(const Node &node, const Fip &fip)
{
	if (fip.vn_port) {
		const Port *port = ports_.find(fip.vn_port->id);
		const bool known = port != nullptr && port->node == node && port->name == fip.vn_port->name;
		if (!known && !displaced_.contains(fip.vn_port->id))
			clear_links(node, {*fip.vn_port});
	} else if (ports_.base(node) == nullptr) {
		clear_links(node, {});
	}
}

void Fabric::clear_links(const Node &node, const std::vector<frames::VnPort> &ports)
{
	counts_.links_cleared++;
	send_(node.link, frames::clear_virtual_links(forwarder_, node.address, ports));
}

// What stands against a login by itself.
std::optional<Reject> Fabric::obstacle(const Attempt &attempt)
{
	if (attempt.login.port.value == 0 || attempt.login.node.value == 0)
		return frames::invalid_port_name;
	if (attempt.service != Descriptor::fdisc)
		return std::nullopt;
	if (const auto found = settings.fdisc_rejects.find(attempt.login.port);
	    found != settings.fdisc_rejects.end())
		return found->second;
	if (settings.fdisc_reject)
		return settings.fdisc_reject;
	if (!settings.npiv)
		return frames::not_supported;
	if (ports_.base(attempt.node) == nullptr)
		return frames::login_required;
	return std::nullopt;
}

// What others that are logged in have against it; removes whom it replaces.
std::optional<Reject> Fabric::refusal(const Attempt &attempt)
{
	Port *holder = ports_.find(attempt.login.port);
	const bool again = holder != nullptr && holder->node == attempt.node;
	if (holder != nullptr && !again && settings.duplicate == Duplicate::first_wins)
		return frames::invalid_port_name;
	const bool is_virtual = attempt.service == Descriptor::fdisc;
	// Of a base port that asks for its own name once more as a virtual one.
	if (again && is_virtual != holder->is_virtual && is_virtual)
		return frames::invalid_port_name;
	if (is_virtual && !again && settings.virtual_port_limit &&
	    ports_.virtual_ports(attempt.node) >= *settings.virtual_port_limit)
		return frames::no_resources;
	if (holder != nullptr && !again) {
		displaced_.insert(holder->id);
		if (holder->is_virtual)
			remove(holder->id, "same name elsewhere");
		else
			remove_all(holder->node, "same name elsewhere");
	} else if (again && is_virtual) {
		remove(holder->id, "logs in again");
	}
	if (!is_virtual)
		remove_all(attempt.node, "logs in again");
	return std::nullopt;
}

void Fabric::admit(const Attempt &attempt)
{
	if (const auto why = obstacle(attempt))
		return refuse(attempt, *why);
	if (const auto why = refusal(attempt))
		return refuse(attempt, *why);
	const bool is_virtual = attempt.service == Descriptor::fdisc;
	const Port *port = ports_.add(attempt.node, attempt.login.port, attempt.login.node, is_virtual);
	if (port == nullptr)
		return refuse(attempt, frames::no_resources);
	displaced_.erase(port->id);
	counts_.logins++;
	note_(text(port->name) + (is_virtual ? " FDISC " : " FLOGI ") + text(port->id));
	reply(attempt, port->id,
	      frames::accept_fabric_login(f_port_name(port->id), forwarder_.fabric, settings.npiv),
	      port->address());
}

void Fabric::refuse(const Attempt &attempt, Reject why)
{
	counts_.rejected_logins++;
	note_(text(attempt.login.port) + " rejected, reason " + std::to_string(why.reason) + " explanation " +
	      std::to_string(why.explanation));
	reply(attempt, attempt.header.source, frames::reject(why), std::nullopt);
}

void Fabric::reply(const Attempt &attempt, PortId destination, frames::Bytes payload,
		   const std::optional<Mac> &granted)
{
	frames::Header header;
	header.routing = frames::Routing::els_reply;
	header.type = frames::Type::els;
	header.destination = destination;
	header.source = frames::fabric_port;
	header.f_ctl = frames::f_ctl_reply;
	header.sequence = ++sequence_;
	header.originator = attempt.header.originator;
	send_(attempt.node.link, frames::service_reply(forwarder_, attempt.node.address, attempt.service,
						       header, payload, granted));
}

void Fabric::remove(PortId id, const char *why)
{
	const Port *found = ports_.find(id);
	if (found == nullptr)
		return;
	const Port port = *found;
	ports_.remove(id);
	permitted_.clear();
	counts_.logouts++;
	note_(text(port.name) + " out " + text(id) + ": " + why);
	tell_change(port);
}

void Fabric::remove_all(const Node &node, const char *why)
{
	for (const PortId id : ports_.of(node))
		remove(id, why);
}

bool Fabric::log_out(Wwn name)
{
	const Port *port = ports_.find(name);
	if (port == nullptr)
		return false;
	const Node node = port->node;
	std::vector<PortId> gone{port->id};
	if (!port->is_virtual)
		gone = ports_.of(node);
	std::vector<frames::VnPort> cleared;
	for (const PortId id : gone) {
		const Port *one = ports_.find(id);
		cleared.push_back({one->address(), id, one->name});
	}
	for (const PortId id : gone)
		remove(id, "logged out by the switch");
	clear_links(node, cleared);
	return true;
}

// A name for each address that the fabric has of its own.
Wwn Fabric::f_port_name(PortId id) const
{
	const std::uint64_t number = well_known(id) ? id.value & 0xffU : id.value >> 8U & 0xffU;
	const std::uint64_t kind = well_known(id) ? 0x2100 : 0x2000;
	return Wwn{(kind | number) << 48U | (forwarder_.name.value & 0xffffffffffffU)};
}

} // namespace fabric
