// SPDX-License-Identifier: GPL-2.0 OR MIT
// What holds of a gate at any time, whatever was sent.
#pragma once
#include <initializer_list>
#include <vector>

#include "gate_world.hpp"

namespace gates
{

// How many times who waits for its turn is told BUSY: while it drains, and while the host pays.
inline constexpr u32 most_rounds = 3;

inline bool is_in_flight(const World &w, u8 command)
{
	return w.in_flight([=](u8 other) { return other == command; });
}

// What somebody was told that he has, nobody else takes away or gets past.
inline void what_was_told_lasts(World &w)
{
	w.expect(!w.s.preventers || w.s.prevents, "a prevention was lifted");
	w.expect(!w.s.reserver || w.s.reserved, "a reservation was released");
	w.expect(!w.s.key_of || w.s.key == w.s.key_of, "a key was replaced");
	for (u32 other = 0; other < nexuses; other++) {
		vscsi_gate gate = w.s.gate;
		if (w.s.reserver && w.s.reserver != other + 1) {
			w.expect(enter(gate, other, none) != VSCSI_GATE_PASS, "a stranger gets past RESERVE");
			w.expect(enter(gate, other, reserve) != VSCSI_GATE_PASS, "two get RESERVE");
		}
		if (w.s.registrant && w.s.registrant != other + 1) {
			w.expect(!w.s.persistent || enter(gate, other, none) != VSCSI_GATE_PASS,
				 "a stranger gets past a persistent reservation");
			w.expect(w.s.gate.absent || w.s.gate.reserving.nexus ||
					 enter(gate, other, registration) != VSCSI_GATE_PASS,
				 "two are registered");
		}
	}
}

// Where nothing is in flight the gate knows who prevents, and the device hears ALLOW
// when the last one allows or goes, not before, and not without need.
inline void the_last_one_allows(World &w)
{
	if (w.in_flight(is_medium) || w.hears_soon() || w.s.gate.owed || w.s.doubt & of_prevention)
		return;
	for (u32 nexus = 0; nexus < nexuses; nexus++) {
		const bool others = w.s.preventers & ~bit(nexus);
		vscsi_gate gate = w.s.gate;
		gate.preventing = {};
		w.expect(enter(gate, nexus, to_allow) == (others ? VSCSI_GATE_IGNORE : VSCSI_GATE_PASS),
			 "ALLOW does not go where it should");
		gate = w.s.gate;
		const bool told = vscsi_gate_session_ended(&gate, number(nexus)) & VSCSI_GATE_ALLOW;
		w.expect(told == (w.s.prevents && !others), "the end of a session does not allow");
	}
}

inline void the_gate_counts(World &w)
{
	const vscsi_gate &gate = w.s.gate;
	w.expect((gate.reserving.nexus != 0) == w.in_flight(is_reserving), "reserving is miscounted");
	w.expect((gate.keying.nexus != 0) == w.in_flight(is_keying), "setting keys is miscounted");
	w.expect(gate.allowing == w.in_flight([](u8 c) { return c == to_allow; }), "ALLOW is miscounted");
	for (u32 nexus = 0; nexus < nexuses; nexus++) {
		u32 counted = 0;
		for (const auto &preventer : gate.preventers)
			if (preventer.nexus == number(nexus))
				counted += preventer.in_flight;
		w.expect(counted == w.in_flight([](u8 c) { return c == to_prevent; }, nexus),
			 "PREVENT is miscounted");
	}
	w.expect(!(is_in_flight(w, to_allow) && is_in_flight(w, to_prevent)),
		 "the device may confuse PREVENT and ALLOW");
}

// Nor is anything left at the device of which nobody knows.
inline void the_gate_knows(World &w)
{
	const vscsi_gate &gate = w.s.gate;
	w.expect(w.in_flight(is_reserving) || !w.s.reserved || gate.reserved ||
			 gate.owed & VSCSI_GATE_RELEASE,
		 "the device is reserved, and nobody knows");
	w.expect(w.in_flight(is_medium) || !w.s.prevents || gate.prevented || gate.owed & VSCSI_GATE_ALLOW,
		 "the device prevents, and nobody knows");
	bool known = gate.owed & VSCSI_GATE_CLEAR_KEYS || w.in_flight(is_keying) || !w.s.key;
	for (const u32 owner : w.s.keys.own.nexus)
		known |= w.s.key && owner == number(w.s.key - 1u);
	w.expect(known, "the device has a key, and nobody knows whose");
}

// Who has nothing in flight that the order could matter of is not disturbed when it is alone.
inline void who_is_alone_does_not_wait(World &w, std::initializer_list<u8> what)
{
	if (w.in_flight([](u8) { return true; }) || w.s.gate.owed)
		return;
	for (u32 nexus = 0; nexus < nexuses; nexus++)
		for (const u8 command : what) {
			vscsi_gate gate = w.s.gate;
			if (turn_for(gate, command).nexus == 0)
				w.expect(enter(gate, nexus, command) != VSCSI_GATE_BUSY,
					 "BUSY, and nothing is in flight");
		}
}

// Who is told BUSY and waits for its turn gets it, though all others send what they can
// before what they have in flight fails: so there is always something.
inline bool gets_its_turn(const World &w, u32 nexus, u8 command, const std::vector<u8> &others)
{
	vscsi_gate gate = w.s.gate;
	vscsi_keys owners = w.s.keys;
	const auto &turn = turn_for(gate, command);
	if (enter(gate, nexus, command) != VSCSI_GATE_BUSY || turn.nexus != number(nexus))
		return true;
	std::vector<Slot> before(w.s.slots.begin(), w.s.slots.end());
	for (u32 round = 0; round < most_rounds; round++) {
		vscsi_gate_paid(&gate, vscsi_gate_due(&gate));
		std::vector<Slot> sent;
		for (u32 other = 0; other < nexuses; other++)
			for (const u8 what : others)
				if (other != nexus && enter(gate, other, what) == VSCSI_GATE_PASS)
					sent.push_back({what, static_cast<u8>(other), 0, 0});
		for (const Slot &slot : before)
			if (slot.command != none)
				leave(gate, owners, slot.nexus, slot.command, VSCSI_EFFECT_NONE);
		before = sent;
		if (enter(gate, nexus, command) != VSCSI_GATE_BUSY)
			return true;
	}
	return false;
}

inline void nobody_waits_for_ever(World &w)
{
	static const std::vector<u8> reserving{release, reserve, registration, reserve};
	static const std::vector<u8> moving{to_allow, to_prevent, to_allow};
	static const std::vector<u8> keying{set_key, drop_key, set_key};
	for (u32 nexus = 0; nexus < nexuses; nexus++) {
		for (const u8 command : {reserve, registration})
			w.expect(gets_its_turn(w, nexus, command, reserving),
				 "a reservation is kept out for ever");
		w.expect(gets_its_turn(w, nexus, to_prevent, moving), "PREVENT is kept out for ever");
		w.expect(gets_its_turn(w, nexus, set_key, keying), "a key is kept out for ever");
	}
}

// Also if it does nothing any more.
inline void nobody_waits_for_who_does_not_come(World &before)
{
	World w{before.s};
	for (u32 slot = 0; slot < most_slots; slot++)
		while (w.fails(0) || w.ends(0))
			;
	while (w.host_pays())
		;
	for (u32 nexus = 0; nexus < nexuses; nexus++) {
		for (const u8 command : {registration, set_key}) {
			vscsi_gate gate = w.s.gate;
			int refused = 0;
			while (refused <= VSCSI_GATE_PATIENCE &&
			       enter(gate, nexus, command) == VSCSI_GATE_BUSY)
				refused++;
			before.expect(refused <= VSCSI_GATE_PATIENCE, "somebody waits for who does not come");
		}
	}
}

// When all have gone nothing is left but a registration.
inline void nothing_is_left(World &before)
{
	World w{before.s};
	for (u32 slot = 0; slot < most_slots; slot++)
		while (w.fails(0) || w.ends(0))
			;
	while (w.host_pays())
		;
	for (u32 nexus = 0; nexus < nexuses; nexus++)
		w.session_ends(nexus);
	w.gets_reset();
	while (w.host_pays())
		;
	vscsi_gate left{};
	if (w.s.gate.registered) {
		left.holder = w.s.gate.holder;
		left.registered = left.absent = 1;
		left.type = w.s.gate.type;
	}
	w.expect(World::same(w.s.gate, left), "the gate remembers who is gone");
	w.expect(!w.s.gate.registered || w.s.registered || w.s.doubt & of_registration,
		 "the gate knows of a registration that is none");
	w.expect(!w.s.reserved && !w.s.prevents && !w.s.key, "the device remembers who is gone");
	before.expect(!w.fault, w.fault);
}

inline void check(World &w)
{
	what_was_told_lasts(w);
	the_last_one_allows(w);
	the_gate_counts(w);
	the_gate_knows(w);
	who_is_alone_does_not_wait(w, {reserve, release, registration, to_allow, set_key});
	nobody_waits_for_ever(w);
	nobody_waits_for_who_does_not_come(w);
	nothing_is_left(w);
}

} // namespace gates
