// SPDX-License-Identifier: GPL-2.0 OR MIT
// Unit attentions of one device, for all who share it.
#include <array>
#include <gtest/gtest.h>
#include <initializer_list>
#include <optional>
#include <vector>
#include <vscsi/sharing.h>

namespace
{

using u8 = vscsi_u8;
using u16 = vscsi_u16;
using u32 = vscsi_u32;

constexpr u32 kept = VSCSI_ATTENTIONS_KEPT;
constexpr u16 power_on = 0x2900;
// What comes from number n on is told from all others.
constexpr u16 code(u32 n)
{
	return static_cast<u16>(0x2a01 + n);
}

class Attentions : public ::testing::Test
{
protected:
	void add(u32 from, u32 to)
	{
		for (u32 n = from; n < to; n++)
			vscsi_attention_add(&attentions, code(n));
	}
	// All that a sharer has not been told, in order.
	std::vector<u16> hear(u32 &told)
	{
		std::vector<u16> heard;
		while (vscsi_attention_due(&attentions, told)) {
			heard.push_back(vscsi_attention_next(&attentions, &told));
			EXPECT_NE(heard.back(), 0) << "due, but not there";
			EXPECT_LE(heard.size(), kept + 1);
			if (HasFailure())
				break;
		}
		const u32 was = told;
		EXPECT_EQ(vscsi_attention_next(&attentions, &told), 0) << "not due, but there";
		EXPECT_EQ(told, was);
		return heard;
	}

	vscsi_attentions attentions{};
};

TEST_F(Attentions, ThereAreNone)
{
	u32 told = 0;
	EXPECT_TRUE(hear(told).empty());
}

TEST_F(Attentions, EachSharerHearsAllInOrder)
{
	u32 first = 0;
	u32 second = 0;
	add(0, 2);
	EXPECT_EQ(hear(first), (std::vector<u16>{code(0), code(1)}));
	EXPECT_TRUE(hear(first).empty()) << "twice";
	add(2, 3);
	EXPECT_EQ(hear(second), (std::vector<u16>{code(0), code(1), code(2)}));
	EXPECT_EQ(hear(first), (std::vector<u16>{code(2)}));
}

// Wherever the count stands, also where it wraps.
TEST_F(Attentions, WhoIsTooFarBehindHearsPowerOnFirst)
{
	for (const u32 start : {0u, 3u, kept, ~0u, ~0u - 5, ~0u - 2 * kept})
		for (u32 behind = 0; behind < 3 * kept; behind++) {
			SCOPED_TRACE(::testing::Message() << behind << " behind from " << start);
			attentions = {};
			attentions.count = start;
			u32 told = start;
			add(0, behind);
			std::vector<u16> wanted;
			if (behind > kept)
				wanted.push_back(power_on);
			for (u32 n = behind > kept ? behind - kept : 0; n < behind; n++)
				wanted.push_back(code(n));
			ASSERT_EQ(hear(told), wanted);
			ASSERT_EQ(told, attentions.count);
		}
}

TEST_F(Attentions, MoreMayComeWhileASharerCatchesUp)
{
	u32 told = 0;
	add(0, kept);
	EXPECT_EQ(vscsi_attention_next(&attentions, &told), code(0));
	add(kept, kept + 1);
	EXPECT_EQ(vscsi_attention_next(&attentions, &told), code(1)) << "nothing was lost";
	add(kept + 1, kept + 3);
	EXPECT_EQ(vscsi_attention_next(&attentions, &told), power_on);
	EXPECT_EQ(vscsi_attention_next(&attentions, &told), code(3));
}

TEST_F(Attentions, WithoutACodeItIsPowerOn)
{
	u32 told = 0;
	vscsi_attention_add(&attentions, 0);
	EXPECT_EQ(hear(told), std::vector<u16>{power_on});
}

// No byte more than the data, so that a sanitizer sees what is read behind it.
std::optional<u16> attention(u8 opcode, std::vector<u8> data)
{
	const std::array<u8, VSCSI_CDB_BYTES> cdb{opcode};
	constexpr u16 untouched = 0xeeee;
	u16 found = untouched;
	data.shrink_to_fit();
	if (vscsi_sense_data_attention(cdb.data(), data.data(), static_cast<u32>(data.size()), &found))
		return found;
	EXPECT_EQ(found, untouched);
	return {};
}

std::vector<u8> fixed(u8 response_code, u8 key)
{
	return {response_code, 0, key, 0, 0, 0, 0, 10, 0, 0, 0, 0, 0x28, 0x01, 0, 0, 0, 0};
}

std::vector<u8> descriptors(u8 response_code, u8 key)
{
	return {response_code, key, 0x28, 0x01, 0, 0, 0, 0};
}

TEST(SenseDataAttention, OnlyCurrentUnitAttentionsOfRequestSense)
{
	for (u32 opcode = 0; opcode < 256; opcode++)
		EXPECT_EQ(attention(static_cast<u8>(opcode), fixed(0x70, 6)).has_value(), opcode == 0x03);
	for (u32 response_code = 0; response_code < 256; response_code++)
		for (u8 key = 0; key < 16; key++) {
			const auto given = static_cast<u8>(response_code);
			const u32 format = response_code & 0x7f;
			const bool in_fixed = format == 0x70 && key == 6;
			const bool in_descriptors = format == 0x72 && key == 6;
			const std::optional<u16> wanted{0x2801};
			EXPECT_EQ(attention(0x03, fixed(given, key)), in_fixed ? wanted : std::nullopt);
			// Byte 2 of descriptors is no key.
			EXPECT_EQ(attention(0x03, descriptors(given, key)),
				  in_descriptors ? wanted : std::nullopt);
		}
}

TEST(SenseDataAttention, MayBeCutShort)
{
	const auto cut = [](std::vector<u8> data, std::size_t bytes) {
		data.resize(bytes);
		return attention(0x03, data);
	};
	for (std::size_t bytes = 0; bytes <= 18; bytes++) {
		const u16 known = bytes > 13 ? 0x2801 : bytes > 12 ? 0x2800 : 0;
		EXPECT_EQ(cut(fixed(0x70, 6), bytes), bytes > 2 ? std::optional<u16>{known} : std::nullopt)
			<< bytes;
	}
	for (std::size_t bytes = 0; bytes <= 8; bytes++)
		EXPECT_EQ(cut(descriptors(0x72, 6), bytes).has_value(), bytes > 3) << bytes;
	const std::array<u8, VSCSI_CDB_BYTES> cdb{0x03};
	u16 found = 0;
	EXPECT_FALSE(vscsi_sense_data_attention(cdb.data(), nullptr, 0, &found));
}

} // namespace
