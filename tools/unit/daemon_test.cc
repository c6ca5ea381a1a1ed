// SPDX-License-Identifier: GPL-2.0
#include <gtest/gtest.h>

#include "act/attach.hpp"
#include "act/guests.hpp"
#include "core/failure.hpp"
#include "daemon/daemon.hpp"
#include "os/files.hpp"
#include "unit/fake_host.hpp"

namespace vscsi
{
namespace
{

using std::chrono::milliseconds;

struct DaemonTest : testing::Test {
	FakeHost fake;
	std::vector<std::string> pauses;
	std::function<void()> on_pause;

	Daemon daemon()
	{
		return {fake.host,
			{[this](DomId id, bool paused) {
				 pauses.push_back(fmt::format("{} {}", paused ? "pause" : "unpause", id));
				 if (on_pause)
					 on_pause();
				 return true;
			 },
			 milliseconds{2000}}};
	}
	// Passes and the world's answers, until nothing changes.
	void settle(Daemon &daemon)
	{
		for (int round = 0; round < 40; ++round) {
			daemon.pass();
			fake.peer.step();
			fake.store.pass_time(milliseconds{300});
		}
	}
	std::string devices(const Domain &domain) { return devices_of(fake.store, domain); }
	void two_luns()
	{
		tpg = fake.configfs.add_tpg("naa.5", 1, "g1");
		fake.configfs.add_lun(tpg, 0, fake.configfs.add_store("rd_mcp_0", "a"));
		fake.configfs.add_lun(tpg, 1, fake.configfs.add_store("rd_mcp_1", "b"));
	}
	TpgId tpg;
};

constexpr const char *both = "naa.5,1:0 0:0:0:0 4\nnaa.5,1:1 0:0:0:1 4\n";

TEST_F(DaemonTest, GivesARunningGuestWhatIsBoundToItWithoutPausingIt)
{
	two_luns();
	Daemon one = daemon();
	settle(one);
	EXPECT_EQ(devices(fake.guest), both);
	EXPECT_TRUE(pauses.empty());
	// Any number of passes give one result.
	const auto nodes = fake.store.nodes;
	settle(one);
	Daemon two = daemon();
	settle(two);
	EXPECT_EQ(fake.store.nodes, nodes);
}

TEST_F(DaemonTest, HoldsANewGuestUntilItsNodesAreThere)
{
	two_luns();
	Daemon one = daemon();
	settle(one);
	fake.store.remove_domain(1);
	const Domain next = fake.store.add_domain(2, "g1");
	std::string at_unpause;
	on_pause = [&] {
		if (pauses.back() == "unpause 2")
			at_unpause = devices(next);
	};
	one.pass();
	EXPECT_EQ(pauses, (std::vector<std::string>{"pause 2", "unpause 2"}));
	EXPECT_EQ(at_unpause, "naa.5,1:0 0:0:0:0 1\nnaa.5,1:1 0:0:0:1 1\n");
	settle(one);
	EXPECT_EQ(devices(next), both);
	// The old one's directories are gone.
	EXPECT_EQ(served(fake.store, 0), (std::vector<DomId>{2}));
	EXPECT_EQ(pauses.size(), 2U);
	fake.store.add_domain(3, "other");
	settle(one);
	EXPECT_EQ(pauses.size(), 2U);
}

// What the kernel would refuse until then.
TEST_F(DaemonTest, HoldsAMigratedGuestUntilItHasItsName)
{
	two_luns();
	Daemon one = daemon();
	settle(one);
	fake.store.set("/local/domain/1/name", "g1--migratedaway");
	Domain next = fake.store.add_domain(2, "g1--incoming");
	one.pass();
	one.pass();
	EXPECT_EQ(pauses, (std::vector<std::string>{"pause 2"}));
	EXPECT_EQ(devices(next), "");
	next.name = "g1";
	fake.store.set("/local/domain/2/name", next.name);
	fake.store.remove_domain(1);
	one.pass();
	EXPECT_EQ(pauses, (std::vector<std::string>{"pause 2", "unpause 2"}));
	settle(one);
	EXPECT_EQ(devices(next), both);
}

TEST_F(DaemonTest, DoesNotHoldAMigrationThatNeverEnds)
{
	two_luns();
	Daemon one = daemon();
	settle(one);
	fake.store.remove_domain(1);
	fake.store.add_domain(2, "g1--incoming");
	fake.store.add_domain(3, "other--incoming");
	for (int round = 0; round < 200; ++round) {
		one.pass();
		fake.store.pass_time(milliseconds{300});
	}
	EXPECT_EQ(pauses, (std::vector<std::string>{"pause 2", "unpause 2"}));
}

TEST_F(DaemonTest, FollowsLunsThatComeAndGo)
{
	two_luns();
	Daemon one = daemon();
	settle(one);
	fake.configfs.add_lun(tpg, 7, fake.configfs.add_store("rd_mcp_2", "c"), "vdev-0:0:5:0");
	settle(one);
	EXPECT_EQ(devices(fake.guest), std::string{both} + "naa.5,1:7 0:0:5:0 4\n");
	fake.configfs.apply(RemoveLun{tpg, 0});
	one.pass();
	// Not at once: it may come back.
	EXPECT_EQ(devices(fake.guest).substr(0, 20), std::string{both}.substr(0, 20));
	settle(one);
	EXPECT_EQ(devices(fake.guest), "naa.5,1:1 0:0:0:1 4\nnaa.5,1:7 0:0:5:0 4\n");
	fake.configfs.apply(RemoveLun{tpg, 1});
	fake.configfs.apply(RemoveLun{tpg, 7});
	settle(one);
	EXPECT_TRUE(read_guest(fake.store, Txn::none, fake.guest, 0).controllers.empty());
}

TEST_F(DaemonTest, ARestoreOfTheConfigurationTakesNothingAway)
{
	two_luns();
	Daemon one = daemon();
	settle(one);
	const auto nodes = fake.store.nodes;
	fake.configfs.apply(RemoveLun{tpg, 0});
	fake.configfs.apply(RemoveLun{tpg, 1});
	one.pass();
	fake.store.pass_time(milliseconds{500});
	fake.configfs.add_lun(tpg, 0, {"rd_mcp_0", "a"});
	fake.configfs.add_lun(tpg, 1, {"rd_mcp_1", "b"});
	settle(one);
	EXPECT_EQ(fake.store.nodes, nodes);
}

TEST_F(DaemonTest, ARefusedDeviceIsTriedAgainWhenTheConfigurationChanges)
{
	two_luns();
	fake.peer.refuse["naa.5,1:0"] = "the backstore is missing";
	Daemon one = daemon();
	settle(one);
	EXPECT_EQ(devices(fake.guest), "naa.5,1:0 0:0:0:0 6\nnaa.5,1:1 0:0:0:1 4\n");
	fake.peer.refuse.clear();
	const unsigned conflicts = fake.store.conflicts;
	settle(one);
	EXPECT_EQ(devices(fake.guest), "naa.5,1:0 0:0:0:0 6\nnaa.5,1:1 0:0:0:1 4\n");
	EXPECT_EQ(fake.store.conflicts, conflicts);
	fake.configfs.add_tpg("naa.9", 1);
	settle(one);
	EXPECT_EQ(devices(fake.guest), both);
}

TEST_F(DaemonTest, KilledAtEachTransactionTheNextOneFinishes)
{
	two_luns();
	int steps = 0;
	for (bool done = false; !done; ++steps) {
		ASSERT_LT(steps, 20);
		fake.store.remove(Txn::none, "/local/domain/0/backend/vscsi/1");
		fake.store.remove(Txn::none, "/local/domain/1/device/vscsi");
		fake.store.until_killed = steps;
		try {
			Daemon one = daemon();
			settle(one);
			done = true;
		} catch (const Killed &) {
			fake.store.until_killed = -1;
			Daemon two = daemon();
			settle(two);
		}
		ASSERT_EQ(devices(fake.guest), both) << "killed at step " << steps;
	}
	EXPECT_GE(steps, 2);
}

TEST_F(DaemonTest, KilledWhileItHoldsAGuestTheNextOneLetsItRun)
{
	two_luns();
	{
		Daemon one = daemon();
		one.pass();
		fake.store.add_domain(2, "g1");
		fake.store.remove_domain(1);
		fake.store.until_killed = 0;
		EXPECT_THROW(one.pass(), Killed);
	}
	EXPECT_EQ(pauses, (std::vector<std::string>{"pause 2"}));
	fake.store.until_killed = -1;
	Daemon two = daemon();
	two.pass();
	EXPECT_EQ(pauses, (std::vector<std::string>{"pause 2", "unpause 2"}));
	two.pass();
	Daemon three = daemon();
	three.pass();
	EXPECT_EQ(pauses.size(), 2U);
}

TEST_F(DaemonTest, KilledInTheMidstOfPausingItPausesAndUnpausesNothing)
{
	two_luns();
	{
		Daemon one = daemon();
		one.pass();
		fake.store.add_domain(2, "g1");
		on_pause = [] { throw Killed{}; };
		EXPECT_THROW(one.pass(), Killed);
	}
	on_pause = nullptr;
	Daemon two = daemon();
	two.pass();
	EXPECT_EQ(pauses, (std::vector<std::string>{"pause 2"}));
}

TEST_F(DaemonTest, ConfigurationFileOfTheDomain)
{
	fake.add_scsi({2, 0, 0, 0}, 1, "nst0", 0);
	put(fake.folder.path() / "xen/other.cfg", "name='other'\nvscsi=['/dev/nst0']\n");
	put(fake.folder.path() / "xen/broken.cfg", "name='g2\n");
	put(fake.folder.path() / "xen/g2.cfg", "name='g2'\nvscsi=['/dev/nst0,0:0:3:0']\n");
	Daemon one = daemon();
	one.pass();
	const Domain g2 = fake.store.add_domain(2, "g2");
	settle(one);
	EXPECT_EQ(pauses, (std::vector<std::string>{"pause 2", "unpause 2"}));
	EXPECT_NE(devices(g2).find(" 0:0:3:0 4"), std::string::npos) << devices(g2);
	// After a reboot of the guest it is the same LUN.
	const std::string config = fake.configfs.snapshot();
	fake.store.remove_domain(2);
	const Domain again = fake.store.add_domain(3, "g2");
	settle(one);
	EXPECT_NE(devices(again).find(" 0:0:3:0 4"), std::string::npos) << devices(again);
	EXPECT_EQ(fake.configfs.snapshot(), config);
}

TEST_F(DaemonTest, AnAdapterIsFollowed)
{
	fake.add_scsi({4, 0, 1, 0}, 1, "nst0", 0);
	const AttachRequest request{fake.guest, "host:4", {}, {}, 0, std::chrono::seconds{5}, false};
	attach(fake.host, request);
	Daemon one = daemon();
	settle(one);
	fake.add_scsi({4, 0, 2, 0}, 1, "nst1", 1);
	settle(one);
	EXPECT_NE(devices(fake.guest).find(" 0:0:2:0 4"), std::string::npos) << devices(fake.guest);
	EXPECT_EQ(fake.configfs.read().stores.size(), 2U);
	fake.remove_scsi({4, 0, 1, 0});
	settle(one);
	EXPECT_EQ(devices(fake.guest).find(" 0:0:1:0"), std::string::npos) << devices(fake.guest);
	EXPECT_EQ(fake.configfs.read().stores.size(), 1U);
	EXPECT_EQ(fake.configfs.read().tpgs.at(0).luns.size(), 1U);
	// Without the adapter its LUNs stay as they are.
	const std::string config = fake.configfs.snapshot();
	std::filesystem::remove_all(fake.folder.path() / "sys/class/scsi_host/host4");
	settle(one);
	EXPECT_EQ(fake.configfs.snapshot(), config);
}

TEST_F(DaemonTest, LeavesAloneWhatACommandWorksOn)
{
	two_luns();
	Daemon one = daemon();
	{
		const auto lock = Lock::attempt(fake.host.guest_lock(fake.guest));
		settle(one);
		EXPECT_EQ(devices(fake.guest), "");
	}
	settle(one);
	EXPECT_EQ(devices(fake.guest), both);
}

TEST_F(DaemonTest, UndoesWhatADeadCommandBegan)
{
	fake.add_scsi({2, 0, 0, 0}, 1, "nst0", 0);
	const std::string before = fake.configfs.snapshot();
	fake.configfs.until_killed = 7;
	const AttachRequest request{fake.guest, "/dev/nst0", {}, {}, 0, std::chrono::seconds{5}, false};
	EXPECT_THROW(attach(fake.host, request), Killed);
	fake.configfs.until_killed = -1;
	EXPECT_NE(fake.configfs.snapshot(), before);
	Daemon one = daemon();
	settle(one);
	EXPECT_EQ(fake.configfs.snapshot(), before);
	EXPECT_EQ(devices(fake.guest), "");
}

TEST_F(DaemonTest, FiftyGuestsAreReadOnceEach)
{
	for (DomId id = 10; id < 60; ++id) {
		const std::string name = fmt::format("guest{}", id);
		fake.store.add_domain(id, name);
		const TpgId one = fake.configfs.add_tpg(fmt::format("naa.5{}", id), 1, name);
		fake.configfs.add_lun(one, 0, fake.configfs.add_store(fmt::format("rd_mcp_{}", id), name));
	}
	Daemon one = daemon();
	settle(one);
	const unsigned before = fake.store.reads;
	one.pass();
	EXPECT_LT(fake.store.reads - before, 50U * 25);
	EXPECT_EQ(served(fake.store, 0).size(), 50U);
}

} // namespace
} // namespace vscsi
