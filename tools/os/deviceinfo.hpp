// SPDX-License-Identifier: GPL-2.0
// What sysfs says that a device is, and the links that udev made for it.
#pragma once
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <tuple>

#include "core/host.hpp"

namespace vscsi
{

struct NodeNumber {
	bool block = false;
	unsigned major = 0;
	unsigned minor = 0;
	auto operator<=>(const NodeNumber &) const = default; // NOLINT(modernize-use-nullptr): clang-tidy 14
};
// What stat() says of a path; nothing if there is no such device node.
using NodeLookup = std::function<std::optional<NodeNumber>(const std::string &)>;
std::optional<NodeNumber> stat_node(const std::string &path);

// A SCSI device's directory.
void identify_scsi(const std::filesystem::path &device, HostDevice &found);
// A block device's directory, a partition's too.
void identify_block(const std::filesystem::path &block, HostDevice &found);

// Whether a path below /dev is as the kernel numbers it; kernel_name: of its device, if there is one.
bool is_numbered(const std::string &path, const std::string &kernel_name);

// Links that last, by the nodes that they lead to.
class Links
{
public:
	Links(const std::filesystem::path &dev, const NodeLookup &lookup);

	// Empty: there is none.
	std::string to(const NodeNumber &node) const;

private:
	void add(const std::filesystem::path &folder, const NodeLookup &lookup);

	struct Link {
		unsigned rank;
		std::string path;
		auto
		operator<=>(const Link &) const = default; // NOLINT(modernize-use-nullptr): clang-tidy 14
	};
	std::map<NodeNumber, Link> m_best;
};

} // namespace vscsi
