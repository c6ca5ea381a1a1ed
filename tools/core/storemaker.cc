// SPDX-License-Identifier: GPL-2.0
#include "core/storemaker.hpp"

#include <algorithm>
#include <cctype>

#include "core/failure.hpp"
#include "core/hash.hpp"

namespace vscsi
{

namespace
{

bool is_disk(unsigned type)
{
	constexpr unsigned optical_memory = 7;
	constexpr unsigned simplified = 14;
	return type == type_disk || type == optical_memory || type == simplified;
}

// A UUID of the device's identity, so that the guest finds the same disk again.
std::string serial_of(const std::string &identity)
{
	const std::uint64_t high = stable_hash(identity);
	const std::uint64_t low = stable_hash(identity + "/serial");
	return fmt::format("{:08x}-{:04x}-8{:03x}-8{:03x}-{:012x}", high >> 32, (high >> 16) & 0xffff,
			   high & 0xfff, low >> 52, low & 0xffffffffffff);
}

// It is saved, and looked up again.
const std::string &lasting_path(const HostDevice &device)
{
	return device.lasting.empty() ? device.node : device.lasting;
}

std::string pass_control(const Hctl &address)
{
	return fmt::format("scsi_host_id={},scsi_channel_id={},scsi_target_id={},scsi_lun_id={}",
			   address.host, address.channel, address.target, address.lun);
}

// Of those that vports have.
bool is_made_wwn(std::string_view name)
{
	const auto wwn = parse_wwn(name);
	return wwn && (wwn->number & ~made_wwn_mask) == made_wwn_base;
}

std::string block_control(const HostDevice &device)
{
	return fmt::format("udev_path={}{}", lasting_path(device), device.read_only ? ",readonly=1" : "");
}

// What names it, if it does not say what it is.
std::string plain_name(const HostDevice &device)
{
	if (!device.image)
		return device.node.substr(device.node.starts_with("/dev/") ? 5 : 0);
	// configfs has names of 255 letters, and a path may be longer.
	constexpr std::size_t longest_name = 64;
	return device.node.substr(device.node.rfind('/') + 1, longest_name);
}

// What fileio and the list of its options can have.
void need_image_path(const std::string &path)
{
	constexpr std::size_t longest_path = 255;
	if (path.find_first_of(",\n") != std::string::npos)
		fail(Exit::usage,
		     "{}: LIO takes no path with a comma or a line's end in it. Rename it, or attach a hard "
		     "link to it",
		     path);
	if (path.size() > longest_path)
		fail(Exit::usage,
		     "{}: LIO takes no path of more than {} letters. Move it, or attach a hard link to it",
		     path, longest_path);
}

void need_blocks(const HostDevice &file)
{
	constexpr std::uint64_t block = 512;
	if (file.image_size == 0)
		fail(Exit::usage,
		     "{} is empty: give it the size that the disk is to have, as by `truncate -s 10G {}`",
		     file.node, file.node);
	if (file.image_size % block)
		fail(Exit::usage,
		     "{} has {} bytes, which are no whole blocks of {}: make it longer, by `truncate -s %{} "
		     "{}`",
		     file.node, file.image_size, block, block, file.node);
}

} // namespace

// `auto-` and what the device is, or is called, in letters that LIO's tools take.
std::string StoreMaker::store_name(const HostDevice &device) const
{
	std::string base = device.identity;
	if (base.empty())
		for (const char letter : plain_name(device))
			base += std::isalnum(static_cast<unsigned char>(letter)) ? letter : '-';
	const auto used = [&](const std::string &name) {
		return m_names.contains(name) ||
		       std::ranges::any_of(m_lio.stores,
					   [&](const Backstore &store) { return store.id.name == name; });
	};
	std::string name = fmt::format("{}{}", auto_prefix, base);
	// In front, where it is no part of an identity.
	for (unsigned number = 2; used(name); ++number)
		name = fmt::format("{}{}-{}", auto_prefix, number, base);
	return name;
}

std::string StoreMaker::free_hba(std::string_view plugin) const
{
	for (unsigned number = 0;; ++number) {
		std::string hba = fmt::format("{}_{}", plugin, number);
		const bool used = m_hbas.contains(hba) ||
				  std::ranges::any_of(m_lio.stores, [&](const Backstore &store) {
					  return store.id.hba == hba;
				  });
		if (!used)
			return hba;
	}
}

// As targetcli makes one, with a write cache that the guest knows of.
MakeStore StoreMaker::make_image(const HostDevice &file) const
{
	need_image_path(file.node);
	need_blocks(file);
	return {{free_hba("fileio"), store_name(file)},
		file.node,
		fmt::format("fd_dev_name={},fd_dev_size={},fd_buffered_io=1", file.node, file.image_size),
		serial_of("file." + file.node)};
}

MakeStore StoreMaker::make(const HostDevice &device, Via via)
{
	need_kind(device, via);
	if (device.image)
		return make_image(device);
	const bool pass =
		via == Via::pscsi || (via == Via::fitting && (!is_disk(device.type) || !device.block));
	if (pass && (!device.scsi || !device.whole))
		fail(Exit::usage,
		     "{} is no whole SCSI device, so it cannot be passed through. Leave out "
		     "--backstore pscsi",
		     device.node);
	if (!pass)
		need_zones(device.zoned, {"iblock_0", {}}, device.node);
	if (!pass && (!device.block || !is_disk(device.type)))
		fail(Exit::usage,
		     "{} is no disk, so it can only be passed through. Leave out --backstore block",
		     device.node);
	if (device.node.empty())
		fail(Exit::failed, "{}: has no device node; load the driver sg", to_string(*device.scsi));
	MakeStore store{{free_hba(pass ? "pscsi" : "iblock"), store_name(device)},
			lasting_path(device),
			pass ? pass_control(*device.scsi) : block_control(device),
			pass ? std::string{} : serial_of(device.serial_seed)};
	m_hbas.insert(store.id.hba);
	m_names.insert(store.id.name);
	return store;
}

// A name of the tool's own kind, by which the vport's device is found again, and no node: after a
// reboot that would be another's.
MakeStore StoreMaker::make_for_vport(const HostDevice &device, const Wwn &vport)
{
	MakeStore store = make(device, Via::pscsi);
	m_names.erase(store.id.name);
	store.id.name = vport_store_name(device, vport);
	store.shown = fmt::format("vport:{}:{}:{:x}", hex_digits(vport), hex_digits(device.target_port),
				  device.scsi->lun);
	return store;
}

std::string vport_store_name(const HostDevice &device, const Wwn &vport)
{
	return fmt::format("{}{}-{}-{:x}", vport_store_prefix, hex_digits(vport),
			   hex_digits(device.target_port), device.scsi->lun);
}

MakeTpg new_tpg(const Scene &scene, const std::string &alias, const ExportOptions &options, Random random)
{
	// An NAA IEEE Registered name of Xen's OUI.
	constexpr std::uint64_t vendor_bits = (std::uint64_t{1} << 36) - 1;
	for (;;) {
		const std::string wwn = fmt::format("naa.500163e{:09x}", random() & vendor_bits);
		const bool used = is_made_wwn(wwn) ||
				  std::ranges::any_of(scene.lio.tpgs,
						      [&](const Tpg &tpg) { return tpg.id.wwn == wwn; });
		if (used)
			continue;
		return {{wwn, 1},
			alias.empty() ? std::string{auto_prefix} + wwn.substr(wwn.size() - 9) : alias,
			options.binding.empty() ? scene.guest.domain.name : options.binding,
			options.ring_per_lun,
			options.read_only};
	}
}

// By another backstore than pscsi a guest takes it for a disk that can be written anywhere.
void need_zones(bool zoned, const StoreId &store, const std::string &name)
{
	if (zoned && store.plugin() != "pscsi")
		fail(Exit::usage,
		     "{} is zoned: pass it through (pscsi), or put dm-zoned over it. By {} a guest does not "
		     "hear of zones, and its writes would fail",
		     name, store.plugin());
}

void need_kind(const HostDevice &device, Via via)
{
	if (device.image && via != Via::fitting && via != Via::fileio)
		fail(Exit::usage,
		     "{} is a file, which can only be exported by fileio. Leave out --backstore, or say "
		     "--backstore fileio",
		     device.node);
	if (!device.image && via == Via::fileio)
		fail(Exit::usage, "{} is a device, and fileio is for files. Leave out --backstore fileio",
		     device.node.empty() ? to_string(*device.scsi) : device.node);
}

void need_binding(const Lio &lio)
{
	for (const Tpg &tpg : lio.tpgs)
		if (!tpg.can_bind)
			fail(Exit::environment, "the module xen-scsiback that is loaded cannot bind portal "
						"groups to guests. Load the "
						"one of this project");
}

// What a LUN's link has to keep, if the backstore's name does not.
std::string kept_by_link(const StoreId &store, const std::string &identity)
{
	return identity_of_name(store.name) == identity ? std::string{} : identity;
}

} // namespace vscsi
