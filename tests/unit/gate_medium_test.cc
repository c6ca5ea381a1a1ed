// SPDX-License-Identifier: GPL-2.0 OR MIT
// Who prevents that a shared device's medium is removed, and whose end took something.
#include "gate_fixture.hpp"

using namespace gates;

namespace
{

TEST_F(Gate, TheDeviceHearsAllowFromTheLastWhoPrevents)
{
	pass(second, allow);
	pass(first, prevent);
	pass(first, prevent);
	EXPECT_EQ(enter(second, allow), VSCSI_GATE_IGNORE);
	pass(second, prevent_persistently);
	EXPECT_EQ(enter(first, allow), VSCSI_GATE_IGNORE);
	EXPECT_EQ(enter(first, allow), VSCSI_GATE_IGNORE) << "it does not prevent any more";
	pass(second, allow);
	pass(first, allow);
	EXPECT_EQ(ended(first), 0);
	EXPECT_TRUE(is_zero()) << "nobody prevents";
}

TEST_F(Gate, AFailedPreventionIsNone)
{
	ASSERT_EQ(enter(first, prevent), VSCSI_GATE_PASS);
	EXPECT_EQ(enter(second, allow), VSCSI_GATE_IGNORE) << "it is not known yet";
	leave(first, prevent, false);
	EXPECT_TRUE(is_zero());
	for (const bool good_first : {true, false}) {
		ASSERT_EQ(enter(first, prevent), VSCSI_GATE_PASS);
		ASSERT_EQ(enter(first, prevent), VSCSI_GATE_PASS);
		leave(first, prevent, good_first);
		EXPECT_EQ(enter(second, allow), VSCSI_GATE_IGNORE);
		leave(first, prevent, !good_first);
		EXPECT_EQ(enter(second, allow), VSCSI_GATE_IGNORE);
		ASSERT_EQ(enter(first, prevent), VSCSI_GATE_PASS);
		leave(first, prevent, false);
		EXPECT_EQ(enter(second, allow), VSCSI_GATE_IGNORE) << "the one before lasts";
		pass(first, allow);
	}
	pass(first, prevent);
	ASSERT_EQ(enter(first, allow), VSCSI_GATE_PASS);
	leave(first, allow, false);
	EXPECT_EQ(enter(second, allow), VSCSI_GATE_IGNORE);
	EXPECT_EQ(ended(first), VSCSI_GATE_ALLOW);
}

// The device may carry them out in either order.
TEST_F(Gate, PreventAndAllowDoNotPassEachOther)
{
	pass(first, prevent);
	ASSERT_EQ(enter(first, allow), VSCSI_GATE_PASS);
	EXPECT_EQ(enter(second, prevent), VSCSI_GATE_BUSY);
	EXPECT_EQ(enter(first, prevent), VSCSI_GATE_BUSY);
	leave(first, allow);
	ASSERT_EQ(enter(second, prevent), VSCSI_GATE_PASS);
	EXPECT_EQ(enter(second, allow), VSCSI_GATE_BUSY);
	EXPECT_EQ(enter(first, prevent), VSCSI_GATE_PASS);
	leave(first, prevent, false);
	leave(second, prevent);
	EXPECT_EQ(ended(second), VSCSI_GATE_ALLOW);
	EXPECT_EQ(gate.preventing.nexus, 0u);
}

// Not even who allows all the time.
TEST_F(Gate, NobodyKeepsOutWhoWantsToPrevent)
{
	ASSERT_EQ(enter(first, allow), VSCSI_GATE_PASS);
	EXPECT_EQ(enter(second, prevent), VSCSI_GATE_BUSY);
	EXPECT_EQ(enter(first, allow), VSCSI_GATE_BUSY);
	leave(first, allow);
	EXPECT_EQ(enter(first, allow), VSCSI_GATE_BUSY);
	pass(second, prevent);
	EXPECT_EQ(enter(first, allow), VSCSI_GATE_IGNORE);
}

TEST_F(Gate, WhoHasPreventedOrAllowsWaitsNoMore)
{
	for (const bool allows : {false, true}) {
		ASSERT_EQ(enter(first, allow), VSCSI_GATE_PASS);
		EXPECT_EQ(enter(second, prevent), VSCSI_GATE_BUSY);
		leave(first, allow);
		if (allows) {
			pass(third, prevent);
			EXPECT_EQ(enter(second, allow), VSCSI_GATE_IGNORE);
			pass(third, allow);
		} else {
			ASSERT_EQ(enter(second, prevent), VSCSI_GATE_PASS);
			leave(second, prevent, false);
		}
		pass(first, allow);
		EXPECT_TRUE(is_zero());
	}
}

// What the device carries out for who is gone is nobody's, and told to the next who goes.
TEST_F(Gate, APreventionMayOutliveItsSession)
{
	ASSERT_EQ(enter(first, prevent), VSCSI_GATE_PASS);
	EXPECT_EQ(ended(first), 0);
	EXPECT_FALSE(vscsi_gate_comes_back(&gate, first)) << "it had not prevented";
	leave(first, prevent);
	EXPECT_EQ(paid(vscsi_gate_due(&gate)), VSCSI_GATE_ALLOW);
	EXPECT_TRUE(is_zero());
}

// Its adapter gave it back, and the device may prevent.
TEST_F(Gate, APreventionThatIsLostIsTakenBack)
{
	ASSERT_EQ(enter(first, prevent), VSCSI_GATE_PASS);
	is_lost(first, prevent);
	EXPECT_EQ(enter(first, prevent), VSCSI_GATE_BUSY);
	EXPECT_EQ(paid(vscsi_gate_due(&gate)), VSCSI_GATE_ALLOW);
	EXPECT_TRUE(is_zero());
	pass(second, prevent);
	ASSERT_EQ(enter(first, prevent), VSCSI_GATE_PASS);
	is_lost(first, prevent);
	EXPECT_EQ(vscsi_gate_due(&gate), 0) << "another prevents";
	ASSERT_EQ(enter(second, allow), VSCSI_GATE_PASS);
	is_lost(second, allow);
	EXPECT_EQ(enter(first, allow), VSCSI_GATE_IGNORE) << "it may still prevent";
	EXPECT_EQ(ended(second), VSCSI_GATE_ALLOW);
}

TEST_F(Gate, SixteenMayPrevent)
{
	for (vscsi_u32 i = 0; i < VSCSI_GATE_PREVENTERS; i++)
		pass(101 + 2 * i, prevent);
	EXPECT_EQ(enter(first, prevent), VSCSI_GATE_BUSY);
	pass(101, prevent);
	EXPECT_EQ(ended(103), 0);
	pass(first, prevent);
	for (vscsi_u32 i = 0; i < VSCSI_GATE_PREVENTERS; i++)
		EXPECT_EQ(ended(101 + 2 * i), 0);
	EXPECT_EQ(ended(first), VSCSI_GATE_ALLOW);
}

TEST_F(Gate, PreventionEndsWithAResetOfTheDevice)
{
	constexpr Sense reset{0x70, 0, 6, 0, 0, 0, 0, 10, 0, 0, 0, 0, 0x29, 2};
	pass(first, prevent);
	ASSERT_EQ(enter(third, prevent), VSCSI_GATE_PASS);
	leave(second, read6, false, reset.data());
	EXPECT_EQ(enter(second, allow), VSCSI_GATE_IGNORE) << "one is in flight";
	leave(third, prevent, false, reset.data());
	EXPECT_EQ(paid(vscsi_gate_due(&gate)), VSCSI_GATE_ALLOW) << "it may be from after the reset";
	EXPECT_TRUE(is_zero());
	pass(first, prevent);
	pass(second, prevent);
	EXPECT_EQ(device_reset(), VSCSI_GATE_ALLOW);
	EXPECT_EQ(device_reset(), 0);
	EXPECT_TRUE(is_zero());
	pass(first, prevent);
	pass(first, reserve6);
	EXPECT_EQ(device_reset(), VSCSI_GATE_RELEASE | VSCSI_GATE_ALLOW);
}

// The device must not stay locked because somebody might have prevented.
TEST_F(Gate, WhatIsOwedToTheDeviceIsToldLater)
{
	pass(first, prevent);
	ASSERT_EQ(enter(second, prevent), VSCSI_GATE_PASS);
	EXPECT_EQ(ended(first), 0);
	leave(second, prevent, false);
	EXPECT_EQ(paid(vscsi_gate_due(&gate)), VSCSI_GATE_ALLOW);
	EXPECT_TRUE(gate.prevented == 0 && ended(third) == 0 && device_reset() == 0);
}

TEST_F(Gate, WhoseEndTookSomethingHearsOfItOnce)
{
	EXPECT_FALSE(vscsi_gate_comes_back(&gate, 0));
	pass(first, prevent);
	pass(second, reserve6);
	EXPECT_EQ(ended(first), VSCSI_GATE_ALLOW);
	EXPECT_EQ(ended(second), VSCSI_GATE_RELEASE);
	EXPECT_EQ(ended(third), 0);
	EXPECT_FALSE(vscsi_gate_comes_back(&gate, third));
	for (const auto nexus : {first, second}) {
		EXPECT_TRUE(vscsi_gate_comes_back(&gate, nexus));
		EXPECT_FALSE(vscsi_gate_comes_back(&gate, nexus));
	}
	pass(first, persistent(0), 1);
	EXPECT_EQ(ended(first), 0);
	EXPECT_FALSE(vscsi_gate_comes_back(&gate, first)) << "a registration stays";
}

TEST_F(Gate, FourAreRemembered)
{
	const auto lose = [&](vscsi_u32 nexus) {
		pass(nexus, prevent);
		EXPECT_EQ(ended(nexus), VSCSI_GATE_ALLOW);
	};
	for (const vscsi_u32 nexus : {21u, 23u, 25u, 21u})
		lose(nexus);
	EXPECT_TRUE(vscsi_gate_comes_back(&gate, 21));
	EXPECT_FALSE(vscsi_gate_comes_back(&gate, 21)) << "it went twice";
	for (const vscsi_u32 nexus : {27u, 29u, 31u})
		lose(nexus);
	EXPECT_FALSE(vscsi_gate_comes_back(&gate, 23)) << "the oldest";
	for (const vscsi_u32 nexus : {27u, 25u, 31u, 29u})
		EXPECT_TRUE(vscsi_gate_comes_back(&gate, nexus)) << nexus;
	EXPECT_TRUE(is_zero());
}

} // namespace
