// SPDX-License-Identifier: GPL-2.0
// How far reservations reach, and --across-hosts.
#include <gtest/gtest.h>

#include "act/attach.hpp"
#include "act/detach.hpp"
#include "act/recovery.hpp"
#include "act/survey.hpp"
#include "core/failure.hpp"
#include "core/reach.hpp"
#include "core/vscsiline.hpp"
#include "os/files.hpp"
#include "unit/fake_host.hpp"
#include "unit/refusal.hpp"

namespace vscsi
{
namespace
{

Backstore store(const std::string &hba, std::optional<bool> emulate_pr, std::optional<bool> pgr_support)
{
	Backstore made{{hba, "x"}, {}, {}, {}};
	made.emulate_pr = emulate_pr;
	made.pgr_support = pgr_support;
	return made;
}

TEST(Reach, IsThatOfTheKernelsAttributes)
{
	const struct {
		const char *hba;
		std::optional<bool> emulate_pr;
		std::optional<bool> pgr_support;
		const char *reach;
	} cases[] = {
		{"pscsi_0", true, false, "device"},
		{"pscsi_0", {}, {}, "device"},
		{"pscsi_0", false, false, "none"},
		{"iblock_0", true, true, "this host"},
		{"fileio_0", true, true, "this host"},
		{"rd_mcp_0", {}, {}, "this host"},
		{"user_0", true, true, "this host"},
		// pgr_support of 1 says that target core does not pass them on.
		{"iblock_0", false, true, "none"},
		{"iblock_0", false, false, "none"},
		{"iblock_0", true, false, "one registrant"},
	};
	for (const auto &[hba, emulate_pr, pgr_support, reach] : cases)
		EXPECT_STREQ(reach_name(reach_of(store(hba, emulate_pr, pgr_support))), reach) << hba;
}

TEST(Reach, AnAttributeIsUndoneAsItWas)
{
	const Change set = refuse_reservations({"iblock_0", "disk"});
	EXPECT_EQ(describe(set), "configfs: set attribute emulate_pr of core/iblock_0/disk to 0");
	const std::string line = to_line(*inverse(set));
	const auto read = from_line(line);
	ASSERT_TRUE(read);
	EXPECT_EQ(to_line(*read), line);
	EXPECT_EQ(std::get<SetAttribute>(*read).value, "1");
}

TEST(Reach, ALineOfAConfigurationMaySayIt)
{
	EXPECT_TRUE(parse_vscsi_line("/dev/sdb,0:0:0:0,across-hosts").options.across_hosts);
	EXPECT_FALSE(parse_vscsi_line("/dev/sdb,0:0:0:0,share").options.across_hosts);
}

struct AcrossTest : testing::Test {
	FakeHost fake;
	const Domain other = fake.store.add_domain(2, "g2");

	AttachRequest request(const std::string &pdev, const Domain &domain, bool across = true) const
	{
		AttachRequest made{domain, pdev, {}, {}, 0, std::chrono::seconds{5}, false};
		made.options.share = true;
		made.options.across_hosts = across;
		return made;
	}
	AttachResult attach(const std::string &pdev, bool across = true) const
	{
		return vscsi::attach(fake.host, request(pdev, fake.guest, across));
	}
	// Nothing is left of it.
	void refused(const AttachRequest &what, Exit code, const std::vector<std::string> &words)
	{
		const std::string config = fake.configfs.snapshot();
		const auto nodes = fake.store.nodes;
		const std::string said = refusal([&] { vscsi::attach(fake.host, what); }, code, words);
		EXPECT_EQ(said.find("not all could be undone"), std::string::npos) << said;
		EXPECT_EQ(fake.configfs.snapshot(), config);
		EXPECT_EQ(fake.store.nodes, nodes);
	}
	std::string listed(const std::string &name) const
	{
		for (const ListedGuest &guest : survey(fake.host, {name}))
			for (const ListedController &controller : guest.controllers)
				for (const ListedDevice &device : controller.devices)
					return device.reach ? reach_name(*device.reach) : "unknown";
		return "no device";
	}
};

TEST_F(AcrossTest, ANewDisksReservationsAreRefusedBeforeAGuestHasIt)
{
	fake.add_scsi({2, 0, 1, 0}, 0, "sdb", 16);
	const std::string before = fake.configfs.snapshot();
	std::string seen = "never attached";
	const auto peer = fake.store.peer;
	fake.store.peer = [&] {
		for (const Backstore &item : fake.configfs.read().stores)
			seen = fake.configfs.attribute(item.id, "emulate_pr");
		peer();
	};
	const AttachResult result = attach("/dev/sdb");
	EXPECT_EQ(seen, "0");
	EXPECT_NE(result.steps.at(1).find("emulate_pr"), std::string::npos) << result.steps.at(1);
	EXPECT_EQ(listed("g1"), "none");
	EXPECT_FALSE(attach("/dev/sdb").changed);
	detach(fake.host, {"g1", "0:0:0:0", 0, std::chrono::seconds{5}, false, false});
	EXPECT_EQ(fake.configfs.snapshot(), before);
	attach("/dev/sdb", false);
	EXPECT_EQ(listed("g1"), "this host");
}

TEST_F(AcrossTest, WhatIsPassedThroughKeepsItsOwn)
{
	fake.add_scsi({2, 0, 0, 0}, 1, "nst0", 0);
	fake.add_scsi({4, 0, 1, 0}, 1, "nst1", 1);
	attach("/dev/nst0");
	EXPECT_EQ(listed("g1"), "device");
	attach("host:4");
	for (const Backstore &item : fake.configfs.read().stores)
		EXPECT_EQ(fake.configfs.attribute(item.id, "emulate_pr"), "1");
}

TEST_F(AcrossTest, AnOperatorsBackstoreIsSetAndSetBackIfTheGuestDoesNotGetIt)
{
	const StoreId disk = fake.configfs.add_store("fileio_0", "disk");
	fake.peer.deaf.insert(1);
	refused(request("disk", fake.guest), Exit::timed_out, {"xen-scsifront"});
	EXPECT_EQ(fake.configfs.attribute(disk, "emulate_pr"), "1");
	fake.peer.deaf.clear();
	attach("disk");
	EXPECT_EQ(fake.configfs.attribute(disk, "emulate_pr"), "0");
	// The second guest of a cluster finds it so.
	vscsi::attach(fake.host, request("disk", other));
	EXPECT_EQ(listed("g2"), "none");
}

TEST_F(AcrossTest, WhoUsesItWithReservationsIsNamed)
{
	const StoreId disk = fake.configfs.add_store("fileio_0", "disk");
	const TpgId tpg = fake.configfs.add_tpg("naa.7", 1);
	fake.configfs.add_lun(tpg, 0, disk);
	vscsi::attach(fake.host, request("naa.7:0", other, false));
	for (const char *pdev : {"disk", "naa.7:0"})
		refused(request(pdev, fake.guest), Exit::in_use,
			{"fileio/disk", "g2 (0:0:0:0)", "--across-hosts"});
	// It may hold one itself.
	refused(request("disk", other), Exit::in_use, {"g2 (0:0:0:0)"});
	detach(fake.host, {"g2", "0:0:0:0", 0, std::chrono::seconds{5}, false, false});
	attach("disk");
}

TEST_F(AcrossTest, WhoDoesNotRunHoldsNone)
{
	const StoreId disk = fake.configfs.add_store("fileio_0", "disk");
	fake.configfs.add_lun(fake.configfs.add_tpg("naa.7", 1, "g3"), 0, disk);
	const AttachResult result = attach("disk");
	EXPECT_EQ(fake.configfs.attribute(disk, "emulate_pr"), "0");
	ASSERT_EQ(result.warnings.size(), 1U);
	EXPECT_NE(result.warnings[0].find("g3 (naa.7,1:0, not attached now)"), std::string::npos)
		<< result.warnings[0];
}

TEST_F(AcrossTest, AnotherFabricUsesItAsWell)
{
	const StoreId disk = fake.configfs.add_store("fileio_0", "disk");
	const auto lun = fake.configfs.root() / "iscsi/iqn.x/tpgt_1/lun/lun_0";
	std::filesystem::create_directories(lun);
	std::filesystem::create_directory_symlink(fake.configfs.root() / "core/fileio_0/disk", lun / "x");
	refused(request("disk", fake.guest), Exit::in_use, {"initiators of iscsi/iqn.x"});
	EXPECT_EQ(fake.configfs.attribute(disk, "emulate_pr"), "1");
}

TEST_F(AcrossTest, WhereReservationsReachTheDeviceAsOneRegistrantOthersAreNamed)
{
	const StoreId disk = fake.configfs.add_store("iblock_0", "disk");
	fake.configfs.set_attribute(disk, "pgr_support", "0");
	EXPECT_TRUE(attach("disk").warnings.empty());
	EXPECT_EQ(listed("g1"), "one registrant");
	EXPECT_EQ(fake.configfs.attribute(disk, "emulate_pr"), "1");
	const AttachResult result = vscsi::attach(fake.host, request("disk", other));
	ASSERT_EQ(result.warnings.size(), 1U);
	EXPECT_NE(result.warnings[0].find("g1 (0:0:0:0)"), std::string::npos) << result.warnings[0];
}

TEST_F(AcrossTest, AKernelThatCannotRefuseThemIsTold)
{
	fake.configfs.old_kernel = true;
	fake.add_scsi({2, 0, 1, 0}, 0, "sdb", 16);
	fake.configfs.add_store("fileio_0", "disk");
	refused(request("disk", fake.guest), Exit::environment,
		{"fileio/disk", "emulate_pr", "newer kernel"});
	refused(request("/dev/sdb", fake.guest), Exit::environment, {"emulate_pr", "too old"});
	attach("disk", false);
	EXPECT_EQ(listed("g1"), "this host");
}

TEST_F(AcrossTest, KilledAtAnyStepItIsUndoneByTheNext)
{
	fake.configfs.add_store("fileio_0", "disk");
	const std::string before = fake.configfs.snapshot();
	int steps = 0;
	for (bool done = false; !done; ++steps) {
		ASSERT_LT(steps, 50);
		fake.configfs.until_killed = steps;
		try {
			attach("disk");
			done = true;
		} catch (const Killed &) {
			fake.configfs.until_killed = -1;
			EXPECT_TRUE(recover(fake.host).complaints.empty());
			ASSERT_EQ(fake.configfs.snapshot(), before) << "killed at step " << steps;
		}
	}
	EXPECT_GT(steps, 4);
}

TEST_F(AcrossTest, InADriverDomainItIsNotSetFromHere)
{
	fake.store.add_domain(5, "driver");
	AttachRequest what = request("naa.77:3", fake.guest);
	what.backend = 5;
	refused(what, Exit::usage, {"--across-hosts", "emulate_pr=0"});
}

TEST_F(AcrossTest, StatusSaysItOfEachLun)
{
	const TpgId tpg = fake.configfs.add_tpg("naa.7", 1);
	const StoreId disk = fake.configfs.add_store("fileio_0", "disk");
	fake.configfs.add_lun(tpg, 0, disk);
	fake.configfs.add_lun(tpg, 3, fake.configfs.add_store("pscsi_0", "tape"));
	const Status found = status(fake.host);
	EXPECT_EQ(found.tpgs.at(0).reach.at(0), Reach::this_host);
	EXPECT_EQ(found.tpgs.at(0).reach.at(3), Reach::device);
}

} // namespace
} // namespace vscsi
