// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <map>
#include <tuple>

#include "model.hpp"

using namespace model;

namespace
{

TEST(LunMap, EmptyFindsNothing)
{
	Luns luns{4};
	EXPECT_EQ(luns.find({0, 0, 0, 0}), -1);
	EXPECT_FALSE(luns.remove({0, 0, 0, 0}));
}

TEST(LunMap, NoRoomAtAll)
{
	Luns luns{0};
	EXPECT_EQ(luns.add({0, 0, 0, 0}, 1), VSCSI_LUNS_FULL);
	EXPECT_EQ(luns.find({0, 0, 0, 0}), -1);
}

TEST(LunMap, TakenBeforeFull)
{
	Luns luns{2};
	EXPECT_EQ(luns.add({0, 0, 0, 0}, 1), 0);
	EXPECT_EQ(luns.add({0, 0, 0, 0}, 2), VSCSI_LUNS_TAKEN);
	EXPECT_EQ(luns.find({0, 0, 0, 0}), 1) << "the first one stays";
	EXPECT_EQ(luns.add({0, 0, 0, 1}, 2), 0);
	EXPECT_EQ(luns.add({0, 0, 0, 0}, 3), VSCSI_LUNS_TAKEN);
	EXPECT_EQ(luns.add({0, 0, 0, 2}, 3), VSCSI_LUNS_FULL);
	EXPECT_TRUE(luns.remove({0, 0, 0, 0}));
	EXPECT_EQ(luns.add({0, 0, 0, 2}, 3), 0);
	EXPECT_EQ(luns.find({0, 0, 0, 2}), 3);
}

TEST(LunMap, HostNumberDoesNotCount)
{
	Luns luns{4};
	EXPECT_EQ(luns.add({5, 1, 2, 3}, 9), 0);
	EXPECT_EQ(luns.find({0, 1, 2, 3}), 9);
	EXPECT_EQ(luns.add({6, 1, 2, 3}, 9), VSCSI_LUNS_TAKEN);
}

TEST(LunMap, FieldsDoNotRunIntoEachOther)
{
	Luns luns{8};
	u32 device = 0;
	for (const u32 channel : {0u, 0xffffu})
		for (const u32 id : {0u, 0xffffu})
			for (const u32 lun : {0u, 0xffffu})
				EXPECT_EQ(luns.add({0, channel, id, lun}, device++), 0);
	device = 0;
	for (const u32 channel : {0u, 0xffffu})
		for (const u32 id : {0u, 0xffffu})
			for (const u32 lun : {0u, 0xffffu})
				EXPECT_EQ(luns.find({0, channel, id, lun}), device++);
	EXPECT_EQ(luns.find({0, 0, 0, 1}), -1);
	EXPECT_EQ(luns.find({0, 0, 1, 0}), -1);
	EXPECT_EQ(luns.find({0, 1, 0, 0}), -1);
}

TEST(LunMap, EveryBitOfAnAddressCounts)
{
	Luns luns{48};
	for (u32 bit = 0; bit < 16; bit++) {
		EXPECT_EQ(luns.add({0, 1u << bit, 0, 0}, bit), 0);
		EXPECT_EQ(luns.add({0, 0, 1u << bit, 0}, bit), 0);
		EXPECT_EQ(luns.add({0, 0, 0, 1u << bit}, bit), 0);
	}
}

TEST(LunMap, HandlesAreKeptWhole)
{
	Luns luns{2};
	EXPECT_EQ(luns.add({0, 0, 0, 1}, 0xffffffff), 0);
	EXPECT_EQ(luns.find({0, 0, 0, 1}), 0xffffffff);
}

TEST(LunMap, SameAsAStdMap)
{
	for (u64 seed = 1; seed <= 20; seed++) {
		Random random{seed};
		constexpr u32 capacity = 40;
		Luns luns{capacity};
		std::map<std::tuple<u32, u32, u32>, u32> reference;
		for (u32 round = 0; round < 2000; round++) {
			const vscsi_address address{0, random.below(3), random.below(5), random.below(5)};
			const std::tuple key{address.channel, address.id, address.lun};
			if (random.below(5) < 3) {
				const int expected = reference.count(key)           ? VSCSI_LUNS_TAKEN
						     : reference.size() == capacity ? VSCSI_LUNS_FULL
										    : 0;
				ASSERT_EQ(luns.add(address, round), expected);
				if (expected == 0)
					reference[key] = round;
			} else {
				ASSERT_EQ(luns.remove(address), reference.erase(key) == 1);
			}
			const vscsi_address probe{0, random.below(3), random.below(5), random.below(5)};
			const auto found = reference.find({probe.channel, probe.id, probe.lun});
			ASSERT_EQ(luns.find(probe),
				  found == reference.end() ? -1 : static_cast<long long>(found->second));
		}
	}
}

TEST(LunMap, MoveKeepsEverything)
{
	Luns small{3}, large{6};
	EXPECT_EQ(small.add({0, 0, 0, 3}, 3), 0);
	EXPECT_EQ(small.add({0, 0, 0, 1}, 1), 0);
	EXPECT_EQ(small.add({0, 0, 0, 2}, 2), 0);
	vscsi_luns_move(large.map(), small.map());
	for (u32 i = 1; i <= 3; i++)
		EXPECT_EQ(large.find({0, 0, 0, i}), i);
	for (u32 i = 4; i <= 6; i++)
		EXPECT_EQ(large.add({0, 0, 0, i}, i), 0);
	EXPECT_EQ(large.add({0, 0, 0, 7}, 7), VSCSI_LUNS_FULL);
}

TEST(LunMap, MoveOfNothingAndOfTheSameSize)
{
	Luns empty{0}, other{0};
	vscsi_luns_move(other.map(), empty.map());
	EXPECT_EQ(other.find({0, 0, 0, 0}), -1);
	Luns a{1}, b{1};
	EXPECT_EQ(a.add({0, 0, 0, 1}, 1), 0);
	vscsi_luns_move(b.map(), a.map());
	EXPECT_EQ(b.find({0, 0, 0, 1}), 1);
}

using LunMapDeathTest = ::testing::Test;
TEST(LunMapDeathTest, MoveIntoTooLittleRoomStops)
{
	Luns a{2}, b{1};
	EXPECT_EQ(a.add({0, 0, 0, 1}, 1), 0);
	EXPECT_EQ(a.add({0, 0, 0, 2}, 2), 0);
	EXPECT_DEATH(vscsi_luns_move(b.map(), a.map()), "");
}

} // namespace
