// SPDX-License-Identifier: GPL-2.0
// Devices and adapters of this host.
#pragma once
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/host.hpp"
#include "core/modulecopies.hpp"
#include "os/deviceinfo.hpp"

namespace vscsi
{

class Sysfs
{
public:
	explicit Sysfs(std::filesystem::path root, NodeLookup lookup = stat_node,
		       std::filesystem::path dev = "/dev", std::filesystem::path proc = "/proc")
	    : m_root{std::move(root)}, m_dev{std::move(dev)}, m_proc{std::move(proc)}, m_lookup{std::move(
											       lookup)}
	{
	}

	// Each throws a Failure that says what is missing.
	HostDevice by_path(const std::string &path) const;
	HostDevice by_address(const Hctl &address) const;
	Adapter adapter(unsigned number) const;
	Adapter adapter(const AdapterIdentity &identity) const;
	// All paths to it.
	std::vector<HostDevice> by_identity(const std::string &identity) const;

	std::vector<Adapter> adapters() const;
	// What can be attached: SCSI devices, and block devices that tell what they are.
	std::vector<HostDevice> devices() const;
	// The device behind each backstore, as far as sysfs tells; nothing if it is not there.
	std::vector<std::optional<HostDevice>> behind(const std::vector<Backstore> &stores) const;

	// Of an iblock or pscsi backstore's device.  Throws a Failure if it is none that has a size.
	DeviceSize size_behind(const Backstore &store) const;
	// Nothing if the path leads to no block device.
	std::optional<DeviceSize> size_of_node(const std::string &path) const;

	// Each with the disk that it is a part of.
	std::vector<std::pair<BlockNumber, BlockNumber>> partitions() const;
	// Block devices that this host has in use, and as what: volumes, RAIDs, mounts, swap space.
	std::vector<std::pair<BlockNumber, std::string>> held_by_host() const;

	const std::filesystem::path &root() const { return m_root; }
	// Loop devices and the files behind them, and files that are swap space.
	std::vector<std::pair<BlockNumber, FileId>> looped() const;
	std::vector<std::pair<FileId, std::string>> swap_files() const;
	// What a path leads to, if it is a block device.
	std::optional<BlockNumber> block_at(const std::string &path) const;

	bool module_loaded() const;
	bool module_is_ours() const; // the in-tree one has the same name
	ModuleVersion module_version() const;

private:
	HostDevice image_at(const std::string &path) const;
	std::optional<std::filesystem::path> node_of(const NodeNumber &number) const;
	std::vector<HostDevice> scsi_devices() const;
	HostDevice read_scsi(const std::filesystem::path &device, const Hctl &address) const;
	std::optional<DeviceSize> size_of(const NodeNumber &number) const;
	std::optional<HostDevice> read_block(const NodeNumber &number) const;
	std::vector<HostDevice> block_devices() const;
	std::vector<NodeNumber> nodes_of(const HostDevice &device) const;
	bool is_number(const std::string &path) const;
	// What only all devices together tell.
	void finish(HostDevice &device, const std::vector<HostDevice> &all, const Links &links) const;
	std::string adapter_identity(const std::filesystem::path &host) const;

	std::filesystem::path m_root; // /sys
	std::filesystem::path m_dev;
	std::filesystem::path m_proc;
	NodeLookup m_lookup;
};

} // namespace vscsi
