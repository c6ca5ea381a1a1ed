// SPDX-License-Identifier: GPL-2.0
#include "core/steps.hpp"

#include <algorithm>
#include <map>
#include <set>

#include <fmt/core.h>
#include <fmt/ranges.h>

namespace vscsi
{

namespace
{

// The guest's frontend has the controller, so it must agree to changes.
bool in_guest(State back)
{
	return back == State::initialised || back == State::connected || back == State::reconfiguring ||
	       back == State::reconfigured;
}

bool going(const Controller &controller)
{
	return !controller.online;
}

class Planner
{
public:
	Planner(const Guest &guest, const Aim &aim)
	    : m_guest{guest}, m_aim{aim}, m_drop(aim.drop.begin(), aim.drop.end())
	{
	}

	std::vector<Action> run()
	{
		const DeviceIndex present{m_guest};
		for (const Wanted &wanted : m_aim.add)
			if (!present.at(wanted.vdev))
				m_missing[wanted.vdev.host].push_back(wanted);
		for (const Controller &controller : m_guest.controllers)
			visit(controller);
		for (const auto &[number, devices] : m_missing)
			if (!m_guest.controller_at(number))
				m_actions.emplace_back(MakeController{number, devices});
		return std::move(m_actions);
	}

private:
	void visit(const Controller &controller)
	{
		if (going(controller)) {
			finish(controller);
			return;
		}
		drop(controller);
		const auto missing = m_missing.find(controller.number);
		if (missing != m_missing.end())
			add(controller, missing->second);
		else if (controller.devices.empty())
			close(controller);
	}

	// It was told to close.
	void finish(const Controller &controller)
	{
		if (!in_guest(controller.back) && controller.back != State::closing)
			m_actions.emplace_back(ForgetController{controller.number});
		else if (controller.back != State::closing)
			m_actions.emplace_back(CloseController{controller.number});
	}

	void close(const Controller &controller)
	{
		if (in_guest(controller.back))
			m_actions.emplace_back(CloseController{controller.number});
		else if (controller.back != State::closing)
			m_actions.emplace_back(ForgetController{controller.number});
	}

	void drop(const Controller &controller)
	{
		BeginRemoval begin{controller.number, {}};
		ForgetDevices forget{controller.number, {}};
		for (const Device &device : controller.devices) {
			if (!device.vdev || !m_drop.contains(*device.vdev))
				continue;
			if (device.state == State::closed || !in_guest(controller.back))
				forget.dirs.push_back(device.dir);
			else if (device.state != State::closing && controller.back == State::connected)
				begin.dirs.push_back(device.dir);
		}
		if (!forget.dirs.empty())
			m_actions.emplace_back(std::move(forget));
		if (!begin.dirs.empty())
			m_actions.emplace_back(std::move(begin));
	}

	void add(const Controller &controller, const std::vector<Wanted> &devices)
	{
		// The kernel is in the midst of an earlier change.
		if (controller.back == State::reconfiguring || controller.back == State::reconfigured)
			return;
		// Both in one pass would make two changes of state of which the frontend sees one.
		for (const Action &action : m_actions)
			if (const auto *begin = std::get_if<BeginRemoval>(&action);
			    begin && begin->number == controller.number)
				return;
		m_actions.emplace_back(
			AddDevices{controller.number, devices, controller.back == State::connected});
	}

	const Guest &m_guest;
	const Aim &m_aim;
	std::set<Vdev> m_drop;
	std::map<unsigned, std::vector<Wanted>> m_missing;
	std::vector<Action> m_actions;
};

std::string device_list(const std::vector<Wanted> &devices)
{
	std::vector<std::string> names;
	names.reserve(devices.size());
	for (const Wanted &wanted : devices)
		names.push_back(fmt::format("{} as {}", to_string(wanted.pdev), to_string(wanted.vdev)));
	return fmt::format("{}", fmt::join(names, ", "));
}

struct ActionDescriber {
	const Domain &domain;

	std::string operator()(const MakeController &action) const
	{
		return fmt::format("xenstore: give {} controller {} with {}", domain.name, action.number,
				   device_list(action.devices));
	}
	std::string operator()(const AddDevices &action) const
	{
		return fmt::format("xenstore: add to controller {} of {}: {}", action.number, domain.name,
				   device_list(action.devices));
	}
	std::string operator()(const BeginRemoval &action) const
	{
		return fmt::format("xenstore: ask {} to let go of {} of controller {}", domain.name,
				   fmt::join(action.dirs, ", "), action.number);
	}
	std::string operator()(const ForgetDevices &action) const
	{
		return fmt::format("xenstore: remove {} of controller {} of {}", fmt::join(action.dirs, ", "),
				   action.number, domain.name);
	}
	std::string operator()(const CloseController &action) const
	{
		return fmt::format("xenstore: close controller {} of {}", action.number, domain.name);
	}
	std::string operator()(const ForgetController &action) const
	{
		return fmt::format("xenstore: remove controller {} of {}", action.number, domain.name);
	}
};

} // namespace

std::vector<Action> next_actions(const Guest &guest, const Aim &aim)
{
	return Planner{guest, aim}.run();
}

bool overlooked(const Controller &controller)
{
	// Before they say so themselves, a frontend that starts still looks at its devices.
	return controller.online && controller.back == State::connected &&
	       controller.front == State::connected &&
	       std::ranges::any_of(controller.devices, [](const Device &device) {
		       return device.state == State::initialising || device.state == State::initialised ||
			      device.state == State::closing;
	       });
}

std::map<Vdev, std::string> kept_after_rename(const Lio &lio, const Guest &guest,
					      const std::vector<Domain> &running)
{
	std::map<Vdev, std::string> kept;
	LunFinder finder{lio};
	for (const Controller &controller : guest.controllers) {
		for (const Device &device : controller.devices) {
			const auto name = parse_lun_name(device.pdev);
			const LunRef ref =
				name && device.managed && device.vdev ? finder.find(*name) : LunRef{};
			if (!ref || device.binding.empty() || device.binding != ref.tpg->domain ||
			    std::ranges::any_of(running, [&](const Domain &domain) {
				    return names_domain(ref.tpg->domain, domain);
			    }))
				continue;
			kept.emplace(
				*device.vdev,
				fmt::format(
					"{} keeps {}, which is bound to '{}', as it was called when it got "
					"it. Bind the portal group to its new name: `targetcli "
					"/xen-pvscsi/{}/tpg{} set parameter domain={}`",
					guest.domain.name, to_string(*device.vdev), ref.tpg->domain,
					ref.tpg->id.wwn, ref.tpg->id.tpgt, guest.domain.name));
		}
	}
	return kept;
}

Aim aim_of(const Lio &lio, const Guest &guest, const std::vector<Domain> &running,
	   std::vector<std::string> &problems)
{
	Assignment assignment = assign(lio, guest);
	problems.insert(problems.end(), assignment.problems.begin(), assignment.problems.end());
	Aim aim{std::move(assignment.wanted), {}};
	std::map<Vdev, const LunName *> places;
	for (const Wanted &wanted : aim.add)
		places.emplace(wanted.vdev, &wanted.pdev);
	LunFinder finder{lio};
	for (const Controller &controller : guest.controllers) {
		for (const Device &device : controller.devices) {
			if (!device.vdev)
				continue;
			const auto name = parse_lun_name(device.pdev);
			const LunRef ref = name ? finder.find(*name) : LunRef{};
			const auto place = places.find(*device.vdev);
			const bool at_its_place =
				ref && place != places.end() && *place->second == ref.tpg->name_of(*ref.lun);
			// Its portal group is another guest's now.
			const bool elsewhere = ref && !ref.tpg->domain.empty() &&
					       !names_domain(ref.tpg->domain, guest.domain);
			if (!at_its_place && (device.managed || elsewhere))
				aim.drop.push_back(*device.vdev);
		}
	}
	if (aim.drop.empty())
		return aim;
	const auto kept = kept_after_rename(lio, guest, running);
	for (const auto &[vdev, why] : kept)
		problems.push_back(why);
	std::erase_if(aim.drop, [&](const Vdev &vdev) { return kept.contains(vdev); });
	return aim;
}

std::string describe(const Action &action, const Domain &domain)
{
	return std::visit(ActionDescriber{domain}, action);
}

} // namespace vscsi
