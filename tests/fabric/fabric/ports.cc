// SPDX-License-Identifier: GPL-2.0 OR MIT
#include "fabric/ports.hpp"

#include <algorithm>

namespace fabric
{

// A word of 32 types each, of which the lowest is the last bit.
bool Port::has_type(std::uint8_t type) const
{
	const std::size_t byte = type / 32U * 4U + 3U - type % 32U / 8U;
	return (types[byte] >> (type % 8U) & 1U) != 0;
}

bool Port::registered() const
{
	return std::any_of(types.begin(), types.end(), [](std::uint8_t byte) { return byte != 0; });
}

Port *PortTable::find(PortId id)
{
	const auto found = ports_.find(id);
	return found == ports_.end() ? nullptr : &found->second;
}

const Port *PortTable::find(PortId id) const
{
	const auto found = ports_.find(id);
	return found == ports_.end() ? nullptr : &found->second;
}

Port *PortTable::find(Wwn name)
{
	const auto found = std::find_if(ports_.begin(), ports_.end(),
					[&](const auto &entry) { return entry.second.name == name; });
	return found == ports_.end() ? nullptr : &found->second;
}

Port *PortTable::base(const Node &node)
{
	const auto found = std::find_if(ports_.begin(), ports_.end(), [&](const auto &entry) {
		return entry.second.node == node && !entry.second.is_virtual;
	});
	return found == ports_.end() ? nullptr : &found->second;
}

unsigned PortTable::virtual_ports(const Node &node) const
{
	return static_cast<unsigned>(std::count_if(ports_.begin(), ports_.end(), [&](const auto &entry) {
		return entry.second.node == node && entry.second.is_virtual;
	}));
}

std::vector<PortId> PortTable::of(const Node &node) const
{
	std::vector<PortId> result;
	for (const auto &[id, port] : ports_)
		if (port.node == node)
			result.push_back(id);
	return result;
}

unsigned PortTable::area(const Node &node, bool anew)
{
	unsigned &number = areas_[node];
	if (number == 0 || anew)
		number = ++last_area_;
	return number;
}

Port *PortTable::add(const Node &node, Wwn name, Wwn node_name, bool is_virtual)
{
	const unsigned number = area(node, !is_virtual && !keep_ids);
	if (number > 255)
		return nullptr;
	const std::uint32_t first = domain_ << 16U | number << 8U;
	const auto id_of = [&](unsigned low) { return PortId{first | low}; };
	// The base port is the first; what others had is taken over only when nothing else is left.
	unsigned unused = 256;
	unsigned chosen = is_virtual ? 256 : 0;
	for (unsigned low = 1; is_virtual && low < 256; low++) {
		const auto had = had_.find(id_of(low));
		if (had != had_.end() && had->second == name) {
			chosen = low;
			break;
		}
		if (had == had_.end())
			unused = std::min(unused, low);
	}
	if (chosen == 256)
		chosen = unused;
	for (unsigned low = 1; chosen == 256 && low < 256; low++)
		if (!ports_.contains(id_of(low)))
			chosen = low;
	if (chosen == 256)
		return nullptr;
	const PortId id = id_of(chosen);
	had_[id] = name;
	Port port;
	port.id = id;
	port.name = name;
	port.node_name = node_name;
	port.node = node;
	port.is_virtual = is_virtual;
	return &(ports_[id] = std::move(port));
}

} // namespace fabric
