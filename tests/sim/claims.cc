// SPDX-License-Identifier: GPL-2.0 OR MIT
#include "claims.hpp"

namespace sim
{

const Nature *nature_of(const Request &request)
{
	const Command command = command_of(request.cdb);
	return command == Command::unknown ? nullptr : &natures[static_cast<u32>(command)];
}

void claim(World &world, Device &device, const Request &request)
{
	const Guest &guest = world.guest[request.lun->guest];
	// It was told that this failed.
	if (request.abandoned && command_of(request.cdb) != Command::clear)
		return;
	// Or hears next of the reset that came after it.
	const bool reset = request.undone || request.resets_known != device.gate.resets;
	switch (command_of(request.cdb)) {
	case Command::reserve:
		device.reserver = reset ? device.reserver : guest.nexus();
		break;
	case Command::registration:
	case Command::persistent_reserve:
		device.registrant = guest.nexus();
		break;
	case Command::clear:
		device.registrant = 0;
		break;
	case Command::to_prevent:
		device.preventers |= reset ? 0 : 1u << guest.index;
		break;
	case Command::set_key:
		device.own_told = device.own_key;
		break;
	case Command::set_key_of_all:
		device.all_told = device.all_key;
		break;
	default:
		break;
	}
}

bool others_hold(const World &world, const Device &device, const Request &request)
{
	const Nature *nature = nature_of(request);
	const u32 nexus = world.guest[request.lun->guest].nexus();
	if (!nature || nature->beside_reserve || nature->reserves)
		return false;
	if (device.reserver && device.reserver != nexus)
		return true;
	// SPC-4 table 68: whether it is ready may be asked beside any persistent reservation.
	if (nature->command == Command::test_unit_ready)
		return false;
	return device.registrant && device.registrant != nexus && device.persistent == exclusive_access &&
	       device.gate.type == exclusive_access;
}

bool is_key_of_another(const World &world, const Device &device, const Request &request)
{
	const u32 nexus = world.guest[request.lun->guest].nexus();
	const Nature *nature = nature_of(request);
	if (!nature || (nature->command != Command::write && nature->command != Command::read))
		return false;
	for (const u32 key : {device.own_key, device.all_key})
		if (key && key != nexus && device.away & 1u << (key - 7) / 2)
			return true;
	return false;
}

} // namespace sim
