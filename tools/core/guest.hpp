// SPDX-License-Identifier: GPL-2.0
// What xenstore says of a guest's PV SCSI devices.
#pragma once
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/names.hpp"

namespace vscsi
{

using DomId = unsigned;

// States of Xen's io/xenbus.h; a device's are the same.
enum class State : int {
	unknown = 0,
	initialising = 1,
	init_wait = 2,
	initialised = 3,
	connected = 4,
	closing = 5,
	closed = 6,
	reconfiguring = 7,
	reconfigured = 8,
};

struct Domain {
	DomId id = 0;
	std::string name;
	std::string uuid;
};

struct Device {
	std::string dir; // dev-N
	std::string pdev;
	std::string pdevname;
	std::optional<Vdev> vdev;
	State state = State::unknown;
	std::string error;
	bool managed = false;  // follows its portal group
	std::string binding{}; // what that was bound to when the device was given
};

struct Controller {
	unsigned number = 0; // devid, and host of its v-devs
	DomId backend = 0;
	State back = State::unknown;
	State front = State::unknown;
	bool online = true;
	std::vector<Device> devices;
};

struct Guest {
	Domain domain;
	std::vector<Controller> controllers; // of the backend that was asked
	// Controllers of other backends, by number.
	std::map<unsigned, DomId> elsewhere{};

	const Controller *controller_at(unsigned number) const;
	const Device *device_at(const Vdev &vdev) const;
};

// Devices of a guest by their v-devs, for those who ask often.  The guest must outlive it.
class DeviceIndex
{
public:
	explicit DeviceIndex(const Guest &guest);
	const Device *at(const Vdev &vdev) const;

private:
	std::map<Vdev, const Device *> m_devices;
};

// Migration is bringing it in; and what it will be called.
bool is_incoming(const Domain &domain);
std::string lasting_name(const Domain &domain);

// Whether a portal group's param/domain names this domain.
bool names_domain(std::string_view binding, const Domain &domain);
// Whether an operator who types this means that domain: its name, id or UUID.
bool means_domain(std::string_view typed, const Domain &domain);

const char *state_name(State state);

std::string frontend_root(DomId guest);
std::string frontend_path(DomId guest, unsigned number);
std::string backend_root(DomId backend);
std::string backend_path(DomId backend, DomId guest, unsigned number);
// Which domain's directory of this controller the path names, if it does.
std::optional<DomId> backend_of_path(std::string_view path, DomId guest, unsigned number);

} // namespace vscsi
