// SPDX-License-Identifier: GPL-2.0
#include "command/saveconfig.hpp"

#include <set>

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include "act/liveimage.hpp"
#include "os/files.hpp"

namespace vscsi
{

namespace
{

using nlohmann::ordered_json;

// rtslib saves what looks like a number as one.
std::string text_of(const ordered_json &value)
{
	if (value.is_string())
		return value.get<std::string>();
	if (value.is_boolean())
		return value.get<bool>() ? "1" : "0";
	return value.is_null() ? std::string{} : value.dump();
}

void add_values(const ordered_json &object, const char *part, const char *kind, Settings &settings)
{
	if (const auto values = object.find(part); values != object.end())
		for (const auto &[name, value] : values->items())
			settings.emplace(fmt::format("{} {}", kind, name), text_of(value));
}

// rtslib's `/backstores/block/disk`, as it is called here.
std::string store_name(const std::string &path)
{
	constexpr std::string_view prefix = "/backstores/";
	const std::string rest = path.starts_with(prefix) ? path.substr(prefix.size()) : path;
	const std::size_t slash = rest.find('/');
	return fmt::format("{}{}", plugin_name(rest.substr(0, slash)),
			   slash == std::string::npos ? std::string{} : rest.substr(slash));
}

void add_group(const ordered_json &target, const ordered_json &group, ConfigImage &image)
{
	const auto wwn = target.at("wwn").get<std::string>();
	const auto tag = group.at("tag").get<std::uint16_t>();
	const std::string name = fmt::format("{},{}", wwn, tag);
	Settings &settings = image[{ConfigItem::Kind::group, name, {}}];
	add_values(group, "parameters", "parameter", settings);
	add_values(group, "attributes", "attribute", settings);
	for (const ordered_json &acl : group.value("node_acls", ordered_json::array()))
		image[{ConfigItem::Kind::acl,
		       fmt::format("{} {}", name, acl.at("node_wwn").get<std::string>()), name}];
	for (const ordered_json &lun : group.value("luns", ordered_json::array())) {
		const std::string store = store_name(lun.at("storage_object").get<std::string>());
		if (comes_with_login(store))
			continue;
		Settings &of_lun =
			image[{ConfigItem::Kind::lun,
			       to_string(LunName{wwn, tag, lun.at("index").get<unsigned>()}), name}];
		of_lun["backstore"] = store;
		// Versions before 2.1.58 did not keep it.
		if (lun.contains("alias"))
			of_lun["name"] = text_of(lun.at("alias"));
	}
}

// Of backstores those that this fabric's LUNs have, here or there.
void add_stores(const ordered_json &config, const ConfigImage &live, ConfigImage &image)
{
	std::set<std::string> known;
	for (const ConfigImage *const one : {&live, static_cast<const ConfigImage *>(&image)})
		for (const auto &[item, settings] : *one)
			if (item.kind == ConfigItem::Kind::lun)
				known.insert(settings.at("backstore"));
	for (const ordered_json &store : config.value("storage_objects", ordered_json::array())) {
		const std::string name = store_name(fmt::format(
			"{}/{}", store.at("plugin").get<std::string>(), store.at("name").get<std::string>()));
		if (!known.contains(name))
			continue;
		Settings &settings = image[{ConfigItem::Kind::backstore, name, {}}];
		for (const auto &[key, called] : {std::pair{"dev", "path"}, std::pair{"size", "size"}})
			if (store.contains(key))
				settings[called] = text_of(store.at(key));
		add_values(store, "attributes", "attribute", settings);
	}
}

ConfigImage saved_image(const ordered_json &config, const ConfigImage &live)
{
	ConfigImage image;
	for (const ordered_json &target : config.value("targets", ordered_json::array()))
		if (target.value("fabric", "") == "xen-pvscsi")
			for (const ordered_json &group : target.value("tpgs", ordered_json::array()))
				add_group(target, group, image);
	add_stores(config, live, image);
	return image;
}

} // namespace

SavedState compare_with_saved(const Host &host, const std::filesystem::path &file)
{
	SavedState state{file.string()};
	const ConfigImage live = live_image(host);
	std::error_code error;
	// Nothing was saved yet, and so nothing that is there.
	if (!std::filesystem::exists(file, error) && !error) {
		state.differences = compare(live, {});
		return state;
	}
	const auto text = read_file(file);
	if (!text) {
		state.unreadable = "it cannot be read";
		return state;
	}
	try {
		state.differences = compare(live, saved_image(ordered_json::parse(*text), live));
	} catch (const ordered_json::exception &wrong) {
		state.unreadable = fmt::format("it is no configuration of LIO's tools: {}", wrong.what());
	}
	return state;
}

} // namespace vscsi
