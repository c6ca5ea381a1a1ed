// SPDX-License-Identifier: GPL-2.0
// What systemd is told.
#pragma once
#include <chrono>
#include <optional>

namespace vscsi
{

void notify_ready();
void notify_stopping();
void notify_alive();
// How often notify_alive() has to come at the least; nothing if nobody asks.
std::optional<std::chrono::milliseconds> watchdog_period();

} // namespace vscsi
