// SPDX-License-Identifier: GPL-2.0 OR MIT
// Everything that decisions about tasks depend on: a ring's slots, two devices,
// and what was abandoned to them.  Bytes only, so that states hash and compare.
#pragma once
#include <array>
#include <cstddef>
#include <string>

#include <vscsi/engine.h>

namespace tasks
{

using u8 = vscsi_u8;
using u32 = vscsi_u32;

inline constexpr std::size_t most_slots = 4;
// Told apart from the engine's own number: what a guest may have abandoned.
inline constexpr u32 abandoned_limit = 16;

enum Target : u8 {
	executor, // its commands come back when its adapter is asked for them
	emulated, // target core's alone
	well_known,
	targets,
};
inline constexpr std::size_t devices = well_known;

enum Kind : u8 { free_slot, command, abort_task, reset_task };

enum Place : u8 {
	waits,   // fetched, and has no pages yet
	parked,  // held back until the device has given abandoned ones back
	running, // with the device, or a task with target core
	queued,  // a reset that waits for one that is with target core
	follows, // a reset that shares the one that is with target core
	over,    // on its way to be answered
	held,    // a success that waits for the answers of what it covers
};

// How long ago an adapter's last burst of aborts began.
enum Burst : u8 { now, lately, long_ago };

struct Slot {
	u8 kind{};
	u8 target{};
	u8 place{};
	u8 late{};    // a task's, a parked command's, or the guest's own time is over
	u8 covered{}; // of a task: a bit for each slot with a command that is not answered
	u8 ok{};
};

// Answered without the device, which still has them.
struct Abandoned {
	u8 commands{};
	u8 aborts{};
	u8 leading{}; // a reset that is with target core
	u8 queued{};
	u8 following{};
};

struct State {
	u8 count{};   // of slots
	u8 timeout{}; // half minutes that the guest gives commands for the executor's device, 0 or 1
	u8 others{};  // abandoned to other devices of the ring; they stay
	u8 stopped{};
	u8 burst{};
	u8 waiting{}; // how many of order are used
	std::array<u8, most_slots> order{};
	std::array<Slot, most_slots> slots{};
	std::array<Abandoned, devices> abandoned{};
};

// A state and what went wrong on the way to it.
class World
{
public:
	State s;
	const char *fault{};
	// What the adapter was asked for; not part of the state.
	u32 asked{};
	bool asked_abandoned{};

	explicit World(const State &state) : s{state} {}

	void expect(bool good, const char *what)
	{
		if (!good && !fault)
			fault = what;
	}
	[[nodiscard]] u32 free_one() const
	{
		for (u32 i = 0; i < s.count; i++)
			if (s.slots[i].kind == free_slot)
				return i;
		return s.count;
	}
	[[nodiscard]] u32 find(const auto &wanted) const
	{
		u32 found = 0;
		for (u32 i = 0; i < s.count; i++)
			if (s.slots[i].kind != free_slot && wanted(s.slots[i]))
				found |= 1u << i;
		return found;
	}
	[[nodiscard]] u32 at(Place place) const
	{
		return find([=](const Slot &slot) { return slot.place == place; });
	}
	[[nodiscard]] u32 of(Kind kind) const
	{
		return find([=](const Slot &slot) { return slot.kind == kind; });
	}
	[[nodiscard]] u32 on(u32 target) const
	{
		return find([=](const Slot &slot) { return slot.target == target; });
	}
	[[nodiscard]] u32 all_tasks() const { return of(abort_task) | of(reset_task); }
	// The device still has commands that the guest was answered without.
	[[nodiscard]] bool is_behind(u32 target) const
	{
		return target < devices && s.abandoned[target].commands;
	}
	[[nodiscard]] static u32 sum(const Abandoned &a)
	{
		return u32{a.commands} + a.aborts + a.leading + a.queued + a.following;
	}
	[[nodiscard]] u32 abandoned() const
	{
		u32 count = s.others;
		for (const auto &a : s.abandoned)
			count += sum(a);
		return count;
	}

	// What the guest reads in the ring, or a stopped ring lets go.
	void answer(u32 i)
	{
		Slot &slot = s.slots[i];
		expect(slot.kind != free_slot, "a request was answered twice");
		if (slot.kind != command && slot.ok)
			expect(!slot.covered, "a task succeeded before what it covers was answered");
		slot = {};
		for (auto &other : s.slots)
			other.covered = static_cast<u8>(other.covered & ~(1u << i));
	}

	// Clocks run on their own, which is more than time can do.
	[[nodiscard]] bool is_timed(u32 i) const
	{
		const Slot &slot = s.slots[i];
		if (slot.kind == free_slot || slot.place == waits)
			return false;
		if (slot.kind != command)
			return slot.place != over || slot.ok;
		return slot.place == parked ||
		       (slot.place == running && slot.target == executor && s.timeout);
	}
	bool becomes_late(u32 i)
	{
		if (s.stopped || s.slots[i].late || !is_timed(i))
			return false;
		s.slots[i].late = 1;
		return true;
	}
	bool burst_ages()
	{
		if (s.stopped || s.burst == long_ago)
			return false;
		s.burst++;
		return true;
	}
};

inline std::string describe(const State &s)
{
	static constexpr const char *names[] = {"free", "command", "abort", "reset"};
	static constexpr const char *on[] = {"executor", "emulated", "well-known"};
	static constexpr const char *places[] = {"waits",   "parked", "running", "queued",
						 "follows", "over",   "held"};
	static constexpr const char *bursts[] = {"now", "lately", "long ago"};
	std::string text = s.stopped ? "stopped" : "ring";
	for (u32 i = 0; i < s.count; i++) {
		const auto &slot = s.slots[i];
		text += " [" + std::to_string(i) + ": " + names[slot.kind];
		if (slot.kind != free_slot)
			text += std::string{" "} + on[slot.target] + " " + places[slot.place] +
				(slot.late ? " late" : "");
		if (slot.covered)
			text += ", covers " + std::to_string(slot.covered);
		text += "]";
	}
	for (u32 i = 0; i < devices; i++) {
		const auto &a = s.abandoned[i];
		if (World::sum(a))
			text += std::string{" abandoned to "} + on[i] + ": " + std::to_string(a.commands) +
				" commands, " + std::to_string(a.aborts) + " aborts, " +
				std::to_string(a.leading) + "+" + std::to_string(a.queued) + "+" +
				std::to_string(a.following) + " resets";
	}
	return text + " and " + std::to_string(s.others) + ", burst " + bursts[s.burst];
}

} // namespace tasks
