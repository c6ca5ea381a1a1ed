// SPDX-License-Identifier: GPL-2.0 OR MIT
// A gate, and what a test sends it.
#pragma once
#include <array>
#include <cstring>
#include <gtest/gtest.h>
#include <map>
#include <utility>
#include <vscsi/sharing.h>

#include "gate_commands.hpp"

namespace gates
{

class Gate : public ::testing::Test
{
protected:
	int enter(vscsi_u32 session, const Cdb &cdb)
	{
		const int verdict = vscsi_gate_enter(&gate, session, cdb.data());
		if (verdict == VSCSI_GATE_PASS)
			resets[{session, cdb[0]}] = gate.resets;
		return verdict;
	}
	void leave(vscsi_u32 session, const Cdb &cdb, bool good = true, const vscsi_u8 *sense = nullptr,
		   vscsi_u64 key = 0)
	{
		leave_with(good ? VSCSI_EFFECT_ALL : VSCSI_EFFECT_NONE, session, cdb, sense, key);
	}
	// It was carried out when its session had been told that it failed.
	void leave_unheard(vscsi_u32 session, const Cdb &cdb)
	{
		const vscsi_gate_outcome outcome{nullptr, 0, 0, VSCSI_EFFECT_ALL, gate.resets, true};
		vscsi_gate_leave(&gate, session, cdb.data(), &outcome);
	}
	void is_lost(vscsi_u32 session, const Cdb &cdb) { leave_with(VSCSI_EFFECT_UNKNOWN, session, cdb); }
	void leave_with(vscsi_u32 effect, vscsi_u32 session, const Cdb &cdb, const vscsi_u8 *sense = nullptr,
			vscsi_u64 key = 0)
	{
		std::array<vscsi_u8, 24> data{};
		for (unsigned i = 0; i < 8; i++)
			data[8 + i] = static_cast<vscsi_u8>(key >> (56 - 8 * i));
		const vscsi_gate_outcome outcome{
			data.data(), data.size(), attention_of(sense), effect, resets[{session, cdb[0]}],
			false};
		vscsi_gate_leave(&gate, session, cdb.data(), &outcome);
	}
	void pass(vscsi_u32 session, const Cdb &cdb, vscsi_u64 key = 0)
	{
		ASSERT_EQ(enter(session, cdb), VSCSI_GATE_PASS);
		leave(session, cdb, true, nullptr, key);
	}
	// What the host owes the device since then, and does at once.
	int ended(vscsi_u32 session) { return paid(vscsi_gate_session_ended(&gate, session)); }
	int device_reset() { return paid(vscsi_gate_reset(&gate)); }
	int paid(int owed)
	{
		EXPECT_EQ(gate.owed, static_cast<vscsi_u32>(owed));
		vscsi_gate_paid(&gate, owed);
		return owed;
	}
	bool is_zero()
	{
		vscsi_gate zero{};
		zero.resets = gate.resets;
		return !std::memcmp(&gate, &zero, sizeof gate);
	}
	bool open()
	{
		return gate.holder == 0 && gate.reserving.nexus == 0 && !gate.reserved && !gate.registered &&
		       !gate.type;
	}

	vscsi_gate gate{};
	std::map<std::pair<vscsi_u32, vscsi_u8>, vscsi_u32> resets; // of each that passed last, its gate's
};

} // namespace gates
