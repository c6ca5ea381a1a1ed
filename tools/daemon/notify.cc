// SPDX-License-Identifier: GPL-2.0
#include "daemon/notify.hpp"

#include <cstdint>

#include <systemd/sd-daemon.h>

namespace vscsi
{

void notify_ready()
{
	sd_notify(0, "READY=1");
}

void notify_stopping()
{
	sd_notify(0, "STOPPING=1");
}

void notify_alive()
{
	sd_notify(0, "WATCHDOG=1");
}

std::optional<std::chrono::milliseconds> watchdog_period()
{
	std::uint64_t limit = 0;
	if (sd_watchdog_enabled(0, &limit) <= 0)
		return {};
	// Twice as often as it must be.
	return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::microseconds{limit / 2});
}

} // namespace vscsi
