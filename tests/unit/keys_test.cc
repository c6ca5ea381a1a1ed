// SPDX-License-Identifier: GPL-2.0 OR MIT
// Whose keys of tape data encryption a drive has.
#include <array>
#include <vector>

#include "gate_fixture.hpp"

using namespace gates;

namespace
{

enum Scope : vscsi_u8 { public_scope = 0, own_scope = 1, all_nexuses = 2 };
constexpr vscsi_u8 mode_on = 2;

class Keys : public ::testing::Test
{
protected:
	static constexpr Cdb set{0xb5, 0x20, 0, 0x10};

	int sets(vscsi_u32 nexus, Scope scope, vscsi_u8 mode = mode_on, const Cdb &cdb = set,
		 vscsi_u32 bytes = 52, vscsi_u32 effect = VSCSI_EFFECT_ALL)
	{
		std::vector<vscsi_u8> data(bytes);
		for (const auto &[at, value] :
		     {std::pair{1u, 0x10}, {3u, 48}, {4u, scope << 5}, {6u, mode}, {7u, mode}, {8u, 3}})
			if (at < bytes)
				data[at] = static_cast<vscsi_u8>(value);
		const vscsi_gate_outcome outcome{data.data(), bytes, 0, effect, 0, false};
		return vscsi_keys_note(&keys, nexus, cdb.data(), &outcome);
	}
	int is_lost(vscsi_u32 nexus, Scope scope, vscsi_u8 mode = mode_on)
	{
		return sets(nexus, scope, mode, set, 52, VSCSI_EFFECT_UNKNOWN);
	}
	int ended(vscsi_u32 nexus, bool clear = true) { return vscsi_keys_ended(&keys, nexus, clear); }

	vscsi_keys keys{};
};

TEST_F(Keys, EachScopeHasItsOwner)
{
	sets(first, own_scope);
	sets(second, all_nexuses);
	EXPECT_EQ(ended(third), 0);
	EXPECT_EQ(ended(first), VSCSI_GATE_CLEAR_KEYS);
	EXPECT_EQ(ended(first), 0);
	EXPECT_EQ(ended(second), VSCSI_GATE_CLEAR_ALL_KEYS);
	sets(first, own_scope);
	sets(first, all_nexuses);
	EXPECT_EQ(ended(first), VSCSI_GATE_CLEAR_KEYS | VSCSI_GATE_CLEAR_ALL_KEYS);
}

TEST_F(Keys, TheLastOneCounts)
{
	sets(first, own_scope);
	sets(second, own_scope);
	EXPECT_EQ(ended(first), 0);
	EXPECT_EQ(ended(second), VSCSI_GATE_CLEAR_KEYS);
}

TEST_F(Keys, WhoTurnsItOffHasNone)
{
	sets(first, own_scope);
	sets(second, own_scope, 0);
	EXPECT_EQ(ended(first) | ended(second), 0);
	sets(first, own_scope);
	sets(first, public_scope);
	EXPECT_EQ(ended(first), 0);
	sets(first, all_nexuses);
	sets(second, public_scope);
	EXPECT_EQ(ended(first), VSCSI_GATE_CLEAR_ALL_KEYS);
}

TEST_F(Keys, OtherCommandsAndPagesAreNone)
{
	for (const Cdb &other : {Cdb{0xa2, 0x20, 0, 0x10}, Cdb{0xb5, 0x21, 0, 0x10}, Cdb{0xb5, 0x20, 1, 0x10},
				 Cdb{0xb5, 0x20, 0, 0x11}, write6})
		sets(first, own_scope, mode_on, other);
	for (vscsi_u32 bytes = 0; bytes <= 8; bytes++)
		sets(first, own_scope, mode_on, set, bytes);
	sets(first, static_cast<Scope>(3));
	EXPECT_EQ(ended(first), 0);
	sets(first, own_scope, mode_on, set, 9);
	EXPECT_EQ(ended(first), VSCSI_GATE_CLEAR_KEYS);
}

TEST_F(Keys, WhatHasNoEffectSetsNone)
{
	sets(first, own_scope);
	sets(second, own_scope, mode_on, set, 52, VSCSI_EFFECT_NONE);
	EXPECT_EQ(ended(second), 0);
	EXPECT_EQ(ended(first), VSCSI_GATE_CLEAR_KEYS);
}

// The device has the one or the other.
TEST_F(Keys, OneThatIsLostMayBeEithersNow)
{
	for (const auto &[goes, stays] : {std::pair{first, second}, {second, first}}) {
		sets(first, own_scope);
		is_lost(second, own_scope);
		EXPECT_EQ(ended(third), 0);
		EXPECT_EQ(ended(goes), VSCSI_GATE_CLEAR_KEYS);
		EXPECT_EQ(ended(stays), 0) << "it is cleared";
		sets(first, own_scope);
		is_lost(second, own_scope);
		EXPECT_EQ(ended(goes, false), 0);
		EXPECT_EQ(ended(stays), VSCSI_GATE_CLEAR_KEYS);
	}
	is_lost(first, all_nexuses);
	EXPECT_EQ(ended(first), VSCSI_GATE_CLEAR_ALL_KEYS);
	sets(first, own_scope);
	is_lost(second, own_scope, 0);
	is_lost(third, public_scope);
	EXPECT_EQ(ended(second) | ended(third), 0);
	EXPECT_EQ(ended(first), VSCSI_GATE_CLEAR_KEYS) << "turning it off was lost";
	for (const auto nexus : {first, second, third, 21u, 23u})
		is_lost(nexus, own_scope);
	sets(third, own_scope);
	EXPECT_EQ(ended(first) | ended(23), 0);
	EXPECT_EQ(ended(third), VSCSI_GATE_CLEAR_KEYS);
}

TEST_F(Keys, WhatIsReplacedIsNotOwed)
{
	EXPECT_EQ(sets(first, own_scope), VSCSI_GATE_CLEAR_KEYS);
	EXPECT_EQ(sets(first, public_scope), VSCSI_GATE_CLEAR_KEYS);
	EXPECT_EQ(sets(first, all_nexuses), VSCSI_GATE_CLEAR_ALL_KEYS);
	EXPECT_EQ(is_lost(first, own_scope), 0);
	EXPECT_EQ(sets(first, own_scope, mode_on, write6), 0);
}

TEST_F(Keys, HowTheyAreCleared)
{
	sets(first, own_scope);
	for (const auto &[which, scope] :
	     {std::pair{VSCSI_GATE_CLEAR_KEYS, own_scope}, {VSCSI_GATE_CLEAR_ALL_KEYS, all_nexuses}}) {
		std::array<vscsi_u8, 12> cdb;
		std::array<vscsi_u8, VSCSI_CLEAR_KEYS_BYTES> data;
		cdb.fill(0xff);
		data.fill(0xff);
		vscsi_keys_clear(&keys, which, cdb.data(), data.data());
		EXPECT_EQ(cdb, (std::array<vscsi_u8, 12>{0xb5, 0x20, 0, 0x10, 0, 0, 0, 0, 0, 20}));
		EXPECT_EQ(data, (std::array<vscsi_u8, VSCSI_CLEAR_KEYS_BYTES>{
					0, 0x10, 0, 16, static_cast<vscsi_u8>(scope << 5), 0, 0, 0, 3}));
	}
}

constexpr Cdb set_key{0xb5, 0x20, 0, 0x10};

// Or the one that ends last would not be whose key the device has.
TEST_F(Gate, KeysAreSetOneAtATime)
{
	ASSERT_EQ(enter(first, set_key), VSCSI_GATE_PASS);
	EXPECT_EQ(enter(first, set_key), VSCSI_GATE_BUSY);
	EXPECT_EQ(enter(second, set_key), VSCSI_GATE_BUSY);
	for (const auto &cdb :
	     {Cdb{0xa2, 0x20, 0, 0x10}, Cdb{0xb5, 0x20, 0, 0x11}, Cdb{0xb5, 1, 0, 1}, write6})
		pass(second, cdb);
	leave(first, set_key);
	pass(second, set_key);
	EXPECT_TRUE(is_zero());
	pass(first, reserve6);
	EXPECT_EQ(enter(second, set_key), VSCSI_GATE_CONFLICT);
	pass(first, set_key);
}

TEST_F(Gate, WhatIsOwedIsPaidFirst)
{
	pass(first, reserve6);
	pass(first, prevent);
	const int owed = vscsi_gate_session_ended(&gate, first);
	EXPECT_EQ(owed, VSCSI_GATE_RELEASE | VSCSI_GATE_ALLOW);
	for (const auto &cdb : {reserve6, reserve10, release6, persistent(0), prevent})
		EXPECT_EQ(enter(second, cdb), VSCSI_GATE_BUSY);
	for (const auto &cdb : {write6, inquiry, test_unit_ready, allow})
		pass(second, cdb);
	vscsi_gate_paid(&gate, VSCSI_GATE_RELEASE);
	pass(second, reserve6);
	EXPECT_EQ(enter(second, prevent), VSCSI_GATE_BUSY);
	vscsi_gate_paid(&gate, VSCSI_GATE_ALLOW);
	pass(second, prevent);
}

TEST_F(Gate, WhatMayYetBeTakenUpIsNotDue)
{
	pass(first, reserve6);
	pass(first, prevent);
	ASSERT_EQ(enter(first, reserve6), VSCSI_GATE_PASS);
	ASSERT_EQ(enter(first, prevent), VSCSI_GATE_PASS);
	ASSERT_EQ(enter(first, set_key), VSCSI_GATE_PASS);
	vscsi_gate_owe(&gate, VSCSI_GATE_CLEAR_KEYS);
	vscsi_gate_reset(&gate);
	EXPECT_EQ(gate.owed, vscsi_u32{VSCSI_GATE_RELEASE | VSCSI_GATE_ALLOW | VSCSI_GATE_CLEAR_KEYS});
	EXPECT_EQ(vscsi_gate_due(&gate), 0);
	leave(first, set_key, false);
	EXPECT_EQ(vscsi_gate_due(&gate), VSCSI_GATE_CLEAR_KEYS);
	vscsi_gate_paid(&gate, VSCSI_GATE_CLEAR_KEYS);
	leave(first, reserve6, false);
	EXPECT_EQ(vscsi_gate_due(&gate), VSCSI_GATE_RELEASE);
	vscsi_gate_paid(&gate, VSCSI_GATE_RELEASE);
	leave(first, prevent);
	EXPECT_EQ(paid(vscsi_gate_due(&gate)), VSCSI_GATE_ALLOW) << "it hears next of the reset";
	EXPECT_TRUE(is_zero());
}

TEST_F(Gate, NothingIsWrittenWithTheKeyOfTheDead)
{
	for (const int bit : {VSCSI_GATE_CLEAR_KEYS, VSCSI_GATE_CLEAR_ALL_KEYS}) {
		vscsi_gate_owe(&gate, bit);
		for (const auto &cdb : {write6, read6, rewind_medium, Cdb{0xb5, 0x20, 0, 0x10}})
			EXPECT_EQ(enter(second, cdb), VSCSI_GATE_BUSY);
		pass(second, inquiry);
		vscsi_gate_paid(&gate, bit);
		pass(second, write6);
	}
}

TEST_F(Gate, AnAttentionToTheHostIsHeard)
{
	pass(first, reserve6);
	pass(first, prevent);
	vscsi_gate_hear(&gate, 0);
	EXPECT_TRUE(gate.reserved && gate.prevented);
	vscsi_gate_hear(&gate, 0x2900);
	EXPECT_FALSE(gate.reserved || gate.prevented);
	EXPECT_EQ(paid(vscsi_gate_due(&gate)), VSCSI_GATE_RELEASE | VSCSI_GATE_ALLOW);
	EXPECT_EQ(vscsi_gate_session_ended(&gate, first), 0);
}

} // namespace
