// SPDX-License-Identifier: GPL-2.0
// What LIO's configuration says.
#pragma once
#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/names.hpp"
#include "core/vport.hpp"

namespace vscsi
{

struct BlockNumber {
	unsigned major = 0;
	unsigned minor = 0;
	auto operator<=>(const BlockNumber &) const = default; // NOLINT(modernize-use-nullptr): clang-tidy 14
};

// Of sysfs, `8:16`.
std::optional<BlockNumber> parse_block_number(std::string_view text);

// A regular file, by whatever path.
struct FileId {
	std::uint64_t device = 0;
	std::uint64_t inode = 0;
	auto operator<=>(const FileId &) const = default; // NOLINT(modernize-use-nullptr): clang-tidy 14
};

// Names a backstore: core/HBA/NAME.
struct StoreId {
	std::string hba;
	std::string name;
	auto operator<=>(const StoreId &) const = default; // NOLINT(modernize-use-nullptr): clang-tidy 14
	std::string_view plugin() const;                   // `pscsi` of `pscsi_0`
};
// For operators: pscsi/NAME.
std::string to_string(const StoreId &id);

struct Backstore {
	StoreId id;
	std::string udev_path;
	std::optional<Hctl> scsi;         // of a pscsi backstore
	std::optional<BlockNumber> block; // of an iblock backstore
	// Of its device, now, if anybody looked at it.
	std::string identity{}; // what a new LUN keeps; empty: nothing tells it from others
	bool numbered = false;  // udev_path is a number of the kernel's
	bool zoned = false;     // host-managed
	// Attributes; nothing: the kernel has none of that name.
	std::optional<bool> emulate_pr{};
	std::optional<bool> pgr_support{};
	// Of a fileio backstore.
	std::string file{};
	std::uint64_t file_size = 0; // as far as target core uses it, if it is no block device
	std::uint64_t block_size = 512;
	std::optional<FileId> image{}; // its file, if it is a regular one that is there
};

struct Lun {
	unsigned number = 0;
	std::string link;
	StoreId store;
	// If anybody looked at its device; empty: nothing is wrong with it.
	std::string another{};  // why it is not given: it is not the device that the LUN was made for
	bool surely = false;    // that is certain: it is taken from those who have it
	std::string numbered{}; // the device's number is all that is known of it
};

struct TpgId {
	std::string wwn;
	std::uint16_t tpgt = 1;
	auto operator<=>(const TpgId &) const = default; // NOLINT(modernize-use-nullptr): clang-tidy 14
};

struct Tpg {
	TpgId id;
	std::string alias;
	std::string domain; // empty: unbound
	bool ring_per_lun = false;
	bool can_bind = true;  // false: a module without param/domain
	std::vector<Lun> luns; // by number
	bool write_protected = false;
	std::optional<VportId> vport{}; // its LUNs are what that port of a fabric is shown
	bool can_vport = false;         // false: a module without param/vport

	const Lun *lun(unsigned number) const;
	LunName name_of(const Lun &lun) const { return {id.wwn, id.tpgt, lun.number}; }
};

// A LUN of a portal group; both null if there is none.
struct LunRef {
	const Tpg *tpg = nullptr;
	const Lun *lun = nullptr;
	explicit operator bool() const { return lun != nullptr; }
};

struct Lio {
	bool fabric = false;                                 // the module is loaded
	std::vector<Backstore> stores;                       // by id
	std::vector<Tpg> tpgs;                               // of xen-pvscsi, by WWN and tag
	std::vector<std::pair<StoreId, std::string>> others; // exported by LUNs of other fabrics

	const Tpg *tpg_of(const TpgId &id) const;
	const Backstore *store_of(const StoreId &id) const;
	// As the kernel looks a p-dev up; if not found, why says what is missing.
	LunRef find(const LunName &name, std::string &why) const;
	LunRef find(const LunName &name) const;
	std::vector<LunRef> exports_of(const StoreId &id) const;
	bool exported(const StoreId &id) const;
};

// Looks many p-devs up.  The configuration must outlive it.
class LunFinder
{
public:
	explicit LunFinder(const Lio &lio) : m_lio{lio} {}
	LunRef find(const LunName &name);

private:
	const Lio &m_lio;
	std::map<std::string, std::vector<const Tpg *>> m_ports; // that were asked for
};

// Objects that xl-vscsi made bear it in their names, which LIO's tools save.
constexpr std::string_view auto_prefix = "auto-";
constexpr std::string_view adapter_alias_prefix = "host-";
// Backstores of what vports are shown.
constexpr std::string_view vport_store_prefix = "auto-vport-";
bool made_by_tool(const Tpg &tpg);
bool made_by_tool(const StoreId &store);
// The name of a backstore that keeps what its device is, `auto-naa.5…`.
std::string identity_of_name(std::string_view name);
// What the LUN's device was when the LUN was made; empty: nobody kept it.
std::string kept_identity(const Lun &lun);
// The portal group that keeps in step with the adapter of this identity.
std::string adapter_alias(std::string_view identity);

} // namespace vscsi
