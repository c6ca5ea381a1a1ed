// SPDX-License-Identifier: GPL-2.0
#include <algorithm>

#include <fmt/core.h>

#include "act/perform.hpp"
#include "daemon/daemon.hpp"

namespace vscsi
{

namespace
{

using std::chrono::milliseconds;

constexpr milliseconds first_delay{1500};
constexpr milliseconds by_hand_delay{10000};
// Of a controller that somebody makes node by node.
constexpr milliseconds half_made{60000};

// The controller that it takes away, if it does.
std::optional<unsigned> taken_away(const Action &action)
{
	if (const auto *close = std::get_if<CloseController>(&action))
		return close->number;
	if (const auto *forget = std::get_if<ForgetController>(&action))
		return forget->number;
	return {};
}

} // namespace

// What is to go is given a moment to come back.
Aim Daemon::patient_aim(const Guest &guest)
{
	std::vector<std::string> problems;
	Aim aim = aim_of(m_lio, guest, m_running, problems);
	for (const std::string &problem : problems)
		tell_once(Level::error, problem);
	for (const Removal &removal : m_removals) {
		const auto gone = [&](const Wanted &wanted) {
			return wanted.pdev.port == removal.tpg.wwn && wanted.pdev.tpgt == removal.tpg.tpgt &&
			       wanted.pdev.lun == removal.lun;
		};
		for (const Wanted &wanted : aim.add)
			if (gone(wanted))
				aim.drop.push_back(wanted.vdev);
		std::erase_if(aim.add, gone);
	}
	GuestMemory &memory = memory_of(guest.domain);
	const std::set<Vdev> doomed(aim.drop.begin(), aim.drop.end());
	std::erase_if(memory.missing, [&](const auto &entry) { return !doomed.contains(entry.first); });
	std::erase_if(aim.drop, [&](const Vdev &vdev) {
		const auto [since, fresh] = memory.missing.try_emplace(vdev, m_host.store.now());
		if (older(since->second, m_settings.settle))
			return false;
		look_again(m_settings.settle);
		return true;
	});
	return aim;
}

// A refused device is tried again when the configuration is another one.
std::vector<Vdev> Daemon::another_chance(const Guest &guest, const Aim &aim)
{
	std::vector<Vdev> drop;
	auto &refused = memory_of(guest.domain).refused;
	const DeviceIndex devices{guest};
	for (const Wanted &wanted : aim.add) {
		const Device *const device = devices.at(wanted.vdev);
		if (!device || device->state != State::closed) {
			if (device && device->state == State::connected)
				refused.erase(wanted.vdev);
			continue;
		}
		const Time now = m_host.store.now();
		const auto [refusal, fresh] = refused.try_emplace(wanted.vdev, Refusal{m_generation, now});
		if (fresh && !device->error.empty())
			log_line(Level::error,
				 fmt::format("{}: {} as {} was refused: {}", guest.domain.name, device->pdev,
					     to_string(wanted.vdev), device->error));
		// Without a reason somebody took it away by hand, not knowing that it is bound.
		const bool by_hand = device->error.empty() && older(refusal->second.when, by_hand_delay);
		const Controller *const controller = guest.controller_at(wanted.vdev.host);
		if (controller->back != State::connected ||
		    (refusal->second.generation == m_generation && !by_hand))
			continue;
		refusal->second = {m_generation, now};
		drop.push_back(wanted.vdev);
	}
	return drop;
}

void Daemon::look_after_frontends(const Guest &guest)
{
	auto &memory = memory_of(guest.domain).overlooked;
	for (const Controller &controller : guest.controllers) {
		if (!overlooked(controller)) {
			memory.erase(controller.number);
			continue;
		}
		const Time now = m_host.store.now();
		const auto [oversight, fresh] = memory.try_emplace(controller.number, Oversight{now, 0});
		auto &[since, nudges] = oversight->second;
		// More and more rarely, as it may be a guest that never will.
		const milliseconds delay = first_delay * (1 << std::min(nudges, 9U));
		if (now - since >= delay) {
			nudge(m_host.store, guest.domain, controller);
			since = now;
			++nudges;
		}
		look_again(delay);
	}
}

// A controller that somebody is making is not taken from under his hands.
std::vector<Action> Daemon::patient_actions(const Guest &guest, const Aim &aim)
{
	auto &empty = memory_of(guest.domain).empty;
	for (const Controller &controller : guest.controllers)
		if (!controller.devices.empty() || !controller.online)
			empty.erase(controller.number);
	std::vector<Action> actions = next_actions(guest, aim);
	std::erase_if(actions, [&](const Action &action) {
		const auto number = taken_away(action);
		const Controller *const controller = number ? guest.controller_at(*number) : nullptr;
		if (!controller || !controller->online)
			return false;
		const auto [since, fresh] = empty.try_emplace(*number, m_host.store.now());
		const milliseconds patience =
			controller->back == State::unknown ? half_made : m_settings.settle;
		if (older(since->second, patience))
			return false;
		look_again(patience);
		return true;
	});
	return actions;
}

} // namespace vscsi
