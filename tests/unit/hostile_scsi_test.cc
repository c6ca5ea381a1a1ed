// SPDX-License-Identifier: GPL-2.0 OR MIT
// What the lab's hostile guest sends: all that it promises, the same each time, and nothing
// that a guest may do to another by right.
#include <gtest/gtest.h>
#include <map>
#include <scsi.hpp>
#include <set>
#include <tuple>
#include <vscsi/cdb.hpp>

namespace
{

using vscsi::cdb_row;
using vscsi::Trait;

constexpr u64 seed = 7, blocks = 32768;
constexpr u32 guesses = 200'000;

HostileScsi maker(Role role, Device device = Device::disk)
{
	return {seed, role, device, blocks};
}

TEST(HostileScsi, SweepsEveryCodeActionDirectionAndLength)
{
	const HostileScsi scsi = maker(Role::ordinary);
	std::set<std::tuple<u8, u8, Way, u32>> seen;
	for (u32 number = 0; number < HostileScsi::sweep(); number++) {
		const Attack made = scsi.make(number);
		seen.emplace(made.cdb[0], made.cdb[1] & 0x1f, made.way, made.bytes);
	}
	for (u32 code = 0; code < 256; code++) {
		const auto &with = HostileScsi::with_actions;
		const bool actions = std::find(with.begin(), with.end(), code) != with.end();
		for (u8 action = 0; action < (actions ? 32 : 1); action++)
			for (const Way way : HostileScsi::ways)
				for (const u32 length : HostileScsi::lengths)
					EXPECT_TRUE(seen.count({static_cast<u8>(code), action, way,
								way == Way::none ? 0 : length}))
						<< code << " " << int{action} << " " << length;
	}
}

TEST(HostileScsi, ANumberIsTheSameByItself)
{
	const HostileScsi scsi = maker(Role::ordinary);
	for (const u64 number : {u64{3}, u64{HostileScsi::sweep()}, u64{999'999}}) {
		const Attack first = scsi.make(number);
		(void)scsi.make(number + 1);
		const Attack again = maker(Role::ordinary).make(number);
		EXPECT_EQ(first.cdb, again.cdb);
		EXPECT_EQ(first.parameters, again.parameters);
		EXPECT_EQ(first.bytes, again.bytes);
	}
	EXPECT_NE(scsi.make(999'999).cdb,
		  (HostileScsi{seed + 1, Role::ordinary, Device::disk, blocks}).make(999'999).cdb);
}

TEST(HostileScsi, EveryRequestFitsTheRing)
{
	for (const Device device : {Device::disk, Device::tape, Device::changer}) {
		const HostileScsi scsi = maker(Role::ordinary, device);
		for (u32 number = 0; number < guesses; number++) {
			const Attack made = scsi.make(number);
			ASSERT_LE(made.bytes, HostileScsi::most_bytes) << number;
			ASSERT_TRUE(made.cdb_length >= 1 && made.cdb_length <= 16) << number;
			ASSERT_TRUE(made.way != Way::none || !made.bytes) << number;
		}
	}
}

TEST(HostileScsi, AFencedGuestDoesNotRegister)
{
	const HostileScsi scsi = maker(Role::fenced);
	u32 preempts = 0;
	for (u32 number = 0; number < guesses; number++) {
		const Attack made = scsi.make(number);
		if (made.cdb[0] != 0x5f)
			continue;
		EXPECT_NE(made.cdb[1] & 0x1f, 0);
		EXPECT_NE(made.cdb[1] & 0x1f, 6);
		preempts += (made.cdb[1] & 0x1f) == 4;
	}
	EXPECT_GT(preempts, 20U);
}

TEST(HostileScsi, AReadOnlyGuestReservesNothing)
{
	const HostileScsi scsi = maker(Role::read_only);
	for (u32 number = 0; number < guesses; number++) {
		const u8 code = scsi.make(number).cdb[0];
		EXPECT_TRUE(code != 0x5f && code != 0x16 && code != 0x56);
	}
}

// By chance, and often enough to get somewhere.
TEST(HostileScsi, ManyGuessesAreWellFormed)
{
	const HostileScsi scsi = maker(Role::ordinary);
	std::map<u8, u32> right;
	for (u64 number = HostileScsi::sweep(); number < HostileScsi::sweep() + guesses; number++) {
		const Attack made = scsi.make(number);
		const vscsi_cdb_view view{.cdb = made.cdb.data(),
					  .direction = static_cast<u32>(made.way),
					  .bytes = made.bytes,
					  .device_type = 0,
					  .emulated = true,
					  .read_only = false};
		if (vscsi::cdb_verdict(view) == VSCSI_CDB_PASS)
			right[made.cdb[0]]++;
	}
	for (const int code :
	     {0x08, 0x0a, 0x12, 0x28, 0x2a, 0x41, 0x42, 0x55, 0x5a, 0x5f, 0x88, 0x8a, 0x89, 0x93, 0x9e})
		EXPECT_GT(right[static_cast<u8>(code)], 100U) << code;
}

} // namespace
