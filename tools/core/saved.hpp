// SPDX-License-Identifier: GPL-2.0
// LIO's configuration as it is, and as it was saved: what a restart of the host would change.
#pragma once
#include <map>
#include <string>
#include <vector>

namespace vscsi
{

// What configuration consists of, and whose part each is: a LUN that is there with its portal
// group is not told by itself.
struct ConfigItem {
	enum class Kind { group, lun, acl, backstore };
	Kind kind = Kind::group;
	std::string name;                                     // naa.5,1:0
	std::string group;                                    // of a LUN or ACL: naa.5,1
	auto operator<=>(const ConfigItem &) const = default; // NOLINT(modernize-use-nullptr): clang-tidy 14
};
std::string to_string(const ConfigItem &item);

// Parameters, attributes and the like, by names such as `parameter domain`.
using Settings = std::map<std::string, std::string>;
using ConfigImage = std::map<ConfigItem, Settings>;

struct Difference {
	enum class Kind { not_saved, not_there, otherwise };
	Kind kind = Kind::not_saved;
	ConfigItem item;
	std::string setting{}; // of the third kind, with both values
	std::string live{};
	std::string saved{};
};
std::string to_string(const Difference &difference);

// Of a LUN that comes with a vport's login: made by the daemon, and never restored.
bool comes_with_login(const std::string &backstore);

// What both know of an item is compared: a file of older tools lacks newer attributes.
std::vector<Difference> compare(const ConfigImage &live, const ConfigImage &saved);

// What `status` says of it.
struct SavedState {
	std::string file;
	std::string unreadable{}; // why nothing can be compared
	std::vector<Difference> differences{};
};

} // namespace vscsi
