// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <vscsi/cdb.hpp>
#include <vscsi/gate.hpp>
#include <vscsi/keys.hpp>

namespace vscsi
{
namespace
{

constexpr bool write_exclusive(u8 type) noexcept
{
	return type == 1 || type == 5 || type == 7;
}

// PERSISTENT RESERVE OUT service actions (SPC-4 6.16).
enum : u8 {
	pr_register = 0,
	pr_reserve = 1,
	pr_release = 2,
	pr_clear = 3,
	pr_preempt = 4,
	pr_preempt_and_abort = 5,
	pr_register_and_ignore = 6,
	pr_register_and_move = 7,
};

// SPC-4 6.16.3: SERVICE ACTION RESERVATION KEY.
constexpr bool new_key_is_zero(const vscsi_gate_outcome &outcome) noexcept
{
	if (!outcome.data || outcome.data_bytes < 16)
		return true;
	for (u32 i = 8; i < 16; i++)
		if (outcome.data[i])
			return false;
	return true;
}

constexpr void forget_registration(vscsi_gate &gate) noexcept
{
	gate.registered = 0;
	gate.type = 0;
}

// SPC-4 6.16.4: UNREG of the REGISTER AND MOVE parameter list.
constexpr bool unregisters(const vscsi_gate_outcome &outcome) noexcept
{
	return outcome.data && outcome.data_bytes > 17 && (outcome.data[17] & 2);
}

constexpr void persistent_done(vscsi_gate &gate, const u8 *cdb, const vscsi_gate_outcome &outcome) noexcept
{
	switch (cdb[1] & 0x1f) {
	case pr_register:
	case pr_register_and_ignore:
		if (new_key_is_zero(outcome))
			forget_registration(gate);
		else
			gate.registered = 1;
		break;
	case pr_reserve:
		gate.registered = 1; // or it would have failed
		gate.type = cdb[2] & 0xf;
		break;
	case pr_preempt:
	case pr_preempt_and_abort:
		gate.registered = 1;
		// The type counts only if the reservation itself was preempted.
		if (!gate.type)
			gate.type = cdb[2] & 0xf;
		break;
	case pr_release:
		gate.type = 0;
		break;
	case pr_register_and_move:
		gate.type = 0;
		if (unregisters(outcome))
			gate.registered = 0;
		break;
	case pr_clear:
		forget_registration(gate);
		break;
	default:
		break;
	}
}

constexpr void drop_if_over(vscsi_gate_preventer &preventer) noexcept
{
	if (!preventer.in_flight && !preventer.prevents)
		preventer = {};
}

constexpr void forget_prevention(vscsi_gate &gate) noexcept
{
	gate.prevented = 0;
	for (auto &preventer : gate.preventers) {
		preventer.prevents = 0;
		drop_if_over(preventer);
	}
}

// What ended before may be from after the reset: so the device is told that it is over.
constexpr int forget_what_a_reset_ends(vscsi_gate &gate) noexcept
{
	const int owed = (gate.reserved ? VSCSI_GATE_RELEASE : 0) | (gate.prevented ? VSCSI_GATE_ALLOW : 0);
	gate.reserved = 0;
	forget_prevention(gate);
	gate.owed |= static_cast<u32>(owed);
	gate.resets++;
	return owed;
}

// Another initiator, or a reset, may have taken away what the holder had.
constexpr void heed(vscsi_gate &gate, u16 attention) noexcept
{
	const unsigned code = attention >> 8, qualifier = attention & 0xff;
	if (code == 0x29) // power on or reset
		forget_what_a_reset_ends(gate);
	if (code == 0x2a && (qualifier == 3 || qualifier == 5)) // preempted
		forget_registration(gate);
	if (code == 0x2a && qualifier == 4) // reservations released
		gate.type = 0;
}

constexpr void let_go(vscsi_gate &gate) noexcept
{
	if (gate.reserved || gate.registered)
		return;
	gate.holder = 0;
	gate.absent = 0;
	gate.type = 0;
}

// PREVENT ALLOW MEDIUM REMOVAL (SPC-4, SBC-3 5.10, SMC-3), per I_T nexus.
enum class Removal : u8 { neither, prevents, allows };

Removal removal(const u8 *cdb) noexcept
{
	if (cdb_reservation_row(cdb).beside != Beside::always_to_allow)
		return Removal::neither;
	return cdb_beside(cdb) == Beside::always ? Removal::allows : Removal::prevents;
}

constexpr int clears_keys = VSCSI_GATE_CLEAR_KEYS | VSCSI_GATE_CLEAR_ALL_KEYS;

// What the host has yet to tell the device must not undo what comes after it.
bool must_be_paid_first(const vscsi_gate &gate, const u8 *cdb) noexcept
{
	if (gate.owed & clears_keys && cdb_beside(cdb) != Beside::always)
		return true;
	if (gate.owed & VSCSI_GATE_RELEASE && cdb_reserving(cdb) != Reserving::none)
		return true;
	return gate.owed & VSCSI_GATE_ALLOW && removal(cdb) == Removal::prevents;
}

// Of what neither reserves nor releases.
int enter_as_stranger(const vscsi_gate &gate, const u8 *cdb) noexcept
{
	const Beside beside = cdb_beside(cdb);
	if (beside == Beside::always)
		return VSCSI_GATE_PASS;
	if (gate.reserved)
		return VSCSI_GATE_CONFLICT;
	if (!gate.type || beside == Beside::any_persistent)
		return VSCSI_GATE_PASS;
	return write_exclusive(gate.type) && beside == Beside::write_exclusive ? VSCSI_GATE_PASS
									       : VSCSI_GATE_CONFLICT;
}

constexpr bool is_strange(const vscsi_gate &gate, u32 session) noexcept
{
	return gate.holder && gate.holder != session;
}

// A persistent reservation outlives its nexus (SPC-4 5.9.5): the holder may come
// back, or somebody else may take its registration over, if the device lets him.
constexpr int may_reserve(const vscsi_gate &gate, u32 session, Reserving reserving) noexcept
{
	const u32 trying = gate.reserving.nexus;
	if (reserving == Reserving::release && gate.holder != session && (gate.holder || trying))
		return VSCSI_GATE_IGNORE;
	const bool takes_over = reserving == Reserving::persistent_out && gate.absent;
	if (is_strange(gate, session) && (gate.reserved || !takes_over))
		return VSCSI_GATE_CONFLICT;
	return trying ? VSCSI_GATE_BUSY : VSCSI_GATE_PASS;
}

constexpr void leave_queue(vscsi_gate_turn &turn, u32 session) noexcept
{
	if (turn.nexus == session)
		turn = {};
}

// Who keeps commands in flight all the time must not keep another out for ever:
// the first who is told BUSY goes before what all others send from then on, as long
// as he comes for it.
constexpr int take_turn(vscsi_gate_turn &turn, u32 session, int verdict) noexcept
{
	if (verdict == VSCSI_GATE_CONFLICT || verdict == VSCSI_GATE_IGNORE) {
		leave_queue(turn, session);
		return verdict;
	}
	if (turn.nexus && turn.nexus != session && turn.refusals < VSCSI_GATE_PATIENCE) {
		turn.refusals++;
		return VSCSI_GATE_BUSY;
	}
	turn = {verdict == VSCSI_GATE_BUSY ? session : 0, 0};
	return verdict;
}

// Everybody else will be told CONFLICT, so nobody need wait for them.
constexpr bool is_settled(const vscsi_gate &gate) noexcept
{
	const bool heir = gate.reserving.nexus && gate.reserving.nexus != gate.holder;
	return !heir && (gate.reserved || (gate.registered && !gate.absent));
}

// Who waits for nobody but itself takes no place in the queue.
constexpr int enter_single(vscsi_gate_single &single, u32 session, int verdict) noexcept
{
	if (single.nexus == session)
		return VSCSI_GATE_BUSY;
	verdict = take_turn(single.turn, session, verdict);
	if (verdict == VSCSI_GATE_PASS) {
		single.nexus = session;
		single.gone = 0;
	}
	return verdict;
}

// True if its session has ended meanwhile.
constexpr bool leave_single(vscsi_gate_single &single) noexcept
{
	const bool gone = single.gone;
	single.nexus = single.gone = 0;
	return gone;
}

constexpr void note_end(vscsi_gate_single &single, u32 session) noexcept
{
	leave_queue(single.turn, session);
	if (single.nexus == session)
		single.gone = 1;
}

constexpr int enter_to_reserve(vscsi_gate &gate, u32 session, Reserving reserving) noexcept
{
	if (is_settled(gate))
		gate.reserving.turn = {};
	return enter_single(gate.reserving, session, may_reserve(gate, session, reserving));
}

// What a guest does not know that it has it has not; nor what it got before it hears of a
// reset, whichever came first at the device.  What is given back is given back.
constexpr u32 what_is_taken(const vscsi_gate &gate, const vscsi_gate_outcome &outcome) noexcept
{
	const bool has_it = !outcome.unheard && outcome.resets == gate.resets;
	return !has_it && outcome.effect == VSCSI_EFFECT_ALL ? VSCSI_EFFECT_UNKNOWN : outcome.effect;
}

// Nobody has a RESERVE that is not known to have failed, and whose session has not.
constexpr void reserve_done(vscsi_gate &gate, u32 session, u32 effect, bool gone) noexcept
{
	if (effect == VSCSI_EFFECT_ALL && !gone) {
		gate.holder = session;
		gate.reserved = 1;
	} else if (effect != VSCSI_EFFECT_NONE && !gate.reserved) {
		gate.owed |= VSCSI_GATE_RELEASE;
	}
}

constexpr void leave_reserving(vscsi_gate &gate, u32 session, const u8 *cdb,
			       const vscsi_gate_outcome &outcome, Reserving reserving) noexcept
{
	const bool gone = leave_single(gate.reserving);
	const bool good = outcome.effect == VSCSI_EFFECT_ALL;
	if (reserving == Reserving::reserve) {
		reserve_done(gate, session, what_is_taken(gate, outcome), gone);
	} else if (reserving == Reserving::release) {
		// Of all of it, not of elements or for a third party.
		if (good && gate.holder == session && !(cdb[1] & 0x1f))
			gate.reserved = 0;
	} else if (good) {
		if (gate.holder != session || gone)
			gate.absent = gone;
		gate.holder = session;
		persistent_done(gate, cdb, outcome);
	}
}

// True if the session had RESERVE.
constexpr bool end_holding(vscsi_gate &gate, u32 session) noexcept
{
	if (gate.holder != session)
		return false;
	const bool reserved = gate.reserved;
	gate.reserved = 0;
	gate.absent = 1;
	let_go(gate);
	return reserved;
}

constexpr Span<vscsi_gate_preventer> all(vscsi_gate &gate) noexcept
{
	return {gate.preventers, VSCSI_GATE_PREVENTERS};
}

constexpr vscsi_gate_preventer *find(Span<vscsi_gate_preventer> preventers, u32 session) noexcept
{
	for (auto &preventer : preventers)
		if (preventer.nexus == session)
			return &preventer;
	return nullptr;
}

// Anybody but this one.
constexpr bool others_prevent(const vscsi_gate &gate, u32 session) noexcept
{
	for (const auto &preventer : gate.preventers)
		if (preventer.nexus && preventer.nexus != session)
			return true;
	return false;
}

// The device may carry out commands in another order than they end: while an ALLOW is
// in flight no PREVENT passes, so that it cannot be lifted unseen, nor an ALLOW while a
// PREVENT is.
constexpr int enter_to_prevent(vscsi_gate &gate, u32 session) noexcept
{
	constexpr u32 free = 0;
	if (gate.allowing)
		return take_turn(gate.preventing, session, VSCSI_GATE_BUSY);
	vscsi_gate_preventer *preventer = find(all(gate), session);
	if (!preventer)
		preventer = find(all(gate), free);
	if (!preventer)
		return VSCSI_GATE_BUSY;
	leave_queue(gate.preventing, session);
	preventer->nexus = session;
	preventer->in_flight++;
	return VSCSI_GATE_PASS;
}

constexpr int enter_to_allow(vscsi_gate &gate, u32 session) noexcept
{
	vscsi_gate_preventer *own = find(all(gate), session);
	leave_queue(gate.preventing, session);
	if (own && own->in_flight)
		return VSCSI_GATE_BUSY;
	if (others_prevent(gate, session)) {
		if (own)
			*own = {};
		return VSCSI_GATE_IGNORE;
	}
	const int verdict = take_turn(gate.preventing, session, VSCSI_GATE_PASS);
	if (verdict == VSCSI_GATE_PASS)
		gate.allowing++;
	return verdict;
}

constexpr void prevention_done(vscsi_gate &gate, u32 session, u32 effect) noexcept
{
	vscsi_gate_preventer *preventer = find(all(gate), session);
	const bool good = effect == VSCSI_EFFECT_ALL;
	if (effect != VSCSI_EFFECT_NONE)
		gate.prevented = 1;
	if (!preventer)
		return;
	if (preventer->in_flight)
		preventer->in_flight--;
	if (good)
		preventer->prevents = 1;
	drop_if_over(*preventer);
}

constexpr void allow_done(vscsi_gate &gate, u32 session, bool good) noexcept
{
	if (gate.allowing)
		gate.allowing--;
	if (!good)
		return;
	gate.prevented = 0;
	if (vscsi_gate_preventer *own = find(all(gate), session)) {
		own->prevents = 0;
		drop_if_over(*own);
	}
}

void leave_medium(vscsi_gate &gate, u32 session, const u8 *cdb, const vscsi_gate_outcome &outcome) noexcept
{
	switch (removal(cdb)) {
	case Removal::neither:
		break;
	case Removal::prevents:
		prevention_done(gate, session, what_is_taken(gate, outcome));
		break;
	case Removal::allows:
		allow_done(gate, session, outcome.effect == VSCSI_EFFECT_ALL);
		break;
	}
}

// True if the session did prevent.
constexpr bool end_prevention(vscsi_gate &gate, u32 session) noexcept
{
	vscsi_gate_preventer *own = find(all(gate), session);
	if (!own)
		return false;
	const bool prevented = own->prevents;
	*own = {};
	return prevented;
}

// While another's prevention is in flight it is not known whether somebody prevents.
constexpr int allow_if_nobody_prevents(vscsi_gate &gate) noexcept
{
	constexpr u32 nobody = 0;
	if (!gate.prevented || others_prevent(gate, nobody))
		return 0;
	gate.prevented = 0;
	return VSCSI_GATE_ALLOW;
}

constexpr void settle(vscsi_gate &gate) noexcept
{
	gate.owed |= static_cast<u32>(allow_if_nobody_prevents(gate));
	let_go(gate);
}

// True if it was there.
constexpr bool take_from_lost(vscsi_gate &gate, u32 nexus) noexcept
{
	bool found = false;
	for (u32 i = 0; i < VSCSI_GATE_LOST; i++) {
		found |= gate.lost[i] == nexus;
		if (found)
			gate.lost[i] = i + 1 < VSCSI_GATE_LOST ? gate.lost[i + 1] : 0;
	}
	return found;
}

constexpr void remember_lost(vscsi_gate &gate, u32 nexus) noexcept
{
	take_from_lost(gate, nexus);
	for (u32 i = VSCSI_GATE_LOST - 1; i > 0; i--)
		gate.lost[i] = gate.lost[i - 1];
	gate.lost[0] = nexus;
}

} // namespace

int gate_enter(vscsi_gate &gate, u32 session, const u8 *cdb) noexcept
{
	const Reserving reserving = cdb_reserving(cdb);
	if (gate.owed && must_be_paid_first(gate, cdb))
		return VSCSI_GATE_BUSY;
	if (gate.holder == session)
		gate.absent = 0;
	if (reserving != Reserving::none)
		return enter_to_reserve(gate, session, reserving);
	if (is_strange(gate, session)) {
		const int verdict = enter_as_stranger(gate, cdb);
		if (verdict != VSCSI_GATE_PASS)
			return verdict;
	}
	if (keys_are_set(cdb))
		return enter_single(gate.keying, session,
				    gate.keying.nexus ? VSCSI_GATE_BUSY : VSCSI_GATE_PASS);
	switch (removal(cdb)) {
	case Removal::prevents:
		return enter_to_prevent(gate, session);
	case Removal::allows:
		return enter_to_allow(gate, session);
	default:
		return VSCSI_GATE_PASS;
	}
}

void gate_leave(vscsi_gate &gate, u32 session, const u8 *cdb, const vscsi_gate_outcome &outcome) noexcept
{
	const Reserving reserving = cdb_reserving(cdb);
	heed(gate, outcome.attention);
	leave_medium(gate, session, cdb, outcome);
	if (reserving != Reserving::none)
		leave_reserving(gate, session, cdb, outcome, reserving);
	else if (keys_are_set(cdb))
		leave_single(gate.keying);
	settle(gate);
}

void gate_hear(vscsi_gate &gate, u16 attention) noexcept
{
	heed(gate, attention);
	settle(gate);
}

int gate_session_ended(vscsi_gate &gate, u32 session) noexcept
{
	note_end(gate.reserving, session);
	note_end(gate.keying, session);
	leave_queue(gate.preventing, session);
	const bool prevented = end_prevention(gate, session);
	const bool reserved = end_holding(gate, session);
	if (reserved || prevented)
		remember_lost(gate, session);
	const int owed = (reserved ? VSCSI_GATE_RELEASE : 0) | allow_if_nobody_prevents(gate);
	gate_owe(gate, owed);
	return owed;
}

int gate_reset(vscsi_gate &gate) noexcept
{
	const int owed = forget_what_a_reset_ends(gate);
	let_go(gate);
	return owed;
}

void gate_owe(vscsi_gate &gate, int bits) noexcept
{
	gate.owed |= static_cast<u32>(bits);
}

int gate_due(const vscsi_gate &gate) noexcept
{
	bool in_flight = false;
	for (const auto &preventer : gate.preventers)
		in_flight |= preventer.in_flight != 0;
	return static_cast<int>(gate.owed) &
	       ~((gate.reserving.nexus ? VSCSI_GATE_RELEASE : 0) | (in_flight ? VSCSI_GATE_ALLOW : 0) |
		 (gate.keying.nexus ? clears_keys : 0));
}

void gate_paid(vscsi_gate &gate, int bits) noexcept
{
	gate.owed &= ~static_cast<u32>(bits);
	if (bits & VSCSI_GATE_ALLOW)
		gate.prevented = 0;
}

bool gate_comes_back(vscsi_gate &gate, u32 nexus) noexcept
{
	return nexus && take_from_lost(gate, nexus);
}

void gate_inherit(vscsi_gate &gate, u8 type, bool registered) noexcept
{
	if (gate.reserving.nexus || (gate.holder && gate.holder != VSCSI_GATE_UNKNOWN))
		return;
	gate.registered = registered || type;
	gate.type = type;
	gate.holder = VSCSI_GATE_UNKNOWN;
	gate.absent = 1;
	let_go(gate); // of nothing
}

bool gate_is_inherited(const vscsi_gate &gate) noexcept
{
	return gate.holder == VSCSI_GATE_UNKNOWN;
}

} // namespace vscsi
