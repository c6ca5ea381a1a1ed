// SPDX-License-Identifier: GPL-2.0 OR MIT
// The control path in every state that frontend, toolstack, devices and backend
// can bring each other into, in every order.
#include <iostream>

#include <gtest/gtest.h>

#include "control_checks.hpp"
#include "control_guest.hpp"
#include "control_search.hpp"
#include "control_shim.hpp"

using namespace control;

namespace
{

void add_backend(std::vector<Event> &events, bool hostile)
{
	events.push_back({"backend's xenwatch", true, [](World &w) { return Shim{w}.watch_fires(); }});
	events.push_back({"work starts", true, [](World &w) { return Shim{w}.work_starts(); }});
	events.push_back({"work looks", true, [](World &w) { return Shim{w}.work_reads_flags(); }});
	events.push_back({"work decides", true, [](World &w) { return Shim{w}.work_reads_state(); }});
	events.push_back({"work acts", true, [](World &w) { return Shim{w}.work_acts_on(false); }});
	events.push_back({"a second passes", true, [](World &w) { return Shim{w}.time_passes(); }});
	events.push_back({"work fails to map the ring", true, [hostile](World &w) {
				  return (hostile || w.s.driver == no_driver) && Shim{w}.work_acts_on(true);
			  }});
}

void add_each(std::vector<Event> &events, const char *name, bool due, bool (*happens)(World &, Device &))
{
	for (std::size_t i = 0; i < most_devices; i++)
		events.push_back({name + std::string{" "} + std::to_string(i), due,
				  [=](World &w) { return i < w.s.count && happens(w, w.s.devices[i]); }});
}

void add_hotplug(std::vector<Event> &events)
{
	add_each(events, "toolstack adds", false, [](World &w, Device &d) { return Toolstack{w}.adds(d); });
	add_each(events, "toolstack closes", false,
		 [](World &w, Device &d) { return Toolstack{w}.closes(d); });
	add_each(events, "toolstack removes", false,
		 [](World &w, Device &d) { return Toolstack{w}.removes(d); });
}

void add_end(std::vector<Event> &events)
{
	events.push_back({"domain destroyed", false,
			  [](World &w) { return Toolstack{w}.destroys() && Guest{w}.dies(); }});
	events.push_back({"toolstack detaches", false, [](World &w) { return Toolstack{w}.detaches(); }});
	events.push_back({"frontend's directory goes", false,
			  [](World &w) { return Toolstack{w}.removes_frontend(); }});
	events.push_back(
		{"backend's directory goes", false, [](World &w) { return Toolstack{w}.removes_backend(); }});
	events.push_back({"backend's directory is noticed gone", true,
			  [](World &w) { return Shim{w}.directory_vanishes(); }});
}

std::vector<Event> linux_guest()
{
	std::vector<Event> events;
	add_backend(events, false);
	events.push_back({"guest's xenwatch", true, [](World &w) { return Guest{w}.watch_fires(); }});
	events.push_back({"guest goes on", true, [](World &w) { return Guest{w}.goes_on(); }});
	add_each(events, "commands end", true, [](World &w, Device &d) { return Shim{w}.commands_end(d); });
	add_each(events, "guest uses", false, [](World &w, Device &d) { return Guest{w}.uses(d); });
	for (const bool same : {false, true}) {
		const std::string how = same ? ", same ring numbers" : "";
		events.push_back(
			{"guest probes" + how, false, [=](World &w) { return Guest{w}.probes(same); }});
		events.push_back(
			{"guest resumes" + how, false, [=](World &w) { return Guest{w}.resumes(same); }});
	}
	events.push_back({"guest unloads", false, [](World &w) { return Guest{w}.unloads(); }});
	events.push_back({"guest shuts down", false, [](World &w) { return Guest{w}.shuts_down(); }});
	events.push_back({"guest crashes", false, [](World &w) { return Guest{w}.crashes(); }});
	for (const u8 state : {u8{VSCSI_XB_CLOSING}, u8{VSCSI_XB_CLOSED}, u8{VSCSI_XB_INITIALISING}})
		events.push_back({"boot writes " + std::to_string(state) + ".", false,
				  [=](World &w) { return Guest{w}.boot_writes(state); }});
	return events;
}

// Whatever frontend and toolstack do, each in its own time.
void find_nothing(std::vector<Event> events, const std::vector<State> &starts,
		  const Search::Check &rest = at_rest)
{
	Search search{std::move(events), always, rest};
	EXPECT_EQ(search.run(starts), "");
	::testing::Test::RecordProperty("states", std::to_string(search.states()));
	::testing::Test::RecordProperty("transitions", std::to_string(search.transitions()));
	std::cout << search.states() << " states, " << search.transitions() << " transitions, "
		  << search.rests() << " at rest\n";
	// An event that never happens is a mistake of the model.
	for (std::size_t i = 0; i < search.counts().size(); i++) {
		const auto &name = search.events()[i].name;
		const bool of_second = name.ends_with(" 1");
		EXPECT_EQ(search.counts()[i] > 0, !of_second || starts[0].count > 1) << name;
	}
}

std::vector<State> each_kind()
{
	return {start({device(true, true)}), start({device(true, false)}), start({device(false, true)})};
}

// A guest that comes here, or goes on from a snapshot, with what it had: its
// devices are in the backend before it runs, Connected if the toolstack knows
// that it had them.
State restored(u8 state = VSCSI_XB_CONNECTED, bool seen = true)
{
	auto d = device(true, true);
	d.back = state;
	d.seen = seen;
	State s = start({d});
	s.driver = active;
	s.paused = s.restored = 1;
	s.front = VSCSI_XB_INITIALISED;
	s.events = 1;
	return s;
}

TEST(ControlSearch, AGuestWithEachKindOfDevice)
{
	find_nothing(linux_guest(), each_kind());
}

TEST(ControlSearch, AGuestWithTwoDevices)
{
	find_nothing(linux_guest(), {start({device(true, true), device(true, true)}),
				     start({device(true, true), device(true, false)}),
				     start({device(false, true), device(true, true)})});
}

TEST(ControlSearch, DevicesComeAndGo)
{
	auto events = linux_guest();
	add_hotplug(events);
	find_nothing(events, each_kind());
}

TEST(ControlSearch, ARestoredGuestsDevicesComeAndGo)
{
	auto events = linux_guest();
	add_hotplug(events);
	find_nothing(events, {restored()});
}

// A toolstack that does not know, and tells the frontend until all is settled.
TEST(ControlSearch, ARestoredGuestsDevicesAreSettledByARound)
{
	auto events = linux_guest();
	events.push_back({"toolstack nudges", true, [](World &w) { return Toolstack{w}.nudges(); }});
	find_nothing(events, {restored(VSCSI_XB_INITIALISING, true), restored(VSCSI_XB_INITIALISING, false)},
		     [](World &w) {
			     at_rest(w);
			     const auto &d = w.s.devices[0];
			     w.expect(w.s.driver != active || d.over || d.back == VSCSI_XB_CONNECTED,
				      "a restored guest's device is not Connected");
		     });
}

TEST(ControlSearch, ARestoredGuestsOfferedDevicesComeAndGo)
{
	auto events = linux_guest();
	add_hotplug(events);
	events.push_back({"toolstack nudges", false, [](World &w) { return Toolstack{w}.nudges(); }});
	find_nothing(events, {restored(VSCSI_XB_INITIALISING)});
}

TEST(ControlSearch, ItEnds)
{
	auto events = linux_guest();
	add_end(events);
	find_nothing(events, each_kind());
}

TEST(ControlSearch, ARestoredGuestEnds)
{
	auto events = linux_guest();
	add_end(events);
	find_nothing(events, {restored()});
}

// A frontend that writes any state at any time, its devices' states too.
TEST(ControlSearch, AHostileFrontend)
{
	std::vector<Event> events;
	add_backend(events, true);
	add_each(events, "commands end", true, [](World &w, Device &d) { return Shim{w}.commands_end(d); });
	add_each(events, "it uses", false, [](World &w, Device &d) { return Hostile{w}.uses(d); });
	for (u8 state = 0; state < 11; state++) {
		events.push_back({"it writes " + std::to_string(state) + ".", false,
				  [=](World &w) { return Hostile{w}.writes(state); }});
		if (state == VSCSI_XB_UNKNOWN || state == VSCSI_XB_CONNECTED || state == VSCSI_XB_CLOSED)
			events.push_back(
				{"its device's state is " + std::to_string(state) + ".", false,
				 [=](World &w) { return Hostile{w}.writes(w.s.devices[0], state); }});
	}
	find_nothing(events, each_kind(), [](World &w) {
		w.expect(w.s.live || !w.s.ring, "a ring that has drained is kept");
		w.expect(!w.s.gone || w.s.left, "not all was given back");
	});
}

} // namespace
