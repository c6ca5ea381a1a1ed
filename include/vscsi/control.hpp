// SPDX-License-Identifier: GPL-2.0 OR MIT
// Decisions of the control path: xenbus states of a virtual host and of its
// devices.  Pure functions; the shim carries the actions out and asks again.
#pragma once
#include <vscsi/engine.h>
#include <vscsi/types.hpp>

namespace vscsi
{

enum class XenbusState : u32 {
	unknown = VSCSI_XB_UNKNOWN,
	initialising = VSCSI_XB_INITIALISING,
	init_wait = VSCSI_XB_INIT_WAIT,
	initialised = VSCSI_XB_INITIALISED,
	connected = VSCSI_XB_CONNECTED,
	closing = VSCSI_XB_CLOSING,
	closed = VSCSI_XB_CLOSED,
	reconfiguring = VSCSI_XB_RECONFIGURING,
	reconfigured = VSCSI_XB_RECONFIGURED,
};

enum class HostAction : int {
	nothing = VSCSI_HOST_NOTHING,
	wait_ready = VSCSI_HOST_WAIT_READY,
	connect = VSCSI_HOST_CONNECT,
	disconnect = VSCSI_HOST_DISCONNECT,
	settle = VSCSI_HOST_SETTLE,
	reconfigure = VSCSI_HOST_RECONFIGURE,
	closing = VSCSI_HOST_CLOSING,
	closed = VSCSI_HOST_CLOSED,
	unregister = VSCSI_HOST_UNREGISTER,
	await = VSCSI_HOST_AWAIT,
};

enum class DeviceAction : int {
	nothing = VSCSI_DEVICE_NOTHING,
	map = VSCSI_DEVICE_MAP,
	map_keep = VSCSI_DEVICE_MAP_KEEP,
	connected = VSCSI_DEVICE_CONNECTED,
	refused = VSCSI_DEVICE_REFUSED,
	unmap = VSCSI_DEVICE_UNMAP,
	reset = VSCSI_DEVICE_RESET,
	ask = VSCSI_DEVICE_ASK,
};

[[nodiscard]] HostAction host_step(const vscsi_host_view &view) noexcept;
[[nodiscard]] DeviceAction device_step(const vscsi_device_view &view) noexcept;

} // namespace vscsi
