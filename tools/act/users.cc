// SPDX-License-Identifier: GPL-2.0
#include "act/users.hpp"

#include <algorithm>
#include <charconv>
#include <set>

#include <fmt/core.h>

#include "act/guests.hpp"

namespace vscsi
{

namespace
{

constexpr std::string_view vbd_root = "/local/domain/0/backend/vbd";

// Guests of this fabric that have the LUN, and those that will as soon as they run.
void add_guests(const Host &host, const Lio &lio, Users &users)
{
	LunFinder finder{lio};
	std::set<const Tpg *> at_home; // whose own guest has any of its LUNs
	const std::vector<Domain> domains = find_domains(host.store, served(host.store, 0));
	for (const Guest &guest : read_guests(host.store, Txn::none, domains, 0))
		for (const Controller &controller : guest.controllers)
			for (const Device &device : controller.devices) {
				const auto name = parse_lun_name(device.pdev);
				const LunRef ref = name ? finder.find(*name) : LunRef{};
				if (!ref)
					continue;
				users.stores.emplace(
					ref.lun->store,
					User{User::Kind::guest, guest.domain.name, guest.domain.uuid,
					     device.vdev ? to_string(*device.vdev) : device.pdev});
				// It may have been renamed since.
				if (names_domain(ref.tpg->domain, guest.domain) ||
				    (!device.binding.empty() && device.binding == ref.tpg->domain))
					at_home.insert(ref.tpg);
			}
	for (const Tpg &tpg : lio.tpgs) {
		if (tpg.domain.empty() || at_home.contains(&tpg))
			continue;
		for (const Lun &lun : tpg.luns)
			users.stores.emplace(
				lun.store,
				User{User::Kind::guest, tpg.domain, {}, to_string(tpg.name_of(lun)), false});
	}
}

std::optional<BlockNumber> parse_physical(std::string_view text)
{
	const std::size_t colon = text.find(':');
	if (colon == std::string_view::npos)
		return {};
	const auto hexadecimal = [](std::string_view digits) -> std::optional<unsigned> {
		unsigned value = 0;
		const auto [end, error] =
			std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
		if (error != std::errc{} || end != digits.data() + digits.size())
			return {};
		return value;
	};
	const auto major = hexadecimal(text.substr(0, colon));
	const auto minor = hexadecimal(text.substr(colon + 1));
	if (!major || !minor)
		return {};
	return BlockNumber{*major, *minor};
}

// blkback opens a device beside others.
void add_vbds(const Host &host, Users &users)
{
	std::vector<DomId> ids;
	std::vector<std::string> paths;
	for (const std::string &name : host.store.list(Txn::none, std::string{vbd_root}))
		if (const auto id = parse_number(name, UINT16_MAX)) {
			ids.push_back(static_cast<DomId>(*id));
			paths.push_back(fmt::format("{}/{}", vbd_root, name));
		}
	const auto names = host.store.list_all(Txn::none, paths);
	std::vector<std::pair<DomId, std::string>> disks;
	std::vector<std::string> nodes;
	for (std::size_t at = 0; at < ids.size(); ++at)
		for (const std::string &name : names[at]) {
			disks.emplace_back(ids[at], name);
			for (const char *const node : {"physical-device", "dev"})
				nodes.push_back(fmt::format("{}/{}/{}", paths[at], name, node));
		}
	const auto values = host.store.read_all(Txn::none, nodes);
	const std::vector<Domain> domains = find_domains(host.store, ids);
	for (std::size_t at = 0; at < disks.size(); ++at) {
		const auto block = parse_physical(values[2 * at].value_or(""));
		const auto domain = std::ranges::find(domains, disks[at].first, &Domain::id);
		if (block && domain != domains.end())
			users.blocks.emplace(*block, User{User::Kind::vbd, domain->name, domain->uuid,
							  values[2 * at + 1].value_or(disks[at].second)});
	}
}

// What part of a disk is used keeps the whole from others, and the reverse.
void spread_over_partitions(const Host &host, Users &users)
{
	std::vector<std::pair<BlockNumber, User>> more;
	for (const auto &[part, whole] : host.sysfs.partitions()) {
		for (const User &user : users.of(part))
			more.emplace_back(whole, user);
		for (const User &user : users.of(whole))
			more.emplace_back(part, user);
	}
	users.blocks.insert(more.begin(), more.end());
}

} // namespace

Users read_users(const Host &host, const Lio &lio)
{
	Users users;
	add_guests(host, lio, users);
	for (const auto &[store, fabric] : lio.others)
		users.stores.emplace(store, User{User::Kind::fabric, {}, {}, fabric});
	add_vbds(host, users);
	for (const auto &[block, as] : host.sysfs.held_by_host())
		users.blocks.emplace(block, User{User::Kind::host, {}, {}, as});
	spread_over_partitions(host, users);
	return users;
}

std::vector<User> users_of(const Host &host, const Lio &lio, const StoreId &store)
{
	const Backstore *const found = lio.store_of(store);
	const Users users = read_users(host, lio);
	return found ? users.of(*found) : users.of(store);
}

} // namespace vscsi
