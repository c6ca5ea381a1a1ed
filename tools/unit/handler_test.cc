// SPDX-License-Identifier: GPL-2.0
// dom0's device handlers of what guests have: scsi_dh_alua answers unit attentions by itself.
#include <fstream>

#include <gtest/gtest.h>

#include "act/attach.hpp"
#include "act/devices.hpp"
#include "unit/fake_host.hpp"

namespace vscsi
{

namespace
{

struct HandlerTest : testing::Test {
	FakeHost fake;
	const Hctl drive{3, 0, 0, 1}, disk{3, 0, 0, 2}, other{3, 0, 0, 3};

	HandlerTest()
	{
		fake.add_scsi(drive, 1, "nst0", 1);
		fake.add_scsi(disk, 0, "sdb", 2);
		fake.add_scsi(other, 1, "nst1", 3);
		for (const Hctl &address : {drive, disk, other})
			set(address, "alua");
	}
	[[nodiscard]] std::filesystem::path state(const Hctl &address) const
	{
		return fake.folder.path() / "sys/class/scsi_device" / to_string(address) / "device/dh_state";
	}
	void set(const Hctl &address, const std::string &text) const
	{
		std::ofstream{state(address)} << text;
	}
	[[nodiscard]] std::string get(const Hctl &address) const
	{
		std::string text;
		std::ifstream{state(address)} >> text;
		return text;
	}
	AttachResult attach(const std::string &pdev)
	{
		return vscsi::attach(fake.host,
				     {fake.guest, pdev, {}, {}, 0, std::chrono::seconds{5}, false});
	}
};

TEST_F(HandlerTest, ADriveIsFreedOfItWhenAGuestGetsIt)
{
	const AttachResult result = attach("/dev/nst0");
	EXPECT_EQ(get(drive), "detach");
	EXPECT_EQ(get(other), "alua");
	std::string all;
	for (const std::string &warning : result.warnings)
		all += warning + '\n';
	EXPECT_NE(all.find("3:0:0:1: dom0's device handler alua, which keeps unit attentions from guests, "
			   "was detached"),
		  std::string::npos)
		<< all;
	set(drive, "detached");
	EXPECT_TRUE(free_of_handlers(fake.host, read_lio(fake.host)).empty());
}

TEST_F(HandlerTest, ADiskThatMultipathHasKeepsIt)
{
	ExportOptions passed_through;
	passed_through.via = Via::pscsi;
	const std::filesystem::path holders = state(disk).parent_path() / "block/sdb/holders";
	std::filesystem::create_directories(holders / "dm-0");
	vscsi::attach(fake.host,
		      {fake.guest, "/dev/sdb", {}, passed_through, 0, std::chrono::seconds{5}, false});
	EXPECT_EQ(get(disk), "alua");
	std::filesystem::remove(holders / "dm-0");
	EXPECT_EQ(free_of_handlers(fake.host, read_lio(fake.host)).size(), 1u);
	EXPECT_EQ(get(disk), "detach");
}

TEST_F(HandlerTest, ADiskByTheBlockLayerKeepsIt)
{
	attach("/dev/sdb");
	EXPECT_EQ(get(disk), "alua");
}

TEST_F(HandlerTest, ItIsToldIfThatFails)
{
	attach("/dev/nst0");
	set(drive, "alua");
	const Lio lio = read_lio(fake.host);
	std::filesystem::remove(state(drive));
	std::filesystem::create_directory(state(drive));
	const auto said = free_of_handlers(fake.host, lio);
	ASSERT_EQ(said.size(), 1u);
	EXPECT_NE(said.front().find("cannot be detached"), std::string::npos) << said.front();
}

} // namespace

} // namespace vscsi
