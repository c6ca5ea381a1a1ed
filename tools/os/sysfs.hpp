// SPDX-License-Identifier: GPL-2.0
// Devices and adapters of this host.
#pragma once
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/host.hpp"

namespace vscsi
{

struct NodeNumber {
	bool block = false;
	unsigned major = 0;
	unsigned minor = 0;
};
// What stat() says of a path; nothing if there is no such device node.
using NodeLookup = std::function<std::optional<NodeNumber>(const std::string &)>;
std::optional<NodeNumber> stat_node(const std::string &path);

class Sysfs
{
public:
	explicit Sysfs(std::filesystem::path root, NodeLookup lookup = stat_node)
	    : m_root{std::move(root)}, m_lookup{std::move(lookup)}
	{
	}

	// Each throws a Failure that says what is missing.
	HostDevice by_path(const std::string &path) const;
	HostDevice by_address(const Hctl &address) const;
	Adapter adapter(unsigned number) const;

	std::vector<Adapter> adapters() const;
	bool module_loaded() const;
	bool module_is_ours() const; // the in-tree one has the same name

private:
	HostDevice describe(const std::filesystem::path &device, const Hctl &address) const;
	std::string adapter_identity(const std::filesystem::path &host) const;

	std::filesystem::path m_root; // /sys
	NodeLookup m_lookup;
};

} // namespace vscsi
