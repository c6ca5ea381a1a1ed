// SPDX-License-Identifier: GPL-2.0
// A device for later, for reading only, and from one guest to another.
#include <gtest/gtest.h>

#include "act/attach.hpp"
#include "act/detach.hpp"
#include "act/guests.hpp"
#include "act/move.hpp"
#include "act/survey.hpp"
#include "core/failure.hpp"
#include "core/vscsiline.hpp"
#include "unit/fake_host.hpp"

namespace vscsi
{
namespace
{

struct LendTest : testing::Test {
	FakeHost fake;
	Domain other;

	LendTest() : other{fake.store.add_domain(2, "g2")}
	{
		fake.add_scsi({2, 0, 0, 0}, 1, "nst0", 0);
		fake.says({2, 0, 0, 0}, {"5000c50000000001", "T1"});
		fake.add_scsi({2, 0, 1, 0}, 0, "sdb", 16);
	}
	AttachRequest request(const Domain &domain, const std::string &pdev) const
	{
		return {domain, pdev, {}, {}, 0, std::chrono::seconds{2}};
	}
	std::string devices(const Domain &domain)
	{
		std::string text;
		for (const Controller &controller : read_guest(fake.store, Txn::none, domain, 0).controllers)
			for (const Device &device : controller.devices)
				text += fmt::format("{} {}\n", to_string(*device.vdev),
						    static_cast<int>(device.state));
		return text;
	}
};

TEST_F(LendTest, AGuestThatDoesNotRunGetsItWhenItStarts)
{
	AttachRequest what = request({0, "g7", "g7"}, "/dev/nst0");
	what.later = true;
	const auto nodes = fake.store.nodes;
	const AttachResult result = attach(fake.host, what);
	EXPECT_EQ(fake.store.nodes, nodes);
	EXPECT_EQ(result.devices.at(0).wanted.vdev, (Vdev{0, 0, 0, 0}));
	const Lio lio = fake.configfs.read();
	EXPECT_EQ(lio.tpgs.at(0).domain, "g7");
	// Nobody else gets it meanwhile, and it can be taken back.
	EXPECT_EQ(failure_of([&] { attach(fake.host, request(fake.guest, "/dev/nst0")); }).code(),
		  Exit::in_use);
	detach(fake.host, {"g7", "0:0:0:0", 0, std::chrono::seconds{1}, false, false});
	EXPECT_TRUE(fake.configfs.read().tpgs.empty());
}

TEST_F(LendTest, ForReadingOnly)
{
	AttachRequest what = request(fake.guest, "/dev/sdb");
	what.options.read_only = true;
	attach(fake.host, what);
	EXPECT_TRUE(fake.configfs.read().tpgs.at(0).write_protected);
	// What may be written does not come into that portal group, and the reverse.
	attach(fake.host, request(fake.guest, "/dev/nst0"));
	const Lio lio = fake.configfs.read();
	ASSERT_EQ(lio.tpgs.size(), 2U);
	EXPECT_NE(lio.tpgs[0].write_protected, lio.tpgs[1].write_protected);
	AttachRequest again = request(fake.guest, "/dev/nst0");
	again.options.read_only = true;
	const Failure failure = failure_of([&] { attach(fake.host, again); });
	EXPECT_EQ(failure.code(), Exit::in_use);
	EXPECT_NE(std::string{failure.what()}.find("not write-protected"), std::string::npos)
		<< failure.what();
	EXPECT_TRUE(parse_vscsi_line("/dev/sdb,0:0:0:0,ro").options.read_only);
}

TEST_F(LendTest, ADriveGoesFromOneGuestToAnother)
{
	attach(fake.host, request(fake.guest, "/dev/nst0"));
	for (const char *name : {"id:naa.5000c50000000001", "2:0:0:0", "/dev/nst0"}) {
		move_device(fake.host, {name, other, "0:0:5:0", {}, std::chrono::seconds{2}});
		EXPECT_EQ(devices(fake.guest), "");
		EXPECT_EQ(devices(other), "0:0:5:0 4\n");
		const std::string store = fake.configfs.read().stores.at(0).id.name;
		move_device(fake.host, {store, fake.guest, {}, {}, std::chrono::seconds{2}});
		EXPECT_EQ(devices(fake.guest), "0:0:0:0 4\n");
		EXPECT_EQ(devices(other), "");
	}
	EXPECT_EQ(fake.configfs.read().stores.size(), 1U);
}

TEST_F(LendTest, ItStaysAsItWasGiven)
{
	AttachRequest what = request(fake.guest, "/dev/sdb");
	what.options.read_only = true;
	what.options.via = Via::pscsi;
	attach(fake.host, what);
	move_device(fake.host, {"/dev/sdb", other, {}, {}, std::chrono::seconds{2}});
	const Lio lio = fake.configfs.read();
	EXPECT_EQ(lio.stores.at(0).id.plugin(), "pscsi");
	EXPECT_TRUE(lio.tpgs.at(0).write_protected);
}

TEST_F(LendTest, IfTheOtherDoesNotGetItTheFirstHasItAgain)
{
	attach(fake.host, request(fake.guest, "/dev/nst0"));
	fake.peer.deaf.insert(2);
	const Failure failure = failure_of([&] {
		move_device(fake.host, {"/dev/nst0", other, {}, {}, std::chrono::seconds{2}});
	});
	EXPECT_EQ(failure.code(), Exit::timed_out);
	EXPECT_NE(std::string{failure.what()}.find("g1 has it again"), std::string::npos) << failure.what();
	EXPECT_EQ(devices(fake.guest), "0:0:0:0 4\n");
	EXPECT_EQ(devices(other), "");
}

TEST_F(LendTest, AGuestThatDoesNotLetGoKeepsIt)
{
	attach(fake.host, request(fake.guest, "/dev/nst0"));
	fake.peer.stubborn = true;
	EXPECT_EQ(failure_of([&] {
			  move_device(fake.host, {"/dev/nst0", other, {}, {}, std::chrono::seconds{2}});
		  }).code(),
		  Exit::timed_out);
	EXPECT_EQ(fake.configfs.read().tpgs.at(0).domain, "g1");
	EXPECT_EQ(devices(other), "");
}

TEST_F(LendTest, MistakesAreNamed)
{
	EXPECT_EQ(failure_of([&] {
			  move_device(fake.host, {"/dev/nst0", other, {}, {}});
		  }).code(),
		  Exit::not_found);
	attach(fake.host, request(other, "/dev/nst0"));
	EXPECT_EQ(failure_of([&] {
			  move_device(fake.host, {"/dev/nst0", other, {}, {}});
		  }).code(),
		  Exit::usage);
	AttachRequest shared = request(fake.guest, "/dev/nst0");
	shared.options.share = true;
	attach(fake.host, shared);
	EXPECT_EQ(failure_of([&] {
			  move_device(fake.host, {"/dev/nst0", other, {}, {}});
		  }).code(),
		  Exit::in_use);
}

TEST_F(LendTest, DevicesTellWhoHasThem)
{
	attach(fake.host, request(other, "/dev/nst0"));
	const std::vector<HostDevice> devices = find_devices(fake.sysfs, {});
	const auto users = users_of_devices(fake.host, devices);
	ASSERT_EQ(users.size(), 2U);
	EXPECT_EQ(to_string(users[0]), "g2 (0:0:0:0)");
	EXPECT_EQ(to_string(users[1]), "nobody");
}

} // namespace
} // namespace vscsi
