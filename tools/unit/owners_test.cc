// SPDX-License-Identifier: GPL-2.0
// Nobody's disk is taken or shared by mistake: other backends, other guests, this host itself.
#include <algorithm>

#include <gtest/gtest.h>

#include "act/attach.hpp"
#include "act/detach.hpp"
#include "act/guests.hpp"
#include "act/perform.hpp"
#include "act/survey.hpp"
#include "act/users.hpp"
#include "core/failure.hpp"
#include "os/files.hpp"
#include "unit/fake_host.hpp"
#include "unit/refusal.hpp"

namespace vscsi
{
namespace
{

namespace fs = std::filesystem;

struct OwnersTest : testing::Test {
	FakeHost fake;

	AttachRequest request(const Domain &domain, const std::string &pdev,
			      const std::string &vdev = {}) const
	{
		return {domain, pdev, vdev, {}, 0, std::chrono::seconds{2}, false};
	}
	Domain other() { return fake.store.add_domain(2, "g2"); }
	void attach(const AttachRequest &what) const { vscsi::attach(fake.host, what); }
	DetachResult detach(const std::string &vdev) const
	{
		return vscsi::detach(fake.host, {"g1", vdev, 0, std::chrono::seconds{2}, true, false});
	}
	void refused(const AttachRequest &what, const std::vector<std::string> &words) const
	{
		const std::string config = fake.configfs.snapshot();
		const auto nodes = fake.store.nodes;
		refusal([&] { attach(what); }, Exit::in_use, words);
		EXPECT_EQ(fake.configfs.snapshot(), config);
		EXPECT_EQ(fake.store.nodes, nodes);
	}
	std::string front(unsigned number, const char *node) const
	{
		return fake.store.value(fmt::format("/local/domain/1/device/vscsi/{}/{}", number, node));
	}
	// A LUN of a portal group that is bound to nobody.
	StoreId unbound_disk()
	{
		fake.add_scsi({2, 0, 1, 0}, 0, "sdb", 16);
		const StoreId store =
			fake.configfs.add_store("iblock_0", "disk", "Major: 8 Minor: 16 CLAIMED: IBLOCK\n");
		fake.configfs.add_lun(fake.configfs.add_tpg("naa.5", 1), 0, store);
		return store;
	}
	void export_by_iscsi(const StoreId &store) const
	{
		const fs::path lun = fake.configfs.root() / "iscsi/iqn.2003-01.org:x/tpgt_1/lun/lun_0";
		fs::create_directories(lun);
		fs::create_directory_symlink(fake.configfs.root() / "core" / store.hba / store.name,
					     lun / "x");
	}
	// As sysfs lists a disk and what this host has of it.
	fs::path in_class_block(const std::string &name, const std::string &number) const
	{
		const fs::path place = fake.folder.path() / "sys/class/block" / name;
		if (!fs::exists(place))
			put(place / "dev", number + "\n");
		return place;
	}
};

TEST_F(OwnersTest, ADriverDomainsDeviceGetsAControllerOfItsOwn)
{
	fake.configfs.add_lun(fake.configfs.add_tpg("naa.5", 1), 0,
			      fake.configfs.add_store("rd_mcp_0", "ram"));
	attach(request(fake.guest, "naa.5:0"));
	fake.store.add_domain(5, "storage1");
	AttachRequest what = request(fake.guest, "naa.77:3");
	what.backend = 5;
	what.wait = std::chrono::seconds{0};
	attach(what);
	EXPECT_EQ(front(0, "backend"), "/local/domain/0/backend/vscsi/1/0");
	EXPECT_EQ(front(0, "state"), "4");
	EXPECT_EQ(front(1, "backend"), "/local/domain/5/backend/vscsi/1/1");
	// A second one is beside the first.
	what.pdev = "naa.77:4";
	attach(what);
	EXPECT_EQ(fake.store.value("/local/domain/5/backend/vscsi/1/1/vscsi-devs/dev-1/v-dev"), "1:0:0:4");

	what.pdev = "naa.77:5";
	what.vdev = "0:0:0:5";
	refused(what, {"controller 0 of g1 is served by domain 0", "another controller"});
	AttachRequest back = request(fake.guest, "naa.5:0", "1:0:0:0");
	fake.configfs.add_lun({"naa.5", 1}, 1, fake.configfs.add_store("rd_mcp_1", "ram1"));
	back.pdev = "naa.5:1";
	refused(back, {"controller 1 of g1 is served by domain 5"});
}

TEST_F(OwnersTest, DetachFindsADeviceOfADriverDomain)
{
	fake.store.add_domain(5, "storage1");
	AttachRequest what = request(fake.guest, "naa.77:3");
	what.backend = 5;
	what.wait = std::chrono::seconds{0};
	attach(what);
	detach("0:0:0:3");
	EXPECT_TRUE(fake.store.list(Txn::none, "/local/domain/5/backend/vscsi").empty());
}

TEST_F(OwnersTest, NobodyOverwritesAControllerThatAppearedMeanwhile)
{
	fake.store.add_domain(5, "storage1");
	const auto make = [&](DomId backend) {
		perform(fake.store, fake.guest, backend,
			MakeController{0, {{{"naa.5", 1, 0}, "x", {0, 0, 0, 0}, false}}});
	};
	make(5);
	make(0);
	EXPECT_EQ(front(0, "backend"), "/local/domain/5/backend/vscsi/1/0");
	EXPECT_TRUE(fake.store.list(Txn::none, "/local/domain/0/backend/vscsi/1").empty());
	// What a backend that has gone left is in nobody's way.
	fake.store.remove(Txn::none, "/local/domain/5/backend");
	make(0);
	EXPECT_EQ(front(0, "backend"), "/local/domain/0/backend/vscsi/1/0");
}

TEST_F(OwnersTest, WhatAGuestWritesOfItsControllersHarmsNobodyElse)
{
	for (const char *path : {"", "/", "/local/domain/", "/local/domain/x/backend/vscsi/1/0",
				 "/local/domain/5/backend/vscsi/2/0",
				 "/local/domain/99999999999/backend/vscsi/1/0", "\xff\n/../.."}) {
		fake.store.set("/local/domain/1/device/vscsi/0/backend", path);
		EXPECT_TRUE(read_guest(fake.store, Txn::none, fake.guest, 0).elsewhere.empty()) << path;
	}
}

TEST_F(OwnersTest, ASecondGuestDoesNotGetAnUnboundLun)
{
	unbound_disk();
	attach(request(fake.guest, "naa.5:0"));
	const Domain g2 = other();
	for (const char *name : {"naa.5:0", "/dev/sdb", "2:0:1:0", "disk"})
		refused(request(g2, name), {"in use by g1 (0:0:0:0)", "--share"});
	AttachRequest shared = request(g2, "/dev/sdb");
	shared.options.share = true;
	attach(shared);
	// Who has it already gets the same answer as ever.
	attach(request(fake.guest, "naa.5:0"));
}

TEST_F(OwnersTest, StatusTellsWhatIsSharedAndWhetherOnPurpose)
{
	const StoreId store = unbound_disk();
	attach(request(fake.guest, "naa.5:0"));
	EXPECT_TRUE(status(fake.host).shared.empty());
	// By hand; nobody asked us.
	const Domain g2 = other();
	perform(fake.store, g2, 0, MakeController{0, {{{"naa.5", 1, 0}, "x", {0, 0, 0, 0}, false}}});
	const auto told = [&] {
		const std::vector<std::string> problems = status(fake.host).problems;
		return std::ranges::count_if(problems, [](const std::string &problem) {
			return problem.find("iblock/disk is used by g1 (0:0:0:0), g2 (0:0:0:0)") == 0;
		});
	};
	EXPECT_EQ(told(), 1);
	ASSERT_EQ(status(fake.host).shared.size(), 1U);
	EXPECT_FALSE(status(fake.host).shared[0].on_purpose);
	AttachRequest shared = request(fake.guest, "naa.5:0");
	shared.options.share = true;
	attach(shared);
	EXPECT_EQ(told(), 0);
	EXPECT_TRUE(status(fake.host).shared.at(0).on_purpose);
	// Another one of that name is another one.
	fs::remove_all(fake.configfs.root() / "xen-pvscsi");
	fs::remove_all(fake.configfs.root() / "core" / store.hba);
	fake.host.sharing().keep_only(fake.configfs.read());
	EXPECT_TRUE(fake.host.sharing().all().empty());
}

TEST_F(OwnersTest, AnotherFabricsInitiatorsHaveIt)
{
	const StoreId store = unbound_disk();
	export_by_iscsi(store);
	for (const char *name : {"naa.5:0", "/dev/sdb", "disk"})
		refused(request(fake.guest, name), {"initiators of iscsi/iqn.2003-01.org:x"});
	AttachRequest shared = request(fake.guest, "naa.5:0");
	shared.options.share = true;
	attach(shared);
}

TEST_F(OwnersTest, AnotherGuestHasItAsItsDisk)
{
	fake.add_scsi({2, 0, 1, 0}, 0, "sdb", 16);
	other();
	fake.store.set("/local/domain/0/backend/vbd/2/51712/physical-device", "8:10");
	fake.store.set("/local/domain/0/backend/vbd/2/51712/dev", "xvda");
	refused(request(fake.guest, "/dev/sdb"), {"g2 (as its disk xvda)"});
	refused(request(fake.guest, "host:2"), {"host:2: its device 2:0:1:0", "g2 (as its disk xvda)"});
	// One of its own partitions as well.
	fake.store.set("/local/domain/0/backend/vbd/2/51712/physical-device", "8:11");
	const fs::path disk = in_class_block("sdb", "8:16");
	put(disk / "sdb1/dev", "8:17\n");
	put(disk / "sdb1/partition", "1\n");
	fs::create_directory_symlink(disk / "sdb1", disk.parent_path() / "sdb1");
	refused(request(fake.guest, "/dev/sdb"), {"g2 (as its disk xvda)"});
	fake.store.set("/local/domain/0/backend/vbd/2/51712/physical-device", "zz:\xff");
	attach(request(fake.guest, "/dev/sdb"));
}

TEST_F(OwnersTest, ThisHostHasIt)
{
	fake.add_scsi({2, 0, 1, 0}, 0, "sdb", 16);
	const fs::path disk = in_class_block("sdb", "8:16");
	const fs::path proc = fake.folder.path() / "proc";
	AttachRequest what = request(fake.guest, "/dev/sdb");
	what.options.share = true; // in vain

	put(disk / "holders/dm-3/dm/name", "vg-root\n");
	put(disk / "holders/dm-3/dm/uuid", "LVM-abc\n");
	refused(what, {"this host (volume vg-root)", "no guest can have it"});
	fs::remove_all(disk / "holders");
	put(disk / "holders/md0/x", "");
	refused(what, {"this host (md0)"});
	fs::remove_all(disk / "holders");

	put(proc / "self/mountinfo", "22 1 8:16 / /srv/a\\040b rw,noatime shared:1 - ext4 /dev/sdb rw\n"
				     "23 1 0:5 / /proc rw - proc proc rw\n");
	refused(what, {"mounted at /srv/a b"});
	put(proc / "self/mountinfo", "");
	put(proc / "swaps", "Filename Type Size Used Priority\n/dev/sdb partition 1 0 -2\n");
	refused(what, {"swap space"});
	put(proc / "swaps", "");
	attach(what);
}

TEST_F(OwnersTest, TwoSessionsToOneTargetAreTwoAdapters)
{
	for (const unsigned number : {3U, 4U}) {
		fake.add_scsi({number, 0, 0, 0}, 0, number == 3 ? "sdb" : "sdc", number * 16);
		const fs::path session = fake.folder.path() / "sys/devices/pci0/0000:00:01.0" /
					 fmt::format("host{}/session{}", number, number);
		put(session / "iscsi_session" / session.filename() / "targetname", "iqn.2020-01.org:disk\n");
		const std::string connection = fmt::format("connection{}:0", number);
		put(session / connection / "iscsi_connection" / connection / "persistent_address",
		    fmt::format("192.0.2.{}\n", number));
		put(session / connection / "iscsi_connection" / connection / "persistent_port", "3260\n");
	}
	EXPECT_EQ(fake.sysfs.adapter(3).identity, "iqn.2020-01.org:disk@192.0.2.3:3260");
	attach(request(fake.guest, "host:3"));
	attach(request(fake.guest, "host:4"));
	std::string all;
	for (const Controller &controller : read_guest(fake.store, Txn::none, fake.guest, 0).controllers)
		for (const Device &device : controller.devices)
			all += fmt::format("{} {}\n", to_string(*device.vdev),
					   static_cast<int>(device.state));
	EXPECT_EQ(all, "0:0:0:0 4\n1:0:0:0 4\n");
}

TEST_F(OwnersTest, AnAdapterThatHasGoneCanBeDetached)
{
	for (const bool by_number : {true, false}) {
		fake.add_scsi({4, 0, 1, 0}, 1, "nst0", 0);
		attach(request(fake.guest, "host:4"));
		const std::string alias = fake.configfs.read().tpgs.at(0).alias;
		EXPECT_EQ(alias.find("host-"), 0U);
		EXPECT_NE(alias.find("0000-00-01.0"), std::string::npos) << alias;
		fake.remove_scsi({4, 0, 1, 0});
		fs::remove_all(fake.folder.path() / "sys/class/scsi_host/host4");
		try {
			detach("host:5");
			ADD_FAILURE();
		} catch (const Failure &failure) {
			EXPECT_NE(std::string{failure.what()}.find("it has " + alias), std::string::npos)
				<< failure.what();
		}
		detach(by_number ? "host:4" : alias);
		EXPECT_TRUE(fake.configfs.read().tpgs.empty());
		fs::remove_all(fake.folder.path() / "sys");
	}
}

TEST_F(OwnersTest, AGuestLetsGoOfWhatAnAdapterLostBeforeItsLunGoes)
{
	fake.add_scsi({4, 0, 1, 0}, 1, "nst0", 0);
	fake.add_scsi({4, 0, 2, 0}, 1, "nst1", 1);
	attach(request(fake.guest, "host:4"));
	fake.remove_scsi({4, 0, 2, 0});
	fake.peer.stubborn = true;
	const std::string config = fake.configfs.snapshot();
	EXPECT_THROW(attach(request(fake.guest, "host:4")), Failure);
	EXPECT_EQ(fake.configfs.snapshot(), config);
	fake.peer.stubborn = false;
	attach(request(fake.guest, "host:4"));
	EXPECT_EQ(fake.configfs.read().tpgs.at(0).luns.size(), 1U);
	EXPECT_EQ(read_guest(fake.store, Txn::none, fake.guest, 0).controllers.at(0).devices.size(), 1U);
}

TEST_F(OwnersTest, AGuestMayBeCalledLikeALock)
{
	for (const char *name : {"config", "daemon"}) {
		const TpgId tpg = fake.configfs.add_tpg("naa.5", 1, name, "auto-1");
		fake.configfs.add_lun(tpg, 0, fake.configfs.add_store("rd_mcp_0", "ram"));
		vscsi::detach(fake.host, {name, "0:0:0:0", 0, std::chrono::seconds{1}, false, false});
		EXPECT_TRUE(fake.configfs.read().tpgs.empty()) << name;
	}
}

} // namespace
} // namespace vscsi
