// SPDX-License-Identifier: GPL-2.0
// What the daemon remembers of a guest, from one pass to the next.
#pragma once
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/guest.hpp"

namespace vscsi
{

using Time = std::chrono::steady_clock::time_point;

struct Refusal {
	std::uint64_t generation;
	Time when;
};

struct Oversight {
	Time since;
	unsigned nudges;
};

// A line vscsi= whose device could not be given yet.
struct Awaited {
	std::string line;
	bool required = false;
};

// A guest's port on a fabric.
struct VportCare {
	bool active = false;
	bool leaving = false;
	std::optional<Time> since{};    // it is active, or not
	std::optional<Time> unwanted{}; // its guest is not here
	std::optional<Time> next_try{};
	std::chrono::milliseconds delay{0};
	Time scanned{};
	std::string noted{}; // what others were told of it last
};

struct GuestMemory {
	Domain domain; // as it was when it was seen last
	bool greeted = false;
	std::optional<Time> held_since;
	std::vector<Awaited> awaited;
	std::map<Vdev, Time> missing; // devices without a LUN
	std::map<Vdev, Refusal> refused;
	std::map<unsigned, Oversight> overlooked;
	std::map<unsigned, Time> empty; // controllers without a device
};

} // namespace vscsi
