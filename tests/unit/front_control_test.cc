// SPDX-License-Identifier: GPL-2.0 OR MIT
// What a frontend does about xenstore's states and the backend's offers.
#include <vector>

#include <gtest/gtest.h>
#include <vscsi/front.h>

namespace
{

enum : int {
	unknown,
	initialising,
	init_wait,
	initialised,
	connected,
	closing,
	closed,
	reconfiguring,
	reconfigured
};

int step(int backend, int own)
{
	const vscsi_front_view view{backend, own};
	return vscsi_front_step(&view);
}

int device_step(int what, int state, bool present)
{
	const vscsi_front_device_view view{what, state, present};
	return vscsi_front_device_step(&view);
}

vscsi_front_limits limits(unsigned sg_grant, unsigned order)
{
	const vscsi_front_offer offer{sg_grant, order};
	vscsi_front_limits found{};
	vscsi_front_limits_of(&offer, &found);
	return found;
}

} // namespace

TEST(FrontControl, ARingIsOfferedOnlyToABackendThatWaits)
{
	for (int own = unknown; own <= reconfigured; own++)
		EXPECT_EQ(step(init_wait, own),
			  own == initialising ? VSCSI_FRONT_CONNECT : VSCSI_FRONT_NOTHING);
	for (int backend : {unknown, initialising, initialised})
		for (int own = unknown; own <= reconfigured; own++)
			EXPECT_EQ(step(backend, own), VSCSI_FRONT_NOTHING);
}

TEST(FrontControl, AConnectedBackendIsJoinedOnce)
{
	EXPECT_EQ(step(connected, initialised), VSCSI_FRONT_JOIN);
	// A backend says it again after a suspend that was cancelled.
	EXPECT_EQ(step(connected, connected), VSCSI_FRONT_NOTHING);
	EXPECT_EQ(step(connected, reconfiguring), VSCSI_FRONT_ADD_DEVICES);
	for (int own : {unknown, initialising, closing, closed})
		EXPECT_EQ(step(connected, own), VSCSI_FRONT_NOTHING);
}

TEST(FrontControl, AnEarlierConnectionsEndIsNotThisOnes)
{
	for (int backend : {closing, closed}) {
		for (int own : {unknown, initialising, closing, closed})
			EXPECT_EQ(step(backend, own), VSCSI_FRONT_NOTHING);
		for (int own : {initialised, connected, reconfiguring})
			EXPECT_EQ(step(backend, own), VSCSI_FRONT_CLOSE);
	}
}

TEST(FrontControl, DevicesComeAndGoInARoundOfReconfiguring)
{
	for (int own : {connected, reconfiguring}) {
		EXPECT_EQ(step(reconfiguring, own), VSCSI_FRONT_REMOVE_DEVICES);
		EXPECT_EQ(step(reconfigured, own), VSCSI_FRONT_ADD_DEVICES);
	}
	for (int own : {unknown, initialising, initialised, closing, closed}) {
		EXPECT_EQ(step(reconfiguring, own), VSCSI_FRONT_NOTHING);
		EXPECT_EQ(step(reconfigured, own), VSCSI_FRONT_NOTHING);
	}
}

TEST(FrontControl, EachDeviceByItsState)
{
	for (bool present : {false, true}) {
		const int there = present ? VSCSI_FRONT_DEVICE_CONFIRM : VSCSI_FRONT_DEVICE_ADD;
		for (int state = unknown; state <= reconfigured; state++) {
			EXPECT_EQ(device_step(VSCSI_FRONT_REMOVE_DEVICES, state, present),
				  state == closing ? VSCSI_FRONT_DEVICE_REMOVE : VSCSI_FRONT_DEVICE_KEEP);
			EXPECT_EQ(device_step(VSCSI_FRONT_ADD_DEVICES, state, present),
				  state == initialised ? there : VSCSI_FRONT_DEVICE_KEEP);
			// A restored guest's are connected already.
			EXPECT_EQ(device_step(VSCSI_FRONT_JOIN, state, present),
				  state == initialised || state == connected ? there
									     : VSCSI_FRONT_DEVICE_KEEP);
			EXPECT_EQ(device_step(VSCSI_FRONT_CLOSE, state, present), VSCSI_FRONT_DEVICE_KEEP);
		}
	}
}

TEST(FrontControl, LimitsByWhatIsOffered)
{
	const auto nothing = limits(0, 0);
	EXPECT_EQ(nothing.segments, 26u);
	EXPECT_EQ(nothing.sectors, 26u * 8);
	EXPECT_EQ(nothing.page_order, 0u);
	EXPECT_EQ(nothing.commands, 15u);
	EXPECT_EQ(limits(10, 0).segments, 26u);
	EXPECT_EQ(limits(128, 0).sectors, 1024u);
	EXPECT_GE(limits(VSCSI_MAX_SEGMENTS, 0).sectors, 8192u) << "4 MiB";
	EXPECT_EQ(limits(~0u, 0).segments, VSCSI_FRONT_MOST_SEGMENTS);
	const unsigned commands[] = {15, 31, 63, 127, 255, 255, 255};
	for (unsigned order = 0; order < 7; order++) {
		EXPECT_EQ(limits(0, order).commands, commands[order]);
		EXPECT_EQ(limits(0, order).page_order, order < 4 ? order : 4u);
	}
	EXPECT_EQ(limits(0, ~0u).page_order, 4u);
}

TEST(FrontControl, ListsOfSegments)
{
	EXPECT_EQ(vscsi_front_lists(0), 0u);
	EXPECT_EQ(vscsi_front_lists(26), 0u);
	EXPECT_EQ(vscsi_front_lists(27), 1u);
	EXPECT_EQ(vscsi_front_lists(512), 1u);
	EXPECT_EQ(vscsi_front_lists(513), 2u);
	for (unsigned segments = 27; segments <= VSCSI_FRONT_MOST_SEGMENTS; segments++) {
		const unsigned lists = vscsi_front_lists(segments);
		ASSERT_LE(lists, VSCSI_FRONT_LISTS);
		unsigned bytes = 0;
		for (unsigned list = 0; list < lists; list++) {
			const unsigned some = vscsi_front_list_bytes(segments, list);
			ASSERT_GT(some, 0u);
			ASSERT_LE(some, VSCSI_PAGE_BYTES);
			bytes += some;
		}
		ASSERT_EQ(bytes, segments * 8);
		ASSERT_EQ(vscsi_front_list_bytes(segments, lists), 0u);
	}
}
