// SPDX-License-Identifier: GPL-2.0
#include "core/taken.hpp"

#include "core/failure.hpp"

namespace vscsi
{

void Taken::insert(const Vdev &vdev)
{
	m_vdevs.insert(vdev);
	m_controllers.insert(vdev.host);
}

unsigned Taken::free_controller() const
{
	unsigned controller = 0;
	while (m_controllers.contains(controller) || closed(controller))
		++controller;
	return controller;
}

Vdev Taken::free_vdev(unsigned controller, unsigned lun)
{
	const Vdev natural{controller, 0, 0, lun};
	if (lun < frontend_luns && !contains(natural))
		return natural;
	for (unsigned &place = m_first[controller]; place < frontend_targets * frontend_luns; ++place)
		if (const Vdev vdev{controller, 0, place / frontend_luns, place % frontend_luns};
		    !contains(vdev))
			return vdev;
	fail(Exit::in_use,
	     "controller {} of the guest has no free v-dev. Name one of another controller, like {}:0:0:0",
	     controller, controller + 1);
}

} // namespace vscsi
