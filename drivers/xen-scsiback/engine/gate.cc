// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <vscsi/cdb.hpp>
#include <vscsi/gate.hpp>
#include <vscsi/sense.hpp>

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
		gate.type = cdb[2] & 0xf;
		break;
	case pr_preempt:
	case pr_preempt_and_abort:
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

// Another initiator, or a reset, may have taken away what the holder had.
void heed_unit_attention(vscsi_gate &gate, const u8 *data) noexcept
{
	constexpr u8 unit_attention = 6;
	const vscsi_sense sense = sense_of({data, VSCSI_SENSE_BYTES});
	if (sense.key != unit_attention)
		return;
	if (sense.code == 0x29) // power on or reset
		gate.reserved = 0;
	if (sense.code == 0x2a && (sense.qualifier == 3 || sense.qualifier == 5)) // preempted
		forget_registration(gate);
	if (sense.code == 0x2a && sense.qualifier == 4) // reservations released
		gate.type = 0;
}

constexpr void let_go(vscsi_gate &gate) noexcept
{
	if (gate.unsettled || gate.reserved || gate.registered)
		return;
	gate.holder = 0;
	gate.absent = 0;
	gate.type = 0;
}

constexpr bool reserves(Reserving reserving) noexcept
{
	return reserving == Reserving::reserve || reserving == Reserving::persistent_out;
}

int enter_as_stranger(const vscsi_gate &gate, const u8 *cdb) noexcept
{
	const Beside beside = cdb_beside(cdb);
	const Reserving reserving = cdb_reserving(cdb);
	if (beside == Beside::always)
		return VSCSI_GATE_PASS;
	if (reserving == Reserving::release)
		return VSCSI_GATE_IGNORE;
	if (gate.reserved)
		return VSCSI_GATE_CONFLICT;
	if (reserves(reserving))
		return gate.registered || gate.absent ? VSCSI_GATE_CONFLICT : VSCSI_GATE_BUSY;
	if (!gate.type || beside == Beside::any_persistent)
		return VSCSI_GATE_PASS;
	return write_exclusive(gate.type) && beside == Beside::write_exclusive ? VSCSI_GATE_PASS
									       : VSCSI_GATE_CONFLICT;
}

// A persistent reservation outlives its nexus (SPC-4 5.9.5): the holder may come
// back, or somebody else may take its registration over, if the device lets him.
constexpr int enter_as_heir(vscsi_gate &gate, u32 session) noexcept
{
	if (gate.heir && gate.heir != session)
		return VSCSI_GATE_BUSY;
	gate.heir = session;
	gate.attempts++;
	return VSCSI_GATE_PASS;
}

constexpr void leave_as_heir(vscsi_gate &gate, const u8 *cdb, const vscsi_gate_outcome &outcome) noexcept
{
	const u32 left = --gate.attempts;
	if (outcome.good) {
		gate.holder = gate.heir;
		gate.absent = 0;
		gate.unsettled = left;
		gate.attempts = 0;
		persistent_done(gate, cdb, outcome);
	}
	if (!gate.attempts)
		gate.heir = 0;
}

} // namespace

int gate_enter(vscsi_gate &gate, u32 session, const u8 *cdb) noexcept
{
	const Reserving reserving = cdb_reserving(cdb);
	if (gate.holder == session)
		gate.absent = 0;
	if (gate.holder && gate.holder != session) {
		if (reserving == Reserving::persistent_out && !gate.reserved &&
		    (gate.absent || gate.heir == session))
			return enter_as_heir(gate, session);
		return enter_as_stranger(gate, cdb);
	}
	if (gate.heir && reserves(reserving))
		return VSCSI_GATE_BUSY;
	if (reserves(reserving)) {
		gate.holder = session;
		gate.unsettled++;
	}
	return VSCSI_GATE_PASS;
}

void gate_leave(vscsi_gate &gate, u32 session, const u8 *cdb, const vscsi_gate_outcome &outcome) noexcept
{
	if (outcome.sense)
		heed_unit_attention(gate, outcome.sense);
	const Reserving reserving = cdb_reserving(cdb);
	if (gate.heir == session && reserving == Reserving::persistent_out) {
		leave_as_heir(gate, cdb, outcome);
		let_go(gate);
		return;
	}
	if (gate.holder != session) {
		let_go(gate);
		return;
	}
	switch (reserving) {
	case Reserving::reserve:
		if (gate.unsettled)
			gate.unsettled--;
		if (outcome.good)
			gate.reserved = 1;
		break;
	case Reserving::release:
		// Of all of it, not of elements or for a third party.
		if (outcome.good && !(cdb[1] & 0x1f))
			gate.reserved = 0;
		break;
	case Reserving::persistent_out:
		if (gate.unsettled)
			gate.unsettled--;
		if (outcome.good)
			persistent_done(gate, cdb, outcome);
		break;
	default:
		break;
	}
	let_go(gate);
}

bool gate_session_ended(vscsi_gate &gate, u32 session) noexcept
{
	if (gate.heir == session) {
		gate.heir = 0;
		gate.attempts = 0;
	}
	if (gate.holder != session)
		return false;
	const bool release = gate.reserved;
	gate.reserved = 0;
	gate.unsettled = 0;
	gate.absent = 1;
	let_go(gate);
	return release;
}

bool gate_reset(vscsi_gate &gate) noexcept
{
	const bool release = gate.reserved;
	gate.reserved = 0;
	let_go(gate);
	return release;
}

} // namespace vscsi
