// SPDX-License-Identifier: GPL-2.0
#include "core/export.hpp"

#include <algorithm>

#include "core/failure.hpp"
#include "core/storemaker.hpp"

namespace vscsi
{

namespace
{

// The tool's own portal group of the guest, if there is one already.
const Tpg *own_tpg(const Scene &scene, const ExportOptions &options)
{
	for (const Tpg &tpg : scene.lio.tpgs)
		if (tpg.alias.starts_with(auto_prefix) && tpg.ring_per_lun == options.ring_per_lun &&
		    tpg.write_protected == options.read_only && names_domain(tpg.domain, scene.guest.domain))
			return &tpg;
	return nullptr;
}

unsigned free_lun(const Tpg &tpg)
{
	unsigned number = 0;
	while (tpg.lun(number))
		++number;
	if (number > greatest_lun)
		fail(Exit::in_use, "{} has no free LUN", tpg.id.wwn);
	return number;
}

Vdev choose_vdev(const Scene &scene, const Tpg *tpg, bool ring_per_lun, unsigned lun,
		 const std::optional<Vdev> &asked)
{
	// Who is refused keeps its place.
	std::vector<Wanted> places = scene.assigned.wanted;
	for (const Refused &refused : scene.assigned.refused)
		places.push_back(refused.wanted);
	Taken all = taken(scene.guest, places);
	if (asked) {
		if (all.closed(asked->host))
			fail(Exit::in_use,
			     "{}. Choose a v-dev of another controller, or leave it out for the next free "
			     "one",
			     served_elsewhere(scene.guest, asked->host));
		if (all.contains(*asked))
			fail(Exit::in_use,
			     "v-dev {} of {} is in use by another device. Choose another, or leave it out "
			     "for "
			     "the next free one; `xl-vscsi list {}` shows them",
			     to_string(*asked), scene.guest.domain.name, scene.guest.domain.name);
		return *asked;
	}
	if (tpg && !ring_per_lun)
		for (const Wanted &item : places)
			if (item.pdev.port == tpg->id.wwn && item.pdev.tpgt == tpg->id.tpgt)
				return all.free_vdev(item.vdev.host, lun);
	return all.free_vdev(all.free_controller(), lun);
}

// The device is exported already, in a way that serves this guest.
std::optional<Export> existing(const Scene &scene, const StoreId &store, const ExportOptions &options)
{
	const LunRef *best = nullptr;
	const std::vector<LunRef> found = scene.lio.exports_of(store);
	for (const LunRef &ref : found) {
		if (names_domain(ref.tpg->domain, scene.guest.domain)) {
			best = &ref;
			break;
		}
		if (ref.tpg->domain.empty() && !best)
			best = &ref;
	}
	if (best)
		return export_lun(scene, best->tpg->name_of(*best->lun), options);
	return {};
}

// A number alone is no name.
std::string called(const HostDevice &device)
{
	return device.numbered && !device.identity.empty()
		       ? fmt::format("{}, which is {},", device.node, device.identity)
		       : device.node;
}

// What a backstore leads to.
struct Exported {
	StoreId store;
	std::string name; // for operators
	std::string identity;
	bool numbered = false;
	bool zoned = false;
};

// A LUN for a backstore that this guest does not have yet.
Export new_lun(const Scene &scene, const Exported &what, const ExportOptions &options, Random random)
{
	need_zones(what.zoned, what.store, what.name);
	need_binding(scene.lio);
	Export result;
	if (what.numbered && what.identity.empty())
		result.warnings.push_back(fmt::format(
			"{} is a number, and the device does not say by VPD pages 83h or 80h what it is, so "
			"after a reboot it cannot be told from another",
			what.name));
	const Tpg *const tpg = own_tpg(scene, options);
	const unsigned lun = tpg ? free_lun(*tpg) : 0;
	TpgId id;
	if (tpg) {
		id = tpg->id;
	} else {
		const MakeTpg make = new_tpg(scene, {}, options, random);
		id = make.id;
		result.changes.emplace_back(make);
	}
	const Vdev vdev = choose_vdev(scene, tpg, options.ring_per_lun, lun, options.vdev);
	result.changes.emplace_back(
		MakeLun{id, lun, link_for(vdev, kept_by_link(what.store, what.identity)), what.store});
	result.wanted = {{id.wwn, id.tpgt, lun}, what.name, vdev, true};
	return result;
}

} // namespace

const HostDevice &best_path(const Scene &scene, const std::vector<HostDevice> &paths)
{
	const auto best = std::ranges::find_if(paths, [&](const HostDevice &device) {
		return std::ranges::any_of(scene.lio.stores, [&](const Backstore &store) {
			return leads_to(store, device) && scene.lio.exported(store.id);
		});
	});
	return best == paths.end() ? paths.front() : *best;
}

Export export_device(const Scene &scene, const HostDevice &device, const ExportOptions &options,
		     Random random)
{
	need_kind(device, options.via);
	std::optional<StoreId> idle;
	for (const Backstore &store : scene.lio.stores) {
		if (!leads_to(store, device))
			continue;
		if (auto found = existing(scene, store.id, options)) {
			found->wanted.pdevname = device.node;
			return *std::move(found);
		}
		need_free(scene.users.of(store), scene.guest.domain, options.share, called(device));
		const bool passes = store.id.plugin() == "pscsi";
		const bool fits = options.via == Via::fitting ? passes || !device.zoned
							      : passes == (options.via == Via::pscsi);
		if (!idle && fits)
			idle = store.id;
	}
	const bool numbered = device.numbered && device.lasting.empty();
	if (idle)
		return new_lun(scene, {*idle, device.node, device.identity, numbered, device.zoned}, options,
			       random);
	if (device.block)
		need_free(scene.users.of(*device.block), scene.guest.domain, options.share, called(device));
	if (device.image)
		need_free(scene.users.of(*device.image), scene.guest.domain, options.share, called(device));
	const MakeStore make = StoreMaker{scene.lio}.make(device, options.via);
	Export result = new_lun(scene, {make.id, device.node, device.identity, numbered, device.zoned},
				options, random);
	result.changes.insert(result.changes.begin(), make);
	return result;
}

Export export_store(const Scene &scene, const StoreName &name, const ExportOptions &options, Random random)
{
	std::vector<const Backstore *> found;
	for (const Backstore &store : scene.lio.stores)
		if (store.id.name == name.name && (name.plugin.empty() || store.id.plugin() == name.plugin))
			found.push_back(&store);
	if (found.empty())
		fail(Exit::not_found,
		     "no backstore '{}'; `targetcli ls /backstores` lists them. A device is named by its "
		     "path",
		     name.name);
	if (found.size() > 1)
		fail(Exit::usage, "there are several backstores '{}': say {}/{}", name.name,
		     found.front()->id.plugin(), name.name);
	const Backstore &store = *found.front();
	const std::string shown = to_string(store.id);
	if (auto there = existing(scene, store.id, options))
		return *std::move(there);
	need_free(scene.users.of(store), scene.guest.domain, options.share, shown);
	return new_lun(scene, {store.id, shown, store.identity, store.numbered, store.zoned}, options,
		       random);
}

Export export_lun(const Scene &scene, const LunName &name, const ExportOptions &options)
{
	std::string why;
	const LunRef ref = scene.lio.find(name, why);
	if (!ref)
		fail(Exit::not_found, "{}: {}", to_string(name), why);
	const bool ours = names_domain(ref.tpg->domain, scene.guest.domain);
	if (!ref.tpg->domain.empty() && !ours)
		fail(Exit::in_use,
		     "{} belongs to {}: its portal group is bound to it (param/domain). Detach it there and "
		     "bind "
		     "it anew",
		     to_string(name), ref.tpg->domain);
	if (!ref.lun->another.empty())
		fail(Exit::refused, "{}: {}", to_string(name), ref.lun->another);
	if (options.read_only && !ref.tpg->write_protected)
		fail(Exit::in_use,
		     "{} can be written by {}: its portal group is not write-protected. Detach it, and "
		     "attach "
		     "the device with --read-only, or set attribute demo_mode_write_protect=1 of the group",
		     to_string(name), scene.guest.domain.name);

	Export result{{}, {ref.tpg->name_of(*ref.lun), device_name(scene.lio, *ref.lun), {}, true}, {}};
	for (const Wanted &item : scene.assigned.wanted) {
		if (item.pdev != result.wanted.pdev)
			continue;
		// Bound already: it has its v-dev, which can only be confirmed.
		if (options.vdev && *options.vdev != item.vdev)
			fail(Exit::in_use,
			     "{} has v-dev {} in {}. Leave the v-dev out, or link the LUN as {}",
			     to_string(name), to_string(item.vdev), scene.guest.domain.name,
			     link_for(*options.vdev));
		result.wanted.vdev = item.vdev;
		return result;
	}
	for (const Controller &controller : scene.guest.controllers) {
		for (const Device &device : controller.devices) {
			if (!device.vdev || lun_of(scene.lio, device).lun != ref.lun)
				continue;
			if (options.vdev && *options.vdev != *device.vdev)
				fail(Exit::in_use, "{} is attached to {} already, as {}", to_string(name),
				     scene.guest.domain.name, to_string(*device.vdev));
			result.wanted.vdev = *device.vdev;
			result.wanted.managed = device.managed;
			return result;
		}
	}
	if (const Backstore *const store = scene.lio.store_of(ref.lun->store)) {
		need_zones(store->zoned, store->id, to_string(name));
		need_free(scene.users.of(*store), scene.guest.domain, options.share, to_string(name));
	}
	if (ours)
		fail(Exit::in_use, "{} has no v-dev in {}; `xl-vscsi status` says why", to_string(name),
		     scene.guest.domain.name);
	result.wanted.managed = options.bind;
	if (options.bind)
		result.changes.emplace_back(
			BindTpg{ref.tpg->id,
				options.binding.empty() ? scene.guest.domain.name : options.binding,
				{}});
	const auto fixed = vdev_of_link(ref.lun->link);
	result.wanted.vdev =
		choose_vdev(scene, ref.tpg, false, ref.lun->number, options.vdev ? options.vdev : fixed);
	return result;
}

} // namespace vscsi
