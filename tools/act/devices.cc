// SPDX-License-Identifier: GPL-2.0
#include "act/devices.hpp"

#include <map>

#include "core/failure.hpp"
#include "core/identity.hpp"

namespace vscsi
{

namespace
{

// Where the device that was meant is now, if it is anywhere.
std::string place_of(const Host &host, const std::string &identity)
{
	try {
		return "now " + describe(host.sysfs.by_identity(identity).front());
	} catch (const Failure &) {
		return "which is not there";
	}
}

std::string why_another(const Host &host, const Lun &lun, const std::string &kept, const HostDevice &device)
{
	const std::string is = device.identities.empty() ? "a device that does not say what it is"
							 : "which is " + device.identities.front();
	const std::string remedy =
		made_by_tool(lun.store)
			? fmt::format("Detach it, and attach id:{} anew", kept)
			: fmt::format("Make the backstore anew, by a link of /dev/disk/by-id or "
				      "/dev/tape/by-id, or detach the LUN and attach id:{}",
				      kept);
	return fmt::format("it was made for {} ({}), but its backstore {} leads to {}, {}. {}", kept,
			   place_of(host, kept), to_string(lun.store), describe(device), is, remedy);
}

std::string why_numbered(const Lun &lun, const Backstore &store, const HostDevice &device)
{
	const std::string keeps = device.identity.empty() ? device.lasting : device.identity;
	return fmt::format(
		"its backstore {} names the device by a number, {}, and nothing says which device "
		"that was: after a reboot it may be another. Detach it and attach it anew, so that "
		"{} is kept",
		to_string(lun.store), store.udev_path, keeps);
}

void judge(const Host &host, Lun &lun, const Backstore &store, const HostDevice &device)
{
	const std::string kept = kept_identity(lun);
	if (kept.empty()) {
		if (device.numbered && !(device.identity.empty() && device.lasting.empty()))
			lun.numbered = why_numbered(lun, store, device);
		return;
	}
	const Match match = compare_identity(kept, device.identities);
	if (match == Match::same)
		return;
	lun.another = why_another(host, lun, kept, device);
	lun.surely = match == Match::another;
}

} // namespace

Lio read_lio(const Host &host)
{
	Lio lio = host.configfs.read();
	// fileio takes block devices as well.
	for (Backstore &store : lio.stores)
		if (!store.file.empty() && !store.image)
			store.block = host.sysfs.block_at(store.file);
	const auto devices = host.sysfs.behind(lio.stores);
	std::map<StoreId, std::size_t> places;
	for (std::size_t at = 0; at < devices.size(); ++at)
		if (devices[at]) {
			lio.stores[at].identity = devices[at]->identity;
			lio.stores[at].numbered = devices[at]->numbered;
			lio.stores[at].zoned = devices[at]->zoned;
			places[lio.stores[at].id] = at;
		}
	for (Tpg &tpg : lio.tpgs)
		for (Lun &lun : tpg.luns)
			if (const auto place = places.find(lun.store); place != places.end())
				judge(host, lun, lio.stores[place->second], *devices[place->second]);
	return lio;
}

} // namespace vscsi
