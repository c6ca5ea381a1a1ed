// SPDX-License-Identifier: GPL-2.0
#include "act/perform.hpp"

#include <algorithm>

#include <fmt/core.h>

#include "act/guests.hpp"

namespace vscsi
{

namespace
{

std::string number_of(State state)
{
	return std::to_string(static_cast<int>(state));
}

std::string free_dir(const std::vector<std::string> &used)
{
	for (unsigned number = 0;; ++number) {
		std::string dir = fmt::format("dev-{}", number);
		if (std::ranges::find(used, dir) == used.end())
			return dir;
	}
}

struct Performer {
	Store &store;
	const Domain &domain;
	DomId backend;

	std::string back(unsigned number) const { return backend_path(backend, domain.id, number); }
	std::string front(unsigned number) const { return frontend_path(domain.id, number); }

	Guest look(Txn txn) const { return read_guest(store, txn, domain, backend); }

	// Those v-devs that nobody took meanwhile; whether there was any.
	bool write_devices(Txn txn, unsigned number, const std::vector<Wanted> &devices) const
	{
		const Guest guest = look(txn);
		const std::string base = back(number) + "/vscsi-devs";
		std::vector<std::string> used = store.list(txn, base);
		bool any = false;
		for (const Wanted &wanted : devices) {
			if (guest.device_at(wanted.vdev))
				continue;
			const std::string dir = free_dir(used);
			const std::string path = fmt::format("{}/{}", base, dir);
			store.write(txn, path + "/p-dev", to_string(wanted.pdev));
			store.write(txn, path + "/p-devname", wanted.pdevname);
			store.write(txn, path + "/v-dev", to_string(wanted.vdev));
			if (wanted.managed)
				store.write(txn, path + "/managed", "1");
			if (wanted.managed && !wanted.binding.empty())
				store.write(txn, path + "/bound-as", wanted.binding);
			store.write(txn, path + "/state", number_of(State::initialising));
			used.push_back(dir);
			any = true;
		}
		return any;
	}

	// The domain may be gone, and nothing may be made anew in its place.
	bool alive(Txn txn) const
	{
		return store.read(txn, fmt::format("/local/domain/{}/vm", domain.id)).has_value();
	}

	void operator()(const MakeController &action) const
	{
		transact(store, [&](Txn txn) {
			if (!alive(txn) || store.read(txn, back(action.number) + "/state") ||
			    look(txn).elsewhere.contains(action.number))
				return false;
			const std::string ours = back(action.number);
			const std::string theirs = front(action.number);
			store.write(txn, theirs, "");
			store.permit(txn, theirs, {{domain.id, false}, {backend, true}});
			store.write(txn, theirs + "/backend", ours);
			store.write(txn, theirs + "/backend-id", std::to_string(backend));
			store.write(txn, ours, "");
			store.permit(txn, ours, {{backend, false}, {domain.id, true}});
			store.write(txn, ours + "/frontend", theirs);
			store.write(txn, ours + "/frontend-id", std::to_string(domain.id));
			store.write(txn, ours + "/online", "1");
			store.write(txn, ours + "/feature-host", "0");
			// A driver domain may not read who the guest is.
			if (backend != 0) {
				store.write(txn, ours + "/domain-name", domain.name);
				store.write(txn, ours + "/domain-uuid", domain.uuid);
			}
			write_devices(txn, action.number, action.devices);
			store.write(txn, theirs + "/state", number_of(State::initialising));
			store.write(txn, ours + "/state", number_of(State::initialising));
			return true;
		});
	}

	void operator()(const AddDevices &action) const
	{
		change(action.number, action.reconfigure,
		       [&](Txn txn) { return write_devices(txn, action.number, action.devices); });
	}

	void operator()(const BeginRemoval &action) const
	{
		change(action.number, true, [&](Txn txn) {
			for (const std::string &dir : action.dirs)
				write_state(txn, action.number, dir, State::closing);
			return true;
		});
	}

	// A change of devices of a controller that is as it was when it was planned.
	template <typename Work>
	void change(unsigned number, bool connected, Work work) const
	{
		transact(store, [&](Txn txn) {
			const Guest guest = look(txn);
			const Controller *const controller = guest.controller_at(number);
			if (!controller || !controller->online ||
			    (controller->back == State::connected) != connected || !work(txn))
				return false;
			if (connected)
				store.write(txn, back(number) + "/state", number_of(State::reconfiguring));
			return true;
		});
	}

	void write_state(Txn txn, unsigned number, const std::string &dir, State state) const
	{
		const std::string path = fmt::format("{}/vscsi-devs/{}/state", back(number), dir);
		if (store.read(txn, path))
			store.write(txn, path, number_of(state));
	}

	void operator()(const ForgetDevices &action) const
	{
		transact(store, [&](Txn txn) {
			// What the frontend wrote of them as well.
			for (const std::string &dir : action.dirs) {
				store.remove(txn, fmt::format("{}/vscsi-devs/{}", back(action.number), dir));
				store.remove(txn, fmt::format("{}/vscsi-devs/{}", front(action.number), dir));
			}
			return true;
		});
	}

	void operator()(const CloseController &action) const
	{
		transact(store, [&](Txn txn) {
			const Guest guest = look(txn);
			const Controller *const controller = guest.controller_at(action.number);
			// Somebody may have added a device meanwhile.
			if (!controller || !controller->devices.empty())
				return false;
			store.write(txn, back(action.number) + "/online", "0");
			store.write(txn, back(action.number) + "/state", number_of(State::closing));
			return true;
		});
	}

	// As libxl does it: no empty directory stays.
	void remove_with_parent(Txn txn, const std::string &path) const
	{
		store.remove(txn, path);
		const std::string parent = path.substr(0, path.rfind('/'));
		if (store.list(txn, parent).empty())
			store.remove(txn, parent);
	}

	void operator()(const ForgetController &action) const
	{
		transact(store, [&](Txn txn) {
			const Guest guest = look(txn);
			const Controller *const controller = guest.controller_at(action.number);
			if (!controller || (controller->online && !controller->devices.empty()))
				return false;
			remove_with_parent(txn, front(action.number));
			remove_with_parent(txn, back(action.number));
			return true;
		});
	}
};

} // namespace

void perform(Store &store, const Domain &domain, DomId backend, const Action &action)
{
	std::visit(Performer{store, domain, backend}, action);
}

void nudge(Store &store, const Domain &domain, const Controller &controller)
{
	const std::string state = backend_path(controller.backend, domain.id, controller.number) + "/state";
	transact(store, [&](Txn txn) {
		if (store.read(txn, state) != number_of(State::connected))
			return false;
		store.write(txn, state, number_of(State::reconfiguring));
		return true;
	});
}

bool forget_domain(Store &store, DomId backend, DomId gone)
{
	bool done = false;
	transact(store, [&](Txn txn) {
		// The id may have come back.
		done = !store.read(txn, fmt::format("/local/domain/{}/vm", gone));
		if (done)
			store.remove(txn, fmt::format("{}/{}", backend_root(backend), gone));
		return done;
	});
	return done;
}

} // namespace vscsi
