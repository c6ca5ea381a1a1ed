// SPDX-License-Identifier: GPL-2.0 OR MIT
// Tasks, abandoned and parked commands in every state that a guest, its devices
// and time can bring a ring into, in every order.
#include <iostream>

#include <gtest/gtest.h>

#include "search.hpp"
#include "task_shim.hpp"

using namespace tasks;

namespace
{

using Event = search::Event<World>;

constexpr const char *names[] = {"the adapter's disk", "the emulated disk", "the well known unit"};

// What a guest sends there; of commands it sends any.
struct Use {
	Target target;
	bool aborts, resets;
};

void add_guest(std::vector<Event> &events, u32 slots, const Use &use)
{
	const auto add = [&, target = use.target](const std::string &name, Kind kind, u32 victim) {
		events.push_back({"guest " + name + " at " + names[target],
				  [=](World &w) { return Shim{w}.fetch(kind, target, victim); }});
	};
	add("sends a command", command, most_slots);
	if (use.resets)
		add("sends a reset", reset_task, most_slots);
	if (!use.aborts)
		return;
	add("aborts what is not there", abort_task, most_slots);
	for (u32 i = 0; i < slots; i++)
		add("aborts slot " + std::to_string(i), abort_task, i);
}

void add_thread(std::vector<Event> &events, u32 slots)
{
	for (u32 loaded = 0; loaded <= slots; loaded++) {
		const std::string pages = std::to_string(loaded) + " requests have pages";
		events.push_back(
			{"thread passes, " + pages, [=](World &w) { return Shim{w}.pass(loaded, true); }});
		events.push_back({"thread passes, somebody else answers, " + pages,
				  [=](World &w) { return Shim{w}.pass(loaded, false); }});
	}
	events.push_back({"what is over is answered", [](World &w) { return Shim{w}.drain(); }});
	events.push_back({"thread looks", [](World &w) { return Shim{w}.look(Mishap::none, most_slots); }});
	for (u32 i = 0; i < slots; i++) {
		const std::string slot = " slot " + std::to_string(i);
		events.push_back({"thread looks while there is no memory for" + slot,
				  [=](World &w) { return Shim{w}.look(Mishap::no_memory, i); }});
		events.push_back({"thread looks and there ends" + slot,
				  [=](World &w) { return Shim{w}.look(Mishap::ends, i); }});
	}
}

void add_device(std::vector<Event> &events, const Use &use)
{
	const Target target = use.target;
	const std::string of = std::string{" of "} + names[target];
	if (target == executor)
		events.push_back({"the burst ages", [](World &w) { return w.burst_ages(); }});
	if (target == well_known)
		return;
	events.push_back({"an abandoned command" + of + " ends",
			  [=](World &w) { return Shim{w}.abandoned_command_ends(target); }});
	// An adapter has no aborts: its commands just come back.
	if (use.aborts && target != executor)
		events.push_back({"an abandoned abort" + of + " ends",
				  [=](World &w) { return Shim{w}.abandoned_abort_ends(target); }});
	if (!use.resets)
		return;
	events.push_back({"an abandoned reset" + of + " succeeds",
			  [=](World &w) { return Shim{w}.abandoned_reset_ends(target, true); }});
	events.push_back({"an abandoned reset" + of + " fails",
			  [=](World &w) { return Shim{w}.abandoned_reset_ends(target, false); }});
}

void add_slots(std::vector<Event> &events, u32 slots)
{
	for (u32 i = 0; i < slots; i++) {
		const std::string slot = "slot " + std::to_string(i);
		events.push_back({slot + " becomes late", [=](World &w) { return w.becomes_late(i); }});
		events.push_back({slot + " ends well", [=](World &w) { return Shim{w}.ends(i, true); }});
		events.push_back({"task of " + slot + " fails", [=](World &w) {
					  return w.s.slots[i].kind != command && Shim{w}.ends(i, false);
				  }});
	}
	events.push_back({"the ring is stopped", [](World &w) { return Shim{w}.stop(); }});
}

std::vector<Event> all_events(u32 slots, std::initializer_list<Use> uses)
{
	std::vector<Event> events;
	for (const Use &use : uses) {
		add_guest(events, slots, use);
		add_device(events, use);
	}
	add_thread(events, slots);
	add_slots(events, slots);
	return events;
}

// The thread submits tasks, whatever else waits for pages, time passes, and it looks.
World at_next_look(const World &before, u32 late)
{
	World w{before.s};
	u32 tasks = 0;
	while (tasks < w.s.waiting && w.s.slots[w.s.order[tasks]].kind != command)
		tasks++;
	Shim{w}.pass(tasks, true);
	for (u32 i = 0; i < w.s.count; i++)
		if (late & 1u << i || w.s.slots[i].place == parked)
			w.becomes_late(i);
	w.s.burst = long_ago;
	w.asked = 0;
	w.asked_abandoned = false;
	Shim{w}.look(Mishap::none, most_slots);
	Shim{w}.drain();
	return w;
}

// Nothing stays parked, and what an adapter gives back when it is asked is asked for.
void a_look_helps(World &before)
{
	World w = at_next_look(before, 0);
	u32 covered = 0;
	for (const auto &slot : w.s.slots)
		covered |= slot.covered;
	const u32 wanted = covered & w.on(executor) & w.at(running);
	w.expect(!w.at(parked), "a command stays parked");
	w.expect(!(wanted & ~w.asked), "nobody asks the adapter for a command");
	w.expect(w.asked_abandoned || !w.is_behind(executor),
		 "nobody asks the adapter for abandoned commands");
	before.expect(!w.fault, w.fault);
}

// No device gives anything back: tasks are answered unless too much is abandoned.
void no_task_waits_for_ever(World &before)
{
	World w = at_next_look(before, ~0u);
	for (const auto &slot : w.s.slots)
		if (slot.kind == abort_task || slot.kind == reset_task)
			w.expect(w.abandoned() + static_cast<u32>(std::popcount(slot.covered)) + 1 >
					 abandoned_limit,
				 "if no device gives anything back a task is not answered in time");
	before.expect(!w.fault, w.fault);
}

bool is_all_over(const World &w)
{
	return w.free_one() == 0 && w.find([](const Slot &) { return true; }) == 0 &&
	       w.abandoned() == w.s.others;
}

void devices_end_all(World &w)
{
	for (u32 target = 0; target < devices; target++)
		while (Shim{w}.abandoned_command_ends(target) || Shim{w}.abandoned_abort_ends(target) ||
		       Shim{w}.abandoned_reset_ends(target, true))
			;
	for (bool again = true; again;) {
		again = false;
		for (u32 i = 0; i < w.s.count; i++)
			again |= Shim{w}.ends(i, true);
	}
	Shim{w}.drain();
}

// Devices give all back, and pages come with it: then all is answered.
void all_ends_with_good_devices(World &before)
{
	World w{before.s};
	for (int look = 0; look < 3 && !is_all_over(w); look++) {
		Shim{w}.pass(w.s.waiting, true);
		devices_end_all(w);
		Shim{w}.look(Mishap::none, most_slots);
	}
	w.expect(is_all_over(w), "with good devices something is never answered");
	before.expect(!w.fault, w.fault);
}

void check(World &w)
{
	if (!w.s.stopped) {
		a_look_helps(w);
		no_task_waits_for_ever(w);
	}
	all_ends_with_good_devices(w);
}

// others: what other devices of the ring have been abandoned, so that few more may be.
State start(u32 slots, u8 timeout, u8 others)
{
	State s{};
	s.count = static_cast<u8>(slots);
	s.timeout = timeout;
	s.others = others;
	s.burst = long_ago;
	return s;
}

void find_nothing(std::vector<Event> events, const std::vector<State> &starts)
{
	search::Search<World> search{std::move(events), check};
	const auto bad = search.run(starts);
	ASSERT_TRUE(bad.empty()) << bad;
	::testing::Test::RecordProperty("states", std::to_string(search.states()));
	::testing::Test::RecordProperty("transitions", std::to_string(search.transitions()));
	std::cout << search.states() << " states, " << search.transitions() << " transitions\n";
	// An event that never happens is a mistake of the model.
	for (std::size_t i = 0; i < search.counts().size(); i++)
		EXPECT_GT(search.counts()[i], 0u) << search.events()[i].name;
}

TEST(TaskSearch, AnAdaptersDisk)
{
	find_nothing(all_events(3, {{executor, true, true}}), {start(3, 0, 13)});
}

TEST(TaskSearch, AnAdaptersDiskWithATimeout)
{
	find_nothing(all_events(3, {{executor, true, true}}), {start(3, 1, 14)});
}

TEST(TaskSearch, AnEmulatedDisk)
{
	find_nothing(all_events(3, {{emulated, true, true}}), {start(3, 0, 13)});
}

TEST(TaskSearch, BothDisks)
{
	find_nothing(all_events(3, {{executor, true, false}, {emulated, false, true}}), {start(3, 0, 14)});
}

TEST(TaskSearch, TheWellKnownUnit)
{
	find_nothing(all_events(3, {{emulated, true, false}, {well_known, true, true}}), {start(3, 0, 14)});
}

} // namespace
