// SPDX-License-Identifier: GPL-2.0
#include <filesystem>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "act/attach.hpp"
#include "act/resize.hpp"
#include "command/output.hpp"
#include "core/failure.hpp"
#include "core/size.hpp"
#include "os/files.hpp"
#include "unit/fake_host.hpp"
#include "unit/refusal.hpp"

namespace vscsi
{
namespace
{

constexpr std::uint64_t mib = std::uint64_t{1} << 20;

TEST(Size, IsWrittenAndReadAsOperatorsDo)
{
	EXPECT_EQ(expect_size("1073741824"), 1024 * mib);
	EXPECT_EQ(expect_size("1G"), 1024 * mib);
	EXPECT_EQ(expect_size("3MiB"), 3 * mib);
	EXPECT_EQ(expect_size("0"), 0U);
	for (const char *bad :
	     {"", "G", "iB", "10iB", "1.5G", "-1", "1g", "1GB", "16777216T", "99999999999999999999"})
		EXPECT_THROW(expect_size(bad), Failure) << bad;
	EXPECT_EQ(size_text(0), "0 bytes");
	EXPECT_EQ(size_text(1023), "1023 bytes");
	EXPECT_EQ(size_text(1536), "1536 bytes (1.5 KiB)");
	EXPECT_EQ(size_text(1024 * mib), "1073741824 bytes (1.0 GiB)");
}

struct ResizeTest : testing::Test {
	FakeHost fake;
	const std::filesystem::path file = fake.folder.path() / "a disk  Size: 3.img";
	StoreId disk = fake.configfs.add_file("fileio_0", "disk", file, 2 * mib);
	const TpgId tpg = fake.configfs.add_tpg("naa.7", 1);

	ResizeTest()
	{
		put(file, "");
		std::filesystem::resize_file(file, 4 * mib);
		fake.configfs.add_lun(tpg, 0, disk);
		attach(fake.host, {fake.guest, "naa.7:0", {}, {}, 0, std::chrono::seconds{5}, false});
	}

	std::string control() const
	{
		return first_line(fake.configfs.root() / "core/fileio_0/disk/control");
	}
	ResizeResult resize(const std::string &pdev, const std::string &size = {}, bool shrink = false) const
	{
		return vscsi::resize(fake.host, {pdev, size, shrink, false});
	}
	void refused(const ResizeRequest &what, Exit code, const std::vector<std::string> &words) const
	{
		refusal([&] { vscsi::resize(fake.host, what); }, code, words);
		EXPECT_EQ(control(), "") << what.pdev;
	}
	void set_size(const Hctl &address, const std::string &node, const std::string &blocks) const
	{
		const auto device =
			fake.folder.path() / "sys/class/scsi_device" / to_string(address) / "device";
		put(device / "block" / node / "size", blocks + '\n');
		put(device / "rescan", "");
	}
};

TEST_F(ResizeTest, AFileThatGrewIsSeenByWhoHasIt)
{
	const ResizeResult result = resize("fileio/disk");
	EXPECT_EQ(control(), "fd_dev_size=4194304");
	EXPECT_EQ(result.before, 2 * mib);
	EXPECT_EQ(result.after, 4 * mib);
	EXPECT_EQ(
		resize_text(result, false),
		fmt::format("fileio/disk ({}): 2097152 bytes (2.0 MiB) before, 4194304 bytes (4.0 MiB) now; "
			    "seen by g1 (0:0:0:0)\n",
			    file.string()));
	const auto json = nlohmann::json::parse(resize_json(result, false));
	EXPECT_EQ(json.at("backstore"), "fileio_0/disk");
	EXPECT_EQ(json.at("path"), file.string());
	EXPECT_EQ(json.at("before"), 2 * mib);
	EXPECT_EQ(json.at("after"), 4 * mib);
	EXPECT_EQ(json.at("changed"), true);
	EXPECT_EQ(json.at("follows"), false);
	EXPECT_EQ(json.at("users").at(0).at("domain"), "g1");
	EXPECT_EQ(json.at("users").at(0).at("as"), "0:0:0:0");
	// Again there is nothing to do.
	const ResizeResult again = resize("disk");
	EXPECT_EQ(again.before, again.after);
	EXPECT_TRUE(again.steps.empty());
	EXPECT_NE(resize_text(again, false).find("4194304 bytes (4.0 MiB) already"), std::string::npos);
	EXPECT_EQ(nlohmann::json::parse(resize_json(again, false)).at("changed"), false);
}

TEST_F(ResizeTest, ItMayBeNamedInManyWays)
{
	const auto link = fake.folder.path() / "link.img";
	std::filesystem::create_symlink(file, link);
	for (const std::string &name : {std::string{"disk"}, std::string{"fileio/disk"},
					std::string{"naa.7:0"}, file.string(), link.string()})
		EXPECT_EQ(resize(name, "3M", true).after, 3 * mib) << name;
}

TEST_F(ResizeTest, ASizeMayBeGivenUpToTheFiles)
{
	refused({"disk", "5M", false, false}, Exit::usage,
		{file.string(), "4194304 bytes", "truncate -s 5242880"});
	refused({"disk", "much", false, false}, Exit::usage, {"'much' is no size"});
	refused({"disk", "2097153", false, false}, Exit::usage, {"blocks of 512 bytes"});
	refused({"disk", "0", true, false}, Exit::usage, {"blocks of 512 bytes"});
	EXPECT_EQ(resize("disk", "3M").after, 3 * mib);
	EXPECT_EQ(control(), "fd_dev_size=3145728");
}

TEST_F(ResizeTest, ToShrinkIsToBeSaidAndNamesWhoLoses)
{
	refused({"disk", "1M", false, false}, Exit::in_use,
		{"fileio/disk", "2.0 MiB", "g1 (0:0:0:0)", "--shrink"});
	std::filesystem::resize_file(file, mib + 100);
	refused({"disk", "", false, false}, Exit::in_use, {"1048576 bytes", "--shrink"});
	const ResizeResult result = resize("disk", "", true);
	EXPECT_EQ(result.after, mib);
	EXPECT_EQ(to_string(result.users), "g1 (0:0:0:0)");
	EXPECT_EQ(control(), "fd_dev_size=1048576");
}

TEST_F(ResizeTest, DryRunTellsAndDoesNothing)
{
	const ResizeResult result = vscsi::resize(fake.host, {"disk", "", false, true});
	EXPECT_EQ(control(), "");
	EXPECT_EQ(resize_text(result, true)
			  .find("would do: configfs: make core/fileio_0/disk 4194304 bytes large\n"),
		  0U);
}

TEST_F(ResizeTest, DevicesAreFollowedByThemselves)
{
	fake.add_scsi({2, 0, 1, 0}, 0, "sdb", 16);
	set_size({2, 0, 1, 0}, "sdb", "4096");
	attach(fake.host, {fake.guest, "/dev/sdb", {}, {}, 0, std::chrono::seconds{5}, false});
	ResizeResult result = resize("/dev/sdb");
	EXPECT_TRUE(result.follows);
	EXPECT_EQ(result.after, 2 * mib);
	EXPECT_NE(result.hint.find("rescan"), std::string::npos) << result.hint;
	EXPECT_NE(resize_text(result, false).find("told by itself"), std::string::npos);
	refused({"2:0:1:0", "4M", false, false}, Exit::usage, {"/dev/sdb", "2.0 MiB", "rescan"});

	fake.add_scsi({3, 0, 0, 0}, 0, "sdc", 32);
	set_size({3, 0, 0, 0}, "sdc", "6144");
	AttachRequest passed{fake.guest, "/dev/sdc", {}, {}, 0, std::chrono::seconds{5}, false};
	passed.options.via = Via::pscsi;
	attach(fake.host, passed);
	result = resize("3:0:0:0");
	EXPECT_EQ(result.after, 3 * mib);
	EXPECT_EQ(result.path, "/dev/sdc");
	// fileio on a block device.
	fake.configfs.add_file("fileio_1", "blocks", "/dev/sdc", 0);
	result = resize("blocks");
	EXPECT_TRUE(result.follows);
	EXPECT_EQ(result.after, 3 * mib);
	EXPECT_EQ(to_string(result.users), "nobody");
}

TEST_F(ResizeTest, WhatHasNoSizeIsToldApart)
{
	fake.configfs.add_store("rd_mcp_0", "ram");
	fake.configfs.add_store("user_0", "program");
	fake.configfs.add_store("rd_mcp_1", "disk");
	fake.add_scsi({2, 0, 0, 0}, 1, "nst0", 0);
	attach(fake.host, {fake.guest, "/dev/nst0", {}, {}, 0, std::chrono::seconds{5}, false});
	fake.add_scsi({2, 0, 1, 0}, 0, "sdb", 16);
	refused({"ram", {}, false, false}, Exit::failed, {"rd_mcp/ram", "Make another"});
	refused({"program", {}, false, false}, Exit::failed, {"user/program", "handler"});
	refused({"/dev/nst0", {}, false, false}, Exit::failed, {"/dev/nst0", "is no disk"});
	refused({"disk", {}, false, false}, Exit::usage, {"several", "fileio/disk", "rd_mcp/disk"});
	refused({"nothing", {}, false, false}, Exit::not_found, {"backstore 'nothing'", "targetcli ls"});
	refused({"naa.7:4", {}, false, false}, Exit::not_found, {"no LUN 4"});
	refused({"/dev/sdb", {}, false, false}, Exit::not_found, {"/dev/sdb", "targetcli ls"});
	refused({"host:2", {}, false, false}, Exit::usage, {"adapter"});
	const auto stranger = fake.folder.path() / "other.img";
	put(stranger, "x");
	refused({stranger.string(), {}, false, false}, Exit::not_found,
		{stranger.string(), "no fileio backstore"});
	std::filesystem::remove(file);
	refused({"fileio/disk", {}, false, false}, Exit::not_found, {file.string(), "cannot be found"});
}

TEST_F(ResizeTest, WhatTheKernelRefusesIsTold)
{
	fake.configfs.refuse_write = "control";
	refused({"disk", {}, false, false}, Exit::failed, {"fd_dev_size=4194304", "refused"});
}

} // namespace
} // namespace vscsi
