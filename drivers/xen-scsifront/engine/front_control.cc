// SPDX-License-Identifier: GPL-2.0 OR MIT
// What a frontend does about the states in xenstore.
#include "front_control.hpp"
#include <vscsi/control.hpp>

namespace vscsi
{
namespace
{

// It has a ring that the backend knows, or may know.
constexpr bool is_joined(XenbusState own) noexcept
{
	return own == XenbusState::connected || own == XenbusState::reconfiguring;
}

} // namespace

int front_step(const vscsi_front_view &view) noexcept
{
	const auto own = static_cast<XenbusState>(view.own);
	switch (static_cast<XenbusState>(view.backend)) {
	case XenbusState::init_wait:
		return own == XenbusState::initialising ? VSCSI_FRONT_CONNECT : VSCSI_FRONT_NOTHING;
	case XenbusState::connected:
		if (own == XenbusState::initialised)
			return VSCSI_FRONT_JOIN;
		// The state in between was missed.
		return own == XenbusState::reconfiguring ? VSCSI_FRONT_ADD_DEVICES : VSCSI_FRONT_NOTHING;
	case XenbusState::reconfiguring:
		return is_joined(own) ? VSCSI_FRONT_REMOVE_DEVICES : VSCSI_FRONT_NOTHING;
	case XenbusState::reconfigured:
		return is_joined(own) ? VSCSI_FRONT_ADD_DEVICES : VSCSI_FRONT_NOTHING;
	case XenbusState::closing:
	case XenbusState::closed:
		// Before there is a ring, that is an earlier connection's.
		return own == XenbusState::initialised || is_joined(own) ? VSCSI_FRONT_CLOSE
									 : VSCSI_FRONT_NOTHING;
	default:
		return VSCSI_FRONT_NOTHING;
	}
}

int front_device_step(const vscsi_front_device_view &view) noexcept
{
	const auto state = static_cast<XenbusState>(view.state);
	switch (view.step) {
	case VSCSI_FRONT_REMOVE_DEVICES:
		return state == XenbusState::closing ? VSCSI_FRONT_DEVICE_REMOVE : VSCSI_FRONT_DEVICE_KEEP;
	case VSCSI_FRONT_JOIN:
		// A guest that was restored has devices that the backend has had connected.
		if (state == XenbusState::connected)
			return view.present ? VSCSI_FRONT_DEVICE_CONFIRM : VSCSI_FRONT_DEVICE_ADD;
		[[fallthrough]];
	case VSCSI_FRONT_ADD_DEVICES:
		if (state != XenbusState::initialised)
			return VSCSI_FRONT_DEVICE_KEEP;
		return view.present ? VSCSI_FRONT_DEVICE_CONFIRM : VSCSI_FRONT_DEVICE_ADD;
	default:
		return VSCSI_FRONT_DEVICE_KEEP;
	}
}

} // namespace vscsi
