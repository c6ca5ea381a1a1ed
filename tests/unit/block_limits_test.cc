// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <vector>

#include <gtest/gtest.h>
#include <vscsi/engine.h>

namespace
{

using Page = std::vector<vscsi_u8>;

Page page(vscsi_u8 code, vscsi_u32 maximum, vscsi_u32 optimal)
{
	Page bytes(64, 0xee);
	bytes[1] = code;
	for (unsigned i = 0; i < 4; i++) {
		bytes[8 + i] = static_cast<vscsi_u8>(maximum >> (24 - 8 * i));
		bytes[12 + i] = static_cast<vscsi_u8>(optimal >> (24 - 8 * i));
	}
	return bytes;
}

Page widened(Page bytes, vscsi_u32 blocks)
{
	vscsi_widen_block_limits(bytes.data(), static_cast<vscsi_u32>(bytes.size()), blocks);
	return bytes;
}

TEST(BlockLimits, ALimitOfTheDeviceIsTheBlockLayersMatter)
{
	EXPECT_EQ(widened(page(0xb0, 248, 248), 0x10203), page(0xb0, 0x10203, 0x10203));
}

TEST(BlockLimits, WhatTheDeviceLikesBestStays)
{
	EXPECT_EQ(widened(page(0xb0, 248, 128), 1016), page(0xb0, 1016, 128));
	EXPECT_EQ(widened(page(0xb0, 248, 0), 1016), page(0xb0, 1016, 0));
}

TEST(BlockLimits, NeverNarrower)
{
	for (const vscsi_u32 maximum : {0u, 1016u, 1017u, 0xffffffffu})
		EXPECT_EQ(widened(page(0xb0, maximum, maximum), 1016), page(0xb0, maximum, maximum));
}

TEST(BlockLimits, NothingElseIsTouched)
{
	EXPECT_EQ(widened(page(0xb1, 248, 248), 1016), page(0xb1, 248, 248));
	for (std::size_t size = 0; size < 16; size++) {
		Page bytes = page(0xb0, 248, 248);
		bytes.resize(size);
		EXPECT_EQ(widened(bytes, 1016), bytes);
	}
}

} // namespace
