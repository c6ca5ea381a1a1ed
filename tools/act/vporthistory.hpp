// SPDX-License-Identifier: GPL-2.0
// Since when a vport is as it is, and what went wrong last: sysfs has no memory, the daemon keeps it for all.
#pragma once
#include <cstdint>
#include <string>

#include "act/host.hpp"
#include "core/vport.hpp"

namespace vscsi
{

// Seconds since the epoch; 0: not known.
struct VportHistory {
	std::string state;
	std::int64_t since = 0;
	std::string cause; // why it was not Active when it was not so last
	std::int64_t when = 0;
	bool operator==(const VportHistory &) const = default;
};

constexpr const char *logged_out = "Logged Out";

VportHistory vport_history(const Host &host, const Wwn &port);
// A state that it has from now on, unless it has it already; cause: empty keeps the last one.
void note_vport(const Host &host, const Wwn &port, const std::string &state, const std::string &cause,
		std::int64_t now);
void forget_history(const Host &host, const Wwn &port);

// 8 s, 3 min, 5 h, 2 d
std::string age_text(std::int64_t seconds);

} // namespace vscsi
