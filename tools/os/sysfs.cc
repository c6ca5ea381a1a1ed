// SPDX-License-Identifier: GPL-2.0
#include "os/sysfs.hpp"

#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>

#include "core/failure.hpp"
#include "os/files.hpp"

namespace vscsi
{

namespace
{

namespace fs = std::filesystem;

std::optional<BlockNumber> parse_block(const std::string &text)
{
	const std::size_t colon = text.find(':');
	if (colon == std::string::npos)
		return {};
	const auto major = parse_number(std::string_view{text}.substr(0, colon), UINT32_MAX);
	const auto minor = parse_number(std::string_view{text}.substr(colon + 1), UINT32_MAX);
	if (!major || !minor)
		return {};
	return BlockNumber{static_cast<unsigned>(*major), static_cast<unsigned>(*minor)};
}

// The first name below device/kind that suits.
std::string node_of_kind(const fs::path &device, const char *kind, std::string_view prefix)
{
	for (const std::string &name : names_in(device / kind))
		if (name.starts_with(prefix))
			return name;
	return {};
}

// An LVM volume, a RAID, a disk: what identifies it best.
std::string block_identity(const fs::path &block, const std::string &node)
{
	for (const char *file : {"dm/uuid", "md/uuid", "wwid", "device/wwid", "device/serial", "serial"})
		if (std::string text = first_line(block / file); !text.empty())
			return text;
	return node;
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

HostDevice Sysfs::by_path(const std::string &path) const
{
	const auto number = m_lookup(path);
	if (!number)
		fail(Exit::not_found,
		     "{}: no such device. A file or ramdisk is attached by its backstore's name", path);
	const fs::path link = m_root / "dev" / (number->block ? "block" : "char") /
			      fmt::format("{}:{}", number->major, number->minor);
	std::error_code error;
	const fs::path node = fs::canonical(link, error);
	if (error)
		fail(Exit::not_found, "{}: the kernel knows no device {}:{}; is its driver gone?", path,
		     number->major, number->minor);

	const bool partition = fs::exists(node / "partition");
	const fs::path parent = fs::canonical(node / "device", error);
	const auto address = error || partition ? std::nullopt : parse_hctl(parent.filename().string());
	HostDevice device;
	if (address)
		device = describe(parent, *address);
	else if (!number->block)
		fail(Exit::not_found, "{} is no SCSI device", path);
	device.node = path;
	if (number->block) {
		device.block = BlockNumber{number->major, number->minor};
		device.read_only = first_line(node / "ro") == "1";
		device.whole = !partition;
		device.identity = block_identity(node, path);
	}
	return device;
}

HostDevice Sysfs::by_address(const Hctl &address) const
{
	std::error_code error;
	const fs::path device =
		fs::canonical(m_root / "class/scsi_device" / to_string(address) / "device", error);
	if (error)
		fail(Exit::not_found, "{}: this host has no such SCSI device; `lsscsi` lists them",
		     to_string(address));
	return describe(device, address);
}

HostDevice Sysfs::describe(const fs::path &path, const Hctl &address) const
{
	HostDevice device;
	device.scsi = address;
	device.type = static_cast<unsigned>(
		parse_number(first_line(path / "type"), UINT32_MAX).value_or(type_disk));
	static constexpr std::pair<const char *, std::string_view> kinds[] = {
		{"block", ""}, {"scsi_tape", "nst"}, {"scsi_changer", ""}, {"scsi_generic", ""}};
	for (const auto &[kind, prefix] : kinds) {
		const std::string name = node_of_kind(path, kind, prefix);
		if (name.empty())
			continue;
		// sd comes a moment after sg, and pscsi needs it.
		if (device.type == type_disk && std::string_view{kind} != "block")
			break;
		device.node = "/dev/" + name;
		if (std::string_view{kind} == "block") {
			device.block = parse_block(first_line(path / kind / name / "dev"));
			device.read_only = first_line(path / kind / name / "ro") == "1";
			device.identity = block_identity(path / kind / name, device.node);
		}
		break;
	}
	return device;
}

Adapter Sysfs::adapter(unsigned number) const
{
	const fs::path link = m_root / "class/scsi_host" / fmt::format("host{}", number) / "device";
	std::error_code error;
	const fs::path host = fs::canonical(link, error);
	if (error)
		fail(Exit::not_found, "host:{}: this machine has no such adapter; `lsscsi -H` lists them",
		     number);
	Adapter adapter{number, adapter_identity(host), {}};
	for (const std::string &name : names_in(m_root / "class/scsi_device")) {
		const auto address = parse_hctl(name);
		if (!address || address->host != number)
			continue;
		const fs::path device = fs::canonical(m_root / "class/scsi_device" / name / "device", error);
		// It may go at any time; one that is being removed is gone.
		if (!error && first_line(device / "state") != "deleted")
			adapter.devices.push_back(describe(device, *address));
	}
	std::ranges::sort(adapter.devices, {}, [](const HostDevice &device) { return *device.scsi; });
	return adapter;
}

// Numbers of adapters change; where one sits, its port name and its target do not.
std::string Sysfs::adapter_identity(const fs::path &host) const
{
	const std::string name = host.filename().string();
	if (std::string port = first_line(m_root / "class/fc_host" / name / "port_name"); !port.empty())
		return port;
	for (const std::string &session : names_in(host))
		if (session.starts_with("session"))
			if (std::string target =
				    first_line(host / session / "iscsi_session" / session / "targetname");
			    !target.empty())
				return target;
	const std::string parent = host.parent_path().lexically_relative(m_root).string();
	// All of these have one parent.
	return parent.ends_with("platform") ? parent + '/' + name : parent;
}

std::vector<Adapter> Sysfs::adapters() const
{
	std::vector<Adapter> found;
	for (const std::string &name : names_in(m_root / "class/scsi_host")) {
		constexpr std::string_view prefix = "host";
		const auto number =
			name.starts_with(prefix)
				? parse_number(std::string_view{name}.substr(prefix.size()), UINT32_MAX)
				: std::nullopt;
		if (!number)
			continue;
		try {
			found.push_back(adapter(static_cast<unsigned>(*number)));
		} catch (const Failure &) {
			continue; // It went meanwhile.
		}
	}
	return found;
}

bool Sysfs::module_loaded() const
{
	return fs::exists(m_root / "module/xen_scsiback");
}

bool Sysfs::module_is_ours() const
{
	return fs::exists(m_root / "module/xen_scsiback/parameters/max_pool_pages");
}

} // namespace vscsi
