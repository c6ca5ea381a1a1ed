// SPDX-License-Identifier: GPL-2.0
// Names that operators, configfs and xenstore use.
#pragma once
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "core/vport.hpp"

namespace vscsi
{

// Address of a SCSI device of this host.
struct Hctl {
	unsigned host = 0;
	unsigned channel = 0;
	unsigned target = 0;
	std::uint64_t lun = 0;
	auto operator<=>(const Hctl &) const = default; // NOLINT(modernize-use-nullptr): clang-tidy 14
};

// Address of a device in the guest; host is the number of its controller, the
// devid in xenstore.
struct Vdev {
	unsigned host = 0;
	unsigned channel = 0;
	unsigned target = 0;
	unsigned lun = 0;
	auto operator<=>(const Vdev &) const = default; // NOLINT(modernize-use-nullptr): clang-tidy 14
};

// What the stock frontend (Linux 6.1) can have.
constexpr unsigned frontend_targets = 64;
constexpr unsigned frontend_luns = 255;
constexpr unsigned greatest_lun = 16383;

// A p-dev: PORT:LUN or PORT,TPGT:LUN; PORT is a WWN or an alias.
struct LunName {
	std::string port;
	std::optional<std::uint16_t> tpgt;
	unsigned lun = 0;
	bool operator==(const LunName &) const = default;
};

// The forms in which an operator names what is to be attached.
struct DevicePath {
	std::string path;
};
struct HostAdapter {
	unsigned number = 0;
};
struct StoreName {
	std::string plugin; // empty: any
	std::string name;
};
// id:… and adapter:…, which are nobody's numbers.
struct DeviceIdentity {
	std::string text;
};
struct AdapterIdentity {
	std::string text;
};
// npiv:PARENT, the guest's own port on a fabric.
struct NpivParent {
	VportParent parent;
};
using Source = std::variant<DevicePath, Hctl, LunName, HostAdapter, StoreName, DeviceIdentity,
			    AdapterIdentity, NpivParent>;

std::optional<std::uint64_t> parse_number(std::string_view text, std::uint64_t greatest);
std::optional<Hctl> parse_hctl(std::string_view text);
std::optional<Vdev> parse_vdev(std::string_view text);
std::optional<LunName> parse_lun_name(std::string_view text);
// Throws a Failure that lists the forms.
Source parse_source(std::string_view text);
// Throws a Failure that says what a v-dev is.
Vdev expect_vdev(std::string_view text);

std::string to_string(const Hctl &address);
std::string to_string(const Vdev &address);
std::string to_string(const LunName &name);

// A LUN's link that fixes its v-dev, `vdev-h:c:t:l`, and keeps what its device was,
// `vdev-h:c:t:l,IDENTITY`; IDENTITY alone is a link as well.
std::string link_for(const Vdev &address, std::string_view identity = {});
std::optional<Vdev> vdev_of_link(std::string_view link);
std::string identity_of_link(std::string_view link);

// configfs' name of a plugin for any of its names, `block` gives `iblock`.
std::string_view plugin_name(std::string_view text);

} // namespace vscsi
