// SPDX-License-Identifier: GPL-2.0 OR MIT
// Everything that the control path's decisions depend on: xenstore, the guest,
// the shim, commands in flight.  Bytes only, so that states hash and compare.
#pragma once
#include <array>
#include <cstddef>
#include <string>

#include <vscsi/engine.h>

namespace control
{

using u8 = vscsi_u8;
using u32 = vscsi_u32;
using u64 = vscsi_u64;

inline constexpr std::size_t most_devices = 2;

// A device that is unmapped and not yet reaped; 0 if there is none.
enum Old : u8 { old_busy = 1, old_ended = 2, old_closing = 4 };

struct Device {
	// xenstore: states of both ends, 0 without a directory
	u8 back{};
	u8 front{};
	// shim
	u8 mapped{};
	u8 busy{}; // commands in flight
	u8 asked{};
	std::array<u8, 2> old{};
	// guest
	u8 seen{}; // it has the SCSI device
	// toolstack
	u8 over{}; // asked to remove it, or the guest refused it
	// what it is; never changes
	u8 mappable{};
	u8 accepted{};
};

enum Driver : u8 {
	no_driver,
	active,
	inactive, // bound, and its SCSI host removed
	leaving,  // the guest shuts down
};

enum GuestTask : u8 { guest_idle, guest_adds, guest_adds_again, guest_removes };

enum Work : u8 { work_idle, work_looks, work_decides, work_acts };

struct State {
	u8 count{}; // of devices
	// xenstore
	u8 back{};
	u8 back_dir{};
	u8 online{};
	u8 unheard{};      // offline since the frontend is Closed
	u8 front{};        // 0 without a directory
	u8 same_numbers{}; // ring reference and event channel are those of the backend's ring
	// guest
	u8 alive{};
	u8 rebooting{};
	u8 driver{};
	u8 paused{};   // resumes
	u8 restored{}; // since it came here by migration
	u8 events{};   // of the backend's state, up to 2
	u8 task{};
	u8 task_at{};
	// shim: xenwatch
	u8 watch_events{}; // of the frontend's state, up to 2
	u8 dir_removed{};
	u8 gone{};
	u8 seen_connected{};
	u8 restarted{};
	u8 was_connected{};
	// shim: control work
	u8 queued{};
	u8 work{};
	u8 saw_connected{}; // what the work has read of xenwatch's, until it decides
	u8 saw_restarted{};
	u8 action{};
	u8 action_at{};
	u8 own{};    // dev->state
	u8 rested{}; // it has been Closed for a while
	u8 ready{};
	u8 ring{};
	u8 live{};
	u8 genuine{}; // the guest's current ring
	u8 left{};
	std::array<Device, most_devices> devices{};
};

// A state and what went wrong on the way to it.
class World
{
public:
	State s;
	const char *fault{};

	explicit World(const State &state) : s{state} {}

	void expect(bool good, const char *what)
	{
		if (!good && !fault)
			fault = what;
	}
	void backend_event()
	{
		if (s.driver != no_driver && s.events < 1)
			s.events++;
	}
	void frontend_event()
	{
		if (!s.gone && s.watch_events < 2)
			s.watch_events++;
	}
	void front_is(u8 state)
	{
		if (!s.front)
			return;
		s.front = state;
		s.unheard = 0;
		frontend_event();
	}
	// A ring that the backend has can be given new requests.
	[[nodiscard]] bool ring_works() const { return s.live && s.genuine; }
	[[nodiscard]] bool in_flight() const
	{
		for (std::size_t i = 0; i < s.count; i++)
			if (in_flight(s.devices[i]))
				return true;
		return false;
	}
	[[nodiscard]] static bool in_flight(const Device &d)
	{
		return d.busy || (d.old[0] & old_busy) || (d.old[1] & old_busy);
	}
};

inline std::string describe(const State &s)
{
	static constexpr const char *drivers[] = {"no driver", "active", "inactive", "leaving"};
	const auto flag = [](u8 set, const char *name) {
		return set ? std::string{" "} + name : std::string{};
	};
	std::string text = "fe " + std::to_string(s.front) + " be " + std::to_string(s.back) + "/" +
			   std::to_string(s.own) + " " + drivers[s.driver];
	text += flag(s.live, "live") + flag(s.ring && !s.live, "draining") +
		flag(s.live && s.genuine, "genuine") + flag(s.live && s.same_numbers, "same-numbers") +
		flag(s.seen_connected, "seen-connected") + flag(s.restarted, "restarted") +
		flag(s.paused, "paused") + flag(!s.online, "offline") + flag(s.rested, "rested") +
		flag(s.gone, "gone") + flag(s.left, "left") + flag(s.queued, "queued") +
		flag(s.watch_events, "watch") + flag(s.events, "guest-watch") + flag(s.task, "guest-busy");
	if (s.work == work_acts)
		text += " action " + std::to_string(s.action) + "." + std::to_string(s.action_at);
	for (std::size_t i = 0; i < s.count; i++) {
		const auto &d = s.devices[i];
		text += " [" + std::to_string(d.back) + "/" + std::to_string(d.front) +
			flag(d.mapped, "mapped") + flag(d.busy, "busy") + flag(d.old[0] || d.old[1], "old") +
			flag(d.seen, "seen") + "]";
	}
	return text;
}

} // namespace control
