// SPDX-License-Identifier: GPL-2.0 OR MIT
// What was said to Linux's fcoe, it is told again, byte for byte.
#include <gtest/gtest.h>

#include "capture.hpp"
#include "world.hpp"

namespace
{

using namespace test;

bool is_multicast(const Buffer &ethernet)
{
	return (ethernet.at(0) & 1U) != 0;
}

// The link that an HBA is on, or a port of it.
LinkId link_of(const Mac &source, const World &world)
{
	for (const auto &[id, port] : world.fabric.ports().all())
		if (port.address() == source)
			return port.node.link;
	return LinkId{source.value[5] - 0x10U};
}

void replay(World &world, const std::string &name)
{
	std::size_t number = 0;
	for (const auto &[milliseconds, ethernet] : capture(name)) {
		frames::Reader reader{ethernet};
		const Mac source = frames::read_ethernet(reader).source;
		number++;
		if (source != world.fabric.forwarder().address) {
			world.now = Time{milliseconds};
			world.fabric.pass(world.now);
			std::erase_if(world.sent,
				      [](const auto &sent) { return is_multicast(sent.ethernet); });
			world.receive(link_of(source, world), ethernet);
		} else if (!is_multicast(ethernet)) {
			ASSERT_FALSE(world.sent.empty()) << name << ", frame " << number << " was not sent";
			ASSERT_EQ(world.sent.front().ethernet, ethernet) << name << ", frame " << number;
			world.sent.erase(world.sent.begin());
		}
	}
	EXPECT_TRUE(world.sent.empty()) << world.sent.size() << " frames that were not sent then";
}

TEST(Replay, LoginsVportsAndLogout)
{
	World world;
	world.fabric.rezone([](fabric::Zoning &zoning) {
		zoning.set("lab", {{Wwn{0x2000020000000012}}, {}, true});
	});
	for (const unsigned link : {0U, 1U, 2U})
		world.fabric.link_up(LinkId{link}, Time{0});
	world.sent.clear();
	ASSERT_NO_FATAL_FAILURE(replay(world, "npiv.pcap"));
	EXPECT_EQ(world.fabric.ports().all().size(), 4U);
	EXPECT_EQ(world.fabric.counts().logins, 5U);
	EXPECT_EQ(world.fabric.counts().unknown_source, 0U);
	world.fabric.settings.fdisc_reject = frames::no_resources;
	ASSERT_NO_FATAL_FAILURE(replay(world, "refused.pcap"));
	EXPECT_EQ(world.fabric.counts().rejected_logins, 1U);
	EXPECT_EQ(world.fabric.ports().all().size(), 4U);
}

} // namespace
