// SPDX-License-Identifier: GPL-2.0 OR MIT
// A gate, the commands that passed it, what the device has made of them, and what
// each nexus was told.  Commands end in any order, whatever that is in which the device
// carried them out, or are lost.  Bytes and words only, so that states hash and compare.
#pragma once
#include <algorithm>
#include <array>
#include <cstring>
#include <functional>
#include <string>
#include <tuple>

#include "gate_commands.hpp"

namespace gates
{

using u8 = vscsi_u8;
using u32 = vscsi_u32;

inline constexpr u32 nexuses = 3;
inline constexpr std::size_t most_slots = 3;

enum Command : u8 {
	none,
	reserve,
	release,
	registration,
	persistent_reserve,
	clear,
	to_prevent,
	to_allow,
	set_key,
	drop_key,
	other
};
inline constexpr u32 commands = other + 1;
inline constexpr Cdb cdbs[commands] = {
	write6,        reserve6, release6, persistent(6),         persistent(1, exclusive_access),
	persistent(3), prevent,  allow,    {0xb5, 0x20, 0, 0x10}, {0xb5, 0x20, 0, 0x10},
	read6};
inline constexpr const char *names[commands] = {
	"WRITE", "RESERVE", "RELEASE",  "REGISTER", "PERSISTENT RESERVE", "CLEAR", "PREVENT",
	"ALLOW", "SET KEY", "DROP KEY", "READ"};

constexpr bool is_reserving(u8 command)
{
	return command >= reserve && command <= clear;
}

constexpr bool is_medium(u8 command)
{
	return command == to_prevent || command == to_allow;
}

constexpr bool is_keying(u8 command)
{
	return command == set_key || command == drop_key;
}

constexpr u32 number(u32 nexus)
{
	return 2 * nexus + 7;
}

constexpr u8 bit(u32 nexus)
{
	return static_cast<u8>(1u << nexus);
}

// A command that passed.
struct Slot {
	u8 command;
	u8 nexus;
	u8 executed; // and it has not left
	u8 resets;   // a Reset, or both, since
};
// One that the gate knows of, and one after the device had carried it out.
enum Reset : u8 { known = 1, undone = 2 };
// How the device has.
enum Executed : u8 { not_yet, well, told_attention };

struct State {
	vscsi_gate gate;
	vscsi_keys keys;
	std::array<Slot, most_slots> slots;
	// The device, which knows one nexus.
	u8 attention; // has been reset, and says so to whoever comes next
	u8 prevents;
	u8 reserved;
	u8 registered; // this host
	u8 type;
	u8 key; // 1 + nexus that set it, or 0
	// What nexuses were told, and what lasts since.
	u8 preventers; // a bit for each
	u8 reserver;   // 1 + nexus, or 0
	u8 registrant;
	u8 persistent; // the registrant was told that it has the reservation
	u8 key_of;
	u8 room;   // slots that are used
	u8 paying; // what the host has begun to tell the device
	u8 doubt;  // of what was lost after the device had carried it out
	u8 spare[2];
};
enum Doubt : u8 { of_registration = 1, of_prevention = 2, of_reservation = 4 };

inline const vscsi_gate_turn &turn_for(const vscsi_gate &gate, u8 command)
{
	if (is_medium(command))
		return gate.preventing;
	return is_keying(command) ? gate.keying.turn : gate.reserving.turn;
}

inline int enter(vscsi_gate &gate, u32 nexus, u8 command)
{
	return vscsi_gate_enter(&gate, number(nexus), cdbs[command].data());
}

inline constexpr vscsi_u16 power_on = 0x2900;

// Also the page Set Data Encryption of the host's nexus; a registration's key is not zero.
inline constexpr std::array<u8, 24> parameters{0, 0x10, 0, 20, 1 << 5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
inline constexpr std::array<u8, 24> parameters_with_key{0, 0x10, 0, 20, 1 << 5, 0, 2, 2};

inline void leave(vscsi_gate &gate, vscsi_keys &owners, u32 nexus, u8 command, u32 effect,
		  vscsi_u16 attention = 0, bool stale = false, bool unheard = false)
{
	const u8 *data = (command == set_key ? parameters_with_key : parameters).data();
	const vscsi_gate_outcome outcome{
		data, parameters.size(), attention, effect, stale ? gate.resets - 1 : gate.resets, unheard};
	const u8 *cdb = cdbs[command].data();
	vscsi_gate_leave(&gate, number(nexus), cdb, &outcome);
	vscsi_gate_paid(&gate, vscsi_keys_note(&owners, number(nexus), cdb, &outcome));
}

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

	// How many commands are in flight of a kind, of a nexus or of all.
	[[nodiscard]] u32 in_flight(const auto &wanted, u32 nexus = nexuses) const
	{
		u32 count = 0;
		for (const Slot &slot : s.slots)
			count += slot.command != none && wanted(slot.command) &&
				 (nexus == nexuses || slot.nexus == nexus);
		return count;
	}
	[[nodiscard]] u32 of(u32 nexus) const
	{
		return in_flight([](u8) { return true; }, nexus);
	}
	// A reset of which nobody has been told yet.
	[[nodiscard]] bool hears_soon() const
	{
		return s.attention || std::any_of(s.slots.begin(), s.slots.end(), [](const Slot &slot) {
			       return slot.executed == told_attention;
		       });
	}
	// A nexus sends a command.
	bool sends(u32 nexus, u8 command)
	{
		Slot *free = free_slot();
		if (!free)
			return false;
		const int verdict = refused_or_not(nexus, command);
		if (verdict == VSCSI_GATE_PASS)
			*free = {command, static_cast<u8>(nexus), 0, 0};
		if (verdict == VSCSI_GATE_IGNORE)
			ignored(nexus, command);
		settle();
		return true;
	}
	// It goes on until it is nobody else's turn.
	bool insists(u32 nexus, u8 command)
	{
		const auto &turn = turn_for(s.gate, command);
		if (!turn.nexus || turn.nexus == number(nexus) || !free_slot())
			return false;
		for (int i = 0; i < VSCSI_GATE_PATIENCE; i++) {
			vscsi_gate gate = s.gate;
			if (enter(gate, nexus, command) != VSCSI_GATE_BUSY)
				return false;
			s.gate = gate;
		}
		return sends(nexus, command);
	}

	// The device carries a command out; how that ends is known later.
	bool executes(u32 at)
	{
		Slot &slot = s.slots[at];
		if (slot.command == none || slot.executed)
			return false;
		slot.executed = s.attention ? told_attention : well;
		if (s.attention) {
			s.attention = 0;
			settle();
			return true;
		}
		if (slot.command == persistent_reserve && !s.registered) {
			slot.executed = not_yet;
			return false;
		}
		switch (slot.command) {
		case reserve:
			s.reserved = 1;
			break;
		case release:
			s.reserved = 0;
			s.reserver = s.reserver == slot.nexus + 1 ? u8{0} : s.reserver;
			break;
		case registration:
			s.registered = 1;
			s.registrant = s.registrant == slot.nexus + 1 ? s.registrant : u8{0};
			break;
		case persistent_reserve:
			s.type = exclusive_access;
			s.registrant = s.registrant == slot.nexus + 1 ? s.registrant : u8{0};
			break;
		case clear:
			s.registered = s.type = s.persistent = 0;
			break;
		case to_prevent:
			s.prevents = 1;
			break;
		case to_allow:
			s.prevents = 0;
			s.preventers = static_cast<u8>(s.preventers & ~bit(slot.nexus));
			break;
		case other:
			break;
		default:
			s.key = slot.command == set_key ? static_cast<u8>(slot.nexus + 1) : u8{0};
			s.key_of = 0;
			break;
		}
		settle();
		return true;
	}
	bool ends(u32 at)
	{
		const Slot slot = s.slots[at];
		if (slot.command == none || !slot.executed)
			return false;
		s.slots[at] = {};
		if (slot.executed == told_attention) {
			// Whoever shares the device hears of it next.
			s.preventers = s.reserver = 0;
			leave(s.gate, s.keys, slot.nexus, slot.command, VSCSI_EFFECT_NONE, power_on,
			      slot.resets & known);
			settle();
			return true;
		}
		leave(s.gate, s.keys, slot.nexus, slot.command, VSCSI_EFFECT_ALL, 0, slot.resets & known);
		const auto nexus = static_cast<u8>(slot.nexus + 1);
		switch (slot.command) {
		case reserve:
			// Else it hears next of the reset that came after it.
			s.reserver = slot.resets ? s.reserver : nexus;
			break;
		case registration:
			s.registrant = nexus;
			break;
		case persistent_reserve:
			s.registrant = nexus;
			s.persistent = 1;
			break;
		case clear:
			s.registrant = 0;
			break;
		case to_prevent:
			s.preventers |= slot.resets ? u8{0} : bit(slot.nexus);
			break;
		case set_key:
			s.key_of = nexus;
			break;
		default:
			break;
		}
		settle();
		return true;
	}
	// The device says that it has not carried it out.
	bool fails(u32 at)
	{
		const Slot slot = s.slots[at];
		if (slot.command == none || slot.executed)
			return false;
		s.slots[at] = {};
		leave(s.gate, s.keys, slot.nexus, slot.command, VSCSI_EFFECT_NONE, 0, slot.resets & known);
		settle();
		return true;
	}
	// It was carried out when its nexus had been told that it failed.
	bool ends_unheard(u32 at)
	{
		const Slot slot = s.slots[at];
		if (slot.executed != well)
			return false;
		s.slots[at] = {};
		leave(s.gate, s.keys, slot.nexus, slot.command, VSCSI_EFFECT_ALL, 0, slot.resets & known,
		      true);
		if (slot.command == clear)
			s.registrant = 0;
		settle();
		return true;
	}
	// It was aborted, and nobody says whether the device has carried it out.
	bool is_lost(u32 at)
	{
		const Slot slot = s.slots[at];
		if (slot.command == none || slot.executed == told_attention)
			return false;
		s.slots[at] = {};
		if (slot.executed && slot.command == to_allow)
			s.doubt |= of_prevention;
		if (slot.executed && slot.command == clear)
			s.doubt |= of_registration;
		if (slot.executed && slot.command == release)
			s.doubt |= of_reservation;
		leave(s.gate, s.keys, slot.nexus, slot.command, VSCSI_EFFECT_UNKNOWN, 0, slot.resets & known);
		if (is_keying(slot.command))
			s.key_of = 0;
		settle();
		return true;
	}

	// A nexus goes when nothing of it is in flight.
	bool session_ends(u32 nexus)
	{
		if (of(nexus))
			return false;
		const bool prevented = s.preventers & bit(nexus);
		const bool reserver = s.reserver == nexus + 1;
		s.preventers = static_cast<u8>(s.preventers & ~bit(nexus));
		s.reserver = reserver ? u8{0} : s.reserver;
		s.key_of = s.key_of == nexus + 1 ? u8{0} : s.key_of;
		owes(vscsi_gate_session_ended(&s.gate, number(nexus)));
		vscsi_gate_owe(&s.gate, vscsi_keys_ended(&s.keys, number(nexus), true));
		// Others write from now on.
		if (!(s.gate.owed & VSCSI_GATE_CLEAR_KEYS))
			expect(s.key != nexus + 1, "the key of a nexus that is over stays");
		const bool lost = vscsi_gate_comes_back(&s.gate, number(nexus));
		expect(lost || !(prevented || reserver), "a nexus does not hear of its loss");
		expect(!vscsi_gate_comes_back(&s.gate, number(nexus)), "a nexus hears of its loss twice");
		settle();
		return true;
	}
	// A guest resets the LUN.
	bool gets_reset()
	{
		s.preventers = s.reserver = 0;
		owes(vscsi_gate_reset(&s.gate));
		expect(!s.prevents || s.gate.owed & VSCSI_GATE_ALLOW || in_flight(is_medium),
		       "after a reset the device prevents");
		expect(!s.reserved || s.gate.owed & VSCSI_GATE_RELEASE || in_flight(is_reserving),
		       "after a reset the device is reserved");
		settle();
		return true;
	}
	// The host begins to tell the device what it owes; the device has heard it.
	bool host_pays()
	{
		if (!s.paying) {
			const u32 owed = s.gate.owed;
			s.paying = static_cast<u8>(vscsi_gate_due(&s.gate));
			return s.paying || owed != s.gate.owed;
		}
		if (s.attention)
			vscsi_gate_hear(&s.gate, power_on);
		s.attention = 0;
		if (s.paying & VSCSI_GATE_RELEASE)
			s.reserved = 0;
		if (s.paying & VSCSI_GATE_ALLOW)
			s.prevents = 0;
		if (s.paying & VSCSI_GATE_CLEAR_KEYS) {
			expect(!s.key_of, "a key is cleared that its nexus has");
			s.key = 0;
		}
		vscsi_gate_paid(&s.gate, s.paying);
		s.paying = 0;
		settle();
		return true;
	}
	// Something else resets it.
	bool loses_all()
	{
		if (s.attention)
			return false;
		for (Slot &slot : s.slots)
			if (slot.executed)
				slot.resets |= undone;
		s.attention = 1;
		s.prevents = s.reserved = s.preventers = s.reserver = 0;
		settle();
		return true;
	}
	// The module asks it what the host has.
	bool asks_device()
	{
		const vscsi_gate was = s.gate;
		vscsi_gate_inherit(&s.gate, s.type, s.registered);
		const bool guests = (was.holder && was.holder != VSCSI_GATE_UNKNOWN) || was.reserving.nexus;
		expect(!guests || same(was, s.gate), "what a guest has was inherited");
		expect(guests || vscsi_gate_is_inherited(&s.gate) == (s.registered != 0),
		       "the gate does not know what the device has");
		return true;
	}
	[[nodiscard]] static bool same(const vscsi_gate &a, const vscsi_gate &b)
	{
		return !std::memcmp(&a, &b, sizeof a);
	}

private:
	Slot *free_slot()
	{
		for (u32 i = 0; i < s.room; i++)
			if (s.slots[i].command == none)
				return &s.slots[i];
		return nullptr;
	}
	// Who is refused changes nothing but whose turn it is.
	int refused_or_not(u32 nexus, u8 command)
	{
		vscsi_gate before = s.gate;
		const int verdict = enter(s.gate, nexus, command);
		if (verdict == VSCSI_GATE_BUSY || verdict == VSCSI_GATE_CONFLICT) {
			vscsi_gate after = s.gate;
			before.reserving.turn = after.reserving.turn = {};
			before.keying.turn = after.keying.turn = {};
			before.preventing = after.preventing = {};
			before.absent = after.absent = 0;
			expect(same(before, after), "a refusal changes something");
		}
		return verdict;
	}
	void ignored(u32 nexus, u8 command)
	{
		expect(command == release || command == to_allow, "what matters was ignored");
		expect(command != release || s.reserver != nexus + 1,
		       "a reservation's own RELEASE is ignored");
		if (command == to_allow) {
			expect(hears_soon() || (s.preventers & ~bit(nexus)) || in_flight(is_medium) ||
				       s.doubt & of_prevention,
			       "ALLOW is ignored, and nobody else prevents");
			s.preventers = static_cast<u8>(s.preventers & ~bit(nexus));
		}
	}
	// What the host owes since then.
	void owes(int flags)
	{
		expect(!(flags & ~(VSCSI_GATE_RELEASE | VSCSI_GATE_ALLOW)),
		       "the gate says what is not known");
		expect(!(static_cast<u32>(flags) & ~s.gate.owed), "the gate forgets what is owed");
		expect(!(flags & VSCSI_GATE_RELEASE) || s.reserved || hears_soon() ||
			       s.doubt & of_reservation || in_flight(is_reserving),
		       "nothing is there to be released");
		// Nor is it known what becomes of an ALLOW that is in flight.
		expect(!(flags & VSCSI_GATE_ALLOW) || s.prevents || hears_soon() || in_flight(is_medium) ||
			       s.doubt & of_prevention,
		       "nothing is there to be allowed");
	}
	// Order that means nothing, how many resets there were, and how many have been refused, tells no
	// states apart.
	void settle()
	{
		for (Slot &slot : s.slots) {
			// Of others they mean nothing.
			if (slot.command != reserve && slot.command != to_prevent)
				slot.resets = 0;
			else if (s.gate.resets)
				slot.resets |= known;
		}
		s.gate.resets = 0;
		std::sort(s.slots.begin(), s.slots.end(), [](const Slot &a, const Slot &b) {
			return std::tie(a.command, a.nexus, a.executed, a.resets) >
			       std::tie(b.command, b.nexus, b.executed, b.resets);
		});
		std::sort(std::begin(s.gate.preventers), std::end(s.gate.preventers),
			  [](const auto &a, const auto &b) { return a.nexus > b.nexus; });
		std::sort(std::begin(s.keys.own.nexus), std::end(s.keys.own.nexus), std::greater{});
		if (!s.gate.registered || s.registered)
			s.doubt &= of_prevention | of_reservation;
		if (std::none_of(std::begin(s.gate.preventers), std::end(s.gate.preventers),
				 [this](const auto &it) {
					 return it.prevents && !(s.preventers & bit((it.nexus - 7) / 2));
				 }))
			s.doubt &= of_registration | of_reservation;
		if (!s.gate.reserved || s.reserved)
			s.doubt &= of_registration | of_prevention;
		s.gate.reserving.turn.refusals = s.gate.keying.turn.refusals = 0;
		s.gate.preventing.refusals = 0;
	}
};

inline std::string describe(const State &s)
{
	const auto who = [](u32 nexus) { return nexus ? std::to_string((nexus - 7) / 2) : std::string{"-"}; };
	std::string text = "holder " + who(s.gate.holder) + ", reserving " + who(s.gate.reserving.nexus) +
			   (s.gate.reserving.gone ? " (gone)" : "") + ", keying " + who(s.gate.keying.nexus);
	text += s.gate.reserved ? ", reserved" : "";
	text += s.gate.registered ? ", registered" : "";
	text += s.gate.type ? ", persistent" : "";
	text += s.gate.absent ? ", absent" : "";
	text += ", turns " + who(s.gate.reserving.turn.nexus) + " " + who(s.gate.keying.turn.nexus) + " " +
		who(s.gate.preventing.nexus);
	for (const u32 owner : s.keys.own.nexus)
		text += owner ? ", key of " + who(owner) : "";
	for (const auto &preventer : s.gate.preventers)
		if (preventer.nexus)
			text += ", preventer " + who(preventer.nexus) + "*" +
				std::to_string(preventer.in_flight) + (preventer.prevents ? "!" : "");
	text += s.gate.owed ? ", owed " + std::to_string(s.gate.owed) : "";
	text += ", allowing " + std::to_string(s.gate.allowing) + (s.gate.prevented ? ", prevented;" : ";");
	for (const Slot &slot : s.slots)
		if (slot.command != none)
			text += " [" + std::to_string(slot.nexus) + " " + names[slot.command] +
				(slot.executed == told_attention ? " told]"
				 : slot.executed                 ? " executed]"
								 : "]");
	text += s.paying ? " [host pays " + std::to_string(s.paying) + "]" : "";
	text += s.attention ? " device: attention" : " device:";
	text += s.prevents ? " prevents" : "";
	text += s.reserved ? " reserved" : "";
	text += s.registered ? " registered" : "";
	text += s.type ? " persistent" : "";
	text += s.key ? " key of " + std::to_string(s.key - 1) : "";
	return text + "; told: preventers " + std::to_string(s.preventers) + ", reserver " +
	       std::to_string(s.reserver) + ", registrant " + std::to_string(s.registrant);
}

} // namespace gates
