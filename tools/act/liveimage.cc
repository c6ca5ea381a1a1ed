// SPDX-License-Identifier: GPL-2.0
#include "act/liveimage.hpp"

#include <fmt/core.h>

#include "os/files.hpp"

namespace vscsi
{

namespace
{

namespace fs = std::filesystem;

void add_files(const fs::path &folder, const char *kind, Settings &settings)
{
	for (const std::string &name : names_in(folder))
		settings.emplace(fmt::format("{} {}", kind, name), first_line(folder / name));
}

} // namespace

ConfigImage live_image(const Host &host)
{
	const Lio lio = host.configfs.read();
	ConfigImage image;
	for (const Tpg &tpg : lio.tpgs) {
		const std::string name = fmt::format("{},{}", tpg.id.wwn, tpg.id.tpgt);
		const fs::path path =
			host.configfs.fabric() / tpg.id.wwn / fmt::format("tpgt_{}", tpg.id.tpgt);
		Settings &settings = image[{ConfigItem::Kind::group, name, {}}];
		add_files(path / "param", "parameter", settings);
		add_files(path / "attrib", "attribute", settings);
		for (const std::string &acl : names_in(path / "acls"))
			image[{ConfigItem::Kind::acl, fmt::format("{} {}", name, acl), name}];
		for (const Lun &lun : tpg.luns) {
			if (comes_with_login(to_string(lun.store)))
				continue;
			image[{ConfigItem::Kind::lun, to_string(tpg.name_of(lun)), name}] = {
				{"name", lun.link}, {"backstore", to_string(lun.store)}};
			const Backstore *const store = lio.store_of(lun.store);
			if (!store)
				continue;
			Settings &of_store = image[{ConfigItem::Kind::backstore, to_string(lun.store), {}}];
			of_store["path"] = store->udev_path;
			if (store->image)
				of_store["size"] = std::to_string(store->file_size);
			add_files(host.configfs.root() / "core" / store->id.hba / store->id.name / "attrib",
				  "attribute", of_store);
		}
	}
	return image;
}

} // namespace vscsi
