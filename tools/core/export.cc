// SPDX-License-Identifier: GPL-2.0
#include "core/export.hpp"

#include <algorithm>
#include <cctype>
#include <set>

#include "core/failure.hpp"
#include "core/hash.hpp"

namespace vscsi
{

namespace
{

bool is_disk(unsigned type)
{
	constexpr unsigned optical_memory = 7;
	constexpr unsigned simplified = 14;
	return type == type_disk || type == optical_memory || type == simplified;
}

// By another backstore than pscsi a guest takes it for a disk that can be written anywhere.
void need_zones(bool zoned, const StoreId &store, const std::string &name)
{
	if (zoned && store.plugin() != "pscsi")
		fail(Exit::usage,
		     "{} is zoned: pass it through (pscsi), or put dm-zoned over it. By {} a guest does not "
		     "hear of zones, and its writes would fail",
		     name, store.plugin());
}

// `auto-` and what the device is, or is called, in letters that LIO's tools take.
std::string store_name(const Lio &lio, const std::set<std::string> &planned, const HostDevice &device)
{
	std::string base = device.identity;
	if (base.empty())
		for (const char letter : device.node.substr(device.node.starts_with("/dev/") ? 5 : 0))
			base += std::isalnum(static_cast<unsigned char>(letter)) ? letter : '-';
	const auto used = [&](const std::string &name) {
		return planned.contains(name) || std::ranges::any_of(lio.stores, [&](const Backstore &store) {
			       return store.id.name == name;
		       });
	};
	std::string name = fmt::format("{}{}", auto_prefix, base);
	// In front, where it is no part of an identity.
	for (unsigned number = 2; used(name); ++number)
		name = fmt::format("{}{}-{}", auto_prefix, number, base);
	return name;
}

std::string free_hba(const Lio &lio, const std::set<std::string> &planned, std::string_view plugin)
{
	for (unsigned number = 0;; ++number) {
		std::string hba = fmt::format("{}_{}", plugin, number);
		const bool used =
			planned.contains(hba) || std::ranges::any_of(lio.stores, [&](const Backstore &store) {
				return store.id.hba == hba;
			});
		if (!used)
			return hba;
	}
}

// A UUID of the device's identity, so that the guest finds the same disk again.
std::string serial_of(const std::string &identity)
{
	const std::uint64_t high = stable_hash(identity);
	const std::uint64_t low = stable_hash(identity + "/serial");
	return fmt::format("{:08x}-{:04x}-8{:03x}-8{:03x}-{:012x}", high >> 32, (high >> 16) & 0xffff,
			   high & 0xfff, low >> 52, low & 0xffffffffffff);
}

class StoreMaker
{
public:
	explicit StoreMaker(const Lio &lio) : m_lio{lio} {}

	MakeStore make(const HostDevice &device, Via via)
	{
		const bool pass = via == Via::pscsi ||
				  (via == Via::fitting && (!is_disk(device.type) || !device.block));
		if (pass && (!device.scsi || !device.whole))
			fail(Exit::usage,
			     "{} is no whole SCSI device, so it cannot be passed through. Leave out "
			     "--backstore pscsi",
			     device.node);
		if (!pass)
			need_zones(device.zoned, {"iblock_0", {}}, device.node);
		if (!pass && (!device.block || !is_disk(device.type)))
			fail(Exit::usage,
			     "{} is no disk, so it can only be passed through. Leave out --backstore block",
			     device.node);
		if (device.node.empty())
			fail(Exit::failed, "{}: has no device node; load the driver sg",
			     to_string(*device.scsi));
		MakeStore store{{free_hba(m_lio, m_hbas, pass ? "pscsi" : "iblock"),
				 store_name(m_lio, m_names, device)},
				lasting_path(device),
				pass ? pass_control(*device.scsi) : block_control(device),
				pass ? std::string{} : serial_of(device.serial_seed)};
		m_hbas.insert(store.id.hba);
		m_names.insert(store.id.name);
		return store;
	}

private:
	// It is saved, and looked up again.
	static const std::string &lasting_path(const HostDevice &device)
	{
		return device.lasting.empty() ? device.node : device.lasting;
	}

	static std::string pass_control(const Hctl &address)
	{
		return fmt::format("scsi_host_id={},scsi_channel_id={},scsi_target_id={},scsi_lun_id={}",
				   address.host, address.channel, address.target, address.lun);
	}

	static std::string block_control(const HostDevice &device)
	{
		return fmt::format("udev_path={}{}", lasting_path(device),
				   device.read_only ? ",readonly=1" : "");
	}

	const Lio &m_lio;
	std::set<std::string> m_hbas;
	std::set<std::string> m_names;
};

MakeTpg new_tpg(const Scene &scene, const std::string &alias, bool ring_per_lun, Random random)
{
	// An NAA IEEE Registered name of Xen's OUI.
	constexpr std::uint64_t vendor_bits = (std::uint64_t{1} << 36) - 1;
	for (;;) {
		const std::string wwn = fmt::format("naa.500163e{:09x}", random() & vendor_bits);
		const bool used = std::ranges::any_of(scene.lio.tpgs,
						      [&](const Tpg &tpg) { return tpg.id.wwn == wwn; });
		if (used)
			continue;
		return {{wwn, 1},
			alias.empty() ? std::string{auto_prefix} + wwn.substr(wwn.size() - 9) : alias,
			scene.guest.domain.name,
			ring_per_lun};
	}
}

// The tool's own portal group of the guest, if there is one already.
const Tpg *own_tpg(const Scene &scene, bool ring_per_lun)
{
	for (const Tpg &tpg : scene.lio.tpgs)
		if (tpg.alias.starts_with(auto_prefix) && tpg.ring_per_lun == ring_per_lun &&
		    names_domain(tpg.domain, scene.guest.domain))
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
	const Taken all = taken(scene.guest, places);
	if (asked) {
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
				return free_vdev(all, item.vdev.host, lun);
	return free_vdev(all, free_controller(all), lun);
}

// The device is exported already, in a way that serves this guest.
std::optional<Export> existing(const Scene &scene, const StoreId &store, const ExportOptions &options,
			       const std::string &name)
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
	if (!found.empty() && !options.share)
		fail(Exit::in_use,
		     "{} belongs to {} ({}). Detach it there first, or say --share if both guests are meant "
		     "to "
		     "use it at once",
		     name, found.front().tpg->domain,
		     to_string(found.front().tpg->name_of(*found.front().lun)));
	return {};
}

// A number alone is no name.
std::string called(const HostDevice &device)
{
	return device.numbered && !device.identity.empty()
		       ? fmt::format("{}, which is {},", device.node, device.identity)
		       : device.node;
}

void need_binding(const Lio &lio)
{
	for (const Tpg &tpg : lio.tpgs)
		if (!tpg.can_bind)
			fail(Exit::environment, "the module xen-scsiback that is loaded cannot bind portal "
						"groups to guests. Load the "
						"one of this project");
}

// What a LUN's link has to keep, if the backstore's name does not.
std::string kept_by_link(const StoreId &store, const std::string &identity)
{
	return identity_of_name(store.name) == identity ? std::string{} : identity;
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
	const Tpg *const tpg = own_tpg(scene, options.ring_per_lun);
	const unsigned lun = tpg ? free_lun(*tpg) : 0;
	TpgId id;
	if (tpg) {
		id = tpg->id;
	} else {
		const MakeTpg make = new_tpg(scene, {}, options.ring_per_lun, random);
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
	std::optional<StoreId> idle;
	for (const Backstore &store : scene.lio.stores) {
		if (!leads_to(store, device))
			continue;
		if (auto found = existing(scene, store.id, options, called(device))) {
			found->wanted.pdevname = device.node;
			return *std::move(found);
		}
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
	if (auto there = existing(scene, store.id, options, shown))
		return *std::move(there);
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
	if (const Backstore *const store = scene.lio.store_of(ref.lun->store))
		need_zones(store->zoned, store->id, to_string(name));
	if (ours)
		fail(Exit::in_use, "{} has no v-dev in {}; `xl-vscsi status` says why", to_string(name),
		     scene.guest.domain.name);
	result.wanted.managed = options.bind;
	if (options.bind)
		result.changes.emplace_back(BindTpg{ref.tpg->id, scene.guest.domain.name, {}});
	const auto fixed = vdev_of_link(ref.lun->link);
	result.wanted.vdev =
		choose_vdev(scene, ref.tpg, false, ref.lun->number, options.vdev ? options.vdev : fixed);
	return result;
}

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
	return free_controller(used);
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
			vdev = free_vdev(used, controller, number);
		used.insert(vdev);
		changes.emplace_back(
			MakeLun{tpg.id, number, link_for(vdev, kept_by_link(store, device.identity)), store});
	}
	return changes;
}

AdapterPlan export_adapter(const Scene &scene, const Adapter &adapter, const ExportOptions &options,
			   Random random)
{
	const std::string alias = adapter_alias(adapter.identity);
	const auto found = std::ranges::find(scene.lio.tpgs, alias, &Tpg::alias);
	if (found != scene.lio.tpgs.end()) {
		if (!names_domain(found->domain, scene.guest.domain))
			fail(Exit::in_use, "host:{} belongs to {}. Detach it there first", adapter.number,
			     found->domain);
		return {follow_adapter(scene.lio, *found, adapter), found->id};
	}
	need_binding(scene.lio);
	for (const HostDevice &device : adapter.devices)
		for (const Backstore &store : scene.lio.stores)
			if (leads_to(store, device) && scene.lio.exported(store.id) && !options.share)
				fail(Exit::in_use,
				     "host:{}: its device {} is exported already, as backstore {}. "
				     "Detach it first, or say --share",
				     adapter.number, to_string(*device.scsi), store.id.name);
	const MakeTpg make = new_tpg(scene, alias, options.ring_per_lun, random);
	Tpg empty{make.id, alias, make.domain, options.ring_per_lun, true, {}};
	// follow_adapter() takes the controller from the links that are there.
	const unsigned controller = options.vdev ? options.vdev->host
						 : free_controller(taken(scene.guest, scene.assigned.wanted));
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

} // namespace vscsi
