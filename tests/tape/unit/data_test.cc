// SPDX-License-Identifier: GPL-2.0 OR MIT
// Positions, mode parameters, element status, pages and lists.
#include <gtest/gtest.h>

#include "scsi/elements.hpp"
#include "scsi/lists.hpp"
#include "scsi/mode.hpp"
#include "scsi/position.hpp"

using namespace scsi;

namespace
{

TEST(Bytes, WhatIsMissingIsZero)
{
	const Buffer data{1, 2, 3};
	EXPECT_EQ(big_endian(data, 1, 4), 0x02030000U);
	EXPECT_EQ(big_endian(data, 9, 2), 0U);
	EXPECT_TRUE(part(data, 3, 1).empty());
	EXPECT_EQ(part(data, 2, 9).size(), 1U);
	EXPECT_EQ(text(Buffer{'a', 0, 'b', ' ', ' '}), "ab");
	EXPECT_EQ(hex(data, 2), "01 02 ...");
}

TEST(Position, Short)
{
	Buffer data(20);
	data[0] = 0xc0;
	data[1] = 3;
	put_big_endian(data, 4, 4, 0xfffffffe);
	const auto found = parse_short_position(data);
	ASSERT_TRUE(found);
	EXPECT_TRUE(found->beginning && found->early_warning);
	EXPECT_EQ(found->partition, 3U);
	EXPECT_EQ(found->block, 0xfffffffeU);
	EXPECT_FALSE(found->file);
	data[0] = 0x04;
	EXPECT_FALSE(parse_short_position(data)->block);
	data.resize(19);
	EXPECT_FALSE(parse_short_position(data));
}

TEST(Position, Long)
{
	Buffer data(32);
	put_big_endian(data, 4, 4, 1);
	put_big_endian(data, 8, 8, 0x100000002);
	put_big_endian(data, 16, 8, 5);
	auto found = parse_long_position(data);
	ASSERT_TRUE(found);
	EXPECT_EQ(found->partition, 1U);
	EXPECT_EQ(found->block, 0x100000002U);
	EXPECT_EQ(found->file, 5U);
	data[0] = 0x0c;
	found = parse_long_position(data);
	EXPECT_FALSE(found->block || found->file);
	EXPECT_FALSE(parse_long_position(Buffer(31)));
}

TEST(Mode, Six)
{
	Buffer data{15, 0x18, 0x90, 8, 0x46, 0, 0, 0, 0, 0x01, 0x02, 0x03, 0x0a, 2, 7, 8};
	const auto mode = parse_mode6(data);
	ASSERT_TRUE(mode);
	EXPECT_EQ(mode->claimed, 16U);
	EXPECT_TRUE(mode->write_protected());
	EXPECT_EQ(mode->density, 0x46);
	EXPECT_EQ(mode->block_length, 0x010203U);
	EXPECT_EQ(mode->page(0x0a).size(), 4U);
	EXPECT_TRUE(mode->page(0x0f).empty());
	const Buffer list = mode_parameters(*mode, mode->page(0x0a));
	EXPECT_EQ(list, (Buffer{0, 0x18, 0x10, 8, 0x46, 0, 0, 0, 0, 1, 2, 3, 0x0a, 2, 7, 8}));
}

TEST(Mode, Ten)
{
	Buffer data{0, 14, 1, 2, 0, 0, 0, 8, 0x46, 0, 0, 0, 0, 0, 4, 0};
	const auto mode = parse_mode10(data);
	ASSERT_TRUE(mode);
	EXPECT_TRUE(mode->has_descriptor);
	EXPECT_EQ(mode->block_length, 1024U);
	EXPECT_EQ(mode->medium_type, 1);
}

TEST(Mode, WithoutDescriptorOrCut)
{
	EXPECT_FALSE(parse_mode6(Buffer{3, 0, 0, 0})->has_descriptor);
	EXPECT_FALSE(parse_mode6(Buffer{11, 0, 0, 8})->has_descriptor);
	EXPECT_FALSE(parse_mode6(Buffer{3, 0, 0}));
	EXPECT_FALSE(parse_mode10(Buffer(7)));
	// A page that claims more than there is, and one with subpages, are no trap.
	EXPECT_EQ(parse_mode6(Buffer{200, 0, 0, 0, 0x0f, 200, 1})->page(0x0f).size(), 3U);
	EXPECT_EQ(parse_mode6(Buffer{13, 0, 0, 0, 0x4a, 1, 0, 2, 9, 9, 0x0a, 2, 5, 6})->page(0x0a)[2], 5);
}

Buffer library()
{
	Buffer data{0, 1,    0, 3,  0, 0, 0, 0, // first 1, three elements
		    2, 0x80, 0, 52, 0, 0, 0, 104};
	for (const std::uint8_t slot : std::initializer_list<std::uint8_t>{100, 101}) {
		Buffer item(52, ' ');
		std::fill_n(item.begin(), 12, std::uint8_t{0});
		item[1] = slot;
		item[2] = slot == 100 ? 0x09 : 0x0c;
		if (slot == 100)
			item[12] = 'T';
		data.insert(data.end(), item.begin(), item.end());
	}
	const Buffer drive{4, 0, 0, 20,   0, 0,   0, 20, 0, 10, 1,   0,   0,   0,
			   0, 0, 0, 0x80, 0, 100, 2, 1,  0, 4,  'S', 'N', '0', '1'};
	data.insert(data.end(), drive.begin(), drive.end());
	put_big_endian(data, 5, 3, data.size() - 8);
	return data;
}

TEST(Elements, Status)
{
	const auto status = parse_element_status(library());
	ASSERT_TRUE(status);
	EXPECT_EQ(status->first, 1);
	EXPECT_EQ(status->count, 3);
	EXPECT_EQ(status->available, library().size());
	ASSERT_EQ(status->elements.size(), 3U);
	const Element &full = status->elements[0], &empty = status->elements[1], &drive = status->elements[2];
	EXPECT_TRUE(full.full && full.accessible && !full.exception);
	EXPECT_EQ(full.volume_tag, "T");
	EXPECT_TRUE(!empty.full && empty.exception);
	EXPECT_EQ(empty.volume_tag, "");
	EXPECT_EQ(drive.type, ElementType::drive);
	EXPECT_EQ(drive.source, 100);
	EXPECT_EQ(drive.identifier, "SN01");
	EXPECT_EQ(status->find(10), &drive);
	EXPECT_EQ(status->find(11), nullptr);
}

TEST(Elements, CutAnywhere)
{
	const Buffer whole = library();
	for (std::size_t size = 8; size < whole.size(); size++) {
		const auto status = parse_element_status(Bytes{whole}.first(size));
		ASSERT_TRUE(status) << size;
		EXPECT_EQ(status->available, whole.size());
		EXPECT_EQ(status->came, size);
		EXPECT_EQ(status->elements.size() == 3, size >= whole.size() - 20 + 3);
	}
	EXPECT_FALSE(parse_element_status(Bytes{whole}.first(7)));
}

TEST(Elements, Nonsense)
{
	Buffer data = library();
	data[8] = 9;
	EXPECT_FALSE(parse_element_status(data));
	data = library();
	put_big_endian(data, 10, 2, 0); // a descriptor length that would never end
	EXPECT_FALSE(parse_element_status(data));
}

TEST(Elements, Layout)
{
	const Buffer page{0x1d, 18, 0, 1, 0, 1, 0, 100, 0, 4, 0, 50, 0, 0, 0, 10, 0, 2, 0, 0};
	const auto layout = parse_element_layout(page);
	ASSERT_TRUE(layout);
	EXPECT_EQ(layout->of(ElementType::slot).first, 100);
	EXPECT_EQ(layout->of(ElementType::slot).count, 4);
	EXPECT_EQ(layout->of(ElementType::port).count, 0);
	EXPECT_EQ(layout->of(ElementType::drive).count, 2);
	EXPECT_EQ(layout->of(ElementType::picker).first, 1);
	EXPECT_EQ(layout->nowhere(), 1104);
	EXPECT_EQ(layout->type_of(103), ElementType::slot);
	EXPECT_EQ(layout->type_of(104), ElementType::all);
	EXPECT_EQ(layout->type_of(11), ElementType::drive);
	EXPECT_EQ(layout->type_of(50), ElementType::all);
	EXPECT_FALSE(parse_element_layout(Bytes{page}.first(17)));
	EXPECT_FALSE(parse_element_layout(Buffer(20)));
}

TEST(Lists, Inquiry)
{
	Buffer data(36, ' ');
	data[0] = 0x01;
	data[1] = 0x80;
	data[3] = 0x02;
	data[4] = 91;
	data[8] = 'V';
	const auto found = parse_inquiry(data);
	ASSERT_TRUE(found);
	EXPECT_TRUE(found->type == type_tape && found->removable && found->claimed == 96);
	EXPECT_EQ(found->vendor, "V");
	EXPECT_FALSE(parse_inquiry(Buffer(35)));
}

TEST(Lists, VpdAndDesignators)
{
	const Buffer data{1, 0x83, 0, 7, 0x01, 0x13, 0, 3, 7, 8, 9};
	const auto page = vpd_page(data, 0x83);
	ASSERT_TRUE(page);
	const auto found = parse_designators(*page);
	ASSERT_TRUE(found);
	ASSERT_EQ(found->size(), 1U);
	EXPECT_EQ(found->front().association, 1);
	EXPECT_EQ(found->front().type, 3);
	EXPECT_EQ(found->front().value, (Buffer{7, 8, 9}));
	EXPECT_FALSE(vpd_page(data, 0x80));
	EXPECT_FALSE(vpd_page(Bytes{data}.first(10), 0x83));
	EXPECT_FALSE(parse_designators(Buffer{1, 3, 0, 9, 1}));
}

TEST(Lists, LogPages)
{
	EXPECT_EQ(parse_log_list(Buffer{0, 0, 0, 2, 0, 0x2e}), (Buffer{0, 0x2e}));
	const auto found = parse_log_page(Buffer{0x2e, 0, 0, 10, 0, 1, 0, 1, 0, 0, 2, 0, 1, 1}, 0x2e);
	ASSERT_TRUE(found);
	ASSERT_EQ(found->size(), 2U);
	EXPECT_EQ((*found)[1].code, 2);
	EXPECT_EQ((*found)[1].value, Buffer{1});
	EXPECT_FALSE(parse_log_page(Buffer{0x2e, 0, 0, 4, 0, 1, 0, 1}, 0x2e));
	EXPECT_FALSE(parse_log_page(Buffer{0x2e, 0, 0, 0}, 0x0c));
}

TEST(Lists, Attributes)
{
	const auto found = parse_attributes(Buffer{0, 0, 0, 7, 8, 0, 0x81, 0, 2, 5, 6});
	ASSERT_TRUE(found);
	ASSERT_EQ(found->size(), 1U);
	EXPECT_EQ(found->front().code, 0x0800);
	EXPECT_EQ(found->front().value, (Buffer{5, 6}));
	EXPECT_FALSE(parse_attributes(Buffer{0, 0, 0, 7, 8, 0, 0x81, 0, 3, 5, 6}));
}

} // namespace
