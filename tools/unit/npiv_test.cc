// SPDX-License-Identifier: GPL-2.0
// Guests' own ports on a fabric: names, logins, refusals, and what the daemon does for them.
#include <algorithm>
#include <cerrno>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "act/detach.hpp"
#include "act/guests.hpp"
#include "act/liveimage.hpp"
#include "act/npiv.hpp"
#include "command/npiv.hpp"
#include "command/vporttext.hpp"
#include "core/failure.hpp"
#include "daemon/daemon.hpp"
#include "os/files.hpp"
#include "unit/fake_fabric.hpp"

namespace vscsi
{
namespace
{

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Wwn hba_port{0x2000000000000a01};
constexpr Wwn fabric{0x10000000000000fa};
constexpr Wwn array1{0x5000000000000a11};
constexpr Wwn array2{0x5000000000000a22};
constexpr Wwn chosen{0x500163ef00000042};
const VportParent by_fabric{VportParent::By::fabric, fabric};

bool has(const std::string &text, std::string_view part)
{
	return text.find(part) != std::string::npos;
}

struct NpivTest : testing::Test {
	FakeHost fake;
	FakeFabric san{fake};
	std::vector<unsigned> scans;

	NpivTest() { san.add_hba(5, hba_port, fabric); }

	VportRequest request(const Domain &domain) const
	{
		VportRequest wanted{.domain = domain, .parent = by_fabric};
		wanted.wait = seconds{10};
		return wanted;
	}
	VportRequest request_named(const Domain &domain, const Wwn &port) const
	{
		VportRequest wanted = request(domain);
		wanted.port = port;
		return wanted;
	}
	Daemon daemon()
	{
		DaemonSettings settings{[](DomId, bool) { return true; }, milliseconds{2000}};
		settings.scan = [this](unsigned host) { scans.push_back(host); };
		return {fake.host, settings};
	}
	void run(Daemon &one, int rounds)
	{
		for (int round = 0; round < rounds; ++round) {
			one.pass();
			fake.peer.step();
			fake.store.pass_time(milliseconds{300});
		}
	}
	VportStatus only(const Domain &domain) const
	{
		const auto found = vports(fake.host, domain);
		EXPECT_EQ(found.size(), 1U);
		return found.at(0);
	}
	std::string vdevs(const Domain &domain)
	{
		std::string text;
		for (const Controller &controller : read_guest(fake.store, Txn::none, domain, 0).controllers)
			for (const Device &device : controller.devices)
				text += to_string(device.vdev.value()) + ' ' + device.pdevname + '\n';
		return text;
	}
};

TEST(Wwn, EveryFormIsReadAndOneIsShown)
{
	for (const char *text : {"500163ef00000042", "0x500163ef00000042", "0X500163EF00000042",
				 "naa.500163ef00000042", "50:01:63:ef:00:00:00:42", "50:01:63:EF:00:00:00:42",
				 "50-01-63-ef-00-00-00-42", "fc.50:01:63:ef:00:00:00:42"})
		EXPECT_EQ(parse_wwn(text), chosen) << text;
	EXPECT_EQ(to_string(chosen), "50:01:63:ef:00:00:00:42");
	for (const char *text :
	     {"", "0", "0x", "500163ef0000004", "500163ef000000420", "500163eg00000042", "0000000000000000",
	      "50:01:63:ef:00:00:00", "50:01:63:ef:00:00:00:4", "50:01-63:ef:00:00:00:42",
	      "50:01:63:ef:00:00:00:42:", "-00163ef00000042", "+500163ef0000042"})
		EXPECT_FALSE(parse_wwn(text)) << text;
}

TEST(Wwn, VportOfAPortalGroup)
{
	const VportId id{chosen, Wwn{7}, by_fabric};
	EXPECT_EQ(param_text(id), "500163ef00000042:0000000000000007@fabric:10000000000000fa");
	EXPECT_EQ(parse_vport(param_text(id)), id);
	EXPECT_EQ(expect_parent("hba:20:00:00:00:00:00:0a:01"),
		  (VportParent{VportParent::By::hba, hba_port}));
	for (const char *text : {"", "x", "500163ef00000042:0000000000000007", "500163ef00000042@fabric:1",
				 "500163ef00000042:0000000000000007@host:10000000000000fa"})
		EXPECT_FALSE(parse_vport(text)) << text;
}

TEST_F(NpivTest, ANewNameIsOfItsOwnRangeAndKept)
{
	create_vport(fake.host, request(fake.guest));
	const VportStatus first = only(fake.guest);
	EXPECT_EQ(first.id.port.number & ~made_wwn_mask, made_wwn_base);
	EXPECT_NE(first.id.port, first.id.node);
	EXPECT_EQ(first.port.value().vport_state, "Active");
	EXPECT_EQ(fake.configfs.read().tpgs.at(0).vport, first.id);
	// It goes, and comes back by the name that is zoned.
	delete_vport(fake.host, fake.guest, {}, seconds{5}, false, false);
	EXPECT_TRUE(san.logged_in().empty());
	EXPECT_TRUE(fake.configfs.read().tpgs.empty());
	create_vport(fake.host, request(fake.guest));
	EXPECT_EQ(only(fake.guest).id, first.id);
	// Another guest is another one, whatever its configuration was copied from.
	const Domain other = fake.store.add_domain(2, "g2");
	create_vport(fake.host, request(other));
	EXPECT_NE(only(other).id.port, first.id.port);
	EXPECT_NE(only(other).id.node, first.id.node);
	// Nobody has a name that was given up.
	delete_vport(fake.host, fake.guest, {}, seconds{5}, true, false);
	create_vport(fake.host, request(fake.guest));
	EXPECT_NE(only(fake.guest).id.port, first.id.port);
}

TEST_F(NpivTest, AskedForTwiceItIsThere)
{
	create_vport(fake.host, request_named(fake.guest, chosen));
	const std::string before = fake.configfs.snapshot();
	const VportResult again = create_vport(fake.host, request(fake.guest));
	EXPECT_FALSE(again.changed);
	EXPECT_EQ(fake.configfs.snapshot(), before);
	EXPECT_EQ(san.logged_in(), std::vector{chosen});
}

struct Refusal {
	int error;
	bool short_write;
	const char *state;
	Exit code;
	const char *says;
};

TEST_F(NpivTest, EachCauseHasItsCodeAndLeavesNothing)
{
	const Refusal refusals[] = {
		// libfc
		{EINVAL, false, "", Exit::in_use, "as its own or a vport's"},
		{EIO, false, "", Exit::failed, "kernel log"},
		{0, false, "No Fabric Support", Exit::no_npiv, "does not do NPIV"},
		{0, false, "Initializing", Exit::timed_out, "FDISC"},
		{0, false, "Linkdown", Exit::link_down, "link"},
		// lpfc
		{EPERM, false, "", Exit::failed, "kernel log"},
		{ENOENT, false, "", Exit::refused, "lpfc_enable_npiv"},
		{ESRCH, false, "", Exit::failed, "memory"},
		{EINTR, false, "", Exit::no_room, "no resources"},
		{0, false, "No Fabric Resources", Exit::no_room, "limit of logins"},
		{0, false, "Fabric Rejected WWN", Exit::in_use, "refused the WWPN"},
		// qla2xxx
		{ENOTUNIQ, false, "", Exit::in_use, "already"},
		{EOPNOTSUPP, false, "", Exit::no_npiv, "fabric"},
		{ENOSYS, false, "", Exit::no_npiv, "as many"},
		{0, true, "", Exit::failed, "gave it up"},
		{0, false, "Failed", Exit::failed, "gave it up"},
		// the transport
		{ENOSPC, false, "", Exit::no_room, "as many vports"},
	};
	const std::string before = fake.configfs.snapshot();
	for (const Refusal &refusal : refusals) {
		san.error = refusal.error;
		san.short_write = refusal.short_write;
		san.state = refusal.state;
		san.written.clear();
		const Failure failure = failure_of([&] { create_vport(fake.host, request(fake.guest)); });
		EXPECT_EQ(failure.code(), refusal.code) << failure.what();
		EXPECT_TRUE(has(failure.what(), refusal.says)) << failure.what();
		EXPECT_EQ(fake.configfs.snapshot(), before) << failure.what();
		EXPECT_TRUE(san.logged_in().empty()) << failure.what();
		EXPECT_TRUE(vport_memory(fake.host).all().empty()) << failure.what();
		// No driver is asked again because of what it answered.
		EXPECT_EQ(std::ranges::count(san.written, '\n'),
			  refusal.error || refusal.short_write ? 1 : 2);
	}
}

TEST_F(NpivTest, WhatCannotBeIsSaidBeforeAnythingIsDone)
{
	const auto code = [&](const VportRequest &wanted) {
		return failure_of([&] { create_vport(fake.host, wanted); });
	};
	VportRequest wanted = request(fake.guest);
	wanted.parent.name = Wwn{99};
	EXPECT_EQ(code(wanted).code(), Exit::not_found);
	EXPECT_TRUE(has(code(wanted).what(), "fabric:10:00:00:00:00:00:00:fa"));
	san.set(5, "port_state", "Linkdown");
	EXPECT_EQ(code(request(fake.guest)).code(), Exit::link_down);
	san.set(5, "port_state", "Online");
	san.set(5, "npiv_vports_inuse", "64");
	EXPECT_EQ(code(request(fake.guest)).code(), Exit::no_room);
	san.add_hba(6, Wwn{0x2000000000000b01}, Wwn{0xfb}, false);
	wanted.parent.name = Wwn{0xfb};
	EXPECT_EQ(code(wanted).code(), Exit::no_npiv);
	san.set(5, "npiv_vports_inuse", "0");
	EXPECT_EQ(code(request_named(fake.guest, hba_port)).code(), Exit::in_use) << "the HBA's own";
	EXPECT_TRUE(san.written.empty());
	EXPECT_TRUE(fake.configfs.read().tpgs.empty());
}

TEST_F(NpivTest, TheHbaWithTheMostRoomIsTaken)
{
	san.add_hba(6, Wwn{0x2000000000000b01}, fabric);
	san.set(5, "npiv_vports_inuse", "3");
	create_vport(fake.host, request(fake.guest));
	EXPECT_TRUE(san.written.starts_with("host6 ")) << san.written;
}

TEST_F(NpivTest, AnothersNameIsNotGiven)
{
	create_vport(fake.host, request_named(fake.guest, chosen));
	const Domain other = fake.store.add_domain(2, "g2");
	EXPECT_EQ(failure_of([&] { create_vport(fake.host, request_named(other, chosen)); }).code(),
		  Exit::in_use);
	delete_vport(fake.host, fake.guest, {}, seconds{5}, false, false);
	const Failure failure = failure_of([&] { create_vport(fake.host, request_named(other, chosen)); });
	EXPECT_EQ(failure.code(), Exit::in_use) << "g1 may want it again";
	EXPECT_TRUE(has(failure.what(), "npiv delete g1"));
}

TEST_F(NpivTest, AGuestGetsWhatItsPortIsShown)
{
	san.shown[chosen] = {{array1, 0, "5000000000000001"},
			     {array1, 300, "5000000000000002"},
			     {array2, 0, "5000000000000003", 1}};
	create_vport(fake.host, request_named(fake.guest, chosen));
	AttachRequest attach{
		.domain = fake.guest, .pdev = "npiv:fabric:10000000000000fa", .vdev = {}, .options = {}};
	const AttachResult result = attach_any(fake.host, attach);
	EXPECT_EQ(result.devices.size(), 3U);
	EXPECT_EQ(vdevs(fake.guest), "0:0:0:0 auto-vport-500163ef00000042-5000000000000a11-0\n"
				     "0:0:0:1 auto-vport-500163ef00000042-5000000000000a11-12c\n"
				     "0:0:1:0 auto-vport-500163ef00000042-5000000000000a22-0\n");
	// Nothing that is saved is a number of the kernel's.
	for (const Backstore &store : fake.configfs.read().stores) {
		EXPECT_EQ(store.id.plugin(), "pscsi");
		EXPECT_TRUE(store.udev_path.starts_with("vport:500163ef00000042:")) << store.udev_path;
	}
	attach.options.via = Via::iblock;
	EXPECT_EQ(failure_of([&] { attach_any(fake.host, attach); }).code(), Exit::usage);
}

TEST_F(NpivTest, TwoPortsWithOneLunEachHaveTheirOwnPath)
{
	const Wwn second{0x500163ef00000043};
	san.shown[chosen] = san.shown[second] = {{array1, 0, "5000000000000001"}};
	const Domain other = fake.store.add_domain(2, "g2");
	create_vport(fake.host, request_named(fake.guest, chosen));
	create_vport(fake.host, request_named(other, second));
	Daemon one = daemon();
	run(one, 20);
	for (const auto &[domain, port] : {std::pair{fake.guest, chosen}, std::pair{other, second}}) {
		EXPECT_EQ(vdevs(domain),
			  fmt::format("0:0:0:0 vport:{}:5000000000000a11:0\n", hex_digits(port)));
		const Lio lio = fake.configfs.read();
		for (const Tpg &tpg : lio.tpgs)
			if (tpg.vport->port == port) {
				EXPECT_EQ(lio.store_of(tpg.luns.at(0).store)->scsi->host, san.host_of(port));
			}
	}
}

TEST_F(NpivTest, TheDaemonLogsInWithTheGuestAndOutAfterIt)
{
	fake.store.remove_domain(1);
	const Domain absent{0, "g1", "g1"};
	san.shown[chosen] = {{array1, 0, "5000000000000001"}};
	VportRequest wanted = request_named(absent, chosen);
	wanted.login = false;
	create_vport(fake.host, wanted);
	Daemon one = daemon();
	run(one, 10);
	EXPECT_TRUE(san.logged_in().empty()) << "nobody is there";
	const Domain guest = fake.store.add_domain(7, "g1");
	run(one, 20);
	EXPECT_EQ(san.logged_in(), std::vector{chosen});
	EXPECT_EQ(vdevs(guest), "0:0:0:0 vport:500163ef00000042:5000000000000a11:0\n");
	EXPECT_EQ(san.timeouts(chosen), "120 2147483647") << "it has no other way";
	EXPECT_EQ(only(guest).port.value().symbolic, "g1");
	fake.store.remove_domain(7);
	run(one, 10);
	EXPECT_EQ(san.logged_in().size(), 1U) << "it may only reboot";
	run(one, 15);
	EXPECT_TRUE(san.logged_in().empty());
	const Lio lio = fake.configfs.read();
	EXPECT_TRUE(lio.stores.empty());
	ASSERT_EQ(lio.tpgs.size(), 1U);
	EXPECT_TRUE(lio.tpgs[0].luns.empty());
}

TEST_F(NpivTest, TargetsKeepTheirNumbersWhateverIsFoundFirst)
{
	san.shown[chosen] = {{array1, 0, "5000000000000001"}, {array2, 0, "5000000000000003"}};
	create_vport(fake.host, request_named(fake.guest, chosen));
	Daemon one = daemon();
	run(one, 10);
	const std::string before = vdevs(fake.guest);
	EXPECT_EQ(before, "0:0:0:0 vport:500163ef00000042:5000000000000a11:0\n"
			  "0:0:1:0 vport:500163ef00000042:5000000000000a22:0\n");
	// The host starts anew, and finds the other array first.
	fake.store.remove_domain(1);
	run(one, 30);
	ASSERT_TRUE(san.logged_in().empty());
	std::ranges::reverse(san.shown[chosen]);
	const Domain guest = fake.store.add_domain(2, "g1");
	Daemon next = daemon();
	run(next, 20);
	EXPECT_EQ(vdevs(guest), before);
}

TEST_F(NpivTest, WhatTheArrayShowsLaterComesByItself)
{
	create_vport(fake.host, request_named(fake.guest, chosen));
	Daemon one = daemon();
	run(one, 10);
	EXPECT_EQ(vdevs(fake.guest), "");
	EXPECT_TRUE(scans.empty());
	run(one, 110);
	EXPECT_EQ(scans, (std::vector{san.host_of(chosen)})) << "an empty port hears of nothing: it is asked";
	san.show(chosen, {array1, 4, "5000000000000001"});
	run(one, 5);
	EXPECT_EQ(vdevs(fake.guest), "0:0:0:4 vport:500163ef00000042:5000000000000a11:4\n");
	scans.clear();
	one.luns_changed();
	run(one, 1);
	EXPECT_EQ(scans, (std::vector{san.host_of(chosen)}));
}

TEST_F(NpivTest, AnHbaThatIsResetHasItsPortsAgain)
{
	san.shown[chosen] = {{array1, 0, "5000000000000001"}};
	create_vport(fake.host, request_named(fake.guest, chosen));
	Daemon one = daemon();
	run(one, 10);
	san.lose(chosen);
	run(one, 30);
	EXPECT_EQ(san.logged_in(), std::vector{chosen});
	EXPECT_EQ(vdevs(fake.guest), "0:0:0:0 vport:500163ef00000042:5000000000000a11:0\n");
	const Lio lio = fake.configfs.read();
	EXPECT_EQ(lio.stores.at(0).scsi->host, san.host_of(chosen));
	EXPECT_EQ(lio.stores.size(), 1U);
}

TEST_F(NpivTest, ALoginThatIsRefusedIsToldAndTriedAgainMoreAndMoreRarely)
{
	VportRequest wanted = request_named(fake.guest, chosen);
	wanted.login = false;
	create_vport(fake.host, wanted);
	san.error = EINTR;
	testing::internal::CaptureStderr();
	Daemon one = daemon();
	run(one, 400); // two minutes
	const std::string said = testing::internal::GetCapturedStderr();
	EXPECT_TRUE(has(said, "no resources")) << said;
	EXPECT_LE(std::ranges::count(said, '\n'), 2) << said;
	EXPECT_LE(std::ranges::count(san.written, '\n'), 9) << san.written;
	san.error = 0;
	run(one, 110);
	EXPECT_EQ(san.logged_in(), std::vector{chosen});
}

TEST_F(NpivTest, AFabricThatSaysNothingIsTold)
{
	VportRequest wanted = request_named(fake.guest, chosen);
	wanted.login = false;
	create_vport(fake.host, wanted);
	san.state = "Initializing";
	testing::internal::CaptureStderr();
	Daemon one = daemon();
	run(one, 60);
	EXPECT_TRUE(has(testing::internal::GetCapturedStderr(), "FDISC"));
	EXPECT_EQ(san.written, "host5 500163ef00000042:" + hex_digits(only(fake.guest).id.node) + "\n");
	EXPECT_EQ(failure_of([&] {
			  attach_any(fake.host, {.domain = fake.guest,
						 .pdev = "npiv:fabric:10000000000000fa",
						 .vdev = {},
						 .options = {},
						 .at_once = true});
		  }).code(),
		  Exit::timed_out)
		<< "a guest that needs it is held";
}

TEST_F(NpivTest, LoginWithoutTheGuestIsForZoning)
{
	fake.store.remove_domain(1);
	const Domain absent{0, "g1", "g1"};
	VportRequest wanted = request_named(absent, chosen);
	wanted.login = false;
	create_vport(fake.host, wanted);
	san.shown[chosen] = {{array1, 2, "5000000000000001"}};
	const VportResult result = login_vport(fake.host, absent, {}, seconds{10});
	ASSERT_TRUE(result.vport);
	EXPECT_EQ(result.vport->targets.at(0).port, array1);
	EXPECT_EQ(result.vport->devices.at(0).scsi->lun, 2U);
	Daemon one = daemon();
	run(one, 60);
	EXPECT_EQ(san.logged_in(), std::vector{chosen}) << "until it is told otherwise";
	logout_vport(fake.host, absent, {}, seconds{10});
	EXPECT_TRUE(san.logged_in().empty());
	fake.store.add_domain(3, "g1");
	EXPECT_EQ(failure_of([&] { logout_vport(fake.host, absent, {}, seconds{10}); }).code(), Exit::in_use);
}

TEST_F(NpivTest, AnOperatorsTimeoutsStay)
{
	san.shown[chosen] = {{array1, 0, "5000000000000001"}};
	create_vport(fake.host, request_named(fake.guest, chosen));
	san.put_timeout(chosen, "17");
	Daemon one = daemon();
	run(one, 10);
	EXPECT_EQ(san.timeouts(chosen), "17 60");
}

TEST_F(NpivTest, WhoWaitsForTheFabricHoldsNobodyUp)
{
	san.state = "Initializing";
	bool free = true;
	bool worked_on = false;
	fake.store.peer = [&] {
		free &= Lock::attempt(fake.host.config_lock()).has_value();
		worked_on |= is_worked_on(fake.host, chosen);
	};
	EXPECT_EQ(failure_of([&] { create_vport(fake.host, request_named(fake.guest, chosen)); }).code(),
		  Exit::timed_out);
	EXPECT_TRUE(free) << "the lock of the configuration";
	EXPECT_TRUE(worked_on) << "the daemon does not end it meanwhile";
	EXPECT_FALSE(is_worked_on(fake.host, chosen));
	EXPECT_TRUE(san.logged_in().empty());
	// And a daemon waits for no lock.
	const Lock config = Lock::take(fake.host.config_lock(), seconds{1});
	EXPECT_EQ(failure_of([&] {
			  attach_any(fake.host, {.domain = fake.guest,
						 .pdev = "npiv:fabric:10000000000000fa",
						 .vdev = {},
						 .options = {},
						 .at_once = true});
		  }).code(),
		  Exit::timed_out);
}

TEST_F(NpivTest, WithTwoPortsIoFailsSoonAndMultipathGoesOn)
{
	const Wwn second{0x500163ef00000043};
	const Wwn other_fabric{0xfb};
	san.add_hba(6, Wwn{0x2000000000000b01}, other_fabric);
	san.shown[chosen] = {{array1, 0, "5000000000000001"}};
	san.shown[second] = {{array2, 0, "5000000000000001"}};
	create_vport(fake.host, request_named(fake.guest, chosen));
	Daemon one = daemon();
	run(one, 10);
	EXPECT_EQ(san.timeouts(chosen), "120 2147483647");
	VportRequest wanted = request_named(fake.guest, second);
	wanted.parent.name = other_fabric;
	create_vport(fake.host, wanted);
	run(one, 20);
	EXPECT_EQ(san.timeouts(chosen), "5 2147483647");
	EXPECT_EQ(san.timeouts(second), "5 2147483647");
	EXPECT_EQ(vdevs(fake.guest), "0:0:0:0 vport:500163ef00000042:5000000000000a11:0\n"
				     "1:0:0:0 vport:500163ef00000043:5000000000000a22:0\n");
}

TEST_F(NpivTest, AVportWhosePortalGroupIsGoneLogsOut)
{
	create_vport(fake.host, request_named(fake.guest, chosen));
	fake.host.configfs.apply(RemoveTpg{fake.configfs.read().tpgs.at(0).id});
	Daemon one = daemon();
	run(one, 30);
	EXPECT_TRUE(san.logged_in().empty());
}

TEST_F(NpivTest, KilledAnywhereConfigurationAndFabricAgree)
{
	san.shown[chosen] = {{array1, 0, "5000000000000001"}};
	for (int steps = 0; steps < 12; ++steps) {
		for (int *const limit : {&fake.configfs.until_killed, &san.until_killed}) {
			*limit = steps;
			try {
				create_vport(fake.host, request_named(fake.guest, chosen));
			} catch (const Killed &) {
				// As kill -9 does it.
			}
			*limit = -1;
			fake.store.remove_domain(1);
			Daemon one = daemon();
			run(one, 40);
			EXPECT_TRUE(san.logged_in().empty()) << steps;
			EXPECT_TRUE(fake.configfs.read().stores.empty()) << steps;
			const Domain guest = fake.store.add_domain(1, "g1");
			const bool there = !fake.configfs.read().tpgs.empty();
			run(one, 20);
			EXPECT_EQ(san.logged_in().size(), there ? 1U : 0U) << steps;
			if (there)
				delete_vport(fake.host, guest, {}, seconds{5}, true, false);
			vport_memory(fake.host).forget(chosen);
		}
	}
}

TEST_F(NpivTest, ALogoutThatHangsHoldsNobodyUp)
{
	create_vport(fake.host, request_named(fake.guest, chosen));
	san.hangs = true;
	EXPECT_EQ(
		failure_of([&] { delete_vport(fake.host, fake.guest, {}, seconds{5}, false, false); }).code(),
		Exit::timed_out);
	Daemon one = daemon();
	run(one, 30);
	EXPECT_EQ(san.logged_in().size(), 1U);
	san.hangs = false;
	run(one, 30);
	EXPECT_TRUE(san.logged_in().empty());
}

TEST_F(NpivTest, WhatComesWithTheLoginIsNotMissedInWhatWasSaved)
{
	san.shown[chosen] = {{array1, 3, "5000000000000001"}};
	create_vport(fake.host, request_named(fake.guest, chosen));
	Daemon one = daemon();
	run(one, 10);
	ASSERT_EQ(fake.configfs.read().tpgs.at(0).luns.size(), 1U);
	const ConfigImage live = live_image(fake.host);
	ASSERT_EQ(live.size(), 1U) << "the portal group alone";
	EXPECT_EQ(live.begin()->second.at("parameter vport"), param_text(only(fake.guest).id));
}

TEST_F(NpivTest, ItIsShown)
{
	san.shown[chosen] = {{array1, 3, "5000000000000001"}};
	create_vport(fake.host, request_named(fake.guest, chosen));
	const std::string text = vports_text(vports(fake.host, {}));
	for (const char *part : {"g1: vport 50:01:63:ef:00:00:00:42", "by fabric:10:00:00:00:00:00:00:fa",
				 "Active: host20 at HBA 20:00:00:00:00:00:0a:01", "N_Port_ID 0x010101",
				 "target 50:00:00:00:00:00:0a:11", "LUN 3"})
		EXPECT_TRUE(has(text, part)) << part << " in\n" << text;
	const auto json = nlohmann::json::parse(vports_json(vports(fake.host, {})));
	EXPECT_EQ(json.at(0).at("wwpn"), "50:01:63:ef:00:00:00:42");
	EXPECT_EQ(json.at(0).at("devices").at(0).at("lun"), 3);
	const auto ports = nlohmann::json::parse(ports_json(fibre_channel(fake.host).ports()));
	ASSERT_EQ(ports.size(), 1U) << "HBAs only";
	EXPECT_EQ(ports.at(0).at("fabric"), "10:00:00:00:00:00:00:fa");
}

} // namespace
} // namespace vscsi
