// SPDX-License-Identifier: GPL-2.0 OR MIT
// What a seed stands for: who is there, and a list of steps.  A step means something in
// every state, so that any of them can be left out.
#pragma once
#include <array>
#include <cstddef>
#include <string>
#include <vector>

#include "random.hpp"

namespace sim
{

inline constexpr u32 most_guests = 3;
inline constexpr u32 most_devices = 3;

enum class Op : u8 {
	send,
	send_task,
	push,
	read_answers,
	pass,
	drain,
	look,
	execute,
	end,
	end_task,
	time,
	pay,
	power_on,
	trim,
	memory,
	control_due,
	guest_event,
	toolstack_event,
	hostile_ring,
	hostile_memory,
	hostile_state,
	hostile_index,
};
inline constexpr std::size_t ops = static_cast<std::size_t>(Op::hostile_index) + 1;
[[nodiscard]] const char *name_of(Op op);

struct Step {
	Op op;
	u32 who;  // picks a guest or a device
	u32 what; // and what is done
	u32 seed; // of what else is to be decided
};

enum class Kind : u8 { disk, tape, emulated };

struct Plan {
	u64 seed;
	u32 guests;
	u32 hostile; // a bit for each guest
	u32 devices;
	std::array<Kind, most_devices> kind;
	u32 stuck; // a bit for each device that ends nothing by itself
	// Of each guest's two virtual devices: which device it is, and whether it may be written.
	std::array<std::array<u8, 2>, most_guests> uses;
	std::array<std::array<bool, 2>, most_guests> read_only;
	u32 share;  // pages of each guest
	u32 common; // pages for all
	u32 steps;
};

[[nodiscard]] Plan plan_of(u64 seed);
// The same however many are asked for.
void steps_of(const Plan &plan, std::vector<Step> &out);

} // namespace sim
