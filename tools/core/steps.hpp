// SPDX-License-Identifier: GPL-2.0
// The planner: what to write to xenstore next.  It looks at states only and
// remembers nothing, so that the command, the daemon, and either of them after
// it was killed, all go on from where things are.
#pragma once
#include <map>
#include <string>
#include <variant>
#include <vector>

#include "core/assign.hpp"

namespace vscsi
{

// A controller with its first devices.
struct MakeController {
	unsigned number = 0;
	std::vector<Wanted> devices;
};
struct AddDevices {
	unsigned number = 0;
	std::vector<Wanted> devices;
	bool reconfigure = false; // the guest has the controller and must look again
};
// Ask the guest to let go.
struct BeginRemoval {
	unsigned number = 0;
	std::vector<std::string> dirs;
};
// Nobody uses these any more.
struct ForgetDevices {
	unsigned number = 0;
	std::vector<std::string> dirs;
};
struct CloseController {
	unsigned number = 0;
};
struct ForgetController {
	unsigned number = 0;
};
using Action = std::variant<MakeController, AddDevices, BeginRemoval, ForgetDevices, CloseController,
			    ForgetController>;

struct Aim {
	std::vector<Wanted> add;
	std::vector<Vdev> drop;
};

// Each is one transaction; none of them waits.  Empty: either all is done, or
// the guest or the kernel has to move first.
std::vector<Action> next_actions(const Guest &guest, const Aim &aim);

// A device that the frontend overlooked: it was written at the moment when the
// frontend connected, or the guest was restored, and so looked only for devices
// that it had taken already.  A further `state = 7` makes it look again.
bool overlooked(const Controller &controller);

// A domain that was renamed keeps what it has, as long as none of those that run has the name that
// the portal group is bound to.  For operators.
std::map<Vdev, std::string> kept_after_rename(const Lio &lio, const Guest &guest,
					      const std::vector<Domain> &running);

// What a daemon wants of a guest.
Aim aim_of(const Lio &lio, const Guest &guest, const std::vector<Domain> &running,
	   std::vector<std::string> &problems);

std::string describe(const Action &action, const Domain &domain);

} // namespace vscsi
