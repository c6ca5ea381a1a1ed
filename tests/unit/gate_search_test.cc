// SPDX-License-Identifier: GPL-2.0 OR MIT
// Three nexuses and a gate, in every order of what they send and of how that ends.
#include <initializer_list>
#include <iostream>
#include <vector>

#include <gtest/gtest.h>

#include "gate_rules.hpp"
#include "search.hpp"

using namespace gates;

namespace
{

using Event = search::Event<World>;

std::vector<Event> all_events(u8 slots, std::initializer_list<Command> sent)
{
	std::vector<Event> events;
	for (u32 nexus = 0; nexus < nexuses; nexus++) {
		const std::string who = std::to_string(nexus);
		for (const Command command : sent)
			events.push_back({who + " sends " + names[command],
					  [=](World &w) { return w.sends(nexus, command); }});
		for (const Command command : sent)
			if (is_reserving(command) || is_keying(command) || command == to_allow)
				events.push_back({who + " insists on " + names[command],
						  [=](World &w) { return w.insists(nexus, command); }});
		events.push_back({who + " goes", [=](World &w) { return w.session_ends(nexus); }});
	}
	for (u32 slot = 0; slot < slots; slot++) {
		const std::string which = "slot " + std::to_string(slot);
		events.push_back({which + " is executed", [=](World &w) { return w.executes(slot); }});
		events.push_back({which + " ends well", [=](World &w) { return w.ends(slot); }});
		events.push_back({which + " fails", [=](World &w) { return w.fails(slot); }});
		events.push_back({which + " ends unheard", [=](World &w) { return w.ends_unheard(slot); }});
		events.push_back({which + " is lost", [=](World &w) { return w.is_lost(slot); }});
	}
	events.push_back({"reset", [](World &w) { return w.gets_reset(); }});
	events.push_back({"the host pays", [](World &w) { return w.host_pays(); }});
	events.push_back({"power on", [](World &w) { return w.loses_all(); }});
	return events;
}

State start(u8 slots)
{
	State s{};
	s.room = slots;
	return s;
}

void find_nothing(const std::vector<Event> &events, const std::vector<State> &starts)
{
	search::Search<World> search{events, check};
	const auto bad = search.run(starts);
	ASSERT_TRUE(bad.empty()) << bad;
	::testing::Test::RecordProperty("states", std::to_string(search.states()));
	::testing::Test::RecordProperty("transitions", std::to_string(search.transitions()));
	std::cout << search.states() << " states, " << search.transitions() << " transitions\n";
	// An event that never happens is a mistake of the model.
	for (std::size_t i = 0; i < search.counts().size(); i++)
		EXPECT_GT(search.counts()[i], 0u) << search.events()[i].name;
}

TEST(GateSearch, PreventAndAllow)
{
	find_nothing(all_events(3, {to_prevent, to_allow}), {start(3)});
}

TEST(GateSearch, Reserve)
{
	find_nothing(all_events(3, {reserve, release, other}), {start(3)});
}

TEST(GateSearch, Keys)
{
	find_nothing(all_events(3, {set_key, drop_key, other}), {start(3)});
}

TEST(GateSearch, ReserveAndPrevent)
{
	find_nothing(all_events(2, {reserve, to_prevent, to_allow}), {start(2)});
}

TEST(GateSearch, PersistentReservations)
{
	auto events = all_events(2, {reserve, release, registration, persistent_reserve, clear, other});
	events.push_back({"the device is asked", [](World &w) { return w.asks_device(); }});
	State registered = start(2);
	registered.registered = 1;
	State reserved = registered;
	reserved.type = exclusive_access;
	for (State *state : {&registered, &reserved})
		vscsi_gate_inherit(&state->gate, state->type, true);
	find_nothing(events, {start(2), registered, reserved});
}

} // namespace
