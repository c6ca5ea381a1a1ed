// SPDX-License-Identifier: GPL-2.0 OR MIT
// The wire format against Xen's own public headers.
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <gtest/gtest.h>
#include <vscsi/engine.h>
#include <vscsi/wire.hpp>
#include <xen/io/vscsiif.h>
#include <xen/io/xenbus.h>

#define SUITE WireXen
#define THEIRS ::
#define THEIR_NAMESPACE vscsi
#define PADDING act
#include "wire_layout.inc"

TEST(WireXen, XenbusStates)
{
	EXPECT_EQ(VSCSI_XB_UNKNOWN, XenbusStateUnknown);
	EXPECT_EQ(VSCSI_XB_INITIALISING, XenbusStateInitialising);
	EXPECT_EQ(VSCSI_XB_INIT_WAIT, XenbusStateInitWait);
	EXPECT_EQ(VSCSI_XB_INITIALISED, XenbusStateInitialised);
	EXPECT_EQ(VSCSI_XB_CONNECTED, XenbusStateConnected);
	EXPECT_EQ(VSCSI_XB_CLOSING, XenbusStateClosing);
	EXPECT_EQ(VSCSI_XB_CLOSED, XenbusStateClosed);
	EXPECT_EQ(VSCSI_XB_RECONFIGURING, XenbusStateReconfiguring);
	EXPECT_EQ(VSCSI_XB_RECONFIGURED, XenbusStateReconfigured);
}
