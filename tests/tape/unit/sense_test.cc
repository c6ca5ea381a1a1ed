// SPDX-License-Identifier: GPL-2.0 OR MIT
#include "scsi/sense.hpp"

#include <gtest/gtest.h>

using namespace scsi;

namespace
{

Buffer fixed_sense(std::uint8_t first, std::uint8_t second, std::uint32_t information, Code code)
{
	Buffer data(18);
	data[0] = first;
	data[2] = second;
	put_big_endian(data, 3, 4, information);
	data[7] = 10;
	data[12] = code.asc;
	data[13] = code.ascq;
	return data;
}

TEST(Sense, FixedWithFilemark)
{
	const auto sense = parse_sense(fixed_sense(0xf0, 0x80, 1024, code::filemark));
	ASSERT_TRUE(sense);
	EXPECT_TRUE(sense->is(Key::no_sense, code::filemark));
	EXPECT_TRUE(sense->filemark);
	EXPECT_FALSE(sense->end_of_medium || sense->incorrect_length || sense->descriptor || sense->deferred);
	EXPECT_EQ(sense->information, 1024);
	EXPECT_EQ(describe(*sense), "NO SENSE 00/01 FILEMARK INFORMATION 1024");
}

TEST(Sense, FixedInformationIsSigned)
{
	const auto sense = parse_sense(fixed_sense(0xf0, 0x20, 0xffffec78, code::none));
	ASSERT_TRUE(sense);
	EXPECT_TRUE(sense->incorrect_length);
	EXPECT_EQ(sense->information, -5000);
}

TEST(Sense, FixedInformationOnlyIfValid)
{
	const auto sense = parse_sense(fixed_sense(0x70, 0x48, 99, code::end_of_data));
	ASSERT_TRUE(sense);
	EXPECT_FALSE(sense->information);
	EXPECT_TRUE(sense->end_of_medium);
	EXPECT_EQ(sense->key, Key::blank_check);
}

TEST(Sense, FixedShortHasNoCodes)
{
	Buffer data = fixed_sense(0x70, 0x05, 0, code::field_in_cdb);
	data[7] = 0;
	EXPECT_TRUE(parse_sense(data)->is(Key::illegal_request, code::none));
}

TEST(Sense, Deferred)
{
	EXPECT_TRUE(parse_sense(fixed_sense(0x71, 0x03, 0, {}))->deferred);
	Buffer data{0x73, 0x03, 0, 0, 0, 0, 0, 0};
	EXPECT_TRUE(parse_sense(data)->deferred);
}

TEST(Sense, Descriptors)
{
	const Buffer data{0x72, 0x00, 0x00, 0x00, 0, 0, 0, 16,             // header
			  0x01, 0x0a, 0,    0,    0, 0, 0, 0,  0, 0, 0, 0, // another descriptor
			  0x04, 0x02, 0,    0x20};
	auto sense = parse_sense(data);
	ASSERT_TRUE(sense);
	EXPECT_TRUE(sense->descriptor);
	EXPECT_FALSE(sense->information);
	EXPECT_TRUE(sense->incorrect_length);
}

TEST(Sense, DescriptorInformation)
{
	Buffer data{0x72, 0x00, 0x00, 0x01, 0,    0,    0,    16,   // header
		    0x00, 0x0a, 0x80, 0,    0xff, 0xff, 0xff, 0xff, // INFORMATION
		    0xff, 0xff, 0xff, 0xfe, 0x04, 0x02, 0,    0xe0};
	auto sense = parse_sense(data);
	ASSERT_TRUE(sense);
	EXPECT_EQ(sense->information, -2);
	EXPECT_TRUE(sense->filemark && sense->end_of_medium && sense->incorrect_length);
	data[10] = 0;
	EXPECT_FALSE(parse_sense(data)->information);
}

TEST(Sense, AnyLengthIsRead)
{
	const Buffer fixed = fixed_sense(0xf0, 0xe0, 7, code::filemark);
	const Buffer descriptors{0x72, 0, 0, 1, 0, 0, 0, 255, 0x00, 0x0a, 0x80,
				 0,    0, 0, 0, 0, 0, 0, 0,   1,    0x04, 255};
	for (const auto &whole : {fixed, descriptors})
		for (std::size_t size = 0; size <= whole.size(); size++) {
			const Buffer cut{whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)};
			EXPECT_EQ(parse_sense(cut).has_value(), size >= 4) << size;
		}
}

TEST(Sense, NoSenseData)
{
	EXPECT_FALSE(parse_sense(Buffer(18)));
	EXPECT_FALSE(parse_sense(Buffer{0x7f, 0, 0, 0, 0, 0, 0, 0}));
}

} // namespace
