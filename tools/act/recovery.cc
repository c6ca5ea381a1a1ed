// SPDX-License-Identifier: GPL-2.0
#include "act/recovery.hpp"

#include <algorithm>

#include "act/converge.hpp"
#include "act/guests.hpp"
#include "core/failure.hpp"
#include "os/files.hpp"

namespace vscsi
{

namespace
{

bool runs(const Host &host, const Given &given)
{
	const auto domain = find_domain(host.store, given.domain.id);
	return domain && domain->uuid == given.domain.uuid;
}

// The device that was to be given, if it got that far.
const Device *device_of(const Guest &guest, const Given &given)
{
	const Device *const device = guest.device_at(given.vdev);
	return device && device->pdev == to_string(given.pdev) ? device : nullptr;
}

// Whether the guest has none of them any more.
bool take_back(const Host &host, const Domain &domain, DomId backend, const Aim &aim, Clock::time_point limit)
{
	// Devices, then the controller that has none left, even if nobody waits.
	constexpr int most_rounds = 4;
	for (int round = 0; round < most_rounds; ++round)
		if (aim.drop.empty() ||
		    converge(
			    host.store, domain, backend, aim,
			    [&](const Guest &guest) { return removed(guest, aim.drop); }, limit))
			return true;
	const Guest guest = read_guest(host.store, Txn::none, domain, backend);
	return std::ranges::none_of(aim.drop,
				    [&](const Vdev &vdev) { return guest.device_at(vdev) != nullptr; });
}

} // namespace

Recovery recover(const Host &host, Journal &journal, Clock::time_point limit)
{
	Recovery result;
	std::map<DomId, std::vector<Given>> by_backend;
	for (const Given &given : journal.given())
		if (runs(host, given))
			by_backend[given.backend].push_back(given);
	for (const auto &[backend, all] : by_backend) {
		const Guest guest = read_guest(host.store, Txn::none, all.front().domain, backend);
		for (const Given &given : all) {
			const Device *const device = device_of(guest, given);
			if (!device || device->state != State::connected)
				continue;
			result.done.push_back(fmt::format(
				"{} has {} as {}, which an interrupted xl-vscsi gave it: it stays",
				given.domain.name, device->pdev, to_string(given.vdev)));
			journal.clear();
			return result;
		}
	}
	for (const auto &[backend, all] : by_backend) {
		const Domain &domain = all.front().domain;
		const Guest guest = read_guest(host.store, Txn::none, domain, backend);
		Aim aim;
		for (const Given &given : all)
			if (device_of(guest, given))
				aim.drop.push_back(given.vdev);
		if (!take_back(host, domain, backend, aim, limit)) {
			result.complaints.push_back(fmt::format(
				"{} has not let go of {} yet, which an interrupted xl-vscsi gave it",
				domain.name, to_string(aim.drop.front())));
			return result;
		}
		for (const Vdev &vdev : aim.drop)
			result.done.push_back(fmt::format("took {} from {}: an interrupted xl-vscsi gave it",
							  to_string(vdev), domain.name));
	}
	for (const Change &change : journal.pending())
		result.done.push_back(
			fmt::format("undid what an interrupted command began: {}", describe(change)));
	if (std::string left = journal.roll_back(host.configfs); !left.empty()) {
		result.done.clear();
		result.complaints.push_back(std::move(left));
	}
	return result;
}

Recovery recover(const Host &host)
{
	Recovery all;
	for (const std::string &name : names_in(host.run)) {
		const std::filesystem::path file = host.run / name;
		if (file.extension() != ".journal")
			continue;
		try {
			std::filesystem::path lock_file = file;
			const auto mine = Lock::attempt(lock_file.replace_extension(".lock"));
			// Its own lock is the configuration's.
			const bool config = file == host.config_journal().file();
			const auto whole = config || !mine ? std::nullopt : Lock::attempt(host.config_lock());
			if (!mine || (!config && !whole))
				continue;
			Journal journal{file};
			Recovery one = recover(host, journal, host.store.now());
			std::ranges::move(one.done, std::back_inserter(all.done));
			std::ranges::move(one.complaints, std::back_inserter(all.complaints));
		} catch (const Failure &failure) {
			all.complaints.emplace_back(failure.what());
		}
	}
	return all;
}

} // namespace vscsi
