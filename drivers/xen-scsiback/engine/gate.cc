// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <vscsi/gate.hpp>

namespace vscsi
{
namespace
{

enum class Kind { other, reserve, release, persistent_out, persistent_in };

constexpr Kind kind_of(const u8 *cdb) noexcept
{
	switch (cdb[0]) {
	case 0x16: // RESERVE(6)
	case 0x56: // RESERVE(10)
		return Kind::reserve;
	case 0x17: // RELEASE(6)
	case 0x57: // RELEASE(10)
		return Kind::release;
	case 0x5e:
		return Kind::persistent_in;
	case 0x5f:
		return Kind::persistent_out;
	default:
		return Kind::other;
	}
}

// SPC-2 5.5.1, table 10, and SPC-4 5.9.1, table 66: never in conflict.
constexpr bool always_allowed(const u8 *cdb) noexcept
{
	switch (cdb[0]) {
	case 0x03: // REQUEST SENSE
	case 0x12: // INQUIRY
	case 0xa0: // REPORT LUNS
		return true;
	case 0x1e: // PREVENT ALLOW MEDIUM REMOVAL, to allow it
		return (cdb[4] & 3) == 0;
	default:
		return false;
	}
}

// SPC-4 table 66, SSC-3 table 15: allowed beside any persistent reservation.
constexpr bool persistent_allowed(const u8 *cdb) noexcept
{
	switch (cdb[0]) {
	case 0x00: // TEST UNIT READY
	case 0x05: // READ BLOCK LIMITS
	case 0x4d: // LOG SENSE
	case 0x5e: // PERSISTENT RESERVE IN
	case 0xab: // SERVICE ACTION IN(12): READ MEDIA SERIAL NUMBER
		return true;
	default:
		return false;
	}
}

// What changes the medium, its position, or the device, is kept from all but
// the holder also where reading is not.
constexpr bool allowed_beside_write_exclusive(const u8 *cdb) noexcept
{
	switch (cdb[0]) {
	case 0x08: // READ(6)
	case 0x1a: // MODE SENSE(6)
	case 0x1c: // RECEIVE DIAGNOSTIC RESULTS
	case 0x25: // READ CAPACITY(10)
	case 0x28: // READ(10)
	case 0x34: // READ POSITION, PRE-FETCH(10)
	case 0x3c: // READ BUFFER
	case 0x44: // REPORT DENSITY SUPPORT
	case 0x5a: // MODE SENSE(10)
	case 0x88: // READ(16)
	case 0x8c: // READ ATTRIBUTE
	case 0x9e: // SERVICE ACTION IN(16)
	case 0xa3: // MAINTENANCE IN
	case 0xa8: // READ(12)
	case 0xb8: // READ ELEMENT STATUS
		return true;
	default:
		return false;
	}
}

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
constexpr void heed_unit_attention(vscsi_gate &gate, const u8 *sense) noexcept
{
	const bool descriptor = (sense[0] & 0x7f) >= 0x72;
	const u8 key = sense[descriptor ? 1 : 2] & 0xf;
	const u8 code = sense[descriptor ? 2 : 12];
	const u8 qualifier = sense[descriptor ? 3 : 13];
	if (key != 6)
		return;
	if (code == 0x29) // power on or reset
		gate.reserved = 0;
	if (code == 0x2a && (qualifier == 3 || qualifier == 5)) // preempted
		forget_registration(gate);
	if (code == 0x2a && qualifier == 4) // reservations released
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

constexpr int enter_as_stranger(const vscsi_gate &gate, const u8 *cdb) noexcept
{
	const Kind kind = kind_of(cdb);
	if (always_allowed(cdb))
		return VSCSI_GATE_PASS;
	if (kind == Kind::release)
		return VSCSI_GATE_IGNORE;
	if (gate.reserved)
		return VSCSI_GATE_CONFLICT;
	if (kind == Kind::reserve || kind == Kind::persistent_out)
		return gate.registered || gate.absent ? VSCSI_GATE_CONFLICT : VSCSI_GATE_BUSY;
	if (!gate.type || persistent_allowed(cdb))
		return VSCSI_GATE_PASS;
	return write_exclusive(gate.type) && allowed_beside_write_exclusive(cdb) ? VSCSI_GATE_PASS
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
	const Kind kind = kind_of(cdb);
	const bool reserves = kind == Kind::reserve || kind == Kind::persistent_out;
	if (gate.holder == session)
		gate.absent = 0;
	if (gate.holder && gate.holder != session) {
		if (kind == Kind::persistent_out && !gate.reserved && (gate.absent || gate.heir == session))
			return enter_as_heir(gate, session);
		return enter_as_stranger(gate, cdb);
	}
	if (gate.heir && reserves)
		return VSCSI_GATE_BUSY;
	if (reserves) {
		gate.holder = session;
		gate.unsettled++;
	}
	return VSCSI_GATE_PASS;
}

void gate_leave(vscsi_gate &gate, u32 session, const u8 *cdb, const vscsi_gate_outcome &outcome) noexcept
{
	if (outcome.sense)
		heed_unit_attention(gate, outcome.sense);
	if (gate.heir == session && kind_of(cdb) == Kind::persistent_out) {
		leave_as_heir(gate, cdb, outcome);
		let_go(gate);
		return;
	}
	if (gate.holder != session) {
		let_go(gate);
		return;
	}
	switch (kind_of(cdb)) {
	case Kind::reserve:
		if (gate.unsettled)
			gate.unsettled--;
		if (outcome.good)
			gate.reserved = 1;
		break;
	case Kind::release:
		// Of all of it, not of elements or for a third party.
		if (outcome.good && !(cdb[1] & 0x1f))
			gate.reserved = 0;
		break;
	case Kind::persistent_out:
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
