// SPDX-License-Identifier: GPL-2.0 OR MIT
#include "scsi/cdb.hpp"

#include <gtest/gtest.h>

using namespace scsi;

namespace
{

Buffer bytes(const Cdb &cdb)
{
	return {cdb.bytes().begin(), cdb.bytes().end()};
}

TEST(Cdb, LengthFollowsFromTheOperationCode)
{
	EXPECT_EQ(bytes(Cdb{0x12}).size(), 6U);
	EXPECT_EQ(bytes(Cdb{0x2b}).size(), 10U);
	EXPECT_EQ(bytes(Cdb{0x5e}).size(), 10U);
	EXPECT_EQ(bytes(Cdb{0x92}).size(), 16U);
	EXPECT_EQ(bytes(Cdb{0xb8}).size(), 12U);
}

TEST(Cdb, Stream)
{
	EXPECT_EQ(bytes(cdb::read({.fixed = false, .sili = true, .length = 0x012345})),
		  (Buffer{0x08, 0x02, 0x01, 0x23, 0x45, 0}));
	EXPECT_EQ(bytes(cdb::write({.fixed = true, .sili = false, .length = 7})),
		  (Buffer{0x0a, 1, 0, 0, 7, 0}));
	EXPECT_EQ(bytes(cdb::write_filemarks(2, true)), (Buffer{0x10, 1, 0, 0, 2, 0}));
	EXPECT_EQ(bytes(cdb::rewind(true)), (Buffer{0x01, 1, 0, 0, 0, 0}));
	EXPECT_EQ(bytes(cdb::erase(true)), (Buffer{0x19, 1, 0, 0, 0, 0}));
}

TEST(Cdb, SpaceBackIsTwosComplement)
{
	EXPECT_EQ(bytes(cdb::space(cdb::Space::filemarks, -2)), (Buffer{0x11, 1, 0xff, 0xff, 0xfe, 0}));
	EXPECT_EQ(bytes(cdb::space(cdb::Space::end_of_data, 0)), (Buffer{0x11, 3, 0, 0, 0, 0}));
}

TEST(Cdb, Locate)
{
	EXPECT_EQ(bytes(cdb::locate10(0x01020304)), (Buffer{0x2b, 0, 0, 1, 2, 3, 4, 0, 0, 0}));
	EXPECT_EQ(bytes(cdb::locate16(0x0102030405060708)),
		  (Buffer{0x92, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0, 0}));
}

TEST(Cdb, Mode)
{
	EXPECT_EQ(bytes(cdb::mode_sense6({.code = 0x0f, .control = cdb::PageControl::changeable}, 252)),
		  (Buffer{0x1a, 0, 0x4f, 0, 252, 0}));
	EXPECT_EQ(bytes(cdb::mode_sense10({.code = 0x3f, .no_descriptor = true}, 0x102)),
		  (Buffer{0x5a, 8, 0x3f, 0, 0, 0, 0, 1, 2, 0}));
	EXPECT_EQ(bytes(cdb::mode_select6(12)), (Buffer{0x15, 0x10, 0, 0, 12, 0}));
	EXPECT_EQ(bytes(cdb::log_sense(0x2e, 0x400)), (Buffer{0x4d, 0, 0x6e, 0, 0, 0, 0, 4, 0, 0}));
}

TEST(Cdb, Inquiry)
{
	EXPECT_EQ(bytes(cdb::inquiry(0x124)), (Buffer{0x12, 0, 0, 1, 0x24, 0}));
	EXPECT_EQ(bytes(cdb::inquiry_page(0x83, 252)), (Buffer{0x12, 1, 0x83, 0, 252, 0}));
}

TEST(Cdb, Changer)
{
	EXPECT_EQ(bytes(cdb::move_medium(1, 0x0203, 0x0405)),
		  (Buffer{0xa5, 0, 0, 1, 2, 3, 4, 5, 0, 0, 0, 0}));
	EXPECT_EQ(bytes(cdb::exchange_medium(1, 2, 3, 4)), (Buffer{0xa6, 0, 0, 1, 0, 2, 0, 3, 0, 4, 0, 0}));
	EXPECT_EQ(bytes(cdb::read_element_status({.type = 4,
						  .first = 0x0102,
						  .count = 0x0304,
						  .volume_tags = true,
						  .device_ids = true},
						 0x050607)),
		  (Buffer{0xb8, 0x14, 1, 2, 3, 4, 1, 5, 6, 7, 0, 0}));
}

TEST(Cdb, Names)
{
	EXPECT_EQ(command_name(cdb::read({}).bytes()), "READ(6)");
	EXPECT_EQ(command_name(Buffer{0xff}), "ffh");
	EXPECT_EQ(command_name({}), "TEST UNIT READY");
}

} // namespace
