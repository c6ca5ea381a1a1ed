// SPDX-License-Identifier: GPL-2.0 OR MIT
// What must hold in every state of the control path.
#include "model.hpp"
#include <functional>

using namespace model;

namespace
{

constexpr u32 states = 11; // two that do not exist

void for_every_host(const std::function<void(const vscsi_host_view &, int)> &check)
{
	for (u32 frontend = 0; frontend < states; frontend++) {
		for (u32 backend = 0; backend < states; backend++) {
			for (u32 flags = 0; flags < 256; flags++) {
				const vscsi_host_view view{frontend,          backend,
							   (flags & 1) != 0,  (flags & 2) != 0,
							   (flags & 4) != 0,  (flags & 8) != 0,
							   (flags & 16) != 0, (flags & 32) != 0,
							   (flags & 64) != 0, (flags & 128) != 0};
				SCOPED_TRACE(::testing::Message() << "frontend " << frontend << ", backend "
								  << backend << ", flags " << flags);
				check(view, vscsi_host_step(&view));
			}
		}
	}
}

TEST(HostStep, ActionsExist)
{
	for_every_host([](const vscsi_host_view &, int action) {
		EXPECT_GE(action, VSCSI_HOST_NOTHING);
		EXPECT_LE(action, VSCSI_HOST_AWAIT);
	});
}

TEST(HostStep, ConnectsOnlyWhatIsReadyAndDrained)
{
	for_every_host([](const vscsi_host_view &view, int action) {
		const bool ready =
			view.frontend == VSCSI_XB_INITIALISED && !view.ring_live && !view.ring_draining;
		const bool stale = view.restarted && view.backend != VSCSI_XB_INIT_WAIT;
		EXPECT_EQ(action == VSCSI_HOST_CONNECT, ready && !stale);
		EXPECT_EQ(action == VSCSI_HOST_WAIT_READY && ready, ready && stale);
	});
}

TEST(HostStep, NeverUnregistersUnderALiveRing)
{
	for_every_host([](const vscsi_host_view &view, int action) {
		if (action != VSCSI_HOST_UNREGISTER)
			return;
		EXPECT_FALSE(view.ring_live);
		EXPECT_TRUE(view.frontend == VSCSI_XB_UNKNOWN ||
			    (view.frontend == VSCSI_XB_CLOSED && !view.online));
	});
}

TEST(HostStep, ALiveRingIsNeeded)
{
	for_every_host([](const vscsi_host_view &view, int action) {
		if (action == VSCSI_HOST_SETTLE || action == VSCSI_HOST_RECONFIGURE ||
		    action == VSCSI_HOST_DISCONNECT) {
			EXPECT_TRUE(view.ring_live);
		}
	});
}

// Who reads Closed, Closing or InitWait may take the device away, or start anew.
TEST(HostStep, NoStateIsLeftWhileCommandsRun)
{
	for_every_host([](const vscsi_host_view &view, int action) {
		if (action == VSCSI_HOST_CLOSING || action == VSCSI_HOST_CLOSED ||
		    action == VSCSI_HOST_WAIT_READY) {
			EXPECT_FALSE(view.ring_live);
			EXPECT_FALSE(view.ring_draining);
		}
		if (action == VSCSI_HOST_AWAIT) {
			EXPECT_TRUE(view.ring_draining);
		}
	});
}

// The shim asks again after each action: states must not be written in turns.
TEST(HostStep, NoStateIsWrittenTwice)
{
	for_every_host([](const vscsi_host_view &view, int action) {
		if (action == VSCSI_HOST_WAIT_READY) {
			EXPECT_NE(view.backend, u32{VSCSI_XB_INIT_WAIT});
		}
		if (action == VSCSI_HOST_CLOSING) {
			EXPECT_NE(view.backend, u32{VSCSI_XB_CLOSING});
		}
		if (action == VSCSI_HOST_CLOSED) {
			EXPECT_NE(view.backend, u32{VSCSI_XB_CLOSED});
		}
	});
}

TEST(HostStep, AFrontendThatLeavesTakesItsRingAlong)
{
	for_every_host([](const vscsi_host_view &view, int action) {
		switch (view.frontend) {
		case VSCSI_XB_UNKNOWN:
		case VSCSI_XB_INITIALISING:
		case VSCSI_XB_CLOSING:
		case VSCSI_XB_CLOSED:
			EXPECT_EQ(action == VSCSI_HOST_DISCONNECT, view.ring_live);
			break;
		case VSCSI_XB_INITIALISED:
			EXPECT_EQ(action == VSCSI_HOST_DISCONNECT,
				  view.ring_live &&
					  (view.seen_connected || view.ring_changed || view.restarted));
			break;
		default:
			EXPECT_NE(action, VSCSI_HOST_DISCONNECT);
		}
	});
}

TEST(HostStep, StatesThatFrontendsDoNotHave)
{
	for_every_host([](const vscsi_host_view &view, int action) {
		if (view.frontend == VSCSI_XB_INIT_WAIT || view.frontend >= VSCSI_XB_RECONFIGURED) {
			EXPECT_EQ(action, VSCSI_HOST_NOTHING);
		}
	});
}

// With no ring and nothing running, our state follows the frontend's, whatever it was.
TEST(HostStep, QuietHostsFollow)
{
	for_every_host([](const vscsi_host_view &view, int action) {
		if (view.ring_live || view.ring_draining || action != VSCSI_HOST_NOTHING)
			return;
		switch (view.frontend) {
		case VSCSI_XB_INITIALISING:
			// Initialising: our probe is about to write InitWait.
			EXPECT_TRUE(view.backend == VSCSI_XB_INITIALISING ||
				    view.backend == VSCSI_XB_INIT_WAIT);
			break;
		case VSCSI_XB_CLOSING:
			EXPECT_TRUE(view.backend == VSCSI_XB_CLOSING || view.backend == VSCSI_XB_CLOSED);
			break;
		case VSCSI_XB_CLOSED:
			// Closed for long enough to be seen, then ready for a driver that is loaded again.
			EXPECT_TRUE((view.backend == VSCSI_XB_INIT_WAIT && view.ready) ||
				    (view.backend == VSCSI_XB_CLOSED && !view.rested));
			break;
		default:
			EXPECT_NE(view.frontend, u32{VSCSI_XB_UNKNOWN});
			EXPECT_NE(view.frontend, u32{VSCSI_XB_INITIALISED});
		}
	});
}

// Exactly: Closed is kept for as long as a toolstack needs to see it, and with
// the device itself gone nobody waits for its commands.
TEST(HostStep, WhatAClosedFrontendGets)
{
	for_every_host([](const vscsi_host_view &view, int action) {
		if (view.frontend != VSCSI_XB_CLOSED)
			return;
		int due = VSCSI_HOST_CLOSED;
		if (view.ring_live)
			due = VSCSI_HOST_DISCONNECT;
		else if (!view.online)
			due = VSCSI_HOST_UNREGISTER;
		else if (view.ring_draining)
			due = VSCSI_HOST_AWAIT;
		else if (view.backend == VSCSI_XB_CLOSED)
			due = view.rested ? VSCSI_HOST_WAIT_READY : VSCSI_HOST_NOTHING;
		else if (view.backend == VSCSI_XB_INIT_WAIT && view.ready)
			due = VSCSI_HOST_NOTHING;
		EXPECT_EQ(action, due);
	});
}

// Closed is never taken back: a toolstack may have acted on it.
TEST(HostStep, WhatAClosingFrontendGets)
{
	for_every_host([](const vscsi_host_view &view, int action) {
		if (view.frontend != VSCSI_XB_CLOSING)
			return;
		int due = VSCSI_HOST_CLOSING;
		if (view.ring_live)
			due = VSCSI_HOST_DISCONNECT;
		else if (view.ring_draining)
			due = VSCSI_HOST_AWAIT;
		else if (view.backend == VSCSI_XB_CLOSING || view.backend == VSCSI_XB_CLOSED)
			due = VSCSI_HOST_NOTHING;
		EXPECT_EQ(action, due);
	});
}

TEST(HostStep, WhatAWorkingFrontendGets)
{
	for_every_host([](const vscsi_host_view &view, int action) {
		if (view.frontend == VSCSI_XB_CONNECTED) {
			EXPECT_EQ(action, view.ring_live ? VSCSI_HOST_SETTLE : VSCSI_HOST_NOTHING);
		}
		if (view.frontend == VSCSI_XB_RECONFIGURING) {
			EXPECT_EQ(action, view.ring_live ? VSCSI_HOST_RECONFIGURE : VSCSI_HOST_NOTHING);
		}
	});
}

void for_every_device(const std::function<void(const vscsi_device_view &, int)> &check)
{
	for (u32 host = 0; host < 12; host++) {
		for (u32 backend = 0; backend < states; backend++) {
			for (u32 frontend = 0; frontend < states; frontend++) {
				for (unsigned bits = 0; bits < 8; bits++) {
					const vscsi_device_view view{host,
								     backend,
								     frontend,
								     (bits & 1) != 0,
								     (bits & 2) != 0,
								     (bits & 4) != 0};
					SCOPED_TRACE(::testing::Message()
						     << "host action " << host << ", backend " << backend
						     << ", frontend " << frontend << ", mapped "
						     << view.mapped << ", round begins " << view.round_begins
						     << ", asked " << view.asked);
					check(view, vscsi_device_step(&view));
				}
			}
		}
	}
}

TEST(DeviceStep, ConnectedMeansMapped)
{
	for_every_device([](const vscsi_device_view &view, int action) {
		const bool settles = view.host_action == VSCSI_HOST_SETTLE &&
				     view.backend == VSCSI_XB_INITIALISED && view.mapped;
		EXPECT_EQ(action == VSCSI_DEVICE_CONNECTED,
			  settles && (view.frontend == VSCSI_XB_CONNECTED ||
				      (view.frontend == VSCSI_XB_UNKNOWN && view.asked)));
		EXPECT_EQ(action == VSCSI_DEVICE_REFUSED, settles && view.frontend == VSCSI_XB_CLOSED);
	});
}

TEST(DeviceStep, AsksOnceARound)
{
	for_every_device([](const vscsi_device_view &view, int action) {
		const bool may =
			view.host_action == VSCSI_HOST_CONNECT || view.host_action == VSCSI_HOST_RECONFIGURE;
		EXPECT_EQ(action == VSCSI_DEVICE_ASK,
			  may && view.round_begins && view.mapped && view.backend == VSCSI_XB_INITIALISED);
	});
}

TEST(DeviceStep, MapsOnlyWhenConnectedOrReconfigured)
{
	for_every_device([](const vscsi_device_view &view, int action) {
		const bool may =
			view.host_action == VSCSI_HOST_CONNECT || view.host_action == VSCSI_HOST_RECONFIGURE;
		// Connected, to a ring of before.
		const bool anew = view.host_action == VSCSI_HOST_CONNECT &&
				  view.backend == VSCSI_XB_CONNECTED &&
				  (view.frontend == VSCSI_XB_CONNECTED || view.mapped);
		EXPECT_EQ(action == VSCSI_DEVICE_MAP, (may && view.backend == VSCSI_XB_INITIALISING) || anew);
		EXPECT_EQ(action == VSCSI_DEVICE_MAP_KEEP, may && !view.mapped && !anew &&
								   (view.backend == VSCSI_XB_INITIALISED ||
								    view.backend == VSCSI_XB_CONNECTED));
	});
}

TEST(DeviceStep, ClosesWhatTheToolstackCloses)
{
	for_every_device([](const vscsi_device_view &view, int action) {
		const bool may = view.host_action == VSCSI_HOST_CONNECT ||
				 view.host_action == VSCSI_HOST_RECONFIGURE ||
				 view.host_action == VSCSI_HOST_CLOSED;
		EXPECT_EQ(action == VSCSI_DEVICE_UNMAP, may && view.backend == VSCSI_XB_CLOSING);
	});
}

TEST(DeviceStep, ResetsForTheNextConnection)
{
	for_every_device([](const vscsi_device_view &view, int action) {
		EXPECT_EQ(action == VSCSI_DEVICE_RESET,
			  view.host_action == VSCSI_HOST_CLOSED && (view.backend == VSCSI_XB_INITIALISED ||
								    view.backend == VSCSI_XB_CONNECTED));
	});
}

TEST(DeviceStep, ClosedStaysClosed)
{
	for_every_device([](const vscsi_device_view &view, int action) {
		if (view.backend == VSCSI_XB_CLOSED || view.backend == VSCSI_XB_UNKNOWN ||
		    view.backend > VSCSI_XB_RECONFIGURED) {
			EXPECT_EQ(action, VSCSI_DEVICE_NOTHING);
		}
	});
}

} // namespace
