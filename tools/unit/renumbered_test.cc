// SPDX-License-Identifier: GPL-2.0
// Nothing is silently another device: what was exported by a number, after a reboot that
// gave the numbers to others.
#include <algorithm>

#include <gtest/gtest.h>

#include "act/attach.hpp"
#include "act/detach.hpp"
#include "act/devices.hpp"
#include "act/guests.hpp"
#include "act/survey.hpp"
#include "command/output.hpp"
#include "core/failure.hpp"
#include "daemon/daemon.hpp"
#include "os/files.hpp"
#include "unit/fake_host.hpp"

namespace vscsi
{
namespace
{

using std::chrono::milliseconds;

const std::string naa_a = "naa.5000c50000000001";
const std::string naa_b = "naa.5000c50000000002";

struct RenumberedTest : testing::Test {
	FakeHost fake;
	Domain g1 = fake.guest;
	Domain g2 = fake.store.add_domain(2, "g2");
	std::string told; // by the daemon

	RenumberedTest() { drives("nst0", "nst1"); }

	void drive(const Hctl &address, const std::string &node, unsigned minor, const std::string &naa)
	{
		fake.add_scsi(address, 1, node, minor);
		fake.says(address, {naa.substr(4), "LTO-" + naa.substr(naa.size() - 1)});
	}
	// Two drives at their places, with these nodes.
	void drives(const std::string &first, const std::string &second)
	{
		drive({3, 0, 0, 1}, first, 1, naa_a);
		drive({3, 0, 0, 2}, second, 2, naa_b);
	}
	void boot()
	{
		g1 = fake.store.add_domain(11, "g1");
		g2 = fake.store.add_domain(12, "g2");
	}
	// What the kernel numbered in the other order.
	void reboot(bool restored = true)
	{
		fake.shut_down();
		drives("nst1", "nst0");
		if (restored)
			fake.restore();
		boot();
	}
	AttachResult attach(const Domain &guest, const std::string &pdev, const std::string &vdev = {},
			    bool configured = false)
	{
		AttachRequest request{guest, pdev, vdev, {}, 0, std::chrono::seconds{5}, false};
		request.configured = configured;
		return vscsi::attach(fake.host, request);
	}
	void detach(const std::string &guest, const std::string &vdev)
	{
		vscsi::detach(fake.host, {guest, vdev, 0, std::chrono::seconds{5}, false, false});
	}
	Failure refused(const Domain &guest, const std::string &pdev, const std::string &vdev = {},
			bool configured = false)
	{
		const std::string config = fake.configfs.snapshot();
		const auto nodes = fake.store.nodes;
		try {
			attach(guest, pdev, vdev, configured);
		} catch (const Failure &failure) {
			EXPECT_EQ(fake.configfs.snapshot(), config);
			EXPECT_EQ(fake.store.nodes, nodes);
			return failure;
		}
		return {Exit::done, "it was attached"};
	}
	static void says(const std::string &text, const std::vector<std::string> &words)
	{
		for (const std::string &word : words)
			EXPECT_NE(text.find(word), std::string::npos) << word << "\n  in: " << text;
	}
	std::string problems()
	{
		std::string all;
		for (const std::string &problem : status(fake.host).problems)
			all += problem + '\n';
		return all;
	}
	Daemon daemon()
	{
		return {fake.host, {[](DomId, bool) { return true; }, milliseconds{2000}}};
	}
	void settle(Daemon &one)
	{
		testing::internal::CaptureStderr();
		for (int round = 0; round < 40; ++round) {
			one.pass();
			fake.peer.step();
			fake.store.pass_time(milliseconds{300});
		}
		told = testing::internal::GetCapturedStderr();
	}
	// What the guest has: v-devs, and the identities of the devices behind.
	std::string has(const Domain &guest)
	{
		const Lio lio = read_lio(fake.host);
		std::string text;
		for (const Controller &controller : read_guest(fake.store, Txn::none, guest, 0).controllers)
			for (const Device &device : controller.devices) {
				const LunRef ref = lun_of(lio, device);
				const Backstore *store = ref ? lio.store_of(ref.lun->store) : nullptr;
				text += fmt::format("{} {} {}\n", to_string(device.vdev.value()),
						    store ? store->identity : "-",
						    static_cast<int>(device.state));
			}
		return text;
	}
};

TEST_F(RenumberedTest, ANumberIsSavedAsWhatTheDeviceIs)
{
	attach(g1, "/dev/nst0");
	attach(g2, "3:0:0:2");
	for (const Backstore &store : fake.configfs.read().stores)
		EXPECT_NE(store.id.name.find(store.id.hba == "pscsi_0" ? naa_a : naa_b), std::string::npos)
			<< store.id.name;
	// Again, it is what is there already.
	EXPECT_FALSE(attach(g1, "/dev/nst0").changed);
	EXPECT_TRUE(attach(g1, "/dev/nst0").warnings.empty());
	EXPECT_EQ(problems().find("number"), std::string::npos) << problems();
}

TEST_F(RenumberedTest, WithoutLinksNobodyGetsTheOthersDrive)
{
	attach(g1, "/dev/nst0");
	attach(g2, "/dev/nst1");
	reboot();
	for (const Domain &guest : {g1, g2})
		for (const char *pdev : {"/dev/nst0", "/dev/nst1"})
			EXPECT_NE(refused(guest, pdev).code(), Exit::done) << guest.name << " " << pdev;
	const Failure failure = refused(g1, "/dev/nst0");
	EXPECT_EQ(failure.code(), Exit::refused);
	says(failure.what(),
	     {naa_a, naa_b, "/dev/nst0", "/dev/nst1", "LTO-1", "LTO-2", "Detach it", "attach id:" + naa_a});
	const std::string lun = to_string(fake.configfs.read().tpgs.at(0).name_of({0, {}, {}}));
	EXPECT_EQ(refused(g1, lun).code(), Exit::refused);

	says(problems(), {"of g1: it was made for " + naa_a, "of g2: it was made for " + naa_b});
	const auto listed = survey(fake.host, {});
	says(list_text(listed), {"refused      g1", "refused      g2", "it was made for " + naa_a});
	says(list_json(listed), {"\"refused\": [", naa_b});
	says(status_json(status(fake.host)), {"\"identity\": \"" + naa_a, "\"another\": \"it was made"});
}

TEST_F(RenumberedTest, WhatIsRefusedKeepsItsPlace)
{
	attach(g1, "/dev/nst0");
	attach(g2, "/dev/nst1");
	reboot();
	drive({3, 0, 0, 5}, "nst5", 5, "naa.5000c50000000005");
	says(refused(g1, "/dev/nst5", "0:0:0:0").what(), {"0:0:0:0", "in use"});
	attach(g1, "/dev/nst5");
	EXPECT_EQ(has(g1), "0:0:0:1 naa.5000c50000000005 4\n");
}

TEST_F(RenumberedTest, TheRemedyIsARemedy)
{
	attach(g1, "/dev/nst0", "0:0:3:0");
	attach(g2, "/dev/nst1");
	reboot();
	detach("g1", "0:0:3:0");
	detach("g2", "0:0:0:0");
	EXPECT_TRUE(fake.configfs.read().stores.empty());
	attach(g1, "id:" + naa_a, "0:0:3:0");
	attach(g2, "id:" + naa_b);
	EXPECT_EQ(has(g1), "0:0:3:0 " + naa_a + " 4\n");
	EXPECT_EQ(has(g2), "0:0:0:0 " + naa_b + " 4\n");
	EXPECT_EQ(problems().find("made for"), std::string::npos) << problems();
}

TEST_F(RenumberedTest, WithLinksEachGuestHasItsOwn)
{
	const auto link = [&](const char *naa, const char *node) {
		return fake.add_link(std::string{"tape/by-id/scsi-3"} + naa + "-nst", node);
	};
	link("5000c50000000001", "/dev/nst0");
	link("5000c50000000002", "/dev/nst1");
	attach(g1, "/dev/nst0");
	attach(g2, "/dev/nst1");
	for (const Backstore &store : fake.configfs.read().stores)
		EXPECT_NE(store.udev_path.find("tape/by-id"), std::string::npos) << store.udev_path;
	fake.shut_down();
	drives("nst1", "nst0");
	link("5000c50000000001", "/dev/nst1");
	link("5000c50000000002", "/dev/nst0");
	fake.restore();
	boot();
	Daemon one = daemon();
	settle(one);
	EXPECT_EQ(has(g1), "0:0:0:0 " + naa_a + " 4\n");
	EXPECT_EQ(has(g2), "0:0:0:0 " + naa_b + " 4\n");
	// By its number it is now another's, and that is said.
	says(refused(g1, "/dev/nst0").what(), {"/dev/nst0, which is " + naa_b, "in use by g2"});
}

TEST_F(RenumberedTest, ByOtherAddressesAsWell)
{
	attach(g1, "/dev/nst0");
	fake.shut_down();
	// The same nodes at the same places; the cables were changed.
	drive({3, 0, 0, 1}, "nst0", 1, naa_b);
	drive({3, 0, 0, 2}, "nst1", 2, naa_a);
	fake.restore();
	boot();
	says(refused(g1, "/dev/nst0").what(), {naa_a, "/dev/nst1", naa_b});
	fake.shut_down();
	drive({3, 0, 0, 1}, "nst0", 1, naa_b);
	fake.restore();
	boot();
	says(refused(g1, "3:0:0:1").what(), {naa_a + " (which is not there)", naa_b});
	says(refused(g1, "id:" + naa_a).what(), {"no such device", "xl-vscsi devices"});
}

TEST_F(RenumberedTest, TheDaemonGivesTheOthersTheirsAndTells)
{
	attach(g1, "/dev/nst0");
	attach(g2, "/dev/nst1");
	fake.add_scsi({3, 0, 0, 3}, 8, "sch0", 3);
	fake.says({3, 0, 0, 3}, {"5000c50000000003", "ROBOT"});
	attach(g1, "/dev/sch0");
	fake.shut_down();
	drives("nst1", "nst0");
	fake.add_scsi({3, 0, 0, 3}, 8, "sch0", 3);
	fake.says({3, 0, 0, 3}, {"5000c50000000003", "ROBOT"});
	fake.restore();
	Daemon one = daemon();
	settle(one);
	boot();
	settle(one);
	EXPECT_EQ(has(g1), "0:0:0:1 naa.5000c50000000003 4\n");
	EXPECT_EQ(has(g2), "");
	says(told, {"0:0:0:0 of g1: it was made for " + naa_a, "0:0:0:0 of g2: it was made for " + naa_b});
	// Once.
	settle(one);
	EXPECT_EQ(told.find("made for"), std::string::npos) << told;
	// Where the numbers are as they were, so are the guests.
	fake.shut_down();
	drives("nst0", "nst1");
	fake.restore();
	boot();
	settle(one);
	EXPECT_EQ(has(g1), "0:0:0:0 " + naa_a + " 4\n");
	EXPECT_EQ(has(g2), "0:0:0:0 " + naa_b + " 4\n");
}

TEST_F(RenumberedTest, ALunThatBecomesAnotherUnderARunningGuestIsTakenAway)
{
	attach(g1, "/dev/nst0");
	Daemon one = daemon();
	settle(one);
	EXPECT_EQ(has(g1), "0:0:0:0 " + naa_a + " 4\n");
	// targetctl restore, in the midst of it.
	fake.configfs.nodes["/dev/nst0"] = {false, 8, 2};
	fake.restore();
	settle(one);
	EXPECT_EQ(has(g1), "");
	says(told, {"it was made for " + naa_a});
	fake.configfs.nodes["/dev/nst0"] = {false, 8, 1};
	fake.restore();
	settle(one);
	EXPECT_EQ(has(g1), "0:0:0:0 " + naa_a + " 4\n");
}

TEST_F(RenumberedTest, WhoDoesNotSayIsLeftToThoseWhoHaveItAndGivenToNobody)
{
	attach(g1, "/dev/nst0");
	Daemon one = daemon();
	settle(one);
	const auto page = fake.folder.path() / "sys/class/scsi_device/3:0:0:1/device/vpd_pg83";
	std::filesystem::remove(page);
	settle(one);
	EXPECT_EQ(has(g1).substr(0, 8), "0:0:0:0 ");
	says(told, {"it was made for " + naa_a});
	fake.store.remove_domain(1);
	settle(one);
	g1 = fake.store.add_domain(5, "g1");
	settle(one);
	EXPECT_EQ(has(g1), "");
	EXPECT_EQ(refused(g1, "/dev/nst0").code(), Exit::refused);
}

TEST_F(RenumberedTest, ABackstoreThatSomebodyMadeIsComparedAsWell)
{
	const StoreId tape = fake.configfs.add_store("pscsi_5", "tape",
						     "SCSI Device Bus Location: Channel ID: 0 Target ID: 0 "
						     "LUN: 1 Host ID: 3\n");
	put(fake.configfs.root() / "core/pscsi_5/tape/udev_path", "/dev/nst0\n");
	attach(g1, "pscsi/tape");
	EXPECT_EQ(kept_identity(fake.configfs.read().tpgs.at(0).luns.at(0)), naa_a);
	EXPECT_EQ(vdev_of_link(fake.configfs.read().tpgs.at(0).luns.at(0).link), (Vdev{0, 0, 0, 0}));
	reboot();
	const Failure failure = refused(g1, "pscsi/tape");
	EXPECT_EQ(failure.code(), Exit::refused);
	says(failure.what(), {naa_a, naa_b, "pscsi/tape", "/dev/tape/by-id"});
	// It stays, and its LUN goes when it is told to.
	detach("g1", "0:0:0:0");
	EXPECT_TRUE(fake.configfs.read().tpgs.empty());
	EXPECT_EQ(fake.configfs.read().stores.at(0).id, tape);
}

TEST_F(RenumberedTest, DisksByIblockAsWell)
{
	const auto disks = [&](const char *first, const char *second, bool read_only) {
		fake.add_scsi({4, 0, 0, 0}, 0, first, first[2] == 'b' ? 16 : 32);
		fake.says({4, 0, 0, 0}, {"5000c500000000d1", "D1"});
		fake.add_scsi({4, 0, 1, 0}, 0, second, second[2] == 'b' ? 16 : 32);
		fake.says({4, 0, 1, 0}, {"5000c500000000d2", "D2"});
		if (read_only)
			put(fake.folder.path() / "sys/class/scsi_device/4:0:0:0/device/block" / first / "ro",
			    "1\n");
	};
	disks("sdb", "sdc", true);
	attach(g1, "/dev/sdb");
	EXPECT_EQ(first_line(fake.configfs.root() / "core/iblock_0/auto-naa.5000c500000000d1/control"),
		  "udev_path=/dev/sdb,readonly=1");
	fake.shut_down();
	disks("sdc", "sdb", false);
	fake.restore();
	boot();
	says(refused(g1, "/dev/sdb").what(), {"naa.5000c500000000d1", "/dev/sdc", "naa.5000c500000000d2"});
	detach("g1", "0:0:0:0");
	// With a link it is saved as that.
	const std::string link = fake.add_link("disk/by-id/wwn-0x5000c500000000d1", "/dev/sdc");
	fake.add_link("disk/by-id/scsi-35000c500000000d1", "/dev/sdc");
	attach(g1, "/dev/sdc");
	EXPECT_EQ(fake.configfs.read().stores.at(0).udev_path, link);
	EXPECT_EQ(first_line(fake.configfs.root() / "core/iblock_0/auto-naa.5000c500000000d1/control"),
		  "udev_path=" + link);
}

TEST_F(RenumberedTest, TheOtherPathIsTheSameDevice)
{
	fake.add_scsi({4, 0, 0, 0}, 0, "sdb", 16);
	fake.says({4, 0, 0, 0}, {"5000c500000000d1", "D1"});
	attach(g1, "/dev/sdb");
	fake.shut_down();
	fake.add_scsi({5, 0, 0, 0}, 0, "sdb", 16);
	fake.says({5, 0, 0, 0}, {"5000c500000000d1", "D1"});
	fake.add_scsi({4, 0, 0, 0}, 0, "sdc", 32);
	fake.says({4, 0, 0, 0}, {"5000c500000000d1", "D1"});
	fake.restore();
	boot();
	Daemon one = daemon();
	settle(one);
	EXPECT_EQ(has(g1), "0:0:0:0 naa.5000c500000000d1 4\n");
	// Of two paths that is meant which is exported.
	EXPECT_FALSE(attach(g1, "id:naa.5000c500000000d1").changed);
}

TEST_F(RenumberedTest, WhoHasNoIdentityIsExportedWithAWarning)
{
	fake.add_scsi({6, 0, 0, 0}, 1, "nst7", 7);
	const AttachResult first = attach(g1, "/dev/nst7");
	ASSERT_EQ(first.warnings.size(), 1U);
	says(first.warnings[0], {"/dev/nst7", "reboot"});
	says(attach_json(g1, first, false), {"\"warnings\": [\n"});
	EXPECT_TRUE(attach(g1, "/dev/nst7").warnings.empty());
	fake.add_volume("/dev/vg0/data", 3);
	EXPECT_TRUE(attach(g1, "/dev/vg0/data").warnings.empty());
	EXPECT_EQ(problems().find("number"), std::string::npos) << problems();
}

TEST_F(RenumberedTest, WhatAnOlderToolExportedGoesOnAndIsNamed)
{
	const std::string at_first =
		"SCSI Device Bus Location: Channel ID: 0 Target ID: 0 LUN: 1 Host ID: 3\n";
	const StoreId store = fake.configfs.add_store("pscsi_0", "auto-nst0", at_first);
	put(fake.configfs.root() / "core/pscsi_0/auto-nst0/udev_path", "/dev/nst0\n");
	const TpgId tpg = fake.configfs.add_tpg("naa.500163e000000001", 1, "g1", "auto-000000001");
	fake.configfs.add_lun(tpg, 0, store, "vdev-0:0:0:0");
	Daemon one = daemon();
	settle(one);
	EXPECT_EQ(has(g1), "0:0:0:0 " + naa_a + " 4\n");
	EXPECT_FALSE(attach(g1, "/dev/nst0").changed);
	says(problems(), {"naa.500163e000000001,1:0 of g1: its backstore pscsi/auto-nst0", "/dev/nst0",
			  "Detach it and attach it anew", naa_a});
	says(status_json(status(fake.host)), {"\"identity\": null", "\"numbered\": \"its backstore"});
	// As it says.
	detach("g1", "0:0:0:0");
	attach(g1, "/dev/nst0");
	EXPECT_EQ(problems().find("by a number"), std::string::npos) << problems();
}

TEST_F(RenumberedTest, AnAdapterHasItsDevicesWhereTheyBelong)
{
	attach(g1, "host:3", "0");
	EXPECT_EQ(has(g1), "0:0:0:1 " + naa_a + " 4\n0:0:0:2 " + naa_b + " 4\n");
	reboot();
	Daemon one = daemon();
	settle(one);
	EXPECT_EQ(has(g1), "0:0:0:1 " + naa_a + " 4\n0:0:0:2 " + naa_b + " 4\n");
	EXPECT_EQ(problems().find("made for"), std::string::npos) << problems();
	// Nor does a command need the daemon for it.
	reboot();
	fake.shut_down();
	drives("nst0", "nst1");
	fake.restore();
	boot();
	EXPECT_TRUE(attach(g1, "host:3").changed);
	EXPECT_EQ(has(g1), "0:0:0:1 " + naa_a + " 4\n0:0:0:2 " + naa_b + " 4\n");
}

TEST_F(RenumberedTest, AnAdaptersDeviceThatIsReplacedComesAsItself)
{
	attach(g1, "host:3", "0");
	Daemon one = daemon();
	settle(one);
	fake.says({3, 0, 0, 1}, {"5000c50000000007", "LTO-7"});
	settle(one);
	EXPECT_EQ(has(g1), "0:0:0:1 naa.5000c50000000007 4\n0:0:0:2 " + naa_b + " 4\n");
	EXPECT_EQ(fake.configfs.read().stores.size(), 2U);
}

TEST_F(RenumberedTest, ALineOfAConfigurationMeansWhatItMeant)
{
	EXPECT_TRUE(attach(g1, "/dev/nst0", {}, true).warnings.empty());
	attach(g2, "3:0:0:2", {}, true);
	// Nothing was saved.
	detach("g1", "0:0:0:0");
	detach("g2", "0:0:0:0");
	fake.shut_down();
	drive({3, 0, 0, 2}, "nst1", 2, naa_a);
	drive({3, 0, 0, 1}, "nst0", 1, naa_b);
	boot();
	const AttachResult result = attach(g1, "/dev/nst0", {}, true);
	ASSERT_EQ(result.warnings.size(), 1U);
	says(result.warnings[0], {"/dev/nst0 is id:" + naa_b + " now, and was id:" + naa_a, "g1"});
	attach(g2, "3:0:0:2", {}, true);
	EXPECT_EQ(has(g1), "0:0:0:0 " + naa_a + " 4\n");
	EXPECT_EQ(has(g2), "0:0:0:0 " + naa_b + " 4\n");
	// What they had is what is remembered.
	EXPECT_FALSE(attach(g1, "/dev/nst0", {}, true).changed);
	// Who types it means what is there, and that is no line.
	detach("g2", "0:0:0:0");
	attach(g2, "/dev/nst0");
	EXPECT_EQ(has(g2), "0:0:0:0 " + naa_b + " 4\n");
	Status found;
	look_at_lines(fake.host, {{"g1", {"/dev/nst0"}, {}, "g1.cfg"}}, found.problems);
	says(found.problems.at(0), {"g1.cfg", "it is id:" + naa_b + " now, and id:" + naa_a + " when g1"});
}

TEST_F(RenumberedTest, ALineWhoseDeviceIsGoneMeansNoOther)
{
	attach(g1, "/dev/nst0", {}, true);
	detach("g1", "0:0:0:0");
	fake.shut_down();
	drive({3, 0, 0, 1}, "nst0", 1, naa_b);
	boot();
	const Failure failure = refused(g1, "/dev/nst0", {}, true);
	EXPECT_EQ(failure.code(), Exit::refused);
	says(failure.what(), {"/dev/nst0 is id:" + naa_b, "was id:" + naa_a + ", which is not there", "g1"});
	fake.shut_down();
	boot();
	says(refused(g1, "/dev/nst0", {}, true).what(), {"/dev/nst0 is not there now", naa_a});
	// Where only its number is gone it is found.
	drive({3, 0, 0, 5}, "nst5", 5, naa_a);
	EXPECT_EQ(attach(g1, "/dev/nst0", {}, true).warnings.size(), 1U);
	EXPECT_EQ(has(g1), "0:0:0:0 " + naa_a + " 4\n");
}

TEST_F(RenumberedTest, AnAdapterOfALineAsWell)
{
	fake.places = {{3, "0000:00:01.0"}, {4, "0000:00:02.0"}};
	fake.add_scsi({4, 0, 0, 0}, 0, "sdb", 16);
	attach(g1, "host:4", {}, true);
	detach("g1", "host:4");
	fake.shut_down();
	fake.places = {{3, "0000:00:02.0"}, {4, "0000:00:01.0"}};
	fake.add_scsi({3, 0, 7, 0}, 0, "sdb", 16);
	drive({4, 0, 0, 1}, "nst0", 1, naa_a);
	boot();
	const AttachResult result = attach(g1, "host:4", {}, true);
	says(result.warnings.at(0),
	     {"host:4", "adapter:devices/pci0/0000:00:01.0", "adapter:devices/pci0/0000:00:02.0"});
	EXPECT_EQ(has(g1).substr(0, 8), "0:0:7:0 ");
	detach("g1", "adapter:devices/pci0/0000:00:02.0");
	EXPECT_EQ(has(g1), "");
	attach(g1, "adapter:devices/pci0/0000:00:02.0", {}, true);
	EXPECT_EQ(has(g1).substr(0, 8), "0:0:7:0 ");
	detach("g1", "host:3");
	EXPECT_EQ(refused(g1, "adapter:nowhere").code(), Exit::not_found);
	std::filesystem::remove_all(fake.folder.path() / "sys/class/scsi_host/host3");
	says(refused(g1, "host:4", {}, true).what(),
	     {"adapter:devices/pci0/0000:00:02.0, which is not there"});
}

TEST_F(RenumberedTest, TheDaemonRemembersLinesAndForgetsThem)
{
	const auto config = fake.folder.path() / "xen/g1.cfg";
	put(config, "name='g1'\nvscsi=['/dev/nst0,0:0:3:0','/dev/nst1']\n");
	Daemon one = daemon();
	one.pass();
	fake.store.remove_domain(1);
	fake.store.add_domain(3, "g1");
	settle(one);
	EXPECT_EQ(first_line(fake.folder.path() / "state/devices"), "g1\t/dev/nst0\t" + naa_a);
	Status found;
	look_at_lines(fake.host,
		      {{"g1", {"/dev/nst0,0:0:3:0", "/dev/nothing", "host:3", "naa.5:0"}, {}, config}},
		      found.problems);
	ASSERT_EQ(found.problems.size(), 2U);
	says(found.problems[0], {config, "/dev/nst0", "id:" + naa_a});
	says(found.problems[1], {"host:3", "adapter:devices/pci0/0000:00:01.0"});

	reboot(false);
	Daemon two = daemon();
	two.pass();
	fake.store.remove_domain(11);
	g1 = fake.store.add_domain(13, "g1");
	// The configuration was not saved.
	for (const auto &part : {fake.configfs.fabric(), fake.configfs.root() / "core"}) {
		std::filesystem::remove_all(part);
		std::filesystem::create_directories(part);
	}
	settle(two);
	EXPECT_EQ(has(g1), "0:0:0:1 " + naa_b + " 4\n0:0:3:0 " + naa_a + " 4\n");
	says(told, {"vscsi '/dev/nst0,0:0:3:0'", "id:" + naa_a, "id:" + naa_b});
	detach("g1", "0:0:0:1");
	put(config, "name='g1'\nvscsi=['id:" + naa_a + ",0:0:3:0']\n");
	fake.store.remove_domain(13);
	settle(two);
	g1 = fake.store.add_domain(14, "g1");
	settle(two);
	EXPECT_EQ(has(g1), "0:0:3:0 " + naa_a + " 4\n");
	EXPECT_EQ(read_file(fake.folder.path() / "state/devices"), "");
}

TEST_F(RenumberedTest, AWaitingDeviceIsToldWithItsReason)
{
	attach(g1, "/dev/nst1", "0:0:0:1");
	fake.peer.waits["naa"] = "commands of an earlier connection are still with the device";
	const Failure failure = refused(g1, "/dev/nst0");
	EXPECT_EQ(failure.code(), Exit::timed_out);
	says(failure.what(), {"commands of an earlier connection", "--wait"});
	AttachRequest request{g1, "/dev/nst0", "0:0:0:0", {}, 0, std::chrono::seconds{0}, false};
	EXPECT_EQ(vscsi::attach(fake.host, request).devices.at(0).state, State::initialising);
	fake.peer.step();
	says(list_text(survey(fake.host, {"g1"})), {"initialising", "    commands of an earlier connection"});
	says(problems(), {"0:0:0:0 waits: commands of an earlier connection"});
}

} // namespace
} // namespace vscsi
