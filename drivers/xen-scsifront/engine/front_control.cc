// SPDX-License-Identifier: GPL-2.0 OR MIT
// What a frontend does about the states in xenstore.
#include "front_control.hpp"

namespace vscsi
{
namespace
{

enum class State : int {
	unknown = 0,
	initialising = 1,
	init_wait = 2,
	initialised = 3,
	connected = 4,
	closing = 5,
	closed = 6,
	reconfiguring = 7,
	reconfigured = 8,
};

// It has a ring that the backend knows, or may know.
constexpr bool is_joined(State own) noexcept
{
	return own == State::connected || own == State::reconfiguring;
}

} // namespace

int front_step(const vscsi_front_view &view) noexcept
{
	const auto own = static_cast<State>(view.own);
	switch (static_cast<State>(view.backend)) {
	case State::init_wait:
		return own == State::initialising ? VSCSI_FRONT_CONNECT : VSCSI_FRONT_NOTHING;
	case State::connected:
		if (own == State::initialised)
			return VSCSI_FRONT_JOIN;
		// The state in between was missed.
		return own == State::reconfiguring ? VSCSI_FRONT_ADD_DEVICES : VSCSI_FRONT_NOTHING;
	case State::reconfiguring:
		return is_joined(own) ? VSCSI_FRONT_REMOVE_DEVICES : VSCSI_FRONT_NOTHING;
	case State::reconfigured:
		return is_joined(own) ? VSCSI_FRONT_ADD_DEVICES : VSCSI_FRONT_NOTHING;
	case State::closing:
	case State::closed:
		// Before there is a ring, that is an earlier connection's.
		return own == State::initialised || is_joined(own) ? VSCSI_FRONT_CLOSE : VSCSI_FRONT_NOTHING;
	default:
		return VSCSI_FRONT_NOTHING;
	}
}

int front_device_step(const vscsi_front_device_view &view) noexcept
{
	const auto state = static_cast<State>(view.state);
	switch (view.step) {
	case VSCSI_FRONT_REMOVE_DEVICES:
		return state == State::closing ? VSCSI_FRONT_DEVICE_REMOVE : VSCSI_FRONT_DEVICE_KEEP;
	case VSCSI_FRONT_JOIN:
		// A guest that was restored has devices that the backend has had connected.
		if (state == State::connected)
			return view.present ? VSCSI_FRONT_DEVICE_CONFIRM : VSCSI_FRONT_DEVICE_ADD;
		[[fallthrough]];
	case VSCSI_FRONT_ADD_DEVICES:
		if (state != State::initialised)
			return VSCSI_FRONT_DEVICE_KEEP;
		return view.present ? VSCSI_FRONT_DEVICE_CONFIRM : VSCSI_FRONT_DEVICE_ADD;
	default:
		return VSCSI_FRONT_DEVICE_KEEP;
	}
}

} // namespace vscsi
