// SPDX-License-Identifier: GPL-2.0
#include "core/assign.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "core/failure.hpp"

namespace vscsi
{

namespace
{

class Assigner
{
public:
	Assigner(const Lio &lio, const Guest &guest) : m_lio{lio}, m_guest{guest}, m_devices{guest} {}

	Assignment run()
	{
		collect();
		// Those whose address is fixed, by their link or by being there, come first.
		for (const LunRef &ref : m_luns)
			if (const auto vdev = vdev_of_link(ref.lun->link))
				fixed(ref, *vdev);
		std::vector<LunRef> rest;
		for (const LunRef &ref : m_luns) {
			if (vdev_of_link(ref.lun->link))
				continue;
			const Device *const device = present(ref);
			if (device && !wanted_at(*device->vdev))
				place(ref, *device->vdev);
			else
				rest.push_back(ref);
		}
		for (const LunRef &ref : rest)
			fresh(ref);
		refuse();
		return std::move(m_result);
	}

private:
	void collect()
	{
		for (const Tpg &tpg : m_lio.tpgs)
			if (names_domain(tpg.domain, m_guest.domain))
				for (const Lun &lun : tpg.luns)
					m_luns.push_back({&tpg, &lun});
		std::ranges::sort(m_luns, {}, [](const LunRef &ref) {
			return std::pair{ref.tpg->id, ref.lun->number};
		});
		LunFinder finder{m_lio};
		for (const Controller &controller : m_guest.controllers) {
			for (const Device &device : controller.devices) {
				if (!device.vdev)
					continue;
				if (!device.managed)
					m_taken.insert(*device.vdev);
				const auto name = parse_lun_name(device.pdev);
				if (const LunRef ref = name ? finder.find(*name) : LunRef{})
					m_present.try_emplace(ref.lun, &device);
			}
		}
		for (const auto &[controller, server] : m_guest.elsewhere)
			m_taken.close(controller);
	}

	const Device *present(const LunRef &ref) const
	{
		const auto found = m_present.find(ref.lun);
		return found == m_present.end() ? nullptr : found->second;
	}

	bool wanted_at(const Vdev &vdev) const { return m_placed.contains(vdev); }

	void fixed(const LunRef &ref, const Vdev &vdev)
	{
		if (m_taken.closed(vdev.host)) {
			m_result.problems.push_back(
				fmt::format("{} cannot be {} as its link says: {}. Link it by another name, "
					    "vdev-h:c:t:l, or detach what that domain gives",
					    to_string(ref.tpg->name_of(*ref.lun)), to_string(vdev),
					    served_elsewhere(m_guest, vdev.host)));
			return;
		}
		const Device *const device = m_devices.at(vdev);
		const bool own = device && lun_of(m_lio, *device).lun == ref.lun;
		if (wanted_at(vdev) || (m_taken.contains(vdev) && !own)) {
			m_result.problems.push_back(fmt::format(
				"{}: v-dev {} of its link is taken by another device of {}. Link it by "
				"another name, "
				"vdev-h:c:t:l, or detach the other",
				to_string(ref.tpg->name_of(*ref.lun)), to_string(vdev), m_guest.domain.name));
			return;
		}
		place(ref, vdev);
	}

	void fresh(const LunRef &ref)
	{
		const unsigned controller = controller_of(*ref.tpg);
		place(ref, m_taken.free_vdev(controller, ref.lun->number));
	}

	unsigned controller_of(const Tpg &tpg) const
	{
		if (!tpg.ring_per_lun)
			if (const auto found = m_controllers.find(&tpg); found != m_controllers.end())
				return found->second;
		return m_taken.free_controller();
	}

	void place(const LunRef &ref, const Vdev &vdev)
	{
		m_taken.insert(vdev);
		m_placed.insert(vdev);
		m_controllers.try_emplace(ref.tpg, vdev.host);
		m_result.wanted.push_back({ref.tpg->name_of(*ref.lun), device_name(m_lio, *ref.lun), vdev,
					   true, ref.tpg->domain});
	}

	// The others are where they would be without it.
	void refuse()
	{
		for (const LunRef &ref : m_luns) {
			if (ref.lun->another.empty())
				continue;
			const LunName name = ref.tpg->name_of(*ref.lun);
			const auto at = std::ranges::find(m_result.wanted, name, &Wanted::pdev);
			if (at == m_result.wanted.end())
				continue;
			m_result.problems.push_back(fmt::format("{} as {} of {}: {}", to_string(name),
								to_string(at->vdev), m_guest.domain.name,
								ref.lun->another));
			// What a running guest has is not taken from it on suspicion.
			if (!ref.lun->surely && present(ref))
				continue;
			m_result.refused.push_back({*at, ref.lun->another});
			m_result.wanted.erase(at);
		}
	}

	const Lio &m_lio;
	const Guest &m_guest;
	DeviceIndex m_devices;
	std::vector<LunRef> m_luns;
	std::map<const Lun *, const Device *> m_present; // that the guest has
	std::map<const Tpg *, unsigned> m_controllers;   // where the first of its LUNs is
	std::set<Vdev> m_placed;
	Taken m_taken;
	Assignment m_result;
};

} // namespace

Assignment assign(const Lio &lio, const Guest &guest)
{
	return Assigner{lio, guest}.run();
}

bool bound(const Lio &lio, const Domain &domain)
{
	return std::ranges::any_of(lio.tpgs,
				   [&](const Tpg &tpg) { return names_domain(tpg.domain, domain); });
}

LunRef lun_of(const Lio &lio, const Device &device)
{
	const auto name = parse_lun_name(device.pdev);
	return name ? lio.find(*name) : LunRef{};
}

std::string device_name(const Lio &lio, const Lun &lun)
{
	const Backstore *const store = lio.store_of(lun.store);
	return store && !store->udev_path.empty() ? store->udev_path : to_string(lun.store);
}

Taken taken(const Guest &guest, const std::vector<Wanted> &wanted)
{
	Taken all;
	for (const Wanted &item : wanted)
		all.insert(item.vdev);
	for (const Controller &controller : guest.controllers)
		for (const Device &device : controller.devices)
			if (device.vdev)
				all.insert(*device.vdev);
	for (const auto &[controller, server] : guest.elsewhere)
		all.close(controller);
	return all;
}

std::string served_elsewhere(const Guest &guest, unsigned controller)
{
	return fmt::format("controller {} of {} is served by domain {}", controller, guest.domain.name,
			   guest.elsewhere.at(controller));
}

} // namespace vscsi
