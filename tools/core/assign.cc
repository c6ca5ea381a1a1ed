// SPDX-License-Identifier: GPL-2.0
#include "core/assign.hpp"

#include <algorithm>
#include <optional>

#include "core/failure.hpp"

namespace vscsi
{

namespace
{

class Assigner
{
public:
	Assigner(const Lio &lio, const Guest &guest) : m_lio{lio}, m_guest{guest} {}

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
		for (const Controller &controller : m_guest.controllers)
			for (const Device &device : controller.devices)
				if (device.vdev && !device.managed)
					m_taken.insert(*device.vdev);
	}

	const Device *present(const LunRef &ref) const
	{
		for (const Controller &controller : m_guest.controllers)
			for (const Device &device : controller.devices)
				if (device.vdev && lun_of(m_lio, device).lun == ref.lun)
					return &device;
		return nullptr;
	}

	bool wanted_at(const Vdev &vdev) const
	{
		return std::ranges::find(m_result.wanted, vdev, &Wanted::vdev) != m_result.wanted.end();
	}

	void fixed(const LunRef &ref, const Vdev &vdev)
	{
		const Device *const device = m_guest.device_at(vdev);
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
		place(ref, free_vdev(m_taken, controller, ref.lun->number));
	}

	unsigned controller_of(const Tpg &tpg) const
	{
		if (!tpg.ring_per_lun)
			for (const Wanted &wanted : m_result.wanted)
				if (wanted.pdev.port == tpg.id.wwn && wanted.pdev.tpgt == tpg.id.tpgt)
					return wanted.vdev.host;
		return free_controller(m_taken);
	}

	void place(const LunRef &ref, const Vdev &vdev)
	{
		m_taken.insert(vdev);
		m_result.wanted.push_back(
			{ref.tpg->name_of(*ref.lun), device_name(m_lio, *ref.lun), vdev, true});
	}

	// The others are where they would be without it.
	void refuse()
	{
		for (const LunRef &ref : m_luns) {
			const LunName name = ref.tpg->name_of(*ref.lun);
			const auto at = std::ranges::find(m_result.wanted, name, &Wanted::pdev);
			if (ref.lun->another.empty() || at == m_result.wanted.end())
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
	std::vector<LunRef> m_luns;
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
	return all;
}

unsigned free_controller(const Taken &taken)
{
	unsigned controller = 0;
	while (std::ranges::any_of(taken, [&](const Vdev &vdev) { return vdev.host == controller; }))
		++controller;
	return controller;
}

Vdev free_vdev(const Taken &taken, unsigned controller, unsigned lun)
{
	const Vdev natural{controller, 0, 0, lun};
	if (lun < frontend_luns && !taken.contains(natural))
		return natural;
	for (unsigned target = 0; target < frontend_targets; ++target)
		for (unsigned number = 0; number < frontend_luns; ++number)
			if (const Vdev vdev{controller, 0, target, number}; !taken.contains(vdev))
				return vdev;
	fail(Exit::in_use,
	     "controller {} of the guest has no free v-dev. Name one of another controller, like {}:0:0:0",
	     controller, controller + 1);
}

} // namespace vscsi
