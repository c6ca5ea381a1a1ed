// SPDX-License-Identifier: GPL-2.0
// What devices say of themselves, and how they are known by it.
#include <gtest/gtest.h>

#include "core/failure.hpp"
#include "core/identity.hpp"
#include "core/vscsiline.hpp"
#include "unit/fake_host.hpp"

namespace vscsi
{
namespace
{

using Texts = std::vector<std::string>;

// A designator of a VPD page 83h.
std::string designator(unsigned code_set, unsigned association, unsigned type, const std::string &value)
{
	std::string text{static_cast<char>(code_set), static_cast<char>((association << 4) | type), '\0',
			 static_cast<char>(value.size())};
	return text + value;
}

std::string page(unsigned code, const std::string &payload)
{
	std::string text{'\1', static_cast<char>(code), static_cast<char>(payload.size() >> 8),
			 static_cast<char>(payload.size())};
	return text + payload;
}

std::string bytes(std::initializer_list<int> values)
{
	std::string text;
	for (const int value : values)
		text += static_cast<char>(value);
	return text;
}

const std::string naa5 = bytes({0x50, 0, 0xc5, 0, 0xa1, 0xb2, 0xc3, 0xd4});

TEST(Identity, TheBestOfAPageComesFirst)
{
	const std::string naa6 = bytes({0x60, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15});
	const std::string all =
		page(0x83, designator(2, 0, 1, "IBM     ULT3580-TD5     1068/7") +
				   designator(2, 0, 8, "naa.5000C500A1B2C3D4") + designator(1, 0, 3, naa5) +
				   designator(1, 0, 2, bytes({0, 0x50, 0x43, 1, 2, 3, 4, 5})) +
				   designator(1, 0, 3, naa6) +
				   designator(1, 0, 3, bytes({0x33, 0x33, 0x33, 0x30, 0, 0, 0x1f, 0x40})));
	EXPECT_EQ(
		identities_of_page83(all),
		(Texts{"naa.600102030405060708090a0b0c0d0e0f", "naa.5000c500a1b2c3d4", "eui.0050430102030405",
		       "name.naa.5000C500A1B2C3D4", "t10.IBM_ULT3580-TD5_1068:2F7", "naa.3333333000001f40"}));
}

// Both drives of a library say who the library is.
TEST(Identity, WhatIsATargetsOrAPortsIsNotTheUnits)
{
	EXPECT_EQ(identities_of_page83(
			  page(0x83, designator(1, 2, 3, bytes({0x50, 0, 0, 0, 0, 0, 0, 1})) +
					     designator(1, 1, 3, bytes({0x50, 0, 0, 0, 0, 0, 0, 2})) +
					     designator(1, 0, 3, naa5) +
					     designator(1, 1, 4, bytes({0, 0, 0, 1})))),
		  (Texts{"naa.5000c500a1b2c3d4"}));
}

TEST(Identity, NonsenseIsNone)
{
	for (const std::string &bad :
	     {std::string{}, std::string{"\0\x83\0", 3}, page(0x80, designator(1, 0, 3, naa5)),
	      page(0x83, designator(1, 0, 3, bytes({0x50, 0, 0, 0, 0, 0, 0, 0}))),
	      page(0x83, designator(1, 0, 3, bytes({0x50, 0, 1}))), page(0x83, designator(1, 0, 3, "")),
	      page(0x83, designator(2, 0, 1, "        ")), page(0x83, designator(1, 0, 0, naa5)),
	      page(0x83, designator(1, 0, 3, naa5)).substr(0, 12)})
		EXPECT_EQ(identities_of_page83(bad), Texts{});
	EXPECT_EQ(serial_of_page80(page(0x80, "  HU1234  ")), "HU1234");
	EXPECT_EQ(serial_of_page80(page(0x80, std::string(8, '\0'))), "");
	EXPECT_EQ(serial_of_page80(page(0x83, "HU1234")), "");
	EXPECT_EQ(make_identity("serial", " 000-0 "), "");
}

TEST(Identity, HasLettersThatNamesMayHave)
{
	const std::string made = make_identity("serial", "Vendor's, model/2\t[ü]");
	EXPECT_EQ(made, "serial.Vendor:27s:2C_model:2F2_:5B:C3:BC:5D");
	EXPECT_TRUE(is_identity(made));
	const std::string one = make_identity("t10", std::string(250, 'x') + "1");
	EXPECT_LT(one.size(), 130U);
	EXPECT_TRUE(is_identity(one));
	EXPECT_NE(one, make_identity("t10", std::string(250, 'x') + "2"));
	for (const char *bad :
	     {"", "naa", "naa.", "sdb", "nst0", "naa.5 0", "naa.5,0", "dev.5", "vdev-0:0:0:0"})
		EXPECT_FALSE(is_identity(bad)) << bad;
}

TEST(Identity, IsComparedWithItsKind)
{
	EXPECT_EQ(compare_identity("naa.5", {"t10.x", "naa.5"}), Match::same);
	EXPECT_EQ(compare_identity("naa.5", {"naa.6", "t10.x"}), Match::another);
	EXPECT_EQ(compare_identity("naa.5", {"serial.x"}), Match::unsure);
	EXPECT_EQ(compare_identity("naa.5", {}), Match::unsure);
}

TEST(Identity, IsKeptByLinksAndByNames)
{
	EXPECT_EQ(link_for({1, 0, 2, 3}, "naa.5"), "vdev-1:0:2:3,naa.5");
	EXPECT_EQ(link_for({1, 0, 2, 3}), "vdev-1:0:2:3");
	EXPECT_EQ(vdev_of_link("vdev-1:0:2:3,naa.5"), (Vdev{1, 0, 2, 3}));
	EXPECT_EQ(identity_of_link("vdev-1:0:2:3,naa.5"), "naa.5");
	EXPECT_EQ(identity_of_link("naa.5"), "naa.5");
	EXPECT_EQ(identity_of_link("vdev-1:0:2:3"), "");
	EXPECT_EQ(identity_of_link("a1b2c3d4e5"), "");
	EXPECT_EQ(kept_identity({0, "vdev-0:0:0:0", {"pscsi_0", "auto-naa.5"}}), "naa.5");
	EXPECT_EQ(kept_identity({0, "x", {"pscsi_0", "auto-2-naa.5"}}), "naa.5");
	EXPECT_EQ(kept_identity({0, "vdev-0:0:0:0,naa.6", {"pscsi_0", "auto-naa.5"}}), "naa.6");
	EXPECT_EQ(kept_identity({0, "x", {"pscsi_0", "auto-nst0"}}), "");
	EXPECT_EQ(kept_identity({0, "x", {"pscsi_0", "naa.5"}}), "");
}

TEST(Identity, NamesDevicesAndAdapters)
{
	EXPECT_EQ(std::get<DeviceIdentity>(parse_source("id:naa.5000c500a1b2c3d4")).text,
		  "naa.5000c500a1b2c3d4");
	EXPECT_EQ(std::get<AdapterIdentity>(parse_source("adapter:0x5001438001234567")).text,
		  "0x5001438001234567");
	EXPECT_EQ(std::get<LunName>(parse_source("id:3")).port, "id");
	EXPECT_EQ(std::get<LunName>(parse_source("adapter:3")).port, "adapter");
	EXPECT_EQ(parse_vscsi_line("adapter:devices/pci0000:00/0000:00:1f.2,2").vdev, "2");
	EXPECT_EQ(parse_vscsi_line("id:serial.IBM_LTO_1:2F2,0:0:1:0").vdev, "0:0:1:0");
	for (const char *bad : {"id:", "id:naa.5 0:x", "adapter:"})
		EXPECT_THROW(parse_source(bad), Failure) << bad;
}

struct DevicesTest : testing::Test {
	FakeHost fake;

	void drive(unsigned lun, const std::string &node, const Says &says)
	{
		fake.add_scsi({3, 0, 0, lun}, 1, node, lun);
		fake.says({3, 0, 0, lun}, says);
	}
	std::string identity(const std::string &node) const { return fake.sysfs.by_path(node).identity; }
};

TEST_F(DevicesTest, PageEightyThreeOrElseTheSerialNumber)
{
	drive(1, "nst0", {"5000c50000000001", "LTO-A"});
	drive(2, "nst1", {"", "LTO/B"});
	drive(3, "nst2", {"", ""});
	EXPECT_EQ(identity("/dev/nst0"), "naa.5000c50000000001");
	EXPECT_EQ(identity("/dev/nst1"), "serial.IBM_ULT3580-TD5_LTO:2FB");
	EXPECT_EQ(identity("/dev/nst2"), "");
	EXPECT_EQ(describe(fake.sysfs.by_address({3, 0, 0, 1})),
		  "/dev/nst0 (3:0:0:1, IBM ULT3580-TD5, serial LTO-A)");
}

TEST_F(DevicesTest, WhatTwoDevicesSayIsNoIdentityOfEither)
{
	drive(1, "nst0", {"5000c50000000001", "LTO-A"});
	drive(2, "nst1", {"5000c50000000001", "LTO-B"});
	// An array's number, which all its units have.
	fake.add_scsi({4, 0, 0, 0}, 0, "sdb", 16);
	fake.says({4, 0, 0, 0}, {"", "ARRAY", "OLD", "ARRAY"});
	fake.add_scsi({4, 0, 0, 1}, 0, "sdc", 32);
	fake.says({4, 0, 0, 1}, {"", "ARRAY", "OLD", "ARRAY"});
	EXPECT_EQ(identity("/dev/nst0"), "serial.IBM_ULT3580-TD5_LTO-A");
	EXPECT_EQ(identity("/dev/nst1"), "serial.IBM_ULT3580-TD5_LTO-B");
	EXPECT_EQ(identity("/dev/sdb"), "");
}

TEST_F(DevicesTest, TwoPathsAreOneDevice)
{
	fake.add_scsi({4, 0, 0, 0}, 0, "sdb", 16);
	fake.says({4, 0, 0, 0}, {"5000c50000000009", "DISK"});
	fake.add_scsi({5, 0, 0, 0}, 0, "sdc", 32);
	fake.says({5, 0, 0, 0}, {"5000c50000000009", "DISK"});
	EXPECT_EQ(identity("/dev/sdb"), "naa.5000c50000000009");
	EXPECT_EQ(identity("/dev/sdc"), "naa.5000c50000000009");
	EXPECT_EQ(fake.sysfs.by_identity("naa.5000c50000000009").size(), 2U);
	EXPECT_THROW(fake.sysfs.by_identity("naa.5000c50000000008"), Failure);
}

TEST_F(DevicesTest, NumbersAreToldFromNames)
{
	drive(1, "nst0", {"5000c50000000001", "LTO-A"});
	const std::string link = fake.add_link("tape/by-id/scsi-35000c50000000001-nst", "/dev/nst0");
	fake.add_link("tape/by-id/lvm-pv-uuid-x", "/dev/nst0");
	fake.add_link("disk/by-id/scsi-SIBM_x", "/dev/nst0");
	HostDevice device = fake.sysfs.by_path("/dev/nst0");
	EXPECT_TRUE(device.numbered);
	EXPECT_EQ(device.lasting, link);
	device = fake.sysfs.by_path(link);
	EXPECT_FALSE(device.numbered);
	EXPECT_EQ(device.lasting, "");
	EXPECT_EQ(device.identity, "naa.5000c50000000001");
	// Somebody's own link.
	fake.configfs.nodes["/dev/lto1"] = fake.configfs.nodes.at("/dev/nst0");
	EXPECT_FALSE(fake.sysfs.by_path("/dev/lto1").numbered);
	EXPECT_EQ(fake.sysfs.by_address({3, 0, 0, 1}).lasting, link);
	for (const char *number : {"/dev/gone0", "/dev/bsg/1:0:0:0", "/dev/block/8:0", "//dev/./sdb"})
		EXPECT_TRUE(is_numbered(number, {})) << number;
	for (const char *name : {"/dev/vg0/data", "/dev/disk/by-id/x", "/srv/disk.img", ""})
		EXPECT_FALSE(is_numbered(name, {})) << name;
}

TEST_F(DevicesTest, VolumesHaveNamesAndPartitionsTheirDisks)
{
	fake.add_volume("/dev/vg0/data", 3);
	EXPECT_EQ(identity("/dev/vg0/data"), "");
	EXPECT_FALSE(fake.sysfs.by_path("/dev/vg0/data").numbered);
	fake.configfs.nodes["/dev/dm-3"] = fake.configfs.nodes.at("/dev/vg0/data");
	EXPECT_EQ(identity("/dev/dm-3"), "dm.LVM-:2Fdev:2Fvg0:2Fdata");
	EXPECT_EQ(fake.sysfs.by_path("/dev/dm-3").lasting, "");
	const std::string mapped = fake.add_link("mapper/vg0-data", "/dev/dm-3");
	EXPECT_EQ(fake.sysfs.by_path("/dev/dm-3").lasting, mapped);

	fake.add_scsi({4, 0, 0, 0}, 0, "sdb", 16);
	fake.says({4, 0, 0, 0}, {"5000c50000000009", "DISK"});
	const auto sys = fake.folder.path() / "sys";
	const auto disk = std::filesystem::canonical(sys / "dev/block/8:16");
	put(disk / "sdb1/partition", "1\n");
	put(disk / "sdb1/dev", "8:17\n");
	std::filesystem::create_directory_symlink(disk / "sdb1", sys / "dev/block/8:17");
	fake.configfs.nodes["/dev/sdb1"] = {true, 8, 17};
	EXPECT_EQ(identity("/dev/sdb1"), "naa.5000c50000000009-part1");
	EXPECT_FALSE(fake.sysfs.by_path("/dev/sdb1").whole);
	// By its sg node a disk is the disk.
	put(disk.parent_path().parent_path() / "scsi_generic/sg1/dev", "21:1\n");
	std::filesystem::create_directories(sys / "dev/char");
	std::filesystem::create_directory_symlink(disk.parent_path().parent_path() / "scsi_generic/sg1",
						  sys / "dev/char/21:1");
	std::filesystem::create_directory_symlink(disk.parent_path().parent_path(),
						  disk.parent_path().parent_path() /
							  "scsi_generic/sg1/device");
	fake.configfs.nodes["/dev/sg1"] = {false, 21, 1};
	EXPECT_EQ(fake.sysfs.by_path("/dev/sg1").node, "/dev/sdb");
	EXPECT_EQ(identity("/dev/sg1"), "naa.5000c50000000009");
}

TEST_F(DevicesTest, OthersThatTellWhatTheyAreAreListed)
{
	const auto block = fake.folder.path() / "sys/devices/nvme0n1";
	put(block / "wwid", "eui.0025385971b0a1c2\n");
	put(block / "dev", "259:0\n");
	std::filesystem::create_directories(fake.folder.path() / "sys/class/block");
	std::filesystem::create_directories(fake.folder.path() / "sys/dev/block");
	std::filesystem::create_directory_symlink(block, fake.folder.path() / "sys/class/block/nvme0n1");
	std::filesystem::create_directory_symlink(block, fake.folder.path() / "sys/dev/block/259:0");
	drive(1, "nst0", {"5000c50000000001", "LTO-A"});
	const auto all = fake.sysfs.devices();
	ASSERT_EQ(all.size(), 2U);
	EXPECT_EQ(all[1].node, "/dev/nvme0n1");
	EXPECT_EQ(all[1].identity, "eui.0025385971b0a1c2");
	EXPECT_EQ(fake.sysfs.by_identity("eui.0025385971b0a1c2").at(0).node, "/dev/nvme0n1");
}

} // namespace
} // namespace vscsi
