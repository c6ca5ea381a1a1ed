// SPDX-License-Identifier: GPL-2.0
#include <algorithm>
#include <functional>

#include <gtest/gtest.h>

#include "core/change.hpp"
#include "core/failure.hpp"
#include "core/names.hpp"
#include "core/vscsiline.hpp"

namespace vscsi
{
namespace
{

Exit code_of(const std::function<void()> &work)
{
	try {
		work();
	} catch (const Failure &failure) {
		return failure.code();
	}
	return Exit::done;
}

TEST(Names, HctlIsFourDecimalNumbers)
{
	EXPECT_EQ(parse_hctl("2:0:13:4"), (Hctl{2, 0, 13, 4}));
	for (const char *bad :
	     {"", "1:2:3", "1:2:3:4:5", "a:0:0:0", "1::0:0", "1:0:0:", "-1:0:0:0", " 1:0:0:0"})
		EXPECT_FALSE(parse_hctl(bad)) << bad;
}

TEST(Names, VdevHasLimitsOfProtocolAndFrontend)
{
	EXPECT_EQ(parse_vdev("0:0:65535:1"), (Vdev{0, 0, 65535, 1}));
	EXPECT_FALSE(parse_vdev("0:0:65536:1"));
	EXPECT_EQ(to_string(expect_vdev("1:0:63:254")), "1:0:63:254");
	for (const char *bad : {"0:1:0:0", "0:0:64:0", "0:0:0:255", "0:0:0", "x"})
		EXPECT_EQ(code_of([&] { expect_vdev(bad); }), Exit::usage) << bad;
}

TEST(Names, LunNames)
{
	EXPECT_EQ(parse_lun_name("naa.5:3"), (LunName{"naa.5", {}, 3}));
	EXPECT_EQ(parse_lun_name("naa.5,2:16383"), (LunName{"naa.5", 2, 16383}));
	EXPECT_EQ(parse_lun_name("iqn.2007-10.org:disk:0"), (LunName{"iqn.2007-10.org:disk", {}, 0}));
	for (const char *bad : {"naa.5", ":3", "naa.5:16384", "naa.5,x:0", ",1:0", "naa.5,65536:0", "naa.5:"})
		EXPECT_FALSE(parse_lun_name(bad)) << bad;
	EXPECT_EQ(to_string(LunName{"shelf", 7, 1}), "shelf,7:1");
}

TEST(Names, EachFormOfSource)
{
	EXPECT_EQ(std::get<DevicePath>(parse_source("/dev/st0")).path, "/dev/st0");
	EXPECT_EQ(std::get<Hctl>(parse_source("1:0:0:2")), (Hctl{1, 0, 0, 2}));
	EXPECT_EQ(std::get<LunName>(parse_source("shelf:1")).port, "shelf");
	EXPECT_EQ(std::get<HostAdapter>(parse_source("host:4")).number, 4U);
	EXPECT_EQ(std::get<StoreName>(parse_source("disk")).name, "disk");
	EXPECT_EQ(std::get<StoreName>(parse_source("block/disk")).plugin, "iblock");
	for (const char *bad : {"", "host:", "host:x", "naa.5:", "/", "a/"})
		if (std::string{bad} != "/") {
			EXPECT_EQ(code_of([&] { parse_source(bad); }), Exit::usage) << bad;
		}
}

TEST(Names, LinksFixAddresses)
{
	EXPECT_EQ(vdev_of_link(link_for({1, 0, 2, 3})), (Vdev{1, 0, 2, 3}));
	EXPECT_FALSE(vdev_of_link("a1b2c3d4e5"));
	EXPECT_FALSE(vdev_of_link("vdev-1:0:2"));
}

TEST(Names, JournalLinesComeBack)
{
	const std::vector<Change> changes{RemoveLun{{"naa.5", 3}, 4}, RemoveTpg{{"naa.5", 3}},
					  RemoveStore{{"iblock_0", "auto-sdb"}},
					  BindTpg{{"naa.5", 3}, "", "g1"}, BindTpg{{"naa.5", 3}, "g2", ""}};
	for (const Change &change : changes) {
		const auto back = from_line(to_line(change));
		ASSERT_TRUE(back);
		EXPECT_EQ(describe(*back), describe(change));
	}
	for (const char *bad :
	     {"", "remove-lun", "remove-lun\ta\tb\tc", "remove-lun\ta\t1\t", "burn\ta\t1\t2",
	      // Nothing has no name; and what has more fields is something else.
	      "remove-store\t\t", "remove-store\t\tx", "remove-store\tx\t", "remove-store\t\t\tx",
	      "remove-store\ta\tb\tc", "remove-tpg\t\t1", "remove-tpg\ta\t1\t2", "remove-lun\t\t1\t2",
	      "remove-lun\ta\t1\t2\t3", "bind\t\t1\tg", "bind\ta\t1\tg\th", "set\ta\tb\t\t1"})
		EXPECT_FALSE(from_line(bad)) << bad;
}

TEST(VscsiLine, SyntaxOfOldTools)
{
	VscsiLine line = parse_vscsi_line("/dev/sdb, 0:0:0:1");
	EXPECT_EQ(line.pdev, "/dev/sdb");
	EXPECT_EQ(line.vdev, "0:0:0:1");
	line = parse_vscsi_line("1:0:0:2,0:0:0:1,backstore=pscsi,share,ring-per-lun,bind");
	EXPECT_EQ(line.pdev, "1:0:0:2");
	EXPECT_EQ(line.options.via, Via::pscsi);
	EXPECT_TRUE(line.options.share && line.options.ring_per_lun && line.options.bind);
	EXPECT_EQ(parse_vscsi_line("naa.5,2:7,0:0:0:1").pdev, "naa.5,2:7");
	EXPECT_EQ(parse_vscsi_line("naa.5,2:7").pdev, "naa.5,2:7");
	EXPECT_EQ(parse_vscsi_line("naa.5,2:7").vdev, "");
	EXPECT_EQ(parse_vscsi_line("host:2,1").vdev, "1");
	EXPECT_TRUE(parse_vscsi_line("/dev/st0,share").options.share);
}

TEST(VscsiLine, MistakesAreNamed)
{
	for (const char *bad :
	     {"/dev/sdb,0:0:0", "/dev/sdb,0:0", "/dev/sdb,0:0:0:0,fast", "", "/dev/sdb,0:1:0:0", ",0:0:0:0"})
		EXPECT_EQ(code_of([&] { parse_vscsi_line(bad); }), Exit::usage) << bad;
}

} // namespace
} // namespace vscsi
