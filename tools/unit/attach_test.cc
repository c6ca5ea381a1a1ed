// SPDX-License-Identifier: GPL-2.0
#include <algorithm>

#include <gtest/gtest.h>

#include "act/attach.hpp"
#include "act/detach.hpp"
#include "act/guests.hpp"
#include "act/recovery.hpp"
#include "act/survey.hpp"
#include "core/failure.hpp"
#include "os/files.hpp"
#include "unit/fake_host.hpp"

namespace vscsi
{
namespace
{

struct AttachTest : testing::Test {
	FakeHost fake;

	AttachRequest request(const std::string &pdev, const std::string &vdev = {}) const
	{
		return {fake.guest, pdev, vdev, {}, 0, std::chrono::seconds{5}, false};
	}
	AttachResult attach(const AttachRequest &what) const { return vscsi::attach(fake.host, what); }
	DetachResult detach(const std::string &vdev, bool remove_lun = false) const
	{
		return vscsi::detach(fake.host, {"g1", vdev, 0, std::chrono::seconds{5}, remove_lun, false});
	}
	// The mistake leaves nothing behind, and its message has these words.
	void refused(const AttachRequest &what, Exit code, const std::vector<std::string> &words)
	{
		const std::string config = fake.configfs.snapshot();
		const auto nodes = fake.store.nodes;
		const Failure failure = failure_of([&] { attach(what); });
		EXPECT_EQ(failure.code(), code) << failure.what();
		for (const std::string &word : words)
			EXPECT_NE(std::string{failure.what()}.find(word), std::string::npos)
				<< failure.what();
		EXPECT_EQ(fake.configfs.snapshot(), config) << failure.what();
		EXPECT_EQ(fake.store.nodes, nodes) << failure.what();
		EXPECT_FALSE(std::filesystem::exists(fake.folder.path() / "run" /
						     ("guest-" + fake.guest.uuid + ".journal")));
		EXPECT_EQ(fake.store.watches(), 0U);
	}
	std::string back(const std::string &node) const
	{
		return fake.store.value("/local/domain/0/backend/vscsi/1/" + node);
	}
};

TEST_F(AttachTest, ALunByItsNameWithTheNodesOfLibxl)
{
	const TpgId tpg = fake.configfs.add_tpg("naa.5", 1);
	fake.configfs.add_lun(tpg, 0, fake.configfs.add_store("rd_mcp_0", "ram"));
	const auto result = attach(request("naa.5:0", "0:0:1:2"));
	ASSERT_EQ(result.devices.size(), 1U);
	EXPECT_EQ(result.devices[0].state, State::connected);
	EXPECT_EQ(back("0/vscsi-devs/dev-0/p-dev"), "naa.5,1:0");
	EXPECT_EQ(back("0/vscsi-devs/dev-0/v-dev"), "0:0:1:2");
	EXPECT_EQ(back("0/vscsi-devs/dev-0/managed"), "(none)");
	EXPECT_EQ(back("0/frontend"), "/local/domain/1/device/vscsi/0");
	EXPECT_EQ(back("0/frontend-id"), "1");
	EXPECT_EQ(back("0/online"), "1");
	EXPECT_EQ(fake.store.value("/local/domain/1/device/vscsi/0/backend"),
		  "/local/domain/0/backend/vscsi/1/0");
	EXPECT_EQ(fake.store.value("/local/domain/1/device/vscsi/0/backend-id"), "0");
	EXPECT_EQ(fake.store.permissions["/local/domain/1/device/vscsi/0"],
		  (std::vector<Permission>{{1, false}, {0, true}}));
	EXPECT_EQ(fake.store.permissions["/local/domain/0/backend/vscsi/1/0"],
		  (std::vector<Permission>{{0, false}, {1, true}}));
}

TEST_F(AttachTest, ADeviceGetsBackstoreTargetAndLunAndLosesThemAtDetach)
{
	fake.add_scsi({2, 0, 0, 0}, 1, "nst0", 0);
	fake.add_scsi({2, 0, 1, 0}, 0, "sdb", 16);
	fake.add_scsi({2, 0, 2, 0}, 8, "sch0", 32);
	fake.add_volume("/dev/vg0/data", 3);
	const std::string before = fake.configfs.snapshot();
	const auto nodes = fake.store.nodes;

	const struct {
		const char *pdev;
		const char *hba;
		const char *vdev;
	} cases[] = {{"/dev/nst0", "pscsi", "0:0:0:0"},
		     {"2:0:1:0", "iblock", "0:0:0:1"},
		     {"/dev/sch0", "pscsi", "0:0:0:2"},
		     {"/dev/vg0/data", "iblock", "0:0:0:3"}};
	for (const auto &[pdev, hba, vdev] : cases) {
		const auto result = attach(request(pdev));
		EXPECT_EQ(to_string(result.devices.at(0).wanted.vdev), vdev) << pdev;
		EXPECT_TRUE(result.devices.at(0).wanted.managed);
		// Again changes nothing.
		EXPECT_FALSE(attach(request(pdev)).changed) << pdev;
	}
	const Lio lio = fake.configfs.read();
	ASSERT_EQ(lio.tpgs.size(), 1U);
	EXPECT_EQ(lio.tpgs[0].domain, "g1");
	EXPECT_TRUE(made_by_tool(lio.tpgs[0]));
	EXPECT_EQ(lio.tpgs[0].luns.at(3).link, "vdev-0:0:0:3");
	for (unsigned at = 0; at < 4; ++at)
		EXPECT_EQ(lio.tpgs[0].luns[at].store.plugin(), cases[at].hba);
	EXPECT_EQ(first_line(fake.configfs.root() / "core/pscsi_0/auto-nst0/control"),
		  "scsi_host_id=2,scsi_channel_id=0,scsi_target_id=0,scsi_lun_id=0");

	for (const auto &[pdev, hba, vdev] : cases)
		detach(vdev);
	EXPECT_EQ(fake.configfs.snapshot(), before);
	EXPECT_EQ(fake.store.nodes, nodes);
}

TEST_F(AttachTest, RingPerLunMakesAControllerForEach)
{
	fake.add_scsi({2, 0, 0, 0}, 1, "nst0", 0);
	fake.add_scsi({2, 0, 1, 0}, 1, "nst1", 1);
	for (const char *pdev : {"/dev/nst0", "/dev/nst1"}) {
		AttachRequest what = request(pdev);
		what.options.ring_per_lun = true;
		attach(what);
	}
	const Guest guest = read_guest(fake.store, Txn::none, fake.guest, 0);
	EXPECT_EQ(guest.controllers.size(), 2U);
	EXPECT_TRUE(fake.configfs.read().tpgs.at(0).ring_per_lun);
}

TEST_F(AttachTest, ABackstoreByItsNameStaysAtDetach)
{
	fake.configfs.add_store("fileio_3", "disk");
	fake.configfs.add_store("rd_mcp_1", "disk");
	refused(request("disk"), Exit::usage, {"several", "fileio/disk"});
	attach(request("fileio/disk"));
	detach("0:0:0:0");
	EXPECT_TRUE(fake.configfs.read().tpgs.empty());
	EXPECT_EQ(fake.configfs.read().stores.size(), 2U);
}

TEST_F(AttachTest, AnAdapterWithAllItsDevices)
{
	fake.add_scsi({4, 0, 1, 0}, 1, "nst0", 0);
	fake.add_scsi({4, 0, 2, 3}, 8, "sch0", 1);
	fake.add_scsi({4, 0, 70, 3}, 1, "nst1", 2); // beyond the frontend
	const std::string before = fake.configfs.snapshot();
	const auto result = attach(request("host:4", "2"));
	std::set<std::string> vdevs;
	for (const Attached &item : result.devices)
		vdevs.insert(to_string(item.wanted.vdev));
	EXPECT_EQ(vdevs, (std::set<std::string>{"2:0:1:0", "2:0:2:3", "2:0:0:2"}));
	EXPECT_FALSE(attach(request("host:4")).changed);
	EXPECT_EQ(failure_of([&] { detach("2:0:1:0"); }).code(), Exit::in_use);
	detach("host:4");
	EXPECT_EQ(fake.configfs.snapshot(), before);
}

TEST_F(AttachTest, BindKeepsThePortalGroupForTheGuest)
{
	const TpgId tpg = fake.configfs.add_tpg("naa.5", 1);
	fake.configfs.add_lun(tpg, 0, fake.configfs.add_store("rd_mcp_0", "ram"));
	AttachRequest what = request("naa.5:0");
	what.options.bind = true;
	attach(what);
	EXPECT_EQ(fake.configfs.read().tpgs.at(0).domain, "g1");
	EXPECT_EQ(back("0/vscsi-devs/dev-0/managed"), "1");
	// It is the operator's: detach does not take it without being told to.
	EXPECT_EQ(failure_of([&] { detach("0:0:0:0"); }).code(), Exit::in_use);
	detach("0:0:0:0", true);
	EXPECT_TRUE(fake.configfs.read().tpgs.at(0).luns.empty());
}

TEST_F(AttachTest, MistakesAreNamedAndLeaveNothing)
{
	const TpgId mine = fake.configfs.add_tpg("naa.5", 1, "g1");
	const TpgId theirs = fake.configfs.add_tpg("naa.6", 1, "g2");
	const TpgId nobodys = fake.configfs.add_tpg("naa.7", 1, "", "shelf");
	const StoreId ram = fake.configfs.add_store("rd_mcp_0", "ram");
	const StoreId other = fake.configfs.add_store("rd_mcp_1", "other");
	fake.configfs.add_lun(mine, 0, ram);
	fake.configfs.add_lun(theirs, 0, other);
	fake.configfs.add_lun(nobodys, 0, ram);
	attach(request("naa.5:0"));

	refused(request("naa.8:0"), Exit::not_found, {"naa.8", "targetcli ls"});
	refused(request("naa.5:9"), Exit::not_found, {"no LUN 9"});
	refused(request("naa.5,4:0"), Exit::not_found, {"no portal group 4"});
	refused(request("naa.6:0"), Exit::in_use, {"g2"});
	refused(request("other"), Exit::in_use, {"g2", "--share"});
	refused(request("shelf:0", "0:0:0:0"), Exit::in_use, {"0:0:0:0", "xl-vscsi list"});
	refused(request("naa.5:0", "0:0:4:0"), Exit::in_use, {"0:0:0:0", "vdev-0:0:4:0"});
	refused(request("nothing"), Exit::not_found, {"no backstore 'nothing'"});
	refused(request("/dev/nothing"), Exit::not_found, {"/dev/nothing"});
	refused(request("9:0:0:0"), Exit::not_found, {"9:0:0:0", "lsscsi"});
	refused(request("host:9"), Exit::not_found, {"host:9", "lsscsi -H"});
	refused(request("shelf:0", "0:0:0"), Exit::usage, {"host:channel:target:lun"});
	fake.add_scsi({2, 0, 0, 0}, 1, "nst0", 0);
	AttachRequest wrong = request("/dev/nst0");
	wrong.options.via = Via::iblock;
	refused(wrong, Exit::usage, {"no disk"});
	fake.add_volume("/dev/vg0/data", 3);
	wrong = request("/dev/vg0/data");
	wrong.options.via = Via::pscsi;
	refused(wrong, Exit::usage, {"no whole SCSI device"});
	fake.configfs.refuse_write = "enable";
	refused(request("/dev/nst0"), Exit::in_use, {"/dev/nst0", "mounted"});
	fake.configfs.refuse_write = "param/domain";
	refused(request("/dev/nst0"), Exit::failed, {"param/domain"});
}

TEST_F(AttachTest, WhatTheBackendRefusesIsUndoneWithItsWords)
{
	fake.add_scsi({2, 0, 0, 0}, 1, "nst0", 0);
	const TpgId tpg = fake.configfs.add_tpg("naa.7", 1);
	fake.configfs.add_lun(tpg, 0, fake.configfs.add_store("rd_mcp_0", "ram"));
	fake.peer.refuse["naa.7,1:0"] = "the portal group belongs to another";
	refused(request("naa.7:0"), Exit::refused, {"belongs to another", "0:0:0:0"});
	// Beside a device that stays.
	attach(request("/dev/nst0"));
	refused(request("naa.7:0"), Exit::refused, {"belongs to another"});
	EXPECT_EQ(back("0/vscsi-devs/dev-0/state"), "4");
}

TEST_F(AttachTest, AGuestThatDoesNotAnswerIsWaitedForAndThenUndone)
{
	fake.peer.deaf.insert(1);
	fake.add_scsi({2, 0, 0, 0}, 1, "nst0", 0);
	refused(request("/dev/nst0"), Exit::timed_out, {"xen-scsifront"});
	fake.store.peer = nullptr;
	refused(request("/dev/nst0"), Exit::timed_out, {"modprobe xen-scsiback"});
	AttachRequest what = request("/dev/nst0");
	what.wait = std::chrono::seconds{0};
	EXPECT_EQ(attach(what).devices.at(0).state, State::initialising);
}

TEST_F(AttachTest, AFrontendThatOverlookedADeviceIsToldAgain)
{
	const TpgId tpg = fake.configfs.add_tpg("naa.7", 1);
	fake.configfs.add_lun(tpg, 0, fake.configfs.add_store("rd_mcp_0", "ram"));
	fake.configfs.add_lun(tpg, 1, fake.configfs.add_store("rd_mcp_1", "rom"));
	attach(request("naa.7:0"));
	fake.peer.overlooks = true;
	EXPECT_EQ(attach(request("naa.7:1")).devices.at(0).state, State::connected);
}

TEST_F(AttachTest, OthersAtTheSameTime)
{
	const TpgId tpg = fake.configfs.add_tpg("naa.7", 1);
	fake.configfs.add_lun(tpg, 0, fake.configfs.add_store("rd_mcp_0", "ram"));
	// Anything written meanwhile makes the transaction start anew.
	fake.store.intruder = [&] { fake.store.set("/tool/x", "1"); };
	attach(request("naa.7:0"));
	EXPECT_EQ(fake.store.conflicts, 1U);
	// Another operator with the same guest.
	const auto lock = Lock::attempt(fake.host.guest_lock(fake.guest));
	ASSERT_TRUE(lock);
	AttachRequest what = request("naa.7:0");
	what.wait = std::chrono::seconds{0};
	const Failure failure = failure_of([&] { attach(what); });
	EXPECT_EQ(failure.code(), Exit::timed_out);
	EXPECT_NE(std::string{failure.what()}.find(std::to_string(getpid())), std::string::npos);
}

TEST_F(AttachTest, DryRunTellsAllAndDoesNothing)
{
	fake.add_scsi({2, 0, 0, 0}, 1, "nst0", 0);
	const std::string config = fake.configfs.snapshot();
	const auto nodes = fake.store.nodes;
	AttachRequest what = request("/dev/nst0");
	what.dry_run = true;
	EXPECT_EQ(attach(what).steps.size(), 4U);
	EXPECT_EQ(fake.configfs.snapshot(), config);
	EXPECT_EQ(fake.store.nodes, nodes);
}

TEST_F(AttachTest, KilledAtAnyStepItIsUndoneByTheNext)
{
	fake.add_scsi({2, 0, 0, 0}, 1, "nst0", 0);
	const std::string before = fake.configfs.snapshot();
	int steps = 0;
	for (bool done = false; !done; ++steps) {
		ASSERT_LT(steps, 50);
		fake.configfs.until_killed = steps;
		try {
			attach(request("/dev/nst0"));
			done = true;
		} catch (const Killed &) {
			fake.configfs.until_killed = -1;
			EXPECT_TRUE(recover(fake.host).complaints.empty());
			ASSERT_EQ(fake.configfs.snapshot(), before) << "killed at step " << steps;
		}
	}
	EXPECT_GT(steps, 8);
	fake.configfs.until_killed = -1;
	detach("0:0:0:0");
	EXPECT_EQ(fake.configfs.snapshot(), before);
}

TEST_F(AttachTest, WhatCannotBeUndoneIsToldAndKeptForLater)
{
	fake.add_scsi({2, 0, 0, 0}, 1, "nst0", 0);
	const std::string before = fake.configfs.snapshot();
	fake.peer.deaf.insert(1);
	fake.configfs.busy = "tpgt_1";
	const Failure failure = failure_of([&] { attach(request("/dev/nst0")); });
	EXPECT_EQ(failure.code(), Exit::timed_out);
	EXPECT_NE(std::string{failure.what()}.find("in use"), std::string::npos) << failure.what();
	fake.configfs.busy.clear();
	EXPECT_TRUE(recover(fake.host).complaints.empty());
	EXPECT_EQ(fake.configfs.snapshot(), before);
}

TEST_F(AttachTest, DetachNamesWhatThereIs)
{
	const TpgId tpg = fake.configfs.add_tpg("naa.7", 1);
	fake.configfs.add_lun(tpg, 0, fake.configfs.add_store("rd_mcp_0", "ram"));
	Failure failure = failure_of([&] { detach("0:0:0:0"); });
	EXPECT_EQ(failure.code(), Exit::not_found);
	EXPECT_NE(std::string{failure.what()}.find("none"), std::string::npos);
	attach(request("naa.7:0", "0:0:2:0"));
	failure = failure_of([&] { detach("0:0:0:0"); });
	EXPECT_NE(std::string{failure.what()}.find("0:0:2:0"), std::string::npos);
	fake.peer.stubborn = true;
	failure = failure_of([&] { detach("0:0:2:0"); });
	EXPECT_EQ(failure.code(), Exit::timed_out);
	fake.peer.stubborn = false;
	detach("0:0:2:0");
	EXPECT_TRUE(read_guest(fake.store, Txn::none, fake.guest, 0).controllers.empty());
}

TEST_F(AttachTest, AGuestThatDoesNotRunLosesItsLun)
{
	fake.add_scsi({2, 0, 0, 0}, 1, "nst0", 0);
	const std::string before = fake.configfs.snapshot();
	attach(request("/dev/nst0"));
	fake.store.remove_domain(1);
	detach("0:0:0:0");
	EXPECT_EQ(fake.configfs.snapshot(), before);
}

TEST_F(AttachTest, ADriverDomainIsTakenByItsWord)
{
	AttachRequest what = request("naa.77:3");
	what.backend = 5;
	what.wait = std::chrono::seconds{0};
	fake.store.add_domain(5, "driver");
	attach(what);
	EXPECT_EQ(fake.store.value("/local/domain/5/backend/vscsi/1/0/vscsi-devs/dev-0/p-dev"), "naa.77:3");
	EXPECT_EQ(fake.store.value("/local/domain/1/device/vscsi/0/backend-id"), "5");
	EXPECT_EQ(fake.store.value("/local/domain/5/backend/vscsi/1/0/domain-uuid"), fake.guest.uuid);
	EXPECT_FALSE(attach(what).changed);
	what.pdev = "/dev/sdb";
	EXPECT_EQ(failure_of([&] { attach(what); }).code(), Exit::usage);
}

TEST_F(AttachTest, StatusSaysWhatIsWrong)
{
	fake.add_scsi({2, 0, 0, 0}, 1, "nst0", 0);
	attach(request("/dev/nst0"));
	fake.store.set("/local/domain/0/backend/vscsi/1/0/vscsi-devs/dev-0/state", "6");
	fake.store.set("/local/domain/0/backend/vscsi/1/0/vscsi-devs/dev-0/error", "no such LUN");
	fake.store.set("/local/domain/0/backend/vscsi/9/0/state", "6");
	const Status found = status(fake.host);
	EXPECT_TRUE(found.module);
	EXPECT_FALSE(found.daemon);
	ASSERT_EQ(found.tpgs.size(), 1U);
	EXPECT_EQ(found.tpgs[0].domain->id, 1U);
	std::string all;
	for (const std::string &problem : found.problems)
		all += problem + '\n';
	for (const char *word : {"no such LUN", "domain 9 is gone", "systemctl start xen-vscsid"})
		EXPECT_NE(all.find(word), std::string::npos) << all;
}

TEST_F(AttachTest, AZonedDiskIsPassedThrough)
{
	fake.add_scsi({2, 0, 1, 0}, FakeHost::zoned_disk, "sdb", 16);
	fake.make_zoned(8, 16);
	AttachRequest block = request("/dev/sdb");
	block.options.via = Via::iblock;
	refused(block, Exit::usage, {"/dev/sdb is zoned: pass it through (pscsi)"});
	// A backstore that somebody made does not stand for it.
	const StoreId store =
		fake.configfs.add_store("iblock_0", "zones", "Major: 8 Minor: 16  CLAIMED: IBLOCK\n");
	ASSERT_EQ(attach(request("/dev/sdb")).devices.size(), 1U);
	const auto stores = fake.configfs.read().stores;
	EXPECT_EQ(std::ranges::count_if(stores,
					[](const Backstore &one) { return one.id.plugin() == "pscsi"; }),
		  1);
	EXPECT_FALSE(fake.configfs.read().exported(store));
}

TEST_F(AttachTest, WhatHidesZonesIsRefusedWhateverNamesIt)
{
	fake.add_volume("/dev/vg0/data", 3);
	const StoreId store =
		fake.configfs.add_store("iblock_0", "zones", "Major: 253 Minor: 3  CLAIMED: IBLOCK\n");
	fake.configfs.add_lun(fake.configfs.add_tpg("naa.5", 1), 0, store);
	fake.configfs.add_store("iblock_1", "more", "Major: 253 Minor: 3  CLAIMED: IBLOCK\n");
	AttachRequest dry = request("naa.5:0");
	dry.dry_run = true;
	EXPECT_EQ(attach(dry).devices.size(), 1U);
	fake.make_zoned(253, 3);
	for (const char *name : {"naa.5:0", "zones", "iblock/more", "/dev/vg0/data"})
		refused(request(name), Exit::usage,
			{"is zoned: pass it through (pscsi), or put dm-zoned over it"});
	std::filesystem::remove(fake.folder.path() / "sys/dev/block/253:3/queue/zoned");
	EXPECT_EQ(attach(request("naa.5:0")).devices.size(), 1U);
}

} // namespace
} // namespace vscsi
