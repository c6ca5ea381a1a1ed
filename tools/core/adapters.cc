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

// Where the guest sees a device: as it is here, or, by a vport, under a number of its target port that
// does not follow the order in which this host has found them.
Vdev place_of(const Adapter &adapter, const std::vector<Wwn> &targets, const HostDevice &device,
	      unsigned controller)
{
	const Hctl &address = *device.scsi;
	if (!adapter.vport)
		return {controller, address.channel, address.target, static_cast<unsigned>(address.lun)};
	const auto target = std::ranges::find(targets, device.target_port);
	return {controller, 0, static_cast<unsigned>(target - targets.begin()),
		static_cast<unsigned>(address.lun)};
}

// The backstore that is there for it.
std::optional<StoreId> store_of(const Lio &lio, const Adapter &adapter, const HostDevice &device)
{
	for (const Backstore &item : lio.stores)
		if (item.scsi == device.scsi &&
		    (!adapter.vport || item.id.name == vport_store_name(device, adapter.vport)))
			return item.id;
	return {};
}

// A backstore of its name leads elsewhere still: to what was at its place before a new login.
bool has_predecessor(const Lio &lio, const Adapter &adapter, const HostDevice &device)
{
	return adapter.vport && std::ranges::any_of(lio.stores, [&](const Backstore &item) {
		       return item.scsi != device.scsi &&
			      item.id.name == vport_store_name(device, adapter.vport);
	       });
}

} // namespace

std::vector<Wwn> target_order(const Adapter &adapter)
{
	std::vector<Wwn> targets = adapter.targets;
	for (const HostDevice &device : adapter.devices)
		if (device.target_port && std::ranges::find(targets, device.target_port) == targets.end())
			targets.push_back(device.target_port);
	return targets;
}

std::vector<Change> follow_adapter(const Lio &lio, const Tpg &tpg, const Adapter &adapter)
{
	std::vector<Change> changes;
	std::set<Hctl> there;
	Taken used;
	std::set<unsigned> luns;
	unsigned controller = adapter.controller ? *adapter.controller : unused_controller(lio, tpg);
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
	const std::vector<Wwn> targets = target_order(adapter);
	unsigned number = 0;
	for (const HostDevice &device : adapter.devices) {
		// One that was only just found has no node yet; the next pass has it.
		if (there.contains(*device.scsi) || device.node.empty() ||
		    has_predecessor(lio, adapter, device))
			continue;
		while (luns.contains(number))
			++number;
		luns.insert(number);
		std::optional<StoreId> store = store_of(lio, adapter, device);
		if (!store) {
			const MakeStore make = adapter.vport ? maker.make_for_vport(device, adapter.vport)
							     : maker.make(device, Via::pscsi);
			store = make.id;
			changes.emplace_back(make);
		}
		// The guest sees the adapter as it is, where its frontend can.
		Vdev vdev = place_of(adapter, targets, device, controller);
		if (vdev.channel != 0 || vdev.target >= frontend_targets ||
		    device.scsi->lun >= frontend_luns || used.contains(vdev))
			vdev = used.free_vdev(controller, number);
		used.insert(vdev);
		changes.emplace_back(MakeLun{tpg.id, number,
					     link_for(vdev, kept_by_link(*store, device.identity)), *store});
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
