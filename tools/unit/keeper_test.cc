// SPDX-License-Identifier: GPL-2.0
// The daemon keeps what a running guest has, and holds nobody for ever.
#include <algorithm>

#include <gtest/gtest.h>

#include "act/attach.hpp"
#include "act/guests.hpp"
#include "act/survey.hpp"
#include "core/failure.hpp"
#include "daemon/daemon.hpp"
#include "daemon/missing.hpp"
#include "os/files.hpp"
#include "unit/fake_host.hpp"

namespace vscsi
{
namespace
{

using std::chrono::milliseconds;
namespace fs = std::filesystem;

struct KeeperTest : testing::Test {
	FakeHost fake;
	std::vector<std::string> pauses;
	TpgId tpg;

	Daemon daemon()
	{
		return {fake.host,
			{[this](DomId id, bool paused) {
				 pauses.push_back(fmt::format("{} {}", paused ? "pause" : "unpause", id));
				 return true;
			 },
			 milliseconds{2000}}};
	}
	// Each a third of a second.
	void run(Daemon &one, int rounds)
	{
		for (int round = 0; round < rounds; ++round) {
			one.pass();
			fake.peer.step();
			fake.store.pass_time(milliseconds{300});
		}
	}
	std::string devices(const Domain &domain) { return devices_of(fake.store, domain); }
	void bind_disk_to(const std::string &name)
	{
		tpg = fake.configfs.add_tpg("naa.5", 1, name);
		fake.configfs.add_lun(tpg, 0, fake.configfs.add_store("rd_mcp_0", "ram"));
	}
	Domain renamed(const std::string &name)
	{
		fake.store.set("/local/domain/1/name", name);
		Domain domain = fake.guest;
		domain.name = name;
		return domain;
	}
	void configure(const std::string &text) const { put(fake.folder.path() / "xen/g2.cfg", text); }
};

constexpr const char *its_disk = "naa.5,1:0 0:0:0:0 4\n";

TEST_F(KeeperTest, ARenamedGuestKeepsItsDisk)
{
	bind_disk_to("g1");
	Daemon one = daemon();
	run(one, 10);
	ASSERT_EQ(devices(fake.guest), its_disk);
	const Domain guest = renamed("web");
	testing::internal::CaptureStderr();
	run(one, 40);
	EXPECT_EQ(devices(guest), its_disk);
	const std::string said = testing::internal::GetCapturedStderr();
	EXPECT_NE(said.find("web keeps 0:0:0:0, which is bound to 'g1'"), std::string::npos) << said;
	EXPECT_NE(said.find("set parameter domain=web"), std::string::npos) << said;
	EXPECT_TRUE(status(fake.host).shared.empty());
	const std::vector<std::string> problems = status(fake.host).problems;
	EXPECT_TRUE(std::ranges::any_of(
		problems, [](const std::string &problem) { return problem.find("web keeps 0:0:0:0") == 0; }));
	// Also by a daemon that was started anew.
	Daemon two = daemon();
	run(two, 40);
	EXPECT_EQ(devices(guest), its_disk);
	// Bound to its new name it is an ordinary one.
	put(fake.configfs.root() / "xen-pvscsi/naa.5/tpgt_1/param/domain", "web\n");
	run(two, 40);
	EXPECT_EQ(devices(guest), its_disk);
}

TEST_F(KeeperTest, ARenamedGuestLosesItWhenAnotherOneOfThatNameRuns)
{
	bind_disk_to("g1");
	Daemon one = daemon();
	run(one, 10);
	const Domain guest = renamed("g1--migratedaway");
	run(one, 10);
	EXPECT_EQ(devices(guest), its_disk);
	const Domain next = fake.store.add_domain(7, "g1");
	run(one, 40);
	EXPECT_EQ(devices(guest), "");
	EXPECT_EQ(devices(next), its_disk);
}

TEST_F(KeeperTest, WhatIsBoundToSomebodyElseIsTakenAtOnce)
{
	bind_disk_to("g1");
	Daemon one = daemon();
	run(one, 10);
	put(fake.configfs.root() / "xen-pvscsi/naa.5/tpgt_1/param/domain", "g7\n");
	run(one, 40);
	EXPECT_EQ(devices(fake.guest), "");
}

TEST_F(KeeperTest, AGuestWhoseUuidIsConfiguredIsBoundByIt)
{
	const Domain g2 = fake.store.add_domain(2, "g2");
	fake.add_scsi({2, 0, 0, 0}, 0, "sdb", 16);
	configure("name = \"g2\"\nuuid = \"" + g2.uuid + "\"\n");
	const AttachResult result = attach(fake.host, {g2, "/dev/sdb", {}, {}, 0, std::chrono::seconds{2}});
	EXPECT_EQ(fake.configfs.read().tpgs.at(0).domain, g2.uuid);
	EXPECT_NE(result.steps.at(1).find("bound to " + g2.uuid), std::string::npos) << result.steps.at(1);
	// Another UUID, or none, is that of one start only.
	fake.add_scsi({2, 0, 1, 0}, 0, "sdc", 32);
	attach(fake.host, {fake.guest, "/dev/sdc", {}, {}, 0, std::chrono::seconds{2}});
	EXPECT_EQ(fake.configfs.read().tpgs.at(1).domain, "g1");
}

TEST_F(KeeperTest, AGuestIsNotHeldForEverByWhatFailsNorIsAnotherOne)
{
	bind_disk_to("g9");
	const TpgId second = fake.configfs.add_tpg("naa.6", 1, "g8");
	fake.configfs.add_lun(second, 0, fake.configfs.add_store("rd_mcp_1", "ram"));
	// While it is given its devices, and at once when guests are read.
	for (const char *hidden : {"/backend/vscsi/9/", "/backend/vscsi/9"}) {
		pauses.clear();
		Daemon one = daemon();
		run(one, 3);
		fake.store.add_domain(9, "g9");
		const Domain g8 = fake.store.add_domain(8, "g8");
		for (int round = 0; round < 120; ++round) {
			// It is held by then.
			const bool hides = round > 0 || std::string_view{hidden}.ends_with('/');
			fake.store.denied = [&](const std::string &path) {
				return hides && path.find(hidden) != std::string::npos;
			};
			one.pass();
			fake.store.denied = nullptr; // for the kernel's side
			fake.peer.step();
			fake.store.pass_time(milliseconds{300});
		}
		EXPECT_EQ(std::ranges::count(pauses, "pause 9"), 1) << hidden;
		EXPECT_EQ(std::ranges::count(pauses, "unpause 9"), 1) << hidden;
		EXPECT_EQ(devices(g8), "naa.6,1:0 0:0:0:0 4\n") << hidden;
		fake.store.remove_domain(9);
		fake.store.remove_domain(8);
		run(one, 3);
	}
}

TEST_F(KeeperTest, NorBySomebodyWhoHasItsLock)
{
	bind_disk_to("g9");
	Daemon one = daemon();
	run(one, 3);
	const Domain g9 = fake.store.add_domain(9, "g9");
	const auto lock = Lock::attempt(fake.host.guest_lock(g9));
	run(one, 120);
	EXPECT_EQ(pauses, (std::vector<std::string>{"pause 9", "unpause 9"}));
}

TEST_F(KeeperTest, AttachDoesNotWaitForAGuestThatIsHeld)
{
	bind_disk_to("g9");
	Daemon one = daemon();
	run(one, 3);
	const Domain g9 = fake.store.add_domain(9, "g9");
	fake.peer.deaf.insert(9);
	one.pass();
	put(fake.host.pause_file(9), "held " + g9.uuid + "\n");
	fake.add_scsi({2, 0, 0, 0}, 0, "sdb", 16);
	const auto before = fake.store.now();
	const AttachResult result = attach(fake.host, {g9, "/dev/sdb", {}, {}, 0, std::chrono::seconds{30}});
	EXPECT_EQ(fake.store.now(), before);
	ASSERT_FALSE(result.warnings.empty());
	EXPECT_NE(result.warnings.back().find("xen-vscsid holds g9"), std::string::npos)
		<< result.warnings.back();
}

TEST_F(KeeperTest, ADeviceThatComesLateIsGivenThen)
{
	configure("name = \"g2\"\nvscsi = [\"/dev/nst0,0:0:0:0\"]\n");
	Daemon one = daemon();
	run(one, 2);
	const Domain g2 = fake.store.add_domain(2, "g2");
	testing::internal::CaptureStderr();
	run(one, 5);
	EXPECT_EQ(pauses, (std::vector<std::string>{"pause 2", "unpause 2"}));
	const std::string said = testing::internal::GetCapturedStderr();
	EXPECT_NE(said.find("It is tried again"), std::string::npos) << said;
	EXPECT_EQ(said.find("no such device"), said.rfind("no such device")) << said;
	fake.add_scsi({2, 0, 0, 0}, 1, "nst0", 0);
	run(one, 5);
	EXPECT_NE(devices(g2).find(" 0:0:0:0 4\n"), std::string::npos) << devices(g2);
}

TEST_F(KeeperTest, AGuestDoesNotRunWithoutADeviceThatItRequires)
{
	configure("name = \"g2\"\nvscsi = [\"/dev/sdb,0:0:0:0,required\", \"/dev/nst0,0:0:1:0\"]\n");
	Daemon one = daemon();
	run(one, 2);
	const Domain g2 = fake.store.add_domain(2, "g2");
	testing::internal::CaptureStderr();
	run(one, 200);
	EXPECT_EQ(pauses, (std::vector<std::string>{"pause 2"}));
	const std::string said = testing::internal::GetCapturedStderr();
	EXPECT_NE(said.find("until then g2 is held. To let it run without: xl unpause g2"), std::string::npos)
		<< said;
	// A daemon that is started anew goes on holding it.
	Daemon two = daemon();
	run(two, 200);
	EXPECT_EQ(pauses, (std::vector<std::string>{"pause 2"}));
	fake.add_scsi({2, 0, 0, 0}, 0, "sdb", 16);
	run(two, 10);
	EXPECT_EQ(pauses, (std::vector<std::string>{"pause 2", "unpause 2"}));
	EXPECT_NE(devices(g2).find(" 0:0:0:0 4\n"), std::string::npos) << devices(g2);
}

TEST_F(KeeperTest, AMistypedVscsiIsTold)
{
	configure("name = \"g2\"\nvscsi = \"/dev/sdb,0:0:0:0\"\n");
	Daemon one = daemon();
	testing::internal::CaptureStderr();
	run(one, 3);
	const std::string said = testing::internal::GetCapturedStderr();
	EXPECT_NE(said.find("g2.cfg: vscsi must be a list"), std::string::npos) << said;
	EXPECT_EQ(said.find("must be a list"), said.rfind("must be a list")) << said;
}

TEST_F(KeeperTest, LockFilesGoWithTheirGuests)
{
	Daemon one = daemon();
	put(fake.host.run / "guest-00000000-0000-0000-0000-00000000dead.lock", "1\n");
	for (DomId id = 100; id < 120; ++id) {
		const Domain domain = fake.store.add_domain(id, fmt::format("ci{}", id));
		one.pass();
		EXPECT_FALSE(fs::exists(fake.host.guest_lock(domain))) << "of a guest without PV SCSI";
		put(fake.host.guest_lock(domain), "1\n");
		fake.store.remove_domain(id);
		one.pass();
	}
	for (const std::string &name : names_in(fake.host.run))
		EXPECT_TRUE(name.find("guest-") == std::string::npos) << name;
}

TEST_F(KeeperTest, AControllerThatIsMadeByHandIsNotTakenAwayMeanwhile)
{
	Daemon one = daemon();
	run(one, 2);
	const std::string back = "/local/domain/0/backend/vscsi/1/0";
	fake.store.set("/local/domain/1/device/vscsi/0", "");
	fake.store.set(back, "");
	fake.store.set(back + "/frontend-id", "1");
	for (int round = 0; round < 100; ++round) {
		one.pass();
		fake.store.pass_time(milliseconds{300});
	}
	EXPECT_EQ(fake.store.value(back + "/frontend-id"), "1");
	// Nobody goes on with it.
	for (int round = 0; round < 120; ++round) {
		one.pass();
		fake.store.pass_time(milliseconds{300});
	}
	EXPECT_TRUE(fake.store.list(Txn::none, "/local/domain/0/backend/vscsi").empty());
}

TEST_F(KeeperTest, TheNodesOfAGuestWhoseIdIsThereAgainAreNotToldToBeRemoved)
{
	fake.store.set("/local/domain/0/backend/vscsi/8/0/state", "6");
	Daemon one = daemon();
	one.pass();
	EXPECT_TRUE(fake.store.list(Txn::none, "/local/domain/0/backend/vscsi/8").empty());
	fake.store.set("/local/domain/0/backend/vscsi/8/0/state", "1");
	fake.store.intruder = [&] { fake.store.add_domain(8, "g8"); };
	testing::internal::CaptureStderr();
	one.pass();
	EXPECT_EQ(testing::internal::GetCapturedStderr().find("is removed"), std::string::npos);
	EXPECT_FALSE(fake.store.list(Txn::none, "/local/domain/0/backend/vscsi/8").empty());
}

TEST(Missing, IsTriedWhenDevicesComeAndNotAllTheTime)
{
	const TemporaryFolder folder;
	const fs::path file = folder.path() / "missing.json";
	int tries = 0;
	Missing missing{file, [&] { ++tries; }};
	Time now{std::chrono::hours{1}};
	EXPECT_EQ(missing.look(now), Time::max());
	EXPECT_EQ(tries, 0);
	put(file, "{}");
	missing.note();
	EXPECT_EQ(missing.look(now), Time::max());
	EXPECT_EQ(tries, 1);
	// What it makes is an event as well.
	missing.note();
	now += std::chrono::seconds{3};
	EXPECT_EQ(missing.look(now), now + std::chrono::seconds{7});
	EXPECT_EQ(tries, 1);
	now += std::chrono::seconds{7};
	missing.look(now);
	EXPECT_EQ(tries, 2);
	now += std::chrono::hours{1};
	missing.look(now);
	EXPECT_EQ(tries, 2);
}

} // namespace
} // namespace vscsi
