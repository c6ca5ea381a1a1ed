// SPDX-License-Identifier: GPL-2.0
#include "os/configfs.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <system_error>

#include "core/failure.hpp"
#include "os/files.hpp"

namespace vscsi
{

namespace
{

namespace fs = std::filesystem;

// The number after a word in the text that a backstore's `info` is.
std::optional<unsigned> number_after(const std::string &text, std::string_view word)
{
	const std::size_t at = text.find(word);
	if (at == std::string::npos)
		return {};
	const char *from = text.data() + at + word.size();
	const char *const end = text.data() + text.size();
	while (from != end && *from == ' ')
		++from;
	unsigned number = 0;
	if (std::from_chars(from, end, number).ec != std::errc{})
		return {};
	return number;
}

std::optional<Hctl> scsi_of(const std::string &info)
{
	const auto host = number_after(info, "Host ID:");
	const auto channel = number_after(info, "Channel ID:");
	const auto target = number_after(info, "Target ID:");
	// Not the LUN of something else further down.
	const std::size_t location = info.find("Bus Location");
	if (!host || !channel || !target || location == std::string::npos)
		return {};
	const auto lun = number_after(info.substr(location), "LUN:");
	if (!lun)
		return {};
	return Hctl{*host, *channel, *target, *lun};
}

std::optional<BlockNumber> block_of(const std::string &info)
{
	const auto major = number_after(info, "Major:");
	const auto minor = number_after(info, "Minor:");
	if (!major || !minor)
		return {};
	return BlockNumber{*major, *minor};
}

std::optional<bool> flag(const fs::path &attribute)
{
	const std::string text = first_line(attribute);
	return text.empty() ? std::nullopt : std::optional{text != "0"};
}

// `File: PATH  Size: BYTES  Mode: …`; a path may have blanks, and these words.
void read_fileio(const fs::path &path, const std::string &info, Backstore &store)
{
	constexpr std::string_view before_path = "File: ";
	constexpr std::string_view before_size = "  Size: ";
	const std::size_t from = info.find(before_path);
	const std::size_t end = info.rfind(before_size);
	if (from == std::string::npos || end == std::string::npos || end < from + before_path.size())
		return;
	store.file = info.substr(from + before_path.size(), end - from - before_path.size());
	const std::string size = info.substr(end + before_size.size());
	store.file_size = parse_number(size.substr(0, size.find(' ')), UINT64_MAX).value_or(0);
	store.image = file_id(store.file);
	store.block_size = parse_number(first_line(path / "attrib/block_size"), UINT32_MAX).value_or(512);
}

Backstore read_store(const fs::path &path, const StoreId &id)
{
	Backstore store{id, first_line(path / "udev_path"), {}, {}};
	const std::string info = read_file(path / "info").value_or("");
	if (id.plugin() == "pscsi")
		store.scsi = scsi_of(info);
	else if (id.plugin() == "iblock")
		store.block = block_of(info);
	else if (id.plugin() == "fileio")
		read_fileio(path, info, store);
	store.emulate_pr = flag(path / "attrib/emulate_pr");
	store.pgr_support = flag(path / "attrib/pgr_support");
	return store;
}

// The link of a LUN, and the backstore that it leads to.
std::optional<Lun> read_lun(const fs::path &path)
{
	const std::string name = path.filename().string();
	constexpr std::string_view prefix = "lun_";
	if (!name.starts_with(prefix))
		return {};
	const auto number = parse_number(std::string_view{name}.substr(prefix.size()), greatest_lun);
	if (!number)
		return {};
	for (const std::string &link : names_in(path)) {
		std::error_code error;
		const fs::path target = fs::read_symlink(path / link, error);
		if (!error)
			return Lun{static_cast<unsigned>(*number),
				   link,
				   {target.parent_path().filename().string(), target.filename().string()}};
	}
	return {};
}

std::vector<Lun> read_luns(const fs::path &tpg)
{
	std::vector<Lun> luns;
	for (const std::string &name : names_in(tpg / "lun"))
		if (auto lun = read_lun(tpg / "lun" / name))
			luns.push_back(*std::move(lun));
	std::ranges::sort(luns, {}, &Lun::number);
	return luns;
}

std::vector<TpgId> tpg_ids(const fs::path &fabric)
{
	constexpr std::string_view prefix = "tpgt_";
	std::vector<TpgId> ids;
	for (const std::string &wwn : names_in(fabric))
		for (const std::string &name : names_in(fabric / wwn))
			if (name.starts_with(prefix))
				if (const auto tag = parse_number(
					    std::string_view{name}.substr(prefix.size()), UINT16_MAX))
					ids.push_back({wwn, static_cast<std::uint16_t>(*tag)});
	std::ranges::sort(ids);
	return ids;
}

constexpr const char *write_protect = "attrib/demo_mode_write_protect";

Tpg read_tpg(const fs::path &path, const TpgId &id)
{
	return {id,
		first_line(path / "param/alias"),
		first_line(path / "param/domain"),
		first_line(path / "param/ring_per_lun") == "1",
		fs::exists(path / "param/domain"),
		read_luns(path),
		first_line(path / write_protect) == "1",
		parse_vport(first_line(path / "param/vport")),
		fs::exists(path / "param/vport")};
}

} // namespace

struct Configfs::Applier {
	Configfs &tree;

	void operator()(const MakeStore &change) const
	{
		const fs::path path = tree.path_of(change.id);
		const bool own_hba = tree.make_missing(path.parent_path());
		try {
			tree.make_directory(path);
			try {
				tree.write(path / "udev_path", change.udev_path);
				tree.write(path / "control", change.control);
				enable(path, change);
				if (!change.shown.empty())
					tree.write(path / "udev_path", change.shown);
				if (!change.serial.empty())
					tree.write(path / "wwn/vpd_unit_serial", change.serial);
			} catch (const Failure &) {
				tree.remove_directory(path);
				throw;
			}
		} catch (const Failure &) {
			if (own_hba)
				tree.remove_directory(path.parent_path());
			throw;
		}
	}

	void enable(const fs::path &path, const MakeStore &change) const
	{
		try {
			tree.write(path / "enable", "1");
		} catch (const Failure &failure) {
			if (change.id.plugin() == "fileio")
				fail(Exit::failed,
				     "{} cannot be exported: {}. Is it, or its file system, read-only? The "
				     "kernel "
				     "log has more",
				     change.udev_path, failure.what());
			fail(Exit::in_use,
			     "{} cannot be exported: {}. Is it mounted, part of a volume group or RAID, or "
			     "without a "
			     "medium? The kernel log has more",
			     change.udev_path, failure.what());
		}
	}

	void operator()(const MakeTpg &change) const
	{
		const fs::path path = tree.path_of(change.id);
		tree.make_missing(tree.fabric());
		const bool own_port = tree.make_missing(path.parent_path());
		try {
			tree.make_directory(path);
			try {
				// Bound first, so that no other guest ever has it.
				tree.write(path / "param/domain", change.domain);
				if (change.vport)
					set_vport(path / "param/vport", *change.vport);
				tree.write(path / "param/alias", change.alias);
				// Before it has a LUN.
				if (change.read_only)
					tree.write(path / write_protect, "1");
				if (change.ring_per_lun)
					tree.write(path / "param/ring_per_lun", "1");
				if (fs::exists(path / "enable"))
					tree.write(path / "enable", "1");
			} catch (const Failure &) {
				tree.remove_directory(path);
				throw;
			}
		} catch (const Failure &) {
			if (own_port)
				tree.remove_directory(path.parent_path());
			throw;
		}
	}

	void set_vport(const fs::path &path, const VportId &id) const
	{
		if (!fs::exists(path))
			fail(Exit::environment, "the module xen-scsiback that is loaded knows no vports. "
						"Load the one that came with "
						"these tools");
		try {
			tree.write(path, param_text(id));
		} catch (const Failure &failure) {
			fail(Exit::in_use,
			     "WWPN {} cannot be used: {}. Has another portal group it already? "
			     "`xl-vscsi npiv status` lists them",
			     to_string(id.port), failure.what());
		}
	}

	void operator()(const MakeLun &change) const
	{
		const fs::path path = lun_path(change.tpg, change.number);
		tree.make_directory(path);
		std::error_code error;
		fs::create_symlink(tree.path_of(change.store), path / change.link, error);
		if (!error)
			return;
		tree.remove_directory(path);
		fail(Exit::failed, "cannot link {} to {}: {}", path.string(),
		     tree.path_of(change.store).string(), error.message());
	}

	void operator()(const BindTpg &change) const
	{
		const fs::path path = tree.path_of(change.id);
		if (!fs::exists(path))
			return;
		try {
			tree.write(path / "param/domain", change.domain);
		} catch (const Failure &failure) {
			fail(Exit::in_use,
			     "{} tpgt_{} cannot be bound to '{}': {}. Detach it from other guests first",
			     change.id.wwn, change.id.tpgt, change.domain, failure.what());
		}
	}

	void operator()(const SetAttribute &change) const
	{
		const fs::path path = tree.path_of(change.store);
		if (!fs::exists(path))
			return;
		const bool there = fs::exists(path / "attrib" / change.name);
		// As a journal has it: nobody could set it.
		if (!there && change.before.empty())
			return;
		if (!there)
			fail(Exit::environment, "{} has no attribute {}: the kernel is too old for it",
			     to_string(change.store), change.name);
		tree.write(path / "attrib" / change.name, change.value);
	}

	void operator()(const Resize &change) const
	{
		tree.write(tree.path_of(change.store) / "control",
			   fmt::format("fd_dev_size={}", change.size));
	}

	void operator()(const RemoveLun &change) const
	{
		const fs::path path = lun_path(change.tpg, change.number);
		for (const std::string &name : names_in(path)) {
			std::error_code error;
			if (!fs::is_symlink(path / name, error))
				continue;
			if (!fs::remove(path / name, error) && error)
				fail(Exit::failed, "cannot remove {}: {}", (path / name).string(),
				     error.message());
		}
		tree.remove_directory(path);
	}

	void operator()(const RemoveTpg &change) const
	{
		const fs::path path = tree.path_of(change.id);
		tree.remove_directory(path);
		// Beside portal groups a target port has attributes only.
		if (tpg_count(path.parent_path()) == 0)
			tree.remove_directory(path.parent_path());
	}

	void operator()(const RemoveStore &change) const
	{
		const fs::path path = tree.path_of(change.id);
		tree.remove_directory(path);
		for (const std::string &name : names_in(path.parent_path()))
			if (fs::is_directory(path.parent_path() / name))
				return;
		tree.remove_directory(path.parent_path());
	}

	fs::path lun_path(const TpgId &tpg, unsigned number) const
	{
		return tree.path_of(tpg) / "lun" / fmt::format("lun_{}", number);
	}

	static std::size_t tpg_count(const fs::path &port)
	{
		return static_cast<std::size_t>(std::ranges::count_if(
			names_in(port), [](const std::string &name) { return name.starts_with("tpgt_"); }));
	}
};

fs::path Configfs::path_of(const TpgId &id) const
{
	return fabric() / id.wwn / fmt::format("tpgt_{}", id.tpgt);
}

fs::path Configfs::path_of(const StoreId &id) const
{
	return m_root / "core" / id.hba / id.name;
}

Lio Configfs::read() const
{
	Lio lio;
	lio.fabric = fs::exists(fabric());
	for (const std::string &hba : names_in(m_root / "core"))
		for (const std::string &name : names_in(m_root / "core" / hba))
			if (const fs::path path = m_root / "core" / hba / name; fs::exists(path / "enable"))
				lio.stores.push_back(read_store(path, {hba, name}));
	std::ranges::sort(lio.stores, {}, &Backstore::id);
	for (const TpgId &id : tpg_ids(fabric()))
		lio.tpgs.push_back(read_tpg(path_of(id), id));
	for (const std::string &other : names_in(m_root)) {
		if (other == "core" || m_root / other == fabric())
			continue;
		for (const TpgId &id : tpg_ids(m_root / other))
			for (const Lun &lun :
			     read_luns(m_root / other / id.wwn / fmt::format("tpgt_{}", id.tpgt)))
				lio.others.emplace_back(lun.store, fmt::format("{}/{}", other, id.wwn));
	}
	return lio;
}

void Configfs::apply(const Change &change)
{
	std::visit(Applier{*this}, change);
}

std::vector<std::string> Configfs::guests(const TpgId &id) const
{
	std::vector<std::string> lines;
	std::string text = read_file(path_of(id) / "guests").value_or("");
	for (std::size_t at = 0; at < text.size();) {
		const std::size_t end = std::min(text.find('\n', at), text.size());
		if (end > at)
			lines.push_back(text.substr(at, end - at));
		at = end + 1;
	}
	return lines;
}

void Configfs::make_directory(const fs::path &path)
{
	std::error_code error;
	if (fs::create_directory(path, error))
		return;
	if (!error)
		fail(Exit::in_use, "{} is there already", path.string());
	fail(Exit::failed, "cannot make {}: {}", path.string(), error.message());
}

void Configfs::remove_directory(const fs::path &path)
{
	std::error_code error;
	fs::remove(path, error);
	if (error == std::errc::device_or_resource_busy)
		fail(Exit::in_use, "cannot remove {}: it is in use", path.string());
	if (error)
		fail(Exit::failed, "cannot remove {}: {}", path.string(), error.message());
}

void Configfs::write(const fs::path &path, const std::string &value)
{
	const int error = write_attribute(path, value);
	if (error)
		fail(Exit::failed, "cannot write '{}' to {}: {}", value, path.string(), error_text(error));
}

bool Configfs::make_missing(const fs::path &path)
{
	if (fs::exists(path))
		return false;
	make_directory(path);
	return true;
}

} // namespace vscsi
