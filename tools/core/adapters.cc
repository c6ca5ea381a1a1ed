// SPDX-License-Identifier: GPL-2.0
#include "core/adapters.hpp"

#include <algorithm>
#include <set>

#include "core/failure.hpp"
#include "core/storemaker.hpp"

namespace vscsi
{

namespace
{

// For an adapter that has no device yet.
unsigned unused_controller(const Lio &lio, const Tpg &tpg)
{
	Taken used;
	for (const Tpg &other : lio.tpgs)
		if (other.domain == tpg.domain)
			for (const Lun &lun : other.luns)
				if (const auto vdev = vdev_of_link(lun.link))
					used.insert(*vdev);
	return used.free_controller();
}

} // namespace

std::vector<Change> follow_adapter(const Lio &lio, const Tpg &tpg, const Adapter &adapter)
{
	std::vector<Change> changes;
	Lio after = lio;
	std::set<Hctl> there;
	Taken used;
	std::set<unsigned> luns;
	unsigned controller = unused_controller(lio, tpg);
	for (const Lun &lun : tpg.luns) {
		luns.insert(lun.number);
		const Backstore *const store = lio.store_of(lun.store);
		const auto vdev = vdev_of_link(lun.link);
		if (vdev) {
			used.insert(*vdev);
			controller = vdev->host;
		}
		const bool gone =
			store && store->scsi &&
			(lun.surely || std::ranges::none_of(adapter.devices, [&](const HostDevice &device) {
				 return device.scsi == store->scsi;
			 }));
		if (gone)
			for (const Change &change : plan_removal(lio, tpg.id, lun.number))
				changes.push_back(change);
		// One that was replaced comes when the LUN of its predecessor is gone.
		if (store && store->scsi)
			there.insert(*store->scsi);
	}
	StoreMaker maker{lio};
	unsigned number = 0;
	for (const HostDevice &device : adapter.devices) {
		// One that was only just found has no node yet; the next pass has it.
		if (there.contains(*device.scsi) || device.node.empty())
			continue;
		while (luns.contains(number))
			++number;
		luns.insert(number);
		StoreId store;
		for (const Backstore &item : lio.stores)
			if (item.scsi == device.scsi)
				store = item.id;
		if (store.name.empty()) {
			const MakeStore make = maker.make(device, Via::pscsi);
			store = make.id;
			changes.emplace_back(make);
		}
		// The guest sees the adapter as it is, where its frontend can.
		const Hctl &address = *device.scsi;
		Vdev vdev{controller, 0, address.target, static_cast<unsigned>(address.lun)};
		if (address.channel != 0 || address.target >= frontend_targets ||
		    address.lun >= frontend_luns || used.contains(vdev))
			vdev = used.free_vdev(controller, number);
		used.insert(vdev);
		changes.emplace_back(
			MakeLun{tpg.id, number, link_for(vdev, kept_by_link(store, device.identity)), store});
	}
	return changes;
}

AdapterPlan export_adapter(const Scene &scene, const Adapter &adapter, const ExportOptions &options,
			   Random random)
{
	if (const Tpg *const found = tpg_of_adapter(scene.lio, adapter.identity)) {
		if (!names_domain(found->domain, scene.guest.domain))
			fail(Exit::in_use, "host:{} belongs to {}. Detach it there first", adapter.number,
			     found->domain);
		return {follow_adapter(scene.lio, *found, adapter), found->id};
	}
	need_binding(scene.lio);
	for (const HostDevice &device : adapter.devices) {
		const std::string name =
			fmt::format("host:{}: its device {}", adapter.number, to_string(*device.scsi));
		for (const Backstore &store : scene.lio.stores)
			if (leads_to(store, device))
				need_free(scene.users.of(store), scene.guest.domain, options.share, name);
		if (device.block)
			need_free(scene.users.of(*device.block), scene.guest.domain, options.share, name);
	}
	const std::string alias = adapter_alias(adapter.identity);
	const MakeTpg make = new_tpg(scene, alias, options, random);
	Tpg empty{make.id, alias, make.domain, options.ring_per_lun, true, {}};
	// follow_adapter() takes the controller from the links that are there.
	const unsigned controller = options.vdev
					    ? options.vdev->host
					    : taken(scene.guest, scene.assigned.wanted).free_controller();
	AdapterPlan plan{{make}, make.id};
	for (Change change : follow_adapter(scene.lio, empty, adapter)) {
		if (auto *lun = std::get_if<MakeLun>(&change)) {
			Vdev vdev = *vdev_of_link(lun->link);
			vdev.host = controller;
			lun->link = link_for(vdev, identity_of_link(lun->link));
		}
		plan.changes.push_back(std::move(change));
	}
	return plan;
}

const Tpg *tpg_of_adapter(const Lio &lio, std::string_view identity)
{
	const auto found = std::ranges::find(lio.tpgs, adapter_alias(identity), &Tpg::alias);
	return found == lio.tpgs.end() ? nullptr : &*found;
}

} // namespace vscsi
