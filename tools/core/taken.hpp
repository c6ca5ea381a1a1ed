// SPDX-License-Identifier: GPL-2.0
// v-devs and controllers of a guest that are in use.
#pragma once
#include <map>
#include <set>
#include <vector>

#include "core/guest.hpp"

namespace vscsi
{

class Taken
{
public:
	void insert(const Vdev &vdev);
	// A controller of which none can be had.
	void close(unsigned controller) { m_closed.insert(controller); }

	bool contains(const Vdev &vdev) const { return m_vdevs.contains(vdev) || closed(vdev.host); }
	bool closed(unsigned controller) const { return m_closed.contains(controller); }
	const std::set<Vdev> &vdevs() const { return m_vdevs; }

	// The first that has no v-dev.
	unsigned free_controller() const;
	// The free v-dev of a controller: LUN's own number, or else the next free one.
	// Throws a Failure if there is none.
	Vdev free_vdev(unsigned controller, unsigned lun);

private:
	std::set<Vdev> m_vdevs;
	std::set<unsigned> m_controllers; // that have v-devs
	std::set<unsigned> m_closed;
	std::map<unsigned, unsigned> m_first; // places of a controller below this are in use
};

} // namespace vscsi
