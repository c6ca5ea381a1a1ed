// SPDX-License-Identifier: GPL-2.0 OR MIT
// The other side: a guest with Linux's xen-scsifront, one that writes what it
// likes, and the toolstack.  Each event returns false if it cannot happen now.
#pragma once
#include "control_world.hpp"

namespace control
{

class Guest
{
public:
	explicit Guest(World &world) : w_{world}, s_{world.s} {}

	// A driver is loaded, or a kernel boots.
	bool probes(bool same_numbers)
	{
		if (!s_.alive || s_.driver != no_driver || !s_.back_dir)
			return false;
		if (s_.front != VSCSI_XB_INITIALISING && (s_.front != VSCSI_XB_CLOSED || s_.rebooting))
			return false;
		if (!new_ring(same_numbers))
			return false;
		s_.driver = active;
		s_.rebooting = s_.restored = 0;
		w_.front_is(VSCSI_XB_INITIALISED);
		s_.events = 1; // a new watch fires at once
		return true;
	}
	// It goes on elsewhere, or after a snapshot, with a new ring.
	bool resumes(bool same_numbers)
	{
		if (s_.driver != active || s_.paused || s_.task || s_.front != VSCSI_XB_CONNECTED ||
		    s_.back != VSCSI_XB_CONNECTED || !new_ring(same_numbers))
			return false;
		s_.paused = 1;
		w_.front_is(VSCSI_XB_INITIALISED);
		s_.events = 1;
		return true;
	}
	bool unloads()
	{
		if (s_.driver == no_driver || s_.driver == leaving || s_.task || before_first_connection())
			return false;
		forgets();
		if (s_.front != VSCSI_XB_CLOSED)
			w_.front_is(VSCSI_XB_CLOSED);
		return true;
	}
	bool shuts_down()
	{
		if (s_.driver != active || s_.task || s_.front != VSCSI_XB_CONNECTED)
			return false;
		s_.driver = leaving;
		w_.front_is(VSCSI_XB_CLOSING);
		return true;
	}
	bool crashes()
	{
		if (!s_.alive || (s_.rebooting && s_.driver == no_driver))
			return false;
		if (before_first_connection())
			return false;
		forgets();
		s_.rebooting = 1;
		return true;
	}
	bool dies()
	{
		forgets();
		return true;
	}
	// A new kernel leads the backend to the beginning, with or without patience.
	bool boot_writes(u8 state)
	{
		if (!s_.alive || !s_.rebooting || s_.front == state)
			return false;
		if (state == VSCSI_XB_CLOSING && s_.front >= VSCSI_XB_CLOSING && s_.front <= VSCSI_XB_CLOSED)
			return false;
		if (s_.front == VSCSI_XB_INITIALISING)
			return false;
		if (state == VSCSI_XB_INITIALISING)
			s_.rebooting = 0;
		w_.front_is(state);
		return true;
	}
	// Its xenwatch reads the backend's state.
	bool watch_fires()
	{
		if (s_.task || !s_.events || finds_old_state())
			return false;
		s_.events--;
		if (s_.driver == leaving) {
			if (s_.back == VSCSI_XB_CLOSING)
				w_.front_is(VSCSI_XB_CLOSED);
			return true;
		}
		switch (s_.back) {
		case VSCSI_XB_CONNECTED:
			if (s_.paused)
				s_.task = guest_adds_again;
			else if (s_.front == VSCSI_XB_INITIALISED)
				s_.task = guest_adds;
			else
				switch_state(VSCSI_XB_CONNECTED);
			break;
		case VSCSI_XB_CLOSED:
			if (s_.front != VSCSI_XB_CLOSED)
				disconnects();
			break;
		case VSCSI_XB_CLOSING:
			disconnects();
			break;
		case VSCSI_XB_RECONFIGURING:
			s_.task = guest_removes;
			break;
		case VSCSI_XB_RECONFIGURED:
			s_.task = guest_adds;
			break;
		default:
			break;
		}
		return true;
	}
	// One device of its list, or the state after the last one.
	bool goes_on()
	{
		if (!s_.task)
			return false;
		if (s_.task_at == s_.count) {
			switch_state(s_.task == guest_removes ? VSCSI_XB_RECONFIGURING : VSCSI_XB_CONNECTED);
			if (s_.task == guest_adds_again)
				s_.paused = 0;
			s_.task = guest_idle;
			s_.task_at = 0;
			return true;
		}
		auto &d = s_.devices[s_.task_at];
		switch (s_.task) {
		case guest_adds:
			if (d.back == VSCSI_XB_INITIALISED && !d.seen && !adds(d))
				return false;
			break;
		case guest_adds_again:
			if (d.back == VSCSI_XB_CONNECTED)
				d.front = VSCSI_XB_CONNECTED;
			break;
		default:
			if (d.back == VSCSI_XB_CLOSING && d.seen) {
				d.seen = 0;
				d.front = VSCSI_XB_CLOSED;
			}
		}
		s_.task_at++;
		return true;
	}
	bool uses(Device &d)
	{
		if (s_.driver != active || s_.paused || !d.seen || !d.mapped || !w_.ring_works() ||
		    World::in_flight(d))
			return false;
		d.busy = 1;
		return true;
	}

private:
	World &w_;
	State &s_;

	// A restored guest that begins anew before it has its devices again looks like one that is
	// about to run: nothing tells us that its devices must be offered again.
	[[nodiscard]] bool before_first_connection() const { return s_.restored && s_.paused; }
	void forgets()
	{
		for (auto &d : s_.devices)
			d.seen = 0;
		s_.driver = no_driver;
		s_.paused = s_.restored = s_.events = s_.task = s_.task_at = 0;
		s_.genuine = 0;
	}
	// The same numbers are given out again only after a life of the ring that
	// the backend knows of: else nobody could tell the rings apart.
	bool new_ring(bool same_numbers)
	{
		if (same_numbers && (!s_.live || !(s_.seen_connected || s_.restarted)))
			return false;
		s_.genuine = 0;
		s_.same_numbers = same_numbers;
		return true;
	}
	// A driver that begins takes a Connected of before for an answer, and tells us
	// Connected in turn: if we see nothing but that, the old ring stays.  The
	// protocol has no remedy; we have to be faster than its next look.
	[[nodiscard]] bool finds_old_state() const
	{
		const bool answered =
			w_.ring_works() && (s_.work != work_acts || s_.action != VSCSI_HOST_CONNECT);
		return s_.front == VSCSI_XB_INITIALISED && !answered &&
		       (s_.back == VSCSI_XB_CONNECTED || s_.back >= VSCSI_XB_RECONFIGURING);
	}
	void switch_state(u8 state)
	{
		if (s_.front != state)
			w_.front_is(state);
	}
	void disconnects()
	{
		for (auto &d : s_.devices)
			d.seen = 0;
		s_.driver = inactive;
		switch_state(VSCSI_XB_CLOSED);
	}
	// False while its first command waits for an answer.
	bool adds(Device &d)
	{
		if (s_.driver == active && !w_.ring_works())
			return false;
		w_.expect(d.mapped || s_.driver != active, "offered a device that is not mapped");
		const bool there = s_.driver == active && d.mapped && d.accepted;
		d.seen = there;
		d.over = !there;
		d.front = there ? VSCSI_XB_CONNECTED : VSCSI_XB_CLOSED;
		return true;
	}
};

// A frontend with no rules; its domain's directory is its own to write.
class Hostile
{
public:
	explicit Hostile(World &world) : w_{world}, s_{world.s} {}

	bool writes(u8 state)
	{
		if (!s_.front || s_.front == state)
			return false;
		w_.front_is(state);
		return true;
	}
	bool writes(Device &d, u8 state)
	{
		if (d.front == state)
			return false;
		d.front = state;
		return true;
	}
	bool uses(Device &d)
	{
		if (!s_.live || !d.mapped || d.busy)
			return false;
		d.busy = 1;
		return true;
	}

private:
	World &w_;
	State &s_;
};

// Keeps to the rules of the protocol, as libxl and the lab do.
class Toolstack
{
public:
	explicit Toolstack(World &world) : w_{world}, s_{world.s} {}

	bool adds(Device &d)
	{
		if (d.back || !ready())
			return false;
		d.back = VSCSI_XB_INITIALISING;
		d.over = 0;
		reconfigures();
		return true;
	}
	bool closes(Device &d)
	{
		if ((d.back != VSCSI_XB_CONNECTED && d.back != VSCSI_XB_INITIALISED &&
		     d.back != VSCSI_XB_INITIALISING) ||
		    !ready())
			return false;
		d.back = VSCSI_XB_CLOSING;
		d.over = 1;
		reconfigures();
		return true;
	}
	// Tells the frontend once more of devices that both sides have not settled.
	bool nudges()
	{
		if (!ready() || s_.back != VSCSI_XB_CONNECTED || s_.front != VSCSI_XB_CONNECTED)
			return false;
		bool overlooked = false;
		for (std::size_t i = 0; i < s_.count; i++)
			overlooked |= s_.devices[i].back == VSCSI_XB_INITIALISED ||
				      s_.devices[i].back == VSCSI_XB_INITIALISING;
		if (overlooked)
			reconfigures();
		return overlooked;
	}
	bool removes(Device &d)
	{
		if (!s_.back_dir)
			return false;
		// With no frontend there is nobody to close it.
		if (d.back != VSCSI_XB_CLOSED &&
		    (d.back != VSCSI_XB_CLOSING || s_.back != VSCSI_XB_INIT_WAIT))
			return false;
		d.back = 0;
		return true;
	}
	bool detaches()
	{
		if (!s_.online || !s_.back_dir)
			return false;
		s_.online = 0;
		// xenbus tells a backend of its frontend's state only.
		s_.unheard = s_.front == VSCSI_XB_CLOSED && !s_.watch_events;
		if (s_.back != VSCSI_XB_CLOSED) {
			s_.back = VSCSI_XB_CLOSING;
			w_.backend_event();
		}
		return true;
	}
	bool destroys()
	{
		if (!s_.alive)
			return false;
		s_.alive = 0;
		return true;
	}
	bool removes_frontend()
	{
		if ((s_.alive && s_.online) || !s_.front)
			return false;
		w_.front_is(VSCSI_XB_UNKNOWN);
		for (auto &d : s_.devices)
			d.front = 0;
		return true;
	}
	bool removes_backend()
	{
		if ((s_.alive && s_.online) || !s_.back_dir)
			return false;
		s_.back_dir = s_.back = 0;
		s_.dir_removed = !s_.gone;
		for (auto &d : s_.devices)
			d.back = 0;
		return true;
	}

private:
	World &w_;
	State &s_;

	// Where the devices may be changed: while the guest is there, or still away.
	[[nodiscard]] bool ready() const
	{
		if (!s_.back_dir || !s_.online || s_.paused)
			return false;
		return s_.back == VSCSI_XB_CONNECTED ||
		       (s_.back == VSCSI_XB_INIT_WAIT && s_.work == work_idle);
	}
	void reconfigures()
	{
		if (s_.back != VSCSI_XB_CONNECTED)
			return;
		s_.back = VSCSI_XB_RECONFIGURING;
		w_.backend_event();
	}
};

} // namespace control
