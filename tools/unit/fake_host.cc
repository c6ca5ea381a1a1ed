// SPDX-License-Identifier: GPL-2.0
#include "unit/fake_host.hpp"

#include <cstdlib>
#include <fstream>

#include "act/guests.hpp"
#include "core/failure.hpp"
#include "os/files.hpp"

namespace vscsi
{

namespace
{

namespace fs = std::filesystem;

std::uint64_t next_random = 0;

std::uint64_t counted()
{
	return ++next_random;
}

} // namespace

TemporaryFolder::TemporaryFolder()
{
	std::string pattern = (fs::temp_directory_path() / "vscsi-tools-XXXXXX").string();
	if (!mkdtemp(pattern.data()))
		throw std::runtime_error{"mkdtemp"};
	m_path = pattern;
}

TemporaryFolder::~TemporaryFolder()
{
	std::error_code error;
	fs::remove_all(m_path, error);
}

void put(const fs::path &file, const std::string &text)
{
	fs::create_directories(file.parent_path());
	std::ofstream{file} << text;
}

FakeConfigfs::FakeConfigfs(const fs::path &root) : Configfs{root}
{
	fs::create_directories(root / "core");
	fs::create_directories(fabric());
}

void FakeConfigfs::step()
{
	if (until_killed == 0)
		throw Killed{};
	if (until_killed > 0)
		--until_killed;
}

void FakeConfigfs::make_directory(const fs::path &path)
{
	step();
	if (!fs::create_directory(path))
		fail(Exit::in_use, "{} is there already", path.string());
	const std::string parent = path.parent_path().filename().string();
	if (path.parent_path().parent_path() == root() / "core") {
		for (const char *name : {"udev_path", "control", "enable", "info", "wwn/vpd_unit_serial"})
			put(path / name, "");
		put_attributes(path);
	} else if (path.filename().string().starts_with("tpgt_")) {
		for (const char *name : {"param/domain", "param/alias", "param/ring_per_lun", "param/vport",
					 "guests", "attrib/demo_mode_write_protect"})
			put(path / name, "");
		fs::create_directory(path / "lun");
	}
}

void FakeConfigfs::put_attributes(const fs::path &store) const
{
	const bool passes = store.parent_path().filename().string().starts_with("pscsi");
	if (!old_kernel)
		put(store / "attrib/emulate_pr", "1\n");
	put(store / "attrib/pgr_support", passes ? "0\n" : "1\n");
	put(store / "attrib/block_size", "512\n");
}

void FakeConfigfs::remove_directory(const fs::path &path)
{
	step();
	if (!fs::exists(path))
		return;
	if (!busy.empty() && path.string().find(busy) != std::string::npos)
		fail(Exit::in_use, "cannot remove {}: it is in use", path.string());
	const auto in_use = [&](const fs::path &other) {
		std::error_code error;
		return fs::read_symlink(other, error) == path;
	};
	for (const auto &entry : fs::recursive_directory_iterator{root()})
		if (entry.is_symlink() && in_use(entry.path()))
			fail(Exit::in_use, "cannot remove {}: it is in use", path.string());
	for (const auto &entry : fs::directory_iterator{path}) {
		const std::string name = entry.path().filename().string();
		// Made by somebody, unlike attributes and default groups.
		const bool made = entry.is_symlink() || name.starts_with("tpgt_") ||
				  (name == "lun" && !names_in(entry.path()).empty()) ||
				  (path.parent_path() == root() / "core" && entry.is_directory());
		if (made)
			fail(Exit::failed, "cannot remove {}: not empty", path.string());
	}
	fs::remove_all(path);
}

void FakeConfigfs::write(const fs::path &path, const std::string &value)
{
	step();
	if (!refuse_write.empty() && path.string().find(refuse_write) != std::string::npos)
		fail(Exit::failed, "cannot write '{}' to {}: refused", value, path.string());
	Configfs::write(path, value);
	// A longer value may have been there.
	put(path, value + '\n');
	if (path.filename() != "control")
		return;
	const fs::path info = path.parent_path() / "info";
	if (value.starts_with("fd_dev_size=")) {
		std::string text = read_file(info).value_or("");
		const std::size_t from = text.rfind("Size: ") + 6;
		text.replace(from, text.find(' ', from) - from, value.substr(value.find('=') + 1));
		put(info, text);
	} else {
		put(info, info_of(value));
	}
}

std::string FakeConfigfs::info_of(const std::string &control) const
{
	std::string info = "Status: ACTIVATED\n";
	unsigned numbers[4] = {};
	if (std::sscanf(control.c_str(),
			"scsi_host_id=%u,scsi_channel_id=%u,scsi_target_id=%u,scsi_lun_id=%u", &numbers[0],
			&numbers[1], &numbers[2], &numbers[3]) == 4)
		info += fmt::format("SCSI Device Bus Location: Channel ID: {} Target ID: {} LUN: {} "
				    "Host ID: {}\n",
				    numbers[1], numbers[2], numbers[3], numbers[0]);
	const std::size_t from = control.find('=') + 1;
	if (control.starts_with("fd_dev_name=")) {
		const std::size_t size = control.find(",fd_dev_size=");
		const std::size_t digits = control.find('=', size) + 1;
		return fmt::format(
			"{}        TCM FILEIO ID: 0        File: {}  Size: {}  Mode: {} Async: 0\n", info,
			control.substr(from, size - from),
			control.substr(digits, control.find(',', digits) - digits),
			control.ends_with(",fd_buffered_io=1") ? "Buffered-WCE" : "O_DSYNC");
	}
	const auto node = nodes.find(control.substr(from, control.find(',') - from));
	if (node != nodes.end())
		info += fmt::format("Major: {} Minor: {}  CLAIMED: IBLOCK\n", node->second.major,
				    node->second.minor);
	return info;
}

void FakeConfigfs::restore(const std::function<std::optional<Hctl>(const std::string &)> &address)
{
	for (const std::string &hba : names_in(root() / "core"))
		for (const std::string &name : names_in(root() / "core" / hba)) {
			const fs::path path = root() / "core" / hba / name;
			const std::string node = first_line(path / "udev_path");
			if (node.empty())
				continue;
			if (!nodes.contains(node)) {
				drop({hba, name});
				continue;
			}
			const auto at = hba.starts_with("pscsi") ? address(node) : std::nullopt;
			put(path / "info",
			    info_of(at ? fmt::format("scsi_host_id={},scsi_channel_id={},scsi_target_id={},"
						     "scsi_lun_id={}",
						     at->host, at->channel, at->target, at->lun)
				       : "udev_path=" + node));
		}
}

// A backstore that could not be made, and so its LUNs.
void FakeConfigfs::drop(const StoreId &store)
{
	for (const Tpg &tpg : read().tpgs)
		for (const Lun &lun : tpg.luns)
			if (lun.store == store)
				apply(RemoveLun{tpg.id, lun.number});
	apply(RemoveStore{store});
}

StoreId FakeConfigfs::add_store(const std::string &hba, const std::string &name, const std::string &info)
{
	put(root() / "core" / hba / name / "enable", "1\n");
	put(root() / "core" / hba / name / "info", info);
	put(root() / "core" / hba / name / "udev_path", "");
	put(root() / "core" / hba / name / "control", "");
	put_attributes(root() / "core" / hba / name);
	return {hba, name};
}

StoreId FakeConfigfs::add_file(const std::string &hba, const std::string &name, const fs::path &file,
			       std::uint64_t size)
{
	return add_store(
		hba, name,
		fmt::format("Status: ACTIVATED  Max Queue Depth: 0  SectorSize: 512\n"
			    "        TCM FILEIO ID: 0        File: {}  Size: {}  Mode: O_DSYNC Async: 0\n",
			    file.string(), size));
}

void FakeConfigfs::set_attribute(const StoreId &store, const std::string &name, const std::string &value)
{
	put(root() / "core" / store.hba / store.name / "attrib" / name, value + '\n');
}

std::string FakeConfigfs::attribute(const StoreId &store, const std::string &name) const
{
	return first_line(root() / "core" / store.hba / store.name / "attrib" / name);
}

TpgId FakeConfigfs::add_tpg(const std::string &wwn, unsigned tag, const std::string &domain,
			    const std::string &alias)
{
	const fs::path path = fabric() / wwn / fmt::format("tpgt_{}", tag);
	fs::create_directories(path / "lun");
	put(path / "param/domain", domain + '\n');
	put(path / "param/alias", alias + '\n');
	put(path / "param/ring_per_lun", "0\n");
	return {wwn, static_cast<std::uint16_t>(tag)};
}

void FakeConfigfs::add_lun(const TpgId &tpg, unsigned number, const StoreId &store, const std::string &link)
{
	const fs::path path =
		fabric() / tpg.wwn / fmt::format("tpgt_{}", tpg.tpgt) / "lun" / fmt::format("lun_{}", number);
	fs::create_directories(path);
	fs::create_directory_symlink(root() / "core" / store.hba / store.name, path / link);
}

std::string FakeConfigfs::snapshot() const
{
	std::set<std::string> lines;
	for (const auto &entry : fs::recursive_directory_iterator{root()}) {
		std::string line = entry.path().lexically_relative(root()).string();
		if (entry.is_symlink())
			line += " -> " + fs::read_symlink(entry.path()).filename().string();
		else if (line.find("/param/") != std::string::npos ||
			 line.find("/attrib/") != std::string::npos)
			line += " = " + first_line(entry.path());
		lines.insert(line);
	}
	std::string text;
	for (const std::string &line : lines)
		text += line + '\n';
	return text;
}

Failure failure_of(const std::function<void()> &work)
{
	try {
		work();
	} catch (const Failure &failure) {
		return failure;
	}
	return {Exit::done, "nothing failed"};
}

std::string devices_of(FakeStore &store, const Domain &domain)
{
	std::string text;
	for (const Controller &controller : read_guest(store, Txn::none, domain, 0).controllers)
		for (const Device &device : controller.devices)
			text += fmt::format("{} {} {}\n", device.pdev, to_string(device.vdev.value()),
					    static_cast<int>(device.state));
	return text;
}

FakeHost::FakeHost()
    : sysfs{folder.path() / "sys",
	    [this](const std::string &path) -> std::optional<NodeNumber> {
		    const auto found = configfs.nodes.find(path);
		    return found == configfs.nodes.end() ? std::nullopt : std::optional{found->second};
	    },
	    folder.path() / "dev", folder.path() / "proc"},
      host{store,
	   configfs,
	   sysfs,
	   folder.path() / "run",
	   folder.path() / "state",
	   counted,
	   {folder.path() / "xen"}},
      guest{store.add_domain(1, "g1")}
{
	store.add_domain(0, "Domain-0");
	store.peer = [this] { peer.step(); };
	fs::create_directories(folder.path() / "sys/module/xen_scsiback");
	fs::create_directories(folder.path() / "run");
}

void FakeHost::add_scsi(const Hctl &address, unsigned type, const std::string &node, unsigned minor)
{
	const fs::path sys = folder.path() / "sys";
	const auto place = places.try_emplace(address.host, "0000:00:01.0").first;
	const fs::path host_dir = sys / "devices/pci0" / place->second / fmt::format("host{}", address.host);
	const fs::path device = host_dir / "target" / to_string(address);
	const bool block = type == 0 || type == zoned_disk;
	const std::string kind = block ? "block" : type == 1 ? "scsi_tape" : "scsi_changer";
	put(device / "type", fmt::format("{}\n", type));
	put(device / "state", "running\n");
	put(device / kind / node / "dev", fmt::format("8:{}\n", minor));
	put(device / kind / node / "ro", "0\n");
	put(device / "wwid", "wwid of " + node + '\n');
	fs::create_directory_symlink(device, device / kind / node / "device");
	fs::create_directories(sys / "class/scsi_host" / host_dir.filename());
	if (!fs::exists(sys / "class/scsi_host" / host_dir.filename() / "device"))
		fs::create_directory_symlink(host_dir,
					     sys / "class/scsi_host" / host_dir.filename() / "device");
	fs::create_directories(sys / "class/scsi_device" / to_string(address));
	fs::create_directory_symlink(device, sys / "class/scsi_device" / to_string(address) / "device");
	const fs::path numbers = sys / "dev" / (block ? "block" : "char");
	fs::create_directories(numbers);
	fs::create_directory_symlink(device / kind / node, numbers / fmt::format("8:{}", minor));
	configfs.nodes["/dev/" + node] = {block, 8, minor};
}

void FakeHost::remove_scsi(const Hctl &address)
{
	fs::remove_all(folder.path() / "sys/class/scsi_device" / to_string(address));
}

namespace
{

// Of a VPD page.
std::string page_head(unsigned code, const std::string &payload)
{
	return {'\0', static_cast<char>(code), '\0', static_cast<char>(payload.size())};
}

} // namespace

void FakeHost::says(const Hctl &address, const Says &what) const
{
	const fs::path device = folder.path() / "sys/class/scsi_device" / to_string(address) / "device";
	put(device / "vendor", what.vendor + "\n");
	put(device / "model", what.model + "\n");
	if (!what.serial.empty())
		put(device / "vpd_pg80", page_head(0x80, what.serial) + what.serial);
	if (what.naa.empty())
		return;
	std::string value{'\x01', '\x03', '\0', static_cast<char>(what.naa.size() / 2)};
	for (std::size_t at = 0; at < what.naa.size(); at += 2)
		value += static_cast<char>(std::stoi(what.naa.substr(at, 2), nullptr, 16));
	put(device / "vpd_pg83", page_head(0x83, value) + value);
}

std::string FakeHost::add_link(const std::string &name, const std::string &node)
{
	const std::string path = (folder.path() / "dev" / name).string();
	put(path, "");
	configfs.nodes[path] = configfs.nodes.at(node);
	return path;
}

void FakeHost::shut_down()
{
	for (const char *part : {"sys/class", "sys/devices", "sys/dev", "dev"})
		fs::remove_all(folder.path() / part);
	configfs.nodes.clear();
	for (const std::string &id : store.list(Txn::none, "/local/domain"))
		if (id != "0")
			store.remove_domain(static_cast<DomId>(std::stoul(id)));
	store.remove(Txn::none, "/local/domain/0/backend");
}

void FakeHost::restore()
{
	configfs.restore([this](const std::string &node) { return sysfs.by_path(node).scsi; });
}

void FakeHost::add_volume(const std::string &node, unsigned minor)
{
	const fs::path sys = folder.path() / "sys";
	const fs::path block = sys / "devices/virtual/block" / fmt::format("dm-{}", minor);
	put(block / "dm/uuid", "LVM-" + node + '\n');
	put(block / "ro", "0\n");
	fs::create_directories(sys / "dev/block");
	fs::create_directory_symlink(block, sys / "dev/block" / fmt::format("253:{}", minor));
	configfs.nodes[node] = {true, 253, minor};
}

void FakeHost::make_zoned(unsigned major, unsigned minor) const
{
	put(folder.path() / "sys/dev/block" / fmt::format("{}:{}", major, minor) / "queue/zoned",
	    "host-managed\n");
}

} // namespace vscsi
