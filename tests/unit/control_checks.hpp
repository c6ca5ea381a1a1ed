// SPDX-License-Identifier: GPL-2.0 OR MIT
// What must hold of the control path in every state, and where nothing is due.
#pragma once
#include <initializer_list>

#include "control_world.hpp"

namespace control
{

inline bool up(const World &w)
{
	const auto &s = w.s;
	if (!s.live || !s.genuine || s.driver != active || s.paused || s.task || s.work)
		return false;
	if (s.front != VSCSI_XB_CONNECTED || s.back != VSCSI_XB_CONNECTED || s.own != VSCSI_XB_CONNECTED)
		return false;
	for (std::size_t i = 0; i < s.count; i++) {
		const auto &d = s.devices[i];
		switch (d.back) {
		case VSCSI_XB_UNKNOWN:
			if (d.mapped || d.seen)
				return false;
			break;
		case VSCSI_XB_CONNECTED:
			if (!d.mapped || !d.seen)
				return false;
			break;
		case VSCSI_XB_INITIALISED:
			// Its state in a new frontend directory is nobody's.
			if (!d.mapped || !d.seen || !s.restored)
				return false;
			break;
		case VSCSI_XB_CLOSED:
			if (d.mapped || (d.seen && !s.restored) || (d.mappable && d.accepted && !d.over))
				return false;
			break;
		default:
			return false;
		}
	}
	return true;
}

// With no ring devices stay mapped until the frontend is Closed or begins anew.
inline bool may_keep(const State &s)
{
	switch (s.front) {
	case VSCSI_XB_UNKNOWN:
	case VSCSI_XB_INITIALISING:
	case VSCSI_XB_CLOSED:
		return false;
	case VSCSI_XB_INITIALISED:
		return s.own == VSCSI_XB_CLOSING;
	default:
		return true;
	}
}

inline void always(World &w)
{
	const auto &s = w.s;
	const bool due = s.queued || s.work || s.watch_events || s.dir_removed;
	w.expect(!s.live || s.ring, "live without a ring");
	for (std::size_t i = 0; i < s.count; i++) {
		const auto &d = s.devices[i];
		w.expect(!d.mapped || s.ring || due || may_keep(s),
			 "a device is mapped, and no ring uses it");
		w.expect(!World::in_flight(d) || s.ring, "a ring went away under its commands");
	}
	w.expect(!s.left || (!s.ring && !w.in_flight()), "left something behind");
}

inline void at_rest(World &w)
{
	const auto &s = w.s;
	bool mapped = false, offered = false;
	for (std::size_t i = 0; i < s.count; i++) {
		const auto &d = s.devices[i];
		mapped |= d.mapped;
		offered |= d.back == VSCSI_XB_INITIALISED || d.back == VSCSI_XB_CONNECTED;
	}
	w.expect(s.live || !s.ring, "a ring that has drained is kept");
	if (s.gone) {
		w.expect(s.left && !s.ring && !mapped, "not all was given back");
		return;
	}
	w.expect(s.back_dir && s.front && (s.online || s.unheard || s.front != VSCSI_XB_CLOSED),
		 "still registered");
	w.expect(!mapped || s.live || may_keep(s), "a device is mapped, and no ring uses it");
	switch (s.front) {
	case VSCSI_XB_INITIALISING:
		w.expect(s.own == VSCSI_XB_INIT_WAIT && !s.live && !mapped && !offered,
			 "not ready for a frontend");
		break;
	case VSCSI_XB_CLOSING:
		w.expect((s.own == VSCSI_XB_CLOSING || s.own == VSCSI_XB_CLOSED) && !s.live,
			 "does not close");
		break;
	case VSCSI_XB_CLOSED:
		w.expect(s.own == VSCSI_XB_INIT_WAIT && !s.live && !mapped && !offered,
			 "not ready for a driver");
		break;
	default:
		break;
	}
	w.expect(s.driver != active || !s.online || up(w), "a good frontend is not connected");
}

inline State start(std::initializer_list<Device> devices)
{
	State s{};
	for (const auto &d : devices)
		s.devices[s.count++] = d;
	s.back = s.own = VSCSI_XB_INIT_WAIT;
	s.back_dir = s.online = s.alive = 1;
	s.front = VSCSI_XB_INITIALISING;
	s.watch_events = 1; // a new watch fires at once
	return s;
}

constexpr Device device(bool mappable, bool accepted)
{
	Device d{};
	d.back = VSCSI_XB_INITIALISING;
	d.mappable = mappable;
	d.accepted = accepted;
	return d;
}

} // namespace control
