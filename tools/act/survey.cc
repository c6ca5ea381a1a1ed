// SPDX-License-Identifier: GPL-2.0
#include "act/survey.hpp"

#include <algorithm>

#include "act/devices.hpp"
#include "act/guests.hpp"
#include "act/users.hpp"
#include "core/failure.hpp"
#include "core/steps.hpp"

namespace vscsi
{

namespace
{

const char *const other_driver =
	"the xen-scsiback that is loaded is the kernel's own, not this project's: portal groups cannot be "
	"bound "
	"to guests, and there are no statistics. Shut down the guests that have PV SCSI devices, or detach "
	"these, then `rmmod xen-scsiback && modprobe xen-scsiback`, or restart this host. `modinfo -n "
	"xen-scsiback` must name the one in updates/";

ListedDevice listed(const Lio &lio, const Device &device)
{
	ListedDevice item{device, {}, {}, {}};
	if (const LunRef ref = lun_of(lio, device)) {
		item.lun = ref.tpg->name_of(*ref.lun);
		item.another = ref.lun->another;
		if (const Backstore *const store = lio.store_of(ref.lun->store)) {
			item.physical = store->scsi;
			item.reach = reach_of(*store);
		}
	}
	return item;
}

std::vector<ListedRefusal> refused_of(const Lio &lio, const Guest &guest)
{
	std::vector<ListedRefusal> found;
	std::vector<Refused> all = assign(lio, guest).refused;
	found.reserve(all.size());
	for (Refused &refused : all) {
		const LunRef ref = lio.find(refused.wanted.pdev);
		const Backstore *const store = ref ? lio.store_of(ref.lun->store) : nullptr;
		found.push_back({std::move(refused), store ? store->scsi : std::nullopt,
				 store ? std::optional{reach_of(*store)} : std::nullopt});
	}
	return found;
}

// Vports by what is asked for them.
class VportIndex
{
public:
	explicit VportIndex(std::vector<VportStatus> all) : m_all{std::move(all)}
	{
		for (const VportStatus &one : m_all) {
			m_by_tpg.emplace(one.tpg, &one);
			if (one.controller)
				m_by_controller.emplace(std::pair{one.domain, *one.controller}, &one);
		}
	}
	VportIndex(const VportIndex &) = delete;
	VportIndex &operator=(const VportIndex &) = delete;

	const VportStatus *of(const TpgId &tpg) const { return found(m_by_tpg, tpg); }
	// Whose LUNs a controller of a guest has.
	const VportStatus *of(const Domain &domain, const ListedController &entry) const
	{
		for (const ListedDevice &item : entry.devices)
			if (item.lun && item.lun->tpgt)
				if (const VportStatus *const one = of({item.lun->port, *item.lun->tpgt}))
					return one;
		if (!entry.devices.empty())
			return nullptr;
		const VportStatus *const named =
			found(m_by_controller, {domain.name, entry.controller.number});
		return named ? named : found(m_by_controller, {domain.uuid, entry.controller.number});
	}

private:
	template <typename Key>
	static const VportStatus *found(const std::map<Key, const VportStatus *> &index, const Key &key)
	{
		const auto entry = index.find(key);
		return entry == index.end() ? nullptr : entry->second;
	}
	std::vector<VportStatus> m_all;
	std::map<TpgId, const VportStatus *> m_by_tpg;
	std::map<std::pair<std::string, unsigned>, const VportStatus *> m_by_controller;
};

// In the order of the domains, with what each server has for them.
std::vector<ListedGuest> listed(const Host &host, const Lio &lio, const std::vector<Domain> &domains,
				const std::vector<DomId> &servers)
{
	const VportIndex ports{vports(host, lio, {}, VportDetail::brief)};
	std::vector<ListedGuest> items;
	for (const Domain &domain : domains)
		items.push_back({domain, true, {}, {}});
	const std::vector<Guest> own = read_guests(host.store, Txn::none, domains, 0);
	for (std::size_t at = 0; at < own.size(); ++at)
		items[at].refused = refused_of(lio, own[at]);
	for (const DomId server : servers) {
		const std::vector<Guest> guests = read_guests(host.store, Txn::none, domains, server);
		for (std::size_t at = 0; at < guests.size(); ++at) {
			for (const Controller &controller : guests[at].controllers) {
				ListedController entry{controller, {}};
				for (const Device &device : controller.devices)
					entry.devices.push_back(listed(server == 0 ? lio : Lio{}, device));
				if (const VportStatus *const port =
					    server == 0 ? ports.of(domains[at], entry) : nullptr)
					entry.vport = *port;
				items[at].controllers.push_back(std::move(entry));
			}
		}
	}
	return items;
}

void look_at_devices(const ListedGuest &guest, std::vector<std::string> &problems)
{
	if (!guest.running) {
		problems.push_back(
			fmt::format("domain {} is gone, but its PV SCSI directories are not. The daemon "
				    "xen-vscsid removes them",
				    guest.domain.id));
		return;
	}
	for (const ListedController &controller : guest.controllers)
		for (const ListedDevice &item : controller.devices)
			if (item.device.state != State::closed && !item.device.error.empty())
				problems.push_back(fmt::format(
					"{}: {} as {} waits: {}. If it stays so, the device hangs: look at "
					"it, or reset it",
					guest.domain.name, item.device.pdev,
					item.device.vdev ? to_string(*item.device.vdev) : "-",
					item.device.error));
			else if (item.device.state == State::closed)
				problems.push_back(fmt::format(
					"{}: {} as {} was refused: {}. Put that right, then detach and "
					"attach it",
					guest.domain.name, item.device.pdev,
					item.device.vdev ? to_string(*item.device.vdev) : "-",
					item.device.error.empty() ? "no reason given" : item.device.error));
}

// Those of a portal group that is bound are judged with its guest.
void look_at_luns(const Tpg &tpg, std::vector<std::string> &problems)
{
	for (const Lun &lun : tpg.luns)
		for (const std::string &text :
		     {tpg.domain.empty() ? lun.another : std::string{}, lun.numbered})
			if (!text.empty())
				problems.push_back(fmt::format("{}{}{}: {}", to_string(tpg.name_of(lun)),
							       tpg.domain.empty() ? "" : " of ", tpg.domain,
							       text));
}

// What a line with a number means now, if it does; empty if it has none.
std::string meant_by(const Host &host, const Source &source)
{
	if (const auto *adapter = std::get_if<HostAdapter>(&source))
		return "adapter:" + host.sysfs.adapter(adapter->number).identity;
	std::optional<HostDevice> device;
	if (const auto *address = std::get_if<Hctl>(&source))
		device = host.sysfs.by_address(*address);
	else if (const auto *path = std::get_if<DevicePath>(&source))
		device = host.sysfs.by_path(path->path);
	if (!device || !device->numbered || device->identity.empty())
		return {};
	return "id:" + device->identity;
}

} // namespace

void look_at_lines(const Host &host, const std::vector<DomainConfig> &configured,
		   std::vector<std::string> &problems)
{
	const auto look = [&](const DomainConfig &config, const std::string &pdev) {
		const std::string now = meant_by(host, parse_source(pdev));
		if (now.empty())
			return;
		const std::string kind = now.substr(0, now.find(':') + 1);
		const std::string known = host.memory().of(config.name, pdev);
		const std::string was =
			known.empty() || kind + known == now
				? std::string{}
				: fmt::format(", and {}{} when {} had it last", kind, known, config.name);
		problems.push_back(fmt::format("{}: vscsi names {}, a number that may be another's after a "
					       "reboot: it is {} now{}. Write that, or a link that lasts",
					       config.file, pdev, now, was));
	};
	for (const DomainConfig &config : configured)
		for (const std::string &text : config.vscsi) {
			try {
				look(config, parse_vscsi_line(text).pdev);
			} catch (const Failure &) {
				continue; // It is not there.
			}
		}
}

std::vector<ListedGuest> survey(const Host &host, const std::vector<std::string> &names)
{
	const Lio lio = read_lio(host);
	const std::vector<DomId> servers = backends(host.store);
	std::vector<Domain> domains;
	if (!names.empty()) {
		for (const std::string &name : names)
			domains.push_back(expect_domain(host.store, name));
		return listed(host, lio, domains, servers);
	}
	std::set<DomId> ids;
	for (const DomId server : servers)
		for (const DomId id : served(host.store, server))
			ids.insert(id);
	for (const Domain &domain : list_domains(host.store))
		if (bound(lio, domain) && domain.id != 0)
			ids.insert(domain.id);
	const std::vector<DomId> wanted(ids.begin(), ids.end());
	const std::vector<Domain> running = find_domains(host.store, wanted);
	for (const DomId id : wanted) {
		const auto domain = std::ranges::find(running, id, &Domain::id);
		domains.push_back(domain == running.end() ? Domain{id, {}, {}} : *domain);
	}
	std::vector<ListedGuest> found = listed(host, lio, domains, servers);
	for (ListedGuest &item : found)
		item.running = std::ranges::find(running, item.domain.id, &Domain::id) != running.end();
	std::erase_if(found, [](const ListedGuest &item) {
		return item.running && item.controllers.empty() && item.refused.empty();
	});
	return found;
}

std::vector<HostDevice> find_devices(const Sysfs &sysfs, const std::vector<std::string> &names)
{
	if (names.empty())
		return sysfs.devices();
	std::vector<HostDevice> found;
	for (const std::string &name : names) {
		const Source source = parse_source(name);
		if (const auto *path = std::get_if<DevicePath>(&source))
			found.push_back(sysfs.by_path(path->path));
		else if (const auto *address = std::get_if<Hctl>(&source))
			found.push_back(sysfs.by_address(*address));
		else if (const auto *identity = std::get_if<DeviceIdentity>(&source))
			std::ranges::move(sysfs.by_identity(identity->text), std::back_inserter(found));
		else
			fail(Exit::usage, "'{}': say /dev/..., h:c:t:l or id:IDENTITY", name);
	}
	return found;
}

std::vector<std::vector<User>> users_of_devices(const Host &host, const std::vector<HostDevice> &devices)
{
	const Lio lio = read_lio(host);
	const Users users = read_users(host, lio);
	std::vector<std::vector<User>> found;
	for (const HostDevice &device : devices) {
		std::vector<User> all;
		for (const Backstore &store : lio.stores)
			if (leads_to(store, device))
				std::ranges::move(users.of(store.id), std::back_inserter(all));
		if (device.block)
			std::ranges::move(users.of(*device.block), std::back_inserter(all));
		// Which has those of its backstores.
		if (device.image)
			all = users.of(*device.image);
		found.push_back(std::move(all));
	}
	return found;
}

Status status(const Host &host)
{
	Status result;
	result.module = host.sysfs.module_loaded();
	if (!result.module)
		result.problems.emplace_back("the module is not loaded: modprobe xen-scsiback");
	result.ours = host.sysfs.module_is_ours();
	if (result.module && !result.ours)
		result.problems.emplace_back(other_driver);
	result.daemon = std::filesystem::exists(host.daemon_lock()) && !Lock::attempt(host.daemon_lock());
	if (!result.daemon)
		result.problems.emplace_back("the daemon does not run, so nothing follows the configuration: "
					     "systemctl start xen-vscsid");

	const Lio lio = read_lio(host);
	const std::vector<Domain> domains = list_domains(host.store);
	std::ranges::copy_if(domains, std::back_inserter(result.domains),
			     [](const Domain &domain) { return domain.id != 0; });
	std::set<std::string> seen;
	const VportIndex ports{vports(host, lio, {}, VportDetail::whole)};
	for (const Tpg &tpg : lio.tpgs) {
		TpgStatus item{tpg, {}, {}, host.configfs.guests(tpg.id)};
		const auto domain = std::ranges::find_if(
			domains, [&](const Domain &one) { return names_domain(tpg.domain, one); });
		Domain named{0, tpg.domain, tpg.domain};
		if (domain != domains.end())
			named = item.domain.emplace(*domain);
		if (const VportStatus *const port = ports.of(tpg.id))
			item.vport = *port;
		for (const Lun &lun : tpg.luns)
			if (const Backstore *const store = lio.store_of(lun.store))
				item.reach.emplace(lun.number, reach_of(*store));
		look_at_luns(tpg, result.problems);
		if (!tpg.domain.empty()) {
			const Guest guest =
				item.domain ? read_guest(host.store, Txn::none, named, 0) : Guest{named, {}};
			const Assignment assignment = assign(lio, guest);
			for (const Wanted &wanted : assignment.wanted)
				if (wanted.pdev.port == tpg.id.wwn && wanted.pdev.tpgt == tpg.id.tpgt)
					item.devices.push_back(wanted);
			if (seen.insert(named.name).second)
				std::ranges::copy(assignment.problems, std::back_inserter(result.problems));
		}
		result.tpgs.push_back(std::move(item));
	}
	for (const Guest &guest : read_guests(host.store, Txn::none, result.domains, 0))
		for (const auto &[vdev, why] : kept_after_rename(lio, guest, result.domains))
			result.problems.push_back(why);
	result.shared = shared_stores(lio, read_users(host, lio), host.sharing());
	for (const SharedStore &shared : result.shared)
		if (!shared.on_purpose)
			result.problems.push_back(
				fmt::format("{} is used by {}, and nobody said that they may do so at once. "
					    "Detach it from all but one, or attach it again with --share",
					    to_string(shared.store), to_string(shared.users)));
	result.guests = survey(host, {});
	for (const ListedGuest &guest : result.guests)
		look_at_devices(guest, result.problems);
	return result;
}

} // namespace vscsi
