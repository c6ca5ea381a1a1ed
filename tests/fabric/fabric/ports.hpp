// SPDX-License-Identifier: GPL-2.0 OR MIT
// Who is logged in.
#pragma once
#include <array>
#include <chrono>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "frames/names.hpp"

namespace fabric
{

using frames::Mac;
using frames::PortId;
using frames::Wwn;

// Since the switch was started.
using Time = std::chrono::milliseconds;

enum class LinkId : unsigned {};

// What has a link's other end: an HBA, by the MAC address that it speaks FIP from.
struct Node {
	LinkId link{};
	Mac address;
	bool operator==(const Node &) const = default;
	bool operator<(const Node &other) const
	{
		return std::tie(link, address) < std::tie(other.link, other.address);
	}
};

constexpr std::size_t types_size = 32;

struct Port {
	PortId id;
	Wwn name;
	Wwn node_name;
	Node node;
	// By FDISC.
	bool is_virtual = false;
	// By SCR.
	bool wants_changes = false;
	// Of the name server.
	std::array<std::uint8_t, types_size> types{};
	std::uint8_t features = 0;
	std::string port_text;
	std::string node_text;
	// Frames from and to it.
	std::uint64_t sent = 0;
	std::uint64_t received = 0;

	bool has_type(std::uint8_t type) const;
	bool registered() const;
	frames::Mac address() const { return frames::fabric_provided(id); }
};

class PortTable
{
public:
	explicit PortTable(unsigned domain) : domain_{domain} {}

	Port *find(PortId id);
	const Port *find(PortId id) const;
	Port *find(Wwn name);
	// The one by FLOGI.
	Port *base(const Node &node);
	unsigned virtual_ports(const Node &node) const;

	// Whether who logs in gets the ids that were its own before.
	bool keep_ids = true;

	// Nullptr if the node has all that an area can have.
	Port *add(const Node &node, Wwn name, Wwn node_name, bool is_virtual);
	void remove(PortId id) { ports_.erase(id); }
	void clear() { ports_.clear(); }

	// In order of their ids.
	const std::map<PortId, Port> &all() const { return ports_; }
	std::map<PortId, Port> &all() { return ports_; }
	std::vector<PortId> of(const Node &node) const;

private:
	unsigned area(const Node &node, bool anew);

	unsigned domain_;
	std::map<PortId, Port> ports_;
	std::map<Node, unsigned> areas_;
	unsigned last_area_ = 0;
	std::map<PortId, Wwn> had_;
};

} // namespace fabric
