// SPDX-License-Identifier: GPL-2.0 OR MIT
// Who wants what others have in flight: whose turn it is, and that it comes.
#include "gate_fixture.hpp"

using namespace gates;

namespace
{

TEST_F(Gate, NobodyIsToldBusyForEver)
{
	for (const auto &cdb : {reserve6, persistent(6)}) {
		ASSERT_EQ(enter(first, cdb), VSCSI_GATE_PASS);
		EXPECT_EQ(enter(second, reserve10), VSCSI_GATE_BUSY);
		EXPECT_EQ(enter(first, cdb), VSCSI_GATE_BUSY) << "it is another's turn";
		EXPECT_EQ(enter(third, cdb), VSCSI_GATE_BUSY);
		EXPECT_EQ(enter(third, release6), VSCSI_GATE_IGNORE);
		EXPECT_EQ(enter(first, write6), VSCSI_GATE_PASS);
		leave(first, cdb, false);
		EXPECT_EQ(enter(first, cdb), VSCSI_GATE_BUSY);
		EXPECT_EQ(enter(third, cdb), VSCSI_GATE_BUSY);
		pass(second, reserve10);
		EXPECT_EQ(enter(first, cdb), VSCSI_GATE_CONFLICT);
		pass(second, release10);
		EXPECT_TRUE(is_zero());
	}
}

// The device might carry the RELEASE out last, whoever sent it.
TEST_F(Gate, NobodyReservesWhileSomebodyReleases)
{
	for (const bool reserved : {false, true}) {
		if (reserved)
			pass(first, reserve6);
		ASSERT_EQ(enter(first, release6), VSCSI_GATE_PASS);
		EXPECT_EQ(enter(second, reserve6), reserved ? VSCSI_GATE_CONFLICT : VSCSI_GATE_BUSY);
		EXPECT_EQ(enter(first, release6), VSCSI_GATE_BUSY);
		EXPECT_EQ(enter(second, release6), VSCSI_GATE_IGNORE);
		leave(first, release6);
		pass(second, reserve6);
		pass(second, release6);
		EXPECT_TRUE(is_zero());
	}
}

TEST_F(Gate, NorAreHeirs)
{
	pass(first, persistent(6), 1);
	EXPECT_EQ(ended(first), 0);
	ASSERT_EQ(enter(second, persistent(6)), VSCSI_GATE_PASS);
	EXPECT_EQ(enter(third, persistent(6)), VSCSI_GATE_BUSY);
	EXPECT_EQ(enter(second, persistent(6)), VSCSI_GATE_BUSY);
	EXPECT_EQ(enter(second, reserve6), VSCSI_GATE_BUSY);
	leave(second, persistent(6), false);
	EXPECT_EQ(enter(second, persistent(6)), VSCSI_GATE_BUSY);
	ASSERT_EQ(enter(third, persistent(6)), VSCSI_GATE_PASS);
	// Nor is the holder who comes back.
	EXPECT_EQ(enter(first, persistent(6)), VSCSI_GATE_BUSY);
	EXPECT_EQ(enter(third, persistent(6)), VSCSI_GATE_BUSY);
	leave(third, persistent(6), false);
	pass(first, persistent(6), 1);
	EXPECT_EQ(enter(third, persistent(6)), VSCSI_GATE_CONFLICT);
}

TEST_F(Gate, WhoDoesNotComeLosesItsTurn)
{
	ASSERT_EQ(enter(first, reserve6), VSCSI_GATE_PASS);
	EXPECT_EQ(enter(second, reserve6), VSCSI_GATE_BUSY);
	leave(first, reserve6, false);
	for (int i = 0; i < VSCSI_GATE_PATIENCE - 1; i++)
		EXPECT_EQ(enter(first, reserve6), VSCSI_GATE_BUSY);
	ASSERT_EQ(enter(third, reserve6), VSCSI_GATE_BUSY);
	ASSERT_EQ(enter(first, reserve6), VSCSI_GATE_PASS);
	EXPECT_EQ(enter(second, reserve6), VSCSI_GATE_BUSY);
	for (int i = 0; i < VSCSI_GATE_PATIENCE; i++)
		EXPECT_EQ(enter(third, reserve6), VSCSI_GATE_BUSY);
	EXPECT_EQ(enter(second, reserve6), VSCSI_GATE_BUSY) << "it comes, and waits again";
	for (int i = 0; i < VSCSI_GATE_PATIENCE; i++)
		EXPECT_EQ(enter(third, reserve6), VSCSI_GATE_BUSY);
	EXPECT_EQ(enter(third, reserve6), VSCSI_GATE_BUSY) << "the next";
	EXPECT_EQ(gate.reserving.turn.nexus, third);
	EXPECT_EQ(ended(third), 0);
	leave(first, reserve6, false);
	EXPECT_EQ(enter(first, reserve6), VSCSI_GATE_PASS);
}

// Who always has a second one ready, and hears BUSY for that.
TEST_F(Gate, NobodyIsKeptOutByWhoSendsMoreThanOne)
{
	constexpr Cdb set_key{0xb5, 0x20, 0, 0x10};
	for (const auto &cdb : {reserve6, release6, persistent(6), set_key}) {
		ASSERT_EQ(enter(first, cdb), VSCSI_GATE_PASS);
		EXPECT_EQ(enter(first, cdb), VSCSI_GATE_BUSY);
		const Cdb &other = cdb[0] == set_key[0] ? set_key : reserve6;
		EXPECT_EQ(enter(second, other), VSCSI_GATE_BUSY);
		EXPECT_EQ(enter(first, cdb), VSCSI_GATE_BUSY);
		leave(first, cdb, false);
		EXPECT_EQ(enter(first, cdb), VSCSI_GATE_BUSY) << "it is another's turn";
		ASSERT_EQ(enter(second, other), VSCSI_GATE_PASS);
		leave(second, other, false);
		EXPECT_TRUE(is_zero());
	}
}

// Then others are told CONFLICT, and need not be waited for.
TEST_F(Gate, WhoHasItWaitsForNobody)
{
	ASSERT_EQ(enter(first, persistent(6)), VSCSI_GATE_PASS);
	EXPECT_EQ(enter(second, persistent(6)), VSCSI_GATE_BUSY);
	leave(first, persistent(6), true, nullptr, 1);
	pass(first, persistent(1, exclusive_access));
	EXPECT_EQ(enter(second, persistent(6)), VSCSI_GATE_CONFLICT);
	pass(first, persistent(3));
	EXPECT_TRUE(is_zero());
}

} // namespace
