// SPDX-License-Identifier: GPL-2.0
#include "core/saved.hpp"

#include <fmt/core.h>

#include "core/lio.hpp"

namespace vscsi
{

namespace
{

const char *kind_name(ConfigItem::Kind kind)
{
	switch (kind) {
	case ConfigItem::Kind::lun:
		return "LUN";
	case ConfigItem::Kind::acl:
		return "ACL";
	case ConfigItem::Kind::backstore:
		return "backstore";
	case ConfigItem::Kind::group:
		break;
	}
	return "portal group";
}

// What is in one only, without what comes and goes with its portal group.
void add_missing(const ConfigImage &from, const ConfigImage &in, Difference::Kind kind,
		 std::vector<Difference> &found)
{
	for (const auto &[item, settings] : from) {
		const bool group = item.kind == ConfigItem::Kind::lun || item.kind == ConfigItem::Kind::acl;
		if (in.contains(item) || (group && !in.contains({ConfigItem::Kind::group, item.group, {}})))
			continue;
		found.push_back({kind, item});
	}
}

} // namespace

std::string to_string(const ConfigItem &item)
{
	return fmt::format("{} {}", kind_name(item.kind), item.name);
}

std::string to_string(const Difference &difference)
{
	const std::string item = to_string(difference.item);
	switch (difference.kind) {
	case Difference::Kind::not_saved:
		return fmt::format("not saved: {}", item);
	case Difference::Kind::not_there:
		return fmt::format("saved, but not there: {}", item);
	case Difference::Kind::otherwise:
		break;
	}
	return fmt::format("saved otherwise: {}, {}: '{}' here, '{}' in the file", item, difference.setting,
			   difference.live, difference.saved);
}

bool comes_with_login(const std::string &backstore)
{
	return backstore.starts_with(fmt::format("pscsi/{}", vport_store_prefix));
}

std::vector<Difference> compare(const ConfigImage &live, const ConfigImage &saved)
{
	std::vector<Difference> found;
	add_missing(live, saved, Difference::Kind::not_saved, found);
	add_missing(saved, live, Difference::Kind::not_there, found);
	for (const auto &[item, settings] : live) {
		const auto other = saved.find(item);
		if (other == saved.end())
			continue;
		for (const auto &[name, value] : settings)
			if (const auto was = other->second.find(name);
			    was != other->second.end() && was->second != value)
				found.push_back(
					{Difference::Kind::otherwise, item, name, value, was->second});
	}
	return found;
}

} // namespace vscsi
