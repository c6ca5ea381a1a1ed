// SPDX-License-Identifier: GPL-2.0
#include "act/users.hpp"

#include <algorithm>
#include <charconv>
#include <set>

#include <fmt/core.h>

#include "act/guests.hpp"
#include "os/files.hpp"

namespace vscsi
{

namespace
{

// blkback's, and QEMU's, which opens files.
constexpr const char *vbd_roots[] = {"/local/domain/0/backend/vbd", "/local/domain/0/backend/qdisk"};

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

// aio:/srv/disk.img, or as it is.
std::string path_of_params(const std::string &params)
{
	const std::size_t at = params.find('/');
	return at == std::string::npos ? std::string{} : params.substr(at);
}

// Who serves these opens a device or file beside others.
void add_vbds(const Host &host, const std::string &root, Users &users)
{
	std::vector<DomId> ids;
	std::vector<std::string> paths;
	for (const std::string &name : host.store.list(Txn::none, root))
		if (const auto id = parse_number(name, UINT16_MAX)) {
			ids.push_back(static_cast<DomId>(*id));
			paths.push_back(fmt::format("{}/{}", root, name));
		}
	const auto names = host.store.list_all(Txn::none, paths);
	std::vector<std::pair<DomId, std::string>> disks;
	std::vector<std::string> nodes;
	for (std::size_t at = 0; at < ids.size(); ++at)
		for (const std::string &name : names[at]) {
			disks.emplace_back(ids[at], name);
			for (const char *const node : {"physical-device", "params", "dev"})
				nodes.push_back(fmt::format("{}/{}/{}", paths[at], name, node));
		}
	const auto values = host.store.read_all(Txn::none, nodes);
	const std::vector<Domain> domains = find_domains(host.store, ids);
	for (std::size_t at = 0; at < disks.size(); ++at) {
		const auto domain = std::ranges::find(domains, disks[at].first, &Domain::id);
		if (domain == domains.end())
			continue;
		const User user{User::Kind::vbd, domain->name, domain->uuid,
				values[3 * at + 2].value_or(disks[at].second)};
		const std::string path = path_of_params(values[3 * at + 1].value_or(""));
		auto block = parse_physical(values[3 * at].value_or(""));
		if (!block)
			block = host.sysfs.block_at(path);
		if (block)
			users.blocks.emplace(*block, user);
		else if (const auto file = file_id(path))
			users.files.emplace(*file, user);
	}
}

// Who has a file by one backstore has it for all others of the file.
void spread_over_images(const Lio &lio, Users &users)
{
	for (const Backstore &store : lio.stores)
		if (store.image)
			for (const User &user : users.of(store.id))
				users.files.emplace(*store.image, user);
}

// A loop device is its file by another name.
void spread_over_loops(const Host &host, const Lio &lio, Users &users)
{
	std::vector<std::pair<BlockNumber, User>> of_loops;
	for (const auto &[loop, file] : host.sysfs.looped()) {
		for (const User &user : users.of(file))
			of_loops.emplace_back(loop, user);
		std::vector<User> by_loop = users.of(loop);
		for (const Backstore &store : lio.stores)
			if (store.block == loop)
				std::ranges::move(users.of(store.id), std::back_inserter(by_loop));
		if (by_loop.empty())
			by_loop.push_back(
				{User::Kind::host, {}, {}, fmt::format("loop device {}", loop.minor)});
		for (const User &user : by_loop)
			users.files.emplace(file, user);
	}
	users.blocks.insert(of_loops.begin(), of_loops.end());
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
	for (const char *const root : vbd_roots)
		add_vbds(host, root, users);
	for (const auto &[block, as] : host.sysfs.held_by_host())
		users.blocks.emplace(block, User{User::Kind::host, {}, {}, as});
	for (const auto &[file, as] : host.sysfs.swap_files())
		users.files.emplace(file, User{User::Kind::host, {}, {}, as});
	spread_over_images(lio, users);
	spread_over_loops(host, lio, users);
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
