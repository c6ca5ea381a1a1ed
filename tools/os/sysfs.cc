// SPDX-License-Identifier: GPL-2.0
#include "os/sysfs.hpp"

#include <algorithm>

#include "core/failure.hpp"
#include "os/files.hpp"

namespace vscsi
{

namespace
{

namespace fs = std::filesystem;

// The first name below device/kind that suits.
std::string node_of_kind(const fs::path &device, const char *kind, std::string_view prefix)
{
	for (const std::string &name : names_in(device / kind))
		if (name.starts_with(prefix))
			return name;
	return {};
}

// The kernel's name of a device, as it is below /dev.
std::string kernel_name(const fs::path &node)
{
	std::string name = node.filename().string();
	std::ranges::replace(name, '!', '/');
	return name;
}

// An LVM volume, a RAID, a disk: what its serial number is made of.
std::string serial_seed(const fs::path &block, const std::string &node)
{
	for (const char *file : {"dm/uuid", "md/uuid", "wwid", "device/wwid", "device/serial", "serial"})
		if (std::string text = first_line(block / file); !text.empty())
			return text;
	return node;
}

// The nodes of SCSI devices; of these kinds the first is what a device is known by.
constexpr std::pair<const char *, std::string_view> node_kinds[] = {
	{"block", ""}, {"scsi_tape", "nst"}, {"scsi_changer", ""}, {"scsi_generic", ""}};

void add_block(const fs::path &block, HostDevice &device)
{
	device.block = parse_block_number(first_line(block / "dev"));
	device.read_only = first_line(block / "ro") == "1";
	device.whole = !fs::exists(block / "partition");
	// A partition's queue is its disk's.
	device.zoned =
		first_line((device.whole ? block : block.parent_path()) / "queue/zoned") == "host-managed";
	device.serial_seed = serial_seed(block, device.node);
}

// A target may be reached by several portals, each of which is an adapter.
std::string iscsi_identity(const fs::path &session, const std::string &name)
{
	const std::string target = first_line(session / "iscsi_session" / name / "targetname");
	if (target.empty())
		return {};
	for (const std::string &connection : names_in(session)) {
		const fs::path place = session / connection / "iscsi_connection" / connection;
		if (const std::string address = first_line(place / "persistent_address"); !address.empty())
			return fmt::format("{}@{}:{}", target, address,
					   first_line(place / "persistent_port"));
	}
	return target;
}

// A volume's or a RAID's name is its owner's.
bool is_mapped(const HostDevice &device)
{
	return std::ranges::any_of(device.identities, [](const std::string &identity) {
		return identity.starts_with("dm.") || identity.starts_with("md.");
	});
}

} // namespace

std::optional<fs::path> Sysfs::node_of(const NodeNumber &number) const
{
	std::error_code error;
	const fs::path node = fs::canonical(m_root / "dev" / (number.block ? "block" : "char") /
						    fmt::format("{}:{}", number.major, number.minor),
					    error);
	return error ? std::nullopt : std::optional{node};
}

HostDevice Sysfs::by_path(const std::string &path) const
{
	const auto number = m_lookup(path);
	if (!number)
		return image_at(path);
	const auto node = node_of(*number);
	if (!node)
		fail(Exit::not_found, "{}: the kernel knows no device {}:{}; is its driver gone?", path,
		     number->major, number->minor);

	std::error_code error;
	const bool partition = fs::exists(*node / "partition");
	const fs::path parent = fs::canonical(*node / "device", error);
	const auto address = error || partition ? std::nullopt : parse_hctl(parent.filename().string());
	HostDevice device;
	if (address)
		device = read_scsi(parent, *address);
	else if (!number->block)
		fail(Exit::not_found, "{} is no SCSI device", path);
	// An sg node of a disk stands for the disk.
	if (number->block || !device.block) {
		device.node = path;
		device.numbered = is_number(path);
	}
	if (number->block) {
		add_block(*node, device);
		device.block = BlockNumber{number->major, number->minor};
		identify_block(*node, device);
	}
	finish(device, scsi_devices(), Links{m_dev, m_lookup});
	return device;
}

// By its real path, as links to files are changed more easily than those of udev's.
HostDevice Sysfs::image_at(const std::string &path) const
{
	std::error_code error;
	const fs::path real = fs::canonical(path, error);
	const auto file = file_id(real);
	if (error || !file)
		fail(Exit::not_found,
		     "{}: no such device or file. A ramdisk is attached by its backstore's name", path);
	// `dd of=/dev/sdx` makes one if there is no such disk.
	if (real.native().starts_with(m_dev.native() + "/"))
		fail(Exit::not_found, "{} is a file in {}, and no device. Remove it, or move it elsewhere",
		     path, m_dev.native());
	HostDevice device;
	device.node = real.native();
	device.image = file;
	device.image_size = vscsi::file_size(real).value_or(0);
	return device;
}

HostDevice Sysfs::by_address(const Hctl &address) const
{
	std::error_code error;
	const fs::path path =
		fs::canonical(m_root / "class/scsi_device" / to_string(address) / "device", error);
	if (error)
		fail(Exit::not_found, "{}: this host has no such SCSI device; `lsscsi` lists them",
		     to_string(address));
	HostDevice device = read_scsi(path, address);
	finish(device, scsi_devices(), Links{m_dev, m_lookup});
	return device;
}

std::vector<HostDevice> Sysfs::by_identity(const std::string &identity) const
{
	std::vector<HostDevice> found = devices();
	std::erase_if(found, [&](const HostDevice &device) {
		return std::ranges::find(device.identities, identity) == device.identities.end();
	});
	// Another one that says the same of itself is not meant.
	if (std::ranges::any_of(found, [&](const HostDevice &device) { return device.identity == identity; }))
		std::erase_if(found, [&](const HostDevice &device) { return device.identity != identity; });
	if (found.empty())
		fail(Exit::not_found, "id:{}: this host has no such device; `xl-vscsi devices` lists them",
		     identity);
	return found;
}

HostDevice Sysfs::read_scsi(const fs::path &path, const Hctl &address) const
{
	HostDevice device;
	device.scsi = address;
	device.type = static_cast<unsigned>(
		parse_number(first_line(path / "type"), UINT32_MAX).value_or(type_disk));
	identify_scsi(path, device);
	device.target_port = parse_wwn(first_line(m_root / "class/fc_transport" /
						  fmt::format("target{}:{}:{}", address.host, address.channel,
							      address.target) /
						  "port_name"))
				     .value_or(Wwn{});
	for (const auto &[kind, prefix] : node_kinds) {
		const std::string name = node_of_kind(path, kind, prefix);
		if (name.empty())
			continue;
		const bool block = std::string_view{kind} == "block";
		// sd comes a moment after sg, and pscsi needs it.
		if (device.type == type_disk && !block)
			break;
		device.node = "/dev/" + kernel_name(name);
		device.numbered = true;
		if (block)
			add_block(path / kind / name, device);
		break;
	}
	return device;
}

std::optional<HostDevice> Sysfs::read_block(const NodeNumber &number) const
{
	const auto node = node_of(number);
	if (!node)
		return {};
	HostDevice device;
	device.node = "/dev/" + kernel_name(*node);
	device.numbered = true;
	add_block(*node, device);
	device.block = BlockNumber{number.major, number.minor};
	std::error_code error;
	const fs::path parent = fs::canonical(*node / "device", error);
	if (!error && device.whole)
		device.scsi = parse_hctl(parent.filename().string());
	identify_block(*node, device);
	return device;
}

std::vector<HostDevice> Sysfs::scsi_devices() const
{
	std::vector<HostDevice> found;
	for (const std::string &name : names_in(m_root / "class/scsi_device")) {
		const auto address = parse_hctl(name);
		std::error_code error;
		const fs::path device = fs::canonical(m_root / "class/scsi_device" / name / "device", error);
		// It may go at any time; one that is being removed is gone.
		if (address && !error && first_line(device / "state") != "deleted")
			found.push_back(read_scsi(device, *address));
	}
	std::ranges::sort(found, {}, [](const HostDevice &device) { return *device.scsi; });
	return found;
}

// Those that are no SCSI device themselves, and tell what they are.
std::vector<HostDevice> Sysfs::block_devices() const
{
	std::vector<HostDevice> found;
	for (const std::string &name : names_in(m_root / "class/block")) {
		const auto number = parse_block_number(first_line(m_root / "class/block" / name / "dev"));
		if (!number)
			continue;
		auto device = read_block({true, number->major, number->minor});
		if (device && !device->scsi && !device->identities.empty())
			found.push_back(*std::move(device));
	}
	return found;
}

std::vector<HostDevice> Sysfs::devices() const
{
	std::vector<HostDevice> found = scsi_devices();
	std::ranges::move(block_devices(), std::back_inserter(found));
	const std::vector<HostDevice> all = found;
	const Links links{m_dev, m_lookup};
	for (HostDevice &device : found)
		finish(device, all, links);
	return found;
}

// All that lead to it, the one that it is known by first.
std::vector<NodeNumber> Sysfs::nodes_of(const HostDevice &device) const
{
	if (device.block)
		return {{true, device.block->major, device.block->minor}};
	std::vector<NodeNumber> found;
	if (!device.scsi)
		return found;
	const fs::path place = m_root / "class/scsi_device" / to_string(*device.scsi) / "device";
	for (const char *kind : {"scsi_tape", "scsi_changer", "scsi_generic"})
		for (const std::string &name : names_in(place / kind))
			if (const auto number = parse_block_number(first_line(place / kind / name / "dev")))
				found.push_back({false, number->major, number->minor});
	return found;
}

bool Sysfs::is_number(const std::string &path) const
{
	const auto number = m_lookup(path);
	const auto node = number ? node_of(*number) : std::nullopt;
	return is_numbered(path, node ? kernel_name(*node) : std::string{});
}

void Sysfs::finish(HostDevice &device, const std::vector<HostDevice> &all, const Links &links) const
{
	if (device.numbered)
		for (const NodeNumber &node : nodes_of(device))
			if (device.lasting.empty())
				device.lasting = links.to(node);
	if (device.numbered || !is_mapped(device))
		device.identity = distinct_identity(device, all);
}

std::vector<std::optional<HostDevice>> Sysfs::behind(const std::vector<Backstore> &stores) const
{
	std::vector<std::optional<HostDevice>> found(stores.size());
	if (std::ranges::none_of(stores, [](const Backstore &store) { return store.scsi || store.block; }))
		return found;
	const std::vector<HostDevice> all = scsi_devices();
	const Links links{m_dev, m_lookup};
	auto place = found.begin();
	for (const Backstore &store : stores) {
		std::optional<HostDevice> device;
		if (store.scsi) {
			const auto at = std::ranges::find(all, store.scsi, &HostDevice::scsi);
			if (at != all.end())
				device = *at;
		} else if (store.block) {
			device = read_block({true, store.block->major, store.block->minor});
		}
		if (device) {
			device->numbered = is_number(store.udev_path);
			finish(*device, all, links);
		}
		*place++ = std::move(device);
	}
	return found;
}

std::optional<DeviceSize> Sysfs::size_of(const NodeNumber &number) const
{
	constexpr std::uint64_t sysfs_block = 512;
	const auto node = number.block ? node_of(number) : std::nullopt;
	const auto blocks =
		node ? parse_number(first_line(*node / "size"), UINT64_MAX / sysfs_block) : std::nullopt;
	if (!blocks)
		return {};
	DeviceSize found{*blocks * sysfs_block, "/dev/" + kernel_name(*node), {}};
	if (fs::exists(*node / "device/rescan"))
		found.rescan = (*node / "device/rescan").string();
	return found;
}

std::optional<DeviceSize> Sysfs::size_of_node(const std::string &path) const
{
	const auto number = m_lookup(path);
	return number ? size_of(*number) : std::nullopt;
}

DeviceSize Sysfs::size_behind(const Backstore &store) const
{
	std::optional<BlockNumber> block = store.block;
	if (store.scsi)
		block = by_address(*store.scsi).block;
	const auto found = block ? size_of({true, block->major, block->minor}) : std::nullopt;
	if (!found)
		fail(Exit::failed, "{}: {} is no disk here, and has no size that this host knows",
		     to_string(store.id), store.udev_path.empty() ? "its device" : store.udev_path);
	return *found;
}

Adapter Sysfs::adapter(unsigned number) const
{
	for (const Adapter &one : adapters())
		if (one.number == number)
			return one;
	fail(Exit::not_found, "host:{}: this machine has no such adapter; `lsscsi -H` lists them", number);
}

Adapter Sysfs::adapter(const AdapterIdentity &identity) const
{
	for (const Adapter &one : adapters())
		if (one.identity == identity.text)
			return one;
	fail(Exit::not_found, "adapter:{}: this machine has no such adapter", identity.text);
}

// Numbers of adapters change; where one sits, its port name and its target do not.
std::string Sysfs::adapter_identity(const fs::path &host) const
{
	const std::string name = host.filename().string();
	if (std::string port = first_line(m_root / "class/fc_host" / name / "port_name"); !port.empty())
		return port;
	for (const std::string &session : names_in(host))
		if (session.starts_with("session"))
			if (std::string session_identity = iscsi_identity(host / session, session);
			    !session_identity.empty())
				return session_identity;
	const std::string parent = host.parent_path().lexically_relative(m_root).string();
	// All of these have one parent.
	return parent.ends_with("platform") ? parent + '/' + name : parent;
}

std::vector<Adapter> Sysfs::adapters() const
{
	const std::vector<HostDevice> all = scsi_devices();
	const Links links{m_dev, m_lookup};
	std::vector<Adapter> found;
	for (const std::string &name : names_in(m_root / "class/scsi_host")) {
		constexpr std::string_view prefix = "host";
		const auto number =
			name.starts_with(prefix)
				? parse_number(std::string_view{name}.substr(prefix.size()), UINT32_MAX)
				: std::nullopt;
		std::error_code error;
		const fs::path host = fs::canonical(m_root / "class/scsi_host" / name / "device", error);
		// It may have gone meanwhile.
		if (!number || error)
			continue;
		Adapter one{static_cast<unsigned>(*number), adapter_identity(host), {}};
		for (const HostDevice &device : all)
			if (device.scsi->host == one.number)
				one.devices.push_back(device);
		for (HostDevice &device : one.devices)
			finish(device, all, links);
		found.push_back(std::move(one));
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

ModuleVersion Sysfs::module_version() const
{
	const fs::path module = m_root / "module/xen_scsiback";
	return {first_line(module / "version"), first_line(module / "srcversion")};
}

} // namespace vscsi
