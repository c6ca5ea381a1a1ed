// SPDX-License-Identifier: GPL-2.0 OR MIT
// What target core tells dom0's log of, and how often a guest may cause that.
#include <array>

#include <gtest/gtest.h>
#include <vscsi/complaints.h>

namespace
{

using u8 = vscsi_u8;
using u32 = vscsi_u32;
using u64 = vscsi_u64;

constexpr u64 ms = 1'000'000;
constexpr u32 good = 0, check = 2, busy = 8, conflict = 0x18;

bool complains(std::array<u8, 16> cdb, u32 status, vscsi_sense sense = {})
{
	const vscsi_complaint_view view{cdb.data(), status, sense, nullptr, 0, 0};
	return vscsi_complains(&view);
}

TEST(Complaints, WhatIsRefusedIsTold)
{
	EXPECT_TRUE(complains({0x1a}, check, {5, 0x24, 0, true}));
	EXPECT_TRUE(complains({0x28}, check, {5, 0x21, 0, true}));
	EXPECT_TRUE(complains({0x89}, check, {0xe, 0x1d, 0, true}));
	EXPECT_TRUE(complains({0x2a}, check, {7, 0x27, 0, true}));
	EXPECT_TRUE(complains({0x5f}, conflict));
	EXPECT_TRUE(complains({0x16}, conflict));
}

TEST(Complaints, WhatGoesWrongOrWaitsIsNot)
{
	EXPECT_FALSE(complains({0x28}, good));
	EXPECT_FALSE(complains({0x28}, busy));
	EXPECT_FALSE(complains({0x28}, conflict)) << "a fenced guest tries again and again";
	EXPECT_FALSE(complains({0x28}, check, {3, 0x11, 0, true}));
	EXPECT_FALSE(complains({0x2a}, check, {7, 0x27, 7, true})) << "there is no space";
	EXPECT_FALSE(complains({0x00}, check, {6, 0x29, 0, true}));
}

// As Linux does at each disk: REPORT SUPPORTED OPERATION CODES, SECURITY PROTOCOL IN, ATA ones.
TEST(Complaints, WhatAScanMeetsIsNot)
{
	for (const u8 opcode : {u8{0xa3}, u8{0xa2}, u8{0x85}, u8{0xa1}, u8{0xff}})
		EXPECT_FALSE(complains({opcode}, check, {5, 0x20, 0, true})) << unsigned{opcode};
	for (const u8 opcode : {u8{0x41}, u8{0x42}, u8{0x5e}, u8{0x5f}, u8{0x7f}, u8{0x84}, u8{0x93}})
		EXPECT_TRUE(complains({opcode}, check, {5, 0x20, 0, true})) << unsigned{opcode};
}

TEST(Complaints, SomeAreToldThoughTheySucceed)
{
	EXPECT_TRUE(complains({0x5e, 3}, good));
	EXPECT_FALSE(complains({0x5e, 0}, good));
	const std::array<u8, 16> unmap{0x42};
	for (const u32 said : {0u, 16u, 17u, 0xffffu}) {
		const std::array<u8, 24> list{0, 0, static_cast<u8>(said >> 8), static_cast<u8>(said)};
		const vscsi_complaint_view view{unmap.data(), good, {}, list.data(), 24, 24};
		EXPECT_EQ(vscsi_complains(&view), said > 16) << said;
		const vscsi_complaint_view more{unmap.data(), good, {}, list.data(), 24, 8 + 0xffff};
		EXPECT_FALSE(vscsi_complains(&more)) << "the rest of the list is elsewhere";
	}
	const vscsi_complaint_view nothing{unmap.data(), good, {}, nullptr, 0, 0};
	EXPECT_FALSE(vscsi_complains(&nothing));
}

// As the ring does it: who has too many behind him waits 100 ms.
u32 counted(u32 allowed, u64 from, u64 until, vscsi_complaints &all)
{
	u32 count = 0;
	for (u64 now = from; now < until; now += 100 * ms)
		while (!vscsi_complaints_exceeded(&all, now) && count < 100'000) {
			vscsi_complaint_count(&all, now, allowed);
			count++;
		}
	return count;
}

TEST(Complaints, ALotAtOnceAndThenSoManyASecond)
{
	vscsi_complaints all{};
	constexpr u64 up = 1'000'000 * ms;
	const u32 first = counted(40, up, up + 1000 * ms, all);
	EXPECT_GE(first, 256u + 36);
	EXPECT_LE(first, 256u + 41);
	const u32 later = counted(40, up + 1000 * ms, up + 101'000 * ms, all);
	EXPECT_GE(later, 3990u);
	EXPECT_LE(later, 4001u);
	// Who was quiet for a while has a lot again.
	EXPECT_GE(counted(40, up + 201'000 * ms, up + 201'100 * ms, all), 256u);
}

TEST(Complaints, NoneAreAllowedBeforeTimeBegins)
{
	vscsi_complaints all{};
	EXPECT_FALSE(vscsi_complaints_exceeded(&all, 0));
	vscsi_complaint_count(&all, 0, 1);
	EXPECT_TRUE(vscsi_complaints_exceeded(&all, 0));
	EXPECT_FALSE(vscsi_complaints_exceeded(&all, 1000 * ms));
}

// What is in flight when it becomes too much is paid for later.
TEST(Complaints, DebtsArePaid)
{
	vscsi_complaints all{};
	constexpr u64 now = 1'000'000 * ms;
	for (u32 i = 0; i < 256 + 1024; i++)
		vscsi_complaint_count(&all, now, 40);
	EXPECT_TRUE(vscsi_complaints_exceeded(&all, now + 25'500 * ms));
	EXPECT_FALSE(vscsi_complaints_exceeded(&all, now + 25'601 * ms));
}

} // namespace
