// SPDX-License-Identifier: GPL-2.0 OR MIT
// Sessions and a device that knows only one I_T nexus.
#include <cstring>
#include <set>
#include <vector>

#include "gate_fixture.hpp"

using namespace gates;

namespace
{

TEST_F(Gate, NobodyIsKeptOutWhileNothingIsReserved)
{
	for (const auto &cdb : {read6, write6, inquiry, keys, rewind_medium, prevent}) {
		pass(first, cdb);
		pass(second, cdb);
	}
	EXPECT_TRUE(open());
}

TEST_F(Gate, ReserveKeepsTheOtherOut)
{
	for (const auto &[reserve, release] :
	     {std::pair{reserve6, release6}, std::pair{reserve10, release10}}) {
		pass(first, reserve);
		for (const auto &cdb :
		     {read6, write6, test_unit_ready, rewind_medium, reserve6, reserve10, keys, prevent})
			EXPECT_EQ(enter(second, cdb), VSCSI_GATE_CONFLICT) << int{cdb[0]};
		for (const auto &cdb : {inquiry, request_sense, allow})
			EXPECT_EQ(enter(second, cdb), VSCSI_GATE_PASS) << int{cdb[0]};
		pass(first, write6);
		pass(first, reserve);
		pass(first, release);
		pass(second, write6);
		EXPECT_TRUE(open());
	}
}

TEST_F(Gate, AStrangersReleaseDoesNotReachTheDevice)
{
	pass(first, reserve6);
	EXPECT_EQ(enter(second, release6), VSCSI_GATE_IGNORE);
	EXPECT_EQ(enter(second, release10), VSCSI_GATE_IGNORE);
	EXPECT_EQ(enter(second, read6), VSCSI_GATE_CONFLICT);
}

TEST_F(Gate, WhileTheDeviceDecidesTheOtherIsToldToWait)
{
	ASSERT_EQ(enter(first, reserve6), VSCSI_GATE_PASS);
	EXPECT_EQ(enter(second, reserve6), VSCSI_GATE_BUSY);
	EXPECT_EQ(enter(second, persistent(0)), VSCSI_GATE_BUSY);
	EXPECT_EQ(enter(second, read6), VSCSI_GATE_PASS);
	leave(first, reserve6, false);
	EXPECT_TRUE(open());
	pass(second, reserve6);
	EXPECT_EQ(gate.holder, second);
}

// A device may carry out two in another order than they end.
TEST_F(Gate, OneReservationCommandAtATime)
{
	const std::vector<Cdb> all{reserve6, reserve10, release6, release10, persistent(6), persistent(3)};
	for (const auto &cdb : all) {
		ASSERT_EQ(enter(first, cdb), VSCSI_GATE_PASS);
		for (const auto &other : all)
			EXPECT_EQ(enter(first, other), VSCSI_GATE_BUSY) << int{other[0]};
		EXPECT_EQ(enter(first, write6), VSCSI_GATE_PASS);
		leave(first, cdb, false);
		pass(first, reserve6);
		EXPECT_EQ(enter(second, write6), VSCSI_GATE_CONFLICT);
		ASSERT_EQ(enter(first, release6), VSCSI_GATE_PASS);
		EXPECT_EQ(enter(first, reserve6), VSCSI_GATE_BUSY);
		leave(first, release6);
		EXPECT_TRUE(is_zero());
	}
}

// Of those of who is gone too; what it took is taken back.
TEST_F(Gate, ACommandMayOutliveItsSession)
{
	ASSERT_EQ(enter(first, reserve6), VSCSI_GATE_PASS);
	EXPECT_EQ(ended(first), 0);
	EXPECT_EQ(enter(second, reserve6), VSCSI_GATE_BUSY);
	EXPECT_EQ(enter(first, reserve6), VSCSI_GATE_BUSY);
	leave(first, reserve6);
	EXPECT_EQ(vscsi_gate_due(&gate), VSCSI_GATE_RELEASE);
	EXPECT_EQ(enter(second, reserve6), VSCSI_GATE_BUSY);
	EXPECT_EQ(enter(second, write6), VSCSI_GATE_PASS);
	vscsi_gate_paid(&gate, VSCSI_GATE_RELEASE);
	pass(second, reserve6);
	EXPECT_EQ(ended(second), VSCSI_GATE_RELEASE);
	ASSERT_EQ(enter(first, persistent(6)), VSCSI_GATE_PASS);
	EXPECT_EQ(ended(first), 0);
	leave(first, persistent(6), true, nullptr, 1);
	EXPECT_TRUE(gate.registered && gate.absent);
	pass(second, persistent(6), 2);
	EXPECT_EQ(enter(first, persistent(6)), VSCSI_GATE_CONFLICT);
}

// Its adapter gave it back, and the device may have it.
TEST_F(Gate, AReservationThatIsLostIsTakenBack)
{
	ASSERT_EQ(enter(first, reserve6), VSCSI_GATE_PASS);
	is_lost(first, reserve6);
	EXPECT_EQ(vscsi_gate_due(&gate), VSCSI_GATE_RELEASE);
	EXPECT_EQ(enter(first, reserve6), VSCSI_GATE_BUSY);
	vscsi_gate_paid(&gate, VSCSI_GATE_RELEASE);
	pass(first, reserve6);
	for (const auto &cdb : {reserve6, release6}) {
		ASSERT_EQ(enter(first, cdb), VSCSI_GATE_PASS);
		is_lost(first, cdb);
		EXPECT_EQ(gate.owed, 0u) << "it has it from before";
		EXPECT_EQ(enter(second, write6), VSCSI_GATE_CONFLICT);
	}
	EXPECT_EQ(ended(first), VSCSI_GATE_RELEASE);
}

TEST_F(Gate, AReservationThatItsSessionDoesNotKnowOfIsTakenBack)
{
	ASSERT_EQ(enter(first, reserve6), VSCSI_GATE_PASS);
	leave_unheard(first, reserve6);
	EXPECT_EQ(paid(vscsi_gate_due(&gate)), VSCSI_GATE_RELEASE);
	ASSERT_EQ(enter(first, prevent), VSCSI_GATE_PASS);
	leave_unheard(first, prevent);
	EXPECT_EQ(paid(vscsi_gate_due(&gate)), VSCSI_GATE_ALLOW);
	EXPECT_TRUE(is_zero());
	pass(first, reserve6);
	pass(first, prevent);
	for (const auto &cdb : {reserve6, prevent}) {
		ASSERT_EQ(enter(first, cdb), VSCSI_GATE_PASS);
		leave_unheard(first, cdb);
		EXPECT_EQ(gate.owed, 0u) << "it has it from before";
	}
	for (const auto &cdb : {release6, allow}) {
		ASSERT_EQ(enter(first, cdb), VSCSI_GATE_PASS);
		leave_unheard(first, cdb);
	}
	EXPECT_TRUE(is_zero());
}

TEST_F(Gate, WhoReservesPersistentlyIsRegistered)
{
	for (const auto action : {vscsi_u8{1}, vscsi_u8{4}, vscsi_u8{5}}) {
		ASSERT_EQ(enter(first, persistent(6)), VSCSI_GATE_PASS);
		is_lost(first, persistent(6));
		EXPECT_TRUE(is_zero());
		pass(first, persistent(action, exclusive_access));
		EXPECT_EQ(enter(second, write6), VSCSI_GATE_CONFLICT);
		pass(first, persistent(3));
	}
}

// RESERVE may be from after the reset, though it ended before this was heard of.
TEST_F(Gate, WhatAResetEndsTheDeviceIsTold)
{
	constexpr Sense reset{0x70, 0, 6, 0, 0, 0, 0, 10, 0, 0, 0, 0, 0x29, 0};
	ASSERT_EQ(enter(second, read6), VSCSI_GATE_PASS);
	pass(first, reserve6);
	pass(first, prevent);
	leave(second, read6, false, reset.data());
	EXPECT_FALSE(gate.reserved);
	EXPECT_EQ(vscsi_gate_due(&gate), VSCSI_GATE_RELEASE | VSCSI_GATE_ALLOW);
	vscsi_gate_paid(&gate, VSCSI_GATE_RELEASE | VSCSI_GATE_ALLOW);
	EXPECT_TRUE(is_zero());
}

TEST_F(Gate, OneSessionAtATimeIsRegistered)
{
	pass(first, persistent(0), 0x1234);
	EXPECT_EQ(enter(second, persistent(0)), VSCSI_GATE_CONFLICT);
	EXPECT_EQ(enter(second, persistent(4, write_exclusive)), VSCSI_GATE_CONFLICT);
	EXPECT_EQ(enter(second, reserve6), VSCSI_GATE_CONFLICT);
	for (const auto &cdb : {keys, read6, write6})
		EXPECT_EQ(enter(second, cdb), VSCSI_GATE_PASS);
	pass(first, persistent(0), 0);
	EXPECT_TRUE(open());
	pass(second, persistent(6), 0x77);
	EXPECT_EQ(gate.holder, second);
}

TEST_F(Gate, WriteExclusiveLetsTheOtherRead)
{
	for (const auto type : {write_exclusive, registrants_only}) {
		pass(first, persistent(6), 1);
		pass(first, persistent(1, type));
		for (const auto &cdb : {read6, keys, test_unit_ready, inquiry, allow})
			EXPECT_EQ(enter(second, cdb), VSCSI_GATE_PASS) << int{cdb[0]};
		for (const auto &cdb : {write6, rewind_medium, prevent})
			EXPECT_EQ(enter(second, cdb), VSCSI_GATE_CONFLICT) << int{cdb[0]};
		pass(first, persistent(2, type));
		EXPECT_EQ(enter(second, write6), VSCSI_GATE_PASS);
		pass(first, persistent(3));
		EXPECT_TRUE(open());
	}
}

TEST_F(Gate, ExclusiveAccessLetsTheOtherAskOnly)
{
	pass(first, persistent(0), 1);
	pass(first, persistent(1, exclusive_access));
	for (const auto &cdb : {read6, write6, rewind_medium})
		EXPECT_EQ(enter(second, cdb), VSCSI_GATE_CONFLICT) << int{cdb[0]};
	for (const auto &cdb : {keys, test_unit_ready, inquiry, request_sense})
		EXPECT_EQ(enter(second, cdb), VSCSI_GATE_PASS) << int{cdb[0]};
	pass(first, write6);
	pass(first, persistent(7));
	EXPECT_EQ(enter(second, write6), VSCSI_GATE_PASS);
}

TEST_F(Gate, AFailedPersistentReserveChangesNothing)
{
	pass(first, persistent(0), 1);
	ASSERT_EQ(enter(first, persistent(1, exclusive_access)), VSCSI_GATE_PASS);
	leave(first, persistent(1, exclusive_access), false);
	EXPECT_EQ(enter(second, write6), VSCSI_GATE_PASS);
}

TEST_F(Gate, TheDeviceSaysThatAnotherHostPreempted)
{
	constexpr Sense preempted{0x70, 0, 6, 0, 0, 0, 0, 10, 0, 0, 0, 0, 0x2a, 3};
	constexpr Sense released{0x72, 6, 0x2a, 4};
	constexpr Sense reset{0x70, 0, 6, 0, 0, 0, 0, 10, 0, 0, 0, 0, 0x29, 0};
	pass(first, persistent(0), 1);
	pass(first, persistent(1, exclusive_access));
	leave(first, read6, false, released.data());
	EXPECT_EQ(gate.type, 0);
	EXPECT_EQ(gate.registered, 1);
	leave(first, read6, false, preempted.data());
	EXPECT_TRUE(open());
	pass(first, reserve6);
	leave(first, read6, false, reset.data());
	EXPECT_TRUE(open());
}

TEST_F(Gate, WhatTheDeviceSaysOfAnythingElseChangesNothing)
{
	pass(first, persistent(0), 1);
	pass(first, persistent(1, exclusive_access));
	gate.reserved = 1;
	const vscsi_gate was = gate;
	// ABORTED COMMAND with the codes of what counts; MODE PARAMETERS CHANGED.
	for (const Sense &sense :
	     {Sense{0x72, 0xb, 0x29, 0}, Sense{0x72, 0xb, 0x2a, 3}, Sense{0x72, 0xb, 0x2a, 4},
	      Sense{0x72, 6, 0x2a, 1}, Sense{0x72, 6, 0x28, 4}, Sense{}}) {
		leave(first, read6, false, sense.data());
		EXPECT_EQ(gate.reserved, was.reserved);
		EXPECT_EQ(gate.registered, was.registered);
		EXPECT_EQ(gate.type, was.type);
	}
}

// The device knows one nexus: what it says to one session is true for all.
TEST_F(Gate, AStrangerMayBeTheOneWhoIsToldOfAReset)
{
	constexpr Sense reset{0x70, 0, 6, 0, 0, 0, 0, 10, 0, 0, 0, 0, 0x29, 0};
	pass(first, reserve6);
	leave(second, inquiry, false, reset.data());
	EXPECT_TRUE(open());
}

TEST_F(Gate, ARegistrationOutlivesItsSession)
{
	pass(first, persistent(0), 1);
	pass(first, persistent(1, exclusive_access));
	EXPECT_EQ(ended(first), 0);
	EXPECT_EQ(enter(second, read6), VSCSI_GATE_CONFLICT);
	EXPECT_EQ(enter(second, reserve6), VSCSI_GATE_CONFLICT);
	pass(first, read6);
	EXPECT_EQ(enter(second, persistent(6)), VSCSI_GATE_CONFLICT);

	EXPECT_EQ(ended(first), 0);
	pass(second, persistent(6), 2);
	EXPECT_EQ(gate.holder, second);
	EXPECT_EQ(enter(first, write6), VSCSI_GATE_CONFLICT);
	pass(second, persistent(3));
	EXPECT_TRUE(open());
}

TEST_F(Gate, ARegistrationIsNotTakenOverByWhatTheDeviceRefuses)
{
	pass(first, persistent(0), 1);
	pass(first, persistent(1, exclusive_access));
	EXPECT_EQ(ended(first), 0);
	ASSERT_EQ(enter(second, persistent(6)), VSCSI_GATE_PASS);
	EXPECT_EQ(enter(second, read6), VSCSI_GATE_CONFLICT);
	leave(second, persistent(6), false);
	EXPECT_EQ(enter(second, read6), VSCSI_GATE_CONFLICT);
	pass(first, read6);
	EXPECT_EQ(gate.holder, first);
	EXPECT_EQ(enter(second, persistent(6)), VSCSI_GATE_CONFLICT);
}

TEST_F(Gate, OneHeirAtATime)
{
	pass(first, persistent(0), 1);
	EXPECT_EQ(ended(first), 0);
	ASSERT_EQ(enter(second, persistent(6)), VSCSI_GATE_PASS);
	EXPECT_EQ(enter(second, persistent(1, exclusive_access)), VSCSI_GATE_BUSY);
	EXPECT_EQ(enter(third, persistent(6)), VSCSI_GATE_BUSY);
	// Who comes back hears what the device decides.
	EXPECT_EQ(enter(first, read6), VSCSI_GATE_PASS);
	EXPECT_EQ(enter(first, persistent(1, exclusive_access)), VSCSI_GATE_BUSY);
	leave(second, persistent(6), true, nullptr, 2);
	EXPECT_EQ(gate.holder, second);
	pass(second, persistent(1, exclusive_access));
	EXPECT_EQ(gate.type, exclusive_access);
	EXPECT_EQ(enter(first, read6), VSCSI_GATE_CONFLICT);
	pass(second, persistent(3));
	EXPECT_TRUE(open());
}

TEST_F(Gate, AnHeirWhoseSessionEndsIsGone)
{
	pass(first, persistent(0), 1);
	EXPECT_EQ(ended(first), 0);
	for (const bool good : {false, true}) {
		ASSERT_EQ(enter(second, persistent(6)), VSCSI_GATE_PASS);
		EXPECT_EQ(ended(second), 0);
		leave(second, persistent(6), good, nullptr, 2);
		EXPECT_EQ(gate.holder, good ? second : first);
		EXPECT_TRUE(gate.absent);
	}
	pass(third, persistent(6), 3);
	EXPECT_EQ(gate.holder, third);
}

TEST_F(Gate, PreemptOfARegistrantKeepsTheTypeOfTheReservation)
{
	pass(first, persistent(0), 1);
	pass(first, persistent(1, exclusive_access));
	pass(first, persistent(4, 0));
	EXPECT_EQ(gate.type, exclusive_access);
	pass(first, persistent(2));
	pass(first, persistent(4, write_exclusive));
	EXPECT_EQ(gate.type, write_exclusive);
}

TEST_F(Gate, AReleaseOfElementsKeepsTheRest)
{
	constexpr Cdb release_elements{0x17, 1};
	pass(first, reserve6);
	pass(first, release_elements);
	EXPECT_EQ(enter(second, read6), VSCSI_GATE_CONFLICT);
}

TEST_F(Gate, TheEndOfASessionAndAResetReleaseTheDevice)
{
	EXPECT_EQ(ended(first), 0);
	EXPECT_EQ(device_reset(), 0);
	pass(first, reserve6);
	EXPECT_EQ(ended(second), 0);
	EXPECT_EQ(enter(second, read6), VSCSI_GATE_CONFLICT);
	EXPECT_EQ(ended(first), VSCSI_GATE_RELEASE);
	EXPECT_TRUE(open());

	pass(first, reserve6);
	EXPECT_EQ(device_reset(), VSCSI_GATE_RELEASE);
	EXPECT_TRUE(open());

	pass(first, persistent(0), 1);
	pass(first, persistent(1, exclusive_access));
	EXPECT_EQ(device_reset(), 0);
	EXPECT_EQ(enter(second, write6), VSCSI_GATE_CONFLICT);
	pass(first, persistent(3));
	EXPECT_TRUE(open());
}

// Of who registered or reserved before there was a gate, guests know as little as of one that is gone.
TEST_F(Gate, WhatTheHostHadBeforeIsAnAbsentHolders)
{
	for (const bool registered : {true, false}) {
		vscsi_gate_inherit(&gate, exclusive_access, registered);
		EXPECT_TRUE(vscsi_gate_is_inherited(&gate));
		EXPECT_EQ(enter(first, read6), VSCSI_GATE_CONFLICT);
		EXPECT_EQ(enter(first, reserve6), VSCSI_GATE_CONFLICT);
		EXPECT_EQ(enter(first, keys), VSCSI_GATE_PASS);
		ASSERT_EQ(enter(first, persistent(6)), VSCSI_GATE_PASS);
		vscsi_gate_inherit(&gate, 0, false);
		EXPECT_TRUE(vscsi_gate_is_inherited(&gate)) << "an heir is in flight";
		leave(first, persistent(6), false);
		EXPECT_EQ(enter(first, read6), VSCSI_GATE_CONFLICT);
		vscsi_gate_inherit(&gate, 0, true);
		EXPECT_EQ(enter(first, write6), VSCSI_GATE_PASS);
		EXPECT_EQ(enter(first, reserve6), VSCSI_GATE_CONFLICT);
		pass(first, persistent(6), 5);
		EXPECT_FALSE(vscsi_gate_is_inherited(&gate));
		EXPECT_EQ(gate.holder, first);
		pass(first, persistent(3));
		EXPECT_TRUE(is_zero());
	}
}

TEST_F(Gate, WhatIsGoneIsNotInherited)
{
	vscsi_gate_inherit(&gate, 0, false);
	EXPECT_TRUE(is_zero());
	vscsi_gate_inherit(&gate, write_exclusive, true);
	vscsi_gate_inherit(&gate, 0, false);
	EXPECT_TRUE(is_zero());
	constexpr Sense preempted{0x70, 0, 6, 0, 0, 0, 0, 10, 0, 0, 0, 0, 0x2a, 3};
	vscsi_gate_inherit(&gate, write_exclusive, true);
	leave(first, write6, false, preempted.data());
	EXPECT_TRUE(is_zero());
}

TEST_F(Gate, WhatAGuestHasIsNotInherited)
{
	const auto changes_nothing = [&] {
		const vscsi_gate was = gate;
		for (const auto type : {vscsi_u8{0}, vscsi_u8{1}})
			for (const bool registered : {false, true}) {
				vscsi_gate_inherit(&gate, type, registered);
				EXPECT_EQ(std::memcmp(&gate, &was, sizeof gate), 0);
			}
	};
	ASSERT_EQ(enter(first, persistent(6)), VSCSI_GATE_PASS);
	changes_nothing();
	leave(first, persistent(6), true, nullptr, 1);
	changes_nothing();
	EXPECT_EQ(ended(first), 0);
	changes_nothing();
	EXPECT_FALSE(vscsi_gate_is_inherited(&gate));
	pass(first, persistent(3));
	// The heir of one that was preempted meanwhile.
	constexpr Sense preempted{0x70, 0, 6, 0, 0, 0, 0, 10, 0, 0, 0, 0, 0x2a, 3};
	vscsi_gate_inherit(&gate, write_exclusive, true);
	ASSERT_EQ(enter(first, persistent(6)), VSCSI_GATE_PASS);
	leave(second, write6, false, preempted.data());
	changes_nothing();
}

// What the gate knew of the commands before there was a table of them.
namespace before
{

const std::set<vscsi_u32> always{0x03, 0x12, 0xa0};
const std::set<vscsi_u32> persistent{0x00, 0x05, 0x4d, 0x5e, 0xab};
const std::set<vscsi_u32> write_exclusive{0x08, 0x1a, 0x1c, 0x25, 0x28, 0x34, 0x3c, 0x44,
					  0x5a, 0x88, 0x8c, 0x9e, 0xa3, 0xa8, 0xb8};
const std::set<vscsi_u32> reserve{0x16, 0x56};
const std::set<vscsi_u32> release{0x17, 0x57};
constexpr vscsi_u32 persistent_out = 0x5f;
constexpr vscsi_u32 prevent_allow = 0x1e;

int enter_as_stranger(const vscsi_gate &gate, const Cdb &cdb)
{
	if (always.count(cdb[0]) || (cdb[0] == prevent_allow && (cdb[4] & 3) == 0))
		return VSCSI_GATE_PASS;
	if (release.count(cdb[0]))
		return VSCSI_GATE_IGNORE;
	if (gate.reserved)
		return VSCSI_GATE_CONFLICT;
	if (reserve.count(cdb[0]) || cdb[0] == persistent_out) {
		if (cdb[0] == persistent_out && gate.absent)
			return VSCSI_GATE_PASS;
		return gate.registered || gate.absent ? VSCSI_GATE_CONFLICT : VSCSI_GATE_BUSY;
	}
	if (!gate.type || persistent.count(cdb[0]))
		return VSCSI_GATE_PASS;
	const bool reading = gate.type == 1 || gate.type == 5 || gate.type == 7;
	return reading && write_exclusive.count(cdb[0]) ? VSCSI_GATE_PASS : VSCSI_GATE_CONFLICT;
}

} // namespace before

std::vector<vscsi_gate> held_gates()
{
	std::vector<vscsi_gate> gates;
	for (const vscsi_u32 type : {0, 1, 2, 3, 4, 5, 6, 7, 8})
		for (vscsi_u32 flags = 0; flags < 8; flags++) {
			vscsi_gate gate{};
			gate.holder = first;
			gate.type = static_cast<vscsi_u8>(type);
			gate.reserved = flags & 1;
			gate.registered = flags >> 1 & 1;
			gate.absent = flags >> 2 & 1;
			if (gate.reserved || gate.registered)
				gates.push_back(gate);
		}
	vscsi_gate trying{};
	trying.reserving.nexus = first;
	gates.push_back(trying);
	return gates;
}

// SBC-3 table 13, SPC-4 table 66: beside any persistent reservation.  Without its
// capacity a disk is of no size to whoever finds it while another holds it.
bool is_allowed_now(const Cdb &cdb)
{
	const std::map<vscsi_u8, std::set<vscsi_u8>> actions{{0x9e, {0x10, 0x13}},
							     {0xa3, {0x05, 0x0a, 0x0b, 0x0e, 0x0f}}};
	const auto found = actions.find(cdb[0]);
	return cdb[0] == 0x25 || (found != actions.end() && found->second.count(cdb[1]));
}

void expect_as_before(const vscsi_gate &held, const Cdb &cdb)
{
	const bool allowed = is_allowed_now(cdb) && !held.reserved;
	vscsi_gate gate = held;
	ASSERT_EQ(vscsi_gate_enter(&gate, second, cdb.data()),
		  allowed ? VSCSI_GATE_PASS : before::enter_as_stranger(held, cdb))
		<< "opcode " << int{cdb[0]} << " action " << int{cdb[1]} << " type " << int{held.type};
}

TEST_F(Gate, KeepsOutWhatItKeptOut)
{
	for (const auto &held : held_gates())
		for (vscsi_u32 opcode = 0; opcode < 256; opcode++)
			for (vscsi_u8 action = 0; action < 32 && !HasFailure(); action++)
				expect_as_before(held, Cdb{static_cast<vscsi_u8>(opcode), action, 0, 0,
							   static_cast<vscsi_u8>(action & 7)}); // PREVENT
}

} // namespace
