// SPDX-License-Identifier: GPL-2.0
#include "os/deviceinfo.hpp"

#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <array>

#include <fmt/core.h>

#include "core/identity.hpp"
#include "os/files.hpp"

namespace vscsi
{

namespace
{

namespace fs = std::filesystem;

// What identifies others than SCSI devices, with the kind of identity that it is.
constexpr std::array<std::pair<const char *, std::string_view>, 7> block_files{
	{{"dm/uuid", "dm"},
	 {"md/uuid", "md"},
	 {"wwid", "wwid"},
	 {"device/wwid", "wwid"},
	 {"serial", "serial"},
	 {"device/serial", "serial"},
	 {"loop/backing_file", "file"}}};

// Folders of links, and how the names of the better links in them begin.
constexpr std::array<const char *, 4> link_folders{"tape/by-id", "disk/by-id", "mapper", "md"};
constexpr std::array<std::string_view, 6> better{"wwn-", "scsi-3", "scsi-2", "nvme-eui.", "scsi-", "nvme-"};

std::string block_identity(const fs::path &block)
{
	for (const auto &[file, kind] : block_files) {
		const std::string text = first_line(block / file);
		// The kernel names the kind of an NVMe device's itself.
		std::string identity = kind == "wwid" && is_identity(text) ? text : make_identity(kind, text);
		if (!identity.empty())
			return identity;
	}
	return {};
}

unsigned rank_of(const std::string &name)
{
	const auto *const at = std::ranges::find_if(
		better, [&](std::string_view beginning) { return name.starts_with(beginning); });
	return static_cast<unsigned>(at - better.begin());
}

} // namespace

std::optional<NodeNumber> stat_node(const std::string &path)
{
	struct stat found {
	};
	if (stat(path.c_str(), &found) != 0 || !(S_ISBLK(found.st_mode) || S_ISCHR(found.st_mode)))
		return {};
	return NodeNumber{S_ISBLK(found.st_mode), major(found.st_rdev), minor(found.st_rdev)};
}

void identify_scsi(const fs::path &device, HostDevice &found)
{
	found.vendor = first_line(device / "vendor");
	found.model = first_line(device / "model");
	found.serial = serial_of_page80(read_file(device / "vpd_pg80").value_or(""));
	found.identities = identities_of_page83(read_file(device / "vpd_pg83").value_or(""));
	if (!make_identity("serial", found.serial).empty())
		found.identities.push_back(make_identity(
			"serial", fmt::format("{} {} {}", found.vendor, found.model, found.serial)));
}

void identify_block(const fs::path &block, HostDevice &found)
{
	const std::string partition = first_line(block / "partition");
	const fs::path disk = partition.empty() ? block : block.parent_path();
	std::error_code error;
	const fs::path parent = fs::canonical(disk / "device", error);
	if (!error && parse_hctl(parent.filename().string()))
		identify_scsi(parent, found);
	else if (std::string identity = block_identity(disk); !identity.empty())
		found.identities = {std::move(identity)};
	if (!partition.empty())
		for (std::string &identity : found.identities)
			identity += "-part" + partition;
}

bool is_numbered(const std::string &path, const std::string &kernel_name)
{
	const std::string plain = fs::path{path}.lexically_normal().string();
	for (const char *folder : {"/dev/block/", "/dev/char/", "/dev/bsg/", "/dev/disk/by-diskseq/"})
		if (plain.starts_with(folder))
			return true;
	const std::string name = plain.substr(std::min(plain.size(), plain.find_first_not_of('/')));
	if (!name.starts_with("dev/"))
		return false;
	// Links that are not in a folder of /dev are somebody's own.
	return kernel_name.empty() ? name.find('/', 4) == std::string::npos : name.substr(4) == kernel_name;
}

Links::Links(const fs::path &dev, const NodeLookup &lookup)
{
	for (const char *folder : link_folders)
		add(dev / folder, lookup);
}

void Links::add(const fs::path &folder, const NodeLookup &lookup)
{
	for (const std::string &name : names_in(folder)) {
		// That of a volume's contents, a number, or one that a list of options would end at.
		if (name.starts_with("lvm-pv-uuid-") || name.find_first_of(", \t") != std::string::npos ||
		    parse_number(name, UINT32_MAX))
			continue;
		const std::string path = (folder / name).string();
		const auto node = lookup(path);
		if (!node)
			continue;
		const auto [best, fresh] = m_best.try_emplace(*node, Link{rank_of(name), path});
		if (!fresh)
			best->second = std::min(best->second, Link{rank_of(name), path});
	}
}

std::string Links::to(const NodeNumber &node) const
{
	const auto found = m_best.find(node);
	return found == m_best.end() ? std::string{} : found->second.path;
}

} // namespace vscsi
