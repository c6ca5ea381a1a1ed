// SPDX-License-Identifier: GPL-2.0 OR MIT
// Sense data of both formats, and the block layer's errors.
#include <algorithm>
#include <cerrno>
#include <gtest/gtest.h>
#include <map>
#include <tuple>
#include <vector>
#include <vscsi/engine.h>

namespace
{

using u8 = vscsi_u8;
using u32 = vscsi_u32;
using Sense = std::vector<u8>;
// Key, code, qualifier, and whether there is any.
using Read = std::tuple<int, int, int, bool>;

constexpr Read nothing{0, 0, 0, false};

// The copy has no byte more than the data, so that a sanitizer sees what is read behind it.
Read read(const Sense &data)
{
	const std::vector<u8> exact(data);
	vscsi_sense sense{0xee, 0xee, 0xee, true};
	vscsi_sense_of(exact.data(), static_cast<u32>(exact.size()), &sense);
	return {sense.key, sense.code, sense.qualifier, sense.valid};
}

Sense fixed(u8 response_code, u8 additional = 10, std::size_t bytes = 18)
{
	Sense data(bytes);
	const Sense full{response_code, 0,    0xe3, 1,  2,  3, 4, additional, 5, 6, 7, 8,
			 0x11,          0x04, 9,    10, 11, 12};
	std::copy_n(full.begin(), std::min(bytes, full.size()), data.begin());
	return data;
}

Sense descriptors(u8 response_code, std::size_t bytes = 8)
{
	Sense data{response_code, 0xf6, 0x2a, 0x03, 0x80, 0, 0, 0};
	data.resize(bytes);
	return data;
}

TEST(Sense, FixedFormatCurrentAndDeferred)
{
	for (const u8 response_code : {u8{0x70}, u8{0x71}, u8{0xf0}, u8{0xf1}})
		EXPECT_EQ(read(fixed(response_code)), (Read{3, 0x11, 0x04, true})) << int{response_code};
	EXPECT_EQ(read(fixed(0x70, 10, VSCSI_SENSE_BYTES)), (Read{3, 0x11, 0x04, true}));
}

TEST(Sense, DescriptorFormatCurrentAndDeferred)
{
	for (const u8 response_code : {u8{0x72}, u8{0x73}, u8{0xf2}, u8{0xf3}})
		EXPECT_EQ(read(descriptors(response_code)), (Read{6, 0x2a, 0x03, true}))
			<< int{response_code};
	EXPECT_EQ(read(descriptors(0x72, VSCSI_SENSE_BYTES)), (Read{6, 0x2a, 0x03, true}));
}

TEST(Sense, AnyOtherResponseCodeIsNone)
{
	for (u32 response_code = 0; response_code < 256; response_code++) {
		const u32 format = response_code & 0x7f;
		const bool known = format >= 0x70 && format <= 0x73;
		for (const auto &data : {fixed(static_cast<u8>(response_code)),
					 descriptors(static_cast<u8>(response_code), VSCSI_SENSE_BYTES)}) {
			EXPECT_EQ(std::get<bool>(read(data)), known) << response_code;
			if (!known) {
				EXPECT_EQ(read(data), nothing) << response_code;
			}
		}
	}
}

TEST(Sense, ShortFixedFormatHasAKeyAtLeast)
{
	for (std::size_t bytes = 0; bytes < 18; bytes++) {
		const Read wanted{3, bytes > 12 ? 0x11 : 0, bytes > 13 ? 0x04 : 0, true};
		EXPECT_EQ(read(fixed(0x70, 10, bytes)), bytes > 2 ? wanted : nothing) << bytes;
	}
}

// SPC-4 4.5.3: ADDITIONAL SENSE LENGTH; what is behind it is not sense data.
TEST(Sense, FixedFormatEndsWhereItSays)
{
	for (u32 additional = 0; additional < 256; additional++) {
		const Read wanted{3, additional > 4 ? 0x11 : 0, additional > 5 ? 0x04 : 0, true};
		EXPECT_EQ(read(fixed(0x70, static_cast<u8>(additional))), wanted) << additional;
	}
}

TEST(Sense, ShortDescriptorFormatIsNone)
{
	for (std::size_t bytes = 0; bytes < 8; bytes++)
		EXPECT_EQ(read(descriptors(0x72, bytes)), bytes > 3 ? (Read{6, 0x2a, 0x03, true}) : nothing)
			<< bytes;
}

TEST(Sense, NoBytesMayBeNull)
{
	vscsi_sense sense{1, 2, 3, true};
	vscsi_sense_of(nullptr, 0, &sense);
	EXPECT_FALSE(sense.valid || sense.key || sense.code || sense.qualifier);
}

TEST(Sense, ZerosAreNone)
{
	EXPECT_EQ(read(Sense(VSCSI_SENSE_BYTES)), nothing);
}

// Host result, status, key, code, qualifier.
using Answer = std::tuple<int, int, int, int, int>;

Answer answer(u32 error, bool write)
{
	vscsi_block_answer out{0xee, 0xee, 0xee, 0xee, 0xee};
	vscsi_block_status(error, write, &out);
	return {out.host, out.status, out.key, out.code, out.qualifier};
}

TEST(BlockStatus, EachHasItsAnswer)
{
	constexpr Answer unreachable{0, 2, 0x2, 0x08, 0x00};
	constexpr Answer full{0, 2, 0x7, 0x27, 0x07};
	const std::map<u32, Answer> answers{
		{0, {0, 0, 0, 0, 0}},
		{EAGAIN, {0, 8, 0, 0, 0}},
		{ENOMEM, {0, 8, 0, 0, 0}},
		{EBUSY, {0, 8, 0, 0, 0}},
		{EBADE, {0, 0x18, 0, 0, 0}},
		{ENOSPC, full},
		{EDQUOT, full},
		{EILSEQ, {0, 2, 0xb, 0x10, 0x01}},
		{EOPNOTSUPP, {0, 2, 0x5, 0x20, 0x00}},
		{EREMOTEIO, {0, 2, 0x5, 0x24, 0x00}},
		{EIO, unreachable},
		{ENODEV, {VSCSI_HOST_NO_CONNECT, 0, 0, 0, 0}},
		{ENOLINK, {VSCSI_HOST_DISRUPTED, 0, 0, 0, 0}},
		{ETIMEDOUT, {VSCSI_HOST_DISRUPTED, 0, 0, 0, 0}},
	};
	for (u32 error = 0; error < 200; error++) {
		if (error == ENODATA)
			continue;
		const auto found = answers.find(error);
		const Answer wanted = found == answers.end() ? unreachable : found->second;
		EXPECT_EQ(answer(error, false), wanted) << error;
		EXPECT_EQ(answer(error, true), wanted) << error;
	}
	EXPECT_EQ(answer(~0u, true), unreachable);
	EXPECT_EQ(answer(ENODATA, false), (Answer{0, 2, 0x3, 0x11, 0x00}));
	EXPECT_EQ(answer(ENODATA, true), (Answer{0, 2, 0x3, 0x0c, 0x00}));
}

// Status, and sense data of a key in each format.
TEST(Effect, IsKnownOnlyWhereTheDeviceSaysSo)
{
	const auto effect = [](u32 host, u32 status, const std::vector<vscsi_u8> &sense = {}) {
		return vscsi_effect_of(host, status, sense.data(), static_cast<u32>(sense.size()));
	};
	EXPECT_EQ(effect(VSCSI_HOST_OK, 0), u32{VSCSI_EFFECT_ALL});
	for (const u32 status : {0x08u, 0x18u, 0x28u}) // BUSY, RESERVATION CONFLICT, TASK SET FULL
		EXPECT_EQ(effect(VSCSI_HOST_OK, status), u32{VSCSI_EFFECT_NONE});
	EXPECT_EQ(effect(VSCSI_HOST_OK, 0x40), u32{VSCSI_EFFECT_UNKNOWN}) << "TASK ABORTED";
	EXPECT_EQ(effect(VSCSI_HOST_NO_CONNECT, 0), u32{VSCSI_EFFECT_NONE});
	for (const u32 host : {VSCSI_HOST_TIME_OUT, VSCSI_HOST_ABORT, VSCSI_HOST_ERROR, VSCSI_HOST_RESET,
			       VSCSI_HOST_DISRUPTED})
		EXPECT_EQ(effect(host, 0), u32{VSCSI_EFFECT_UNKNOWN}) << host;
	for (vscsi_u8 key = 0; key < 16; key++) {
		const bool none = key == 2 || (key >= 5 && key <= 7);
		const u32 expected = key == 1 ? VSCSI_EFFECT_ALL
				     : none   ? VSCSI_EFFECT_NONE
					      : VSCSI_EFFECT_UNKNOWN;
		EXPECT_EQ(effect(0, 2, {0x70, 0, key, 0, 0, 0, 0, 10}), expected) << int{key};
		EXPECT_EQ(effect(0, 2, {0x72, key, 0, 0, 0, 0, 0, 0}), expected) << int{key};
		for (const auto &deferred : {std::vector<vscsi_u8>{0xf1, 0, key, 0, 0, 0, 0, 10},
					     std::vector<vscsi_u8>{0x73, key, 0, 0, 0, 0, 0, 0}})
			EXPECT_EQ(effect(0, 2, deferred), u32{VSCSI_EFFECT_NONE}) << int{key};
	}
	EXPECT_EQ(effect(0, 2), u32{VSCSI_EFFECT_UNKNOWN});
	EXPECT_EQ(effect(0, 2, {0x7f, 0, 5}), u32{VSCSI_EFFECT_UNKNOWN});
}

} // namespace
