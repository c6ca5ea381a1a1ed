// SPDX-License-Identifier: GPL-2.0 OR MIT
// The shim's part of the control path as vhost.c, device.c and xenbus.c have it,
// cut where something else can come between.  Each event returns false if it
// cannot happen now.
#pragma once
#include <vscsi/engine.h>

#include "control_world.hpp"

namespace control
{

class Shim
{
public:
	explicit Shim(World &world) : w_{world}, s_{world.s} {}

	// xenwatch: vscsi_frontend_changed()
	bool watch_fires()
	{
		if (s_.gone || !s_.watch_events)
			return false;
		s_.watch_events--;
		if (s_.front == VSCSI_XB_CONNECTED)
			s_.seen_connected = 1;
		if (s_.was_connected && (s_.front == VSCSI_XB_CLOSING || s_.front == VSCSI_XB_CLOSED ||
					 s_.front == VSCSI_XB_INITIALISING))
			s_.restarted = 1;
		const vscsi_host_view view{.frontend = s_.front,
					   .backend = s_.own,
					   .ring_live = false,
					   .ring_draining = false,
					   .seen_connected = false,
					   .ring_changed = false,
					   .online = s_.front != VSCSI_XB_CLOSED || s_.online,
					   .restarted = false,
					   .rested = false,
					   .ready = false};
		if (vscsi_host_step(&view) == VSCSI_HOST_UNREGISTER) {
			w_.expect(s_.front == VSCSI_XB_UNKNOWN || !s_.online,
				  "unregistered a frontend that is there");
			unregister();
		} else {
			s_.queued = 1;
		}
		return true;
	}
	// xenwatch: the backend's directory went away
	bool directory_vanishes()
	{
		if (s_.gone || !s_.dir_removed)
			return false;
		unregister();
		return true;
	}
	// The work starts.
	bool work_starts()
	{
		if (!s_.queued || s_.work != work_idle)
			return false;
		s_.queued = 0;
		ring_settle();
		reap();
		s_.work = work_looks;
		return true;
	}
	// The work reads what xenwatch has seen.
	bool work_reads_flags()
	{
		if (s_.work != work_looks)
			return false;
		if (s_.gone) {
			work_leaves();
			return true;
		}
		s_.saw_connected = s_.seen_connected;
		s_.saw_restarted = s_.restarted;
		s_.work = work_decides;
		return true;
	}
	// And then what is, and decides.
	bool work_reads_state()
	{
		if (s_.work != work_decides)
			return false;
		const vscsi_host_view view{.frontend = s_.front,
					   .backend = s_.own,
					   .ring_live = s_.live != 0,
					   .ring_draining = s_.ring && !s_.live,
					   .seen_connected = s_.saw_connected != 0,
					   .ring_changed = s_.front == VSCSI_XB_INITIALISED && s_.live &&
							   !s_.same_numbers,
					   .online = true,
					   .restarted = s_.saw_restarted != 0,
					   .rested = s_.rested != 0,
					   .ready = s_.ready != 0};
		s_.saw_connected = s_.saw_restarted = 0;
		s_.action = static_cast<u8>(vscsi_host_step(&view));
		s_.action_at = 0;
		switch (s_.action) {
		case VSCSI_HOST_DISCONNECT:
		case VSCSI_HOST_WAIT_READY:
		case VSCSI_HOST_CONNECT:
		case VSCSI_HOST_CLOSING:
		case VSCSI_HOST_CLOSED:
			s_.work = work_acts;
			break;
		case VSCSI_HOST_SETTLE:
		case VSCSI_HOST_RECONFIGURE:
			s_.work = work_acts;
			s_.action_at = 1;
			break;
		default:
			work_ends();
		}
		return true;
	}
	// The delayed work, a second after the last change of state.
	bool time_passes()
	{
		if (s_.gone || s_.work != work_idle || s_.rested || s_.own != VSCSI_XB_CLOSED)
			return false;
		s_.rested = s_.queued = 1;
		return true;
	}
	// The next part of an action: its beginning, one for each device, its end.
	bool work_acts_on(bool ring_is_bad)
	{
		if (s_.work != work_acts ||
		    (ring_is_bad && (s_.action != VSCSI_HOST_CONNECT || s_.action_at)))
			return false;
		if (s_.action_at == 0)
			begin(ring_is_bad);
		else if (s_.action_at <= s_.count)
			device_step(s_.devices[s_.action_at - 1u]);
		else
			finish();
		if (s_.work == work_acts)
			s_.action_at++;
		else
			s_.action = s_.action_at = 0;
		return true;
	}
	// Target core lets go of the last command.
	bool commands_end(Device &d)
	{
		if (!World::in_flight(d))
			return false;
		if (d.busy && s_.ring && !s_.live)
			s_.queued = 1;
		d.busy = 0;
		for (auto &old : d.old) {
			if (!(old & old_busy))
				continue;
			old = static_cast<u8>((old & ~old_busy) | old_ended);
			s_.queued = 1;
		}
		return true;
	}

private:
	World &w_;
	State &s_;

	void unregister()
	{
		// Nothing of the rest of the world matters any more.
		s_ = {.count = s_.count,
		      .gone = 1,
		      .queued = 1,
		      .work = s_.work,
		      .action = s_.action,
		      .action_at = s_.action_at,
		      .ring = s_.ring,
		      .live = s_.live,
		      .devices = s_.devices};
		for (auto &d : s_.devices)
			d.seen = d.over = d.accepted = 0;
	}
	void switch_state(u8 state)
	{
		if (s_.gone || s_.own == state)
			return;
		s_.own = state;
		s_.rested = 0;
		if (!s_.back_dir)
			return;
		s_.back = state;
		w_.backend_event();
	}
	void set_state(Device &d, u8 state)
	{
		if (s_.gone || !d.back)
			return;
		w_.expect(d.back != VSCSI_XB_CLOSED, "wrote over a device's Closed");
		if (state == VSCSI_XB_CLOSED)
			w_.expect(!World::in_flight(d) || !d.over,
				  "a device is Closed with commands in flight");
		if (state == VSCSI_XB_CONNECTED)
			w_.expect(d.mapped && (d.front == VSCSI_XB_CONNECTED ||
					       (d.asked && (d.seen || s_.driver != active || !s_.genuine))),
				  "a device is Connected that the guest does not have");
		d.back = state;
	}
	void ring_settle()
	{
		if (s_.ring && !s_.live && !w_.in_flight())
			s_.ring = 0;
	}
	void disconnect()
	{
		if (!s_.live)
			return;
		w_.expect(s_.gone || !s_.front || s_.driver != active || !s_.genuine,
			  "a working frontend was cut off");
		s_.live = 0;
		s_.genuine = s_.same_numbers = 0;
		ring_settle();
	}
	void reap()
	{
		for (std::size_t i = 0; i < s_.count; i++) {
			auto &d = s_.devices[i];
			for (auto &old : d.old) {
				if (!(old & old_ended))
					continue;
				const bool closing = old & old_closing;
				old = 0;
				if (closing && !d.mapped)
					set_state(d, VSCSI_XB_CLOSED);
			}
		}
	}
	bool map(Device &d)
	{
		w_.expect(s_.live, "mapped a device without a ring");
		w_.expect(!d.mapped, "mapped a device twice");
		if (d.mappable)
			d.mapped = 1;
		else
			set_state(d, VSCSI_XB_CLOSED);
		return d.mappable;
	}
	void unmap(Device &d, bool closing)
	{
		auto &old = d.old[0] ? d.old[1] : d.old[0];
		w_.expect(!old, "the model has no room for a third generation of a device");
		old = static_cast<u8>((d.busy ? old_busy : old_ended) | (closing ? old_closing : 0));
		if (!d.busy)
			s_.queued = 1;
		d.mapped = d.busy = d.asked = 0;
	}
	void unmap_all()
	{
		for (std::size_t i = 0; i < s_.count; i++)
			if (s_.devices[i].mapped)
				unmap(s_.devices[i], false);
	}
	void close(Device &d)
	{
		if (d.mapped)
			unmap(d, true);
		else if (d.old[0])
			d.old[0] |= old_closing;
		else if (d.old[1])
			d.old[1] |= old_closing;
		else
			set_state(d, VSCSI_XB_CLOSED);
	}
	void device_step(Device &d)
	{
		if (!d.back)
			return;
		const u32 host = s_.action == VSCSI_HOST_WAIT_READY ? u32{VSCSI_HOST_CLOSED} : s_.action;
		const vscsi_device_view view{.host_action = host,
					     .backend = d.back,
					     .frontend = d.front,
					     .mapped = d.mapped != 0,
					     .round_begins = s_.action == VSCSI_HOST_RECONFIGURE &&
							     s_.own != VSCSI_XB_RECONFIGURED,
					     .asked = d.asked != 0};
		switch (vscsi_device_step(&view)) {
		case VSCSI_DEVICE_MAP:
			if (d.mapped || map(d))
				set_state(d, VSCSI_XB_INITIALISED);
			break;
		case VSCSI_DEVICE_MAP_KEEP:
			if (!((d.old[0] | d.old[1]) & old_closing))
				map(d);
			break;
		case VSCSI_DEVICE_CONNECTED:
			set_state(d, VSCSI_XB_CONNECTED);
			break;
		case VSCSI_DEVICE_REFUSED:
			w_.expect(d.mapped, "refused a device that is not mapped");
			// A driver without a SCSI host says Connected all the same.
			w_.expect(d.over || s_.driver != active || !s_.genuine,
				  "took a device that the guest did not refuse");
			d.over = 1;
			close(d);
			break;
		case VSCSI_DEVICE_UNMAP:
			close(d);
			break;
		case VSCSI_DEVICE_RESET:
			w_.expect(!d.mapped, "offered a mapped device anew");
			set_state(d, VSCSI_XB_INITIALISING);
			break;
		case VSCSI_DEVICE_ASK:
			w_.expect(d.mapped, "asked for a device that is not mapped");
			d.asked = 1;
			break;
		default:
			break;
		}
	}
	void begin(bool ring_is_bad)
	{
		switch (s_.action) {
		case VSCSI_HOST_DISCONNECT:
			disconnect();
			s_.work = work_looks;
			break;
		case VSCSI_HOST_WAIT_READY:
		case VSCSI_HOST_CLOSED:
			w_.expect(!s_.ring, "reset under a ring");
			unmap_all();
			break;
		case VSCSI_HOST_CLOSING:
			w_.expect(!s_.ring, "Closing under a ring");
			switch_state(VSCSI_XB_CLOSING);
			work_ends();
			break;
		case VSCSI_HOST_CONNECT:
			connect(ring_is_bad);
			break;
		default:
			break;
		}
	}
	void connect(bool ring_is_bad)
	{
		w_.expect(!s_.ring, "connected over a ring");
		w_.expect(!w_.in_flight(), "connected while commands of an earlier ring run");
		s_.restarted = s_.seen_connected = s_.ready = 0;
		if (ring_is_bad || (!s_.front && !s_.gone)) {
			switch_state(VSCSI_XB_CLOSING);
			work_ends();
			return;
		}
		s_.ring = s_.live = s_.same_numbers = s_.was_connected = 1;
		s_.genuine = s_.driver != no_driver;
	}
	void finish()
	{
		switch (s_.action) {
		case VSCSI_HOST_WAIT_READY:
			s_.restarted = 0;
			s_.ready = 1;
			switch_state(VSCSI_XB_INIT_WAIT);
			s_.work = work_looks;
			return;
		case VSCSI_HOST_CONNECT:
		case VSCSI_HOST_SETTLE:
			switch_state(VSCSI_XB_CONNECTED);
			break;
		case VSCSI_HOST_RECONFIGURE:
			switch_state(VSCSI_XB_RECONFIGURED);
			break;
		case VSCSI_HOST_CLOSED:
			switch_state(VSCSI_XB_CLOSED);
			break;
		default:
			break;
		}
		work_ends();
	}
	void work_ends()
	{
		reap();
		s_.work = work_idle;
	}
	void work_leaves()
	{
		disconnect();
		unmap_all();
		reap();
		bool devices = false;
		for (std::size_t i = 0; i < s_.count; i++)
			devices = devices || s_.devices[i].old[0] || s_.devices[i].old[1];
		if (!s_.ring && !devices)
			s_.left = 1;
		s_.work = work_idle;
	}
};

} // namespace control
