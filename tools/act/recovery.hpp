// SPDX-License-Identifier: GPL-2.0
// What becomes of the work of those who died.
#pragma once
#include <string>
#include <vector>

#include "act/host.hpp"

namespace vscsi
{

// How long a command waits for a guest to give back what it was not to have; others wait for the
// configuration meanwhile.
constexpr std::chrono::seconds undo_patience{10};

struct Recovery {
	std::vector<std::string> done;       // for operators
	std::vector<std::string> complaints; // what could not be done, and is still written down
};

// What the guest has by now stays as it is; otherwise all of it is taken back, the guest's devices
// first.  Under the locks of the guest and of the configuration.  It waits for the guest until
// the limit.
Recovery recover(const Host &host, Journal &journal, std::chrono::steady_clock::time_point limit);

// The same of all guests and adapters that nobody works on now.  It waits for nobody.
Recovery recover(const Host &host);

} // namespace vscsi
