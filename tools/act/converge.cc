// SPDX-License-Identifier: GPL-2.0
#include "act/converge.hpp"

#include <algorithm>

#include "act/guests.hpp"
#include "act/perform.hpp"
#include "core/failure.hpp"
#include "os/interrupt.hpp"

namespace vscsi
{

namespace
{

using std::chrono::milliseconds;

// Also the rate at which a frontend is told again about what it overlooked.
constexpr milliseconds pace{500};
constexpr milliseconds overlook{1500};

constexpr Clock::time_point never = Clock::time_point::max();

void nudge_all(Store &store, const Guest &guest, Clock::time_point &since)
{
	const auto at = std::ranges::find_if(guest.controllers, overlooked);
	if (at == guest.controllers.end()) {
		since = never;
	} else if (since == never) {
		since = store.now();
	} else if (store.now() - since >= overlook) {
		nudge(store, guest.domain, *at);
		since = never;
	}
}

} // namespace

bool converge(Store &store, const Domain &domain, DomId backend, const Aim &aim, const Done &done,
	      Clock::time_point limit)
{
	const Watch watch{store, fmt::format("{}/{}", backend_root(backend), domain.id), "converge"};
	Clock::time_point since = never;
	for (;;) {
		Guest guest = read_guest(store, Txn::none, domain, backend);
		if (!find_domain(store, domain.id))
			fail(Exit::not_found, "domain {} has ended", domain.name);
		const std::vector<Action> actions = next_actions(guest, aim);
		for (const Action &action : actions)
			perform(store, domain, backend, action);
		if (!actions.empty())
			guest = read_guest(store, Txn::none, domain, backend);
		if (done(guest))
			return true;
		if (take_interrupt())
			fail(Exit::interrupted, "interrupted");
		if (store.now() >= limit)
			return false;
		nudge_all(store, guest, since);
		store.wait(std::min(pace, std::chrono::ceil<milliseconds>(limit - store.now())));
	}
}

bool settled(const Guest &guest, const std::vector<Wanted> &devices)
{
	return std::ranges::all_of(devices, [&](const Wanted &wanted) {
		const Device *const device = guest.device_at(wanted.vdev);
		return device && (device->state == State::connected || device->state == State::closed);
	});
}

bool removed(const Guest &guest, const std::vector<Vdev> &devices)
{
	return std::ranges::none_of(devices, [&](const Vdev &vdev) {
		const Controller *const controller = guest.controller_at(vdev.host);
		return guest.device_at(vdev) || (controller && controller->devices.empty());
	});
}

} // namespace vscsi
