// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <vscsi/control.hpp>

namespace vscsi
{

HostAction host_step(const vscsi_host_view &view) noexcept
{
	using enum XenbusState;
	const auto frontend = static_cast<XenbusState>(view.frontend);
	const auto backend = static_cast<XenbusState>(view.backend);

	switch (frontend) {
	case unknown:
		return view.ring_live ? HostAction::disconnect : HostAction::unregister;
	case initialising:
		// A frontend that starts over (module reload, kexec).
		if (view.ring_live)
			return HostAction::disconnect;
		if (view.ring_draining)
			return HostAction::await;
		return backend == init_wait || backend == initialising ? HostAction::nothing
								       : HostAction::wait_ready;
	case initialised:
		// The same frontend goes on with a new ring after resume.
		if (view.ring_live && (view.seen_connected || view.ring_changed || view.restarted))
			return HostAction::disconnect;
		if (view.ring_live)
			return HostAction::nothing;
		// Commands of the earlier ring may still write to the device.
		if (view.ring_draining)
			return HostAction::await;
		// A frontend that was quicker than the drain: its devices begin anew too.
		return view.restarted && backend != init_wait ? HostAction::wait_ready : HostAction::connect;
	case connected:
		return view.ring_live ? HostAction::settle : HostAction::nothing;
	case reconfiguring:
		return view.ring_live ? HostAction::reconfigure : HostAction::nothing;
	case closing:
		if (view.ring_live)
			return HostAction::disconnect;
		if (view.ring_draining)
			return HostAction::await;
		return backend == closing || backend == closed ? HostAction::nothing : HostAction::closing;
	case closed:
		if (view.ring_live)
			return HostAction::disconnect;
		if (view.ring_draining && view.online)
			return HostAction::await;
		if (!view.online)
			return HostAction::unregister;
		// A driver that is loaded again goes straight to Initialised, and takes
		// a backend that it finds Closed for one that is going away.
		if (backend == init_wait && view.ready)
			return HostAction::nothing;
		if (backend == closed)
			return view.rested ? HostAction::wait_ready : HostAction::nothing;
		return HostAction::closed;
	case init_wait:
	case reconfigured:
		break;
	}
	return HostAction::nothing;
}

DeviceAction device_step(const vscsi_device_view &view) noexcept
{
	using enum XenbusState;
	const auto backend = static_cast<XenbusState>(view.backend);
	const auto frontend = static_cast<XenbusState>(view.frontend);

	switch (static_cast<HostAction>(view.host_action)) {
	case HostAction::connect:
	case HostAction::reconfigure:
		switch (backend) {
		case initialising:
			return DeviceAction::map;
		case connected:
			// Was it lost with an earlier driver of the guest?  Who still has it says so.
			if (view.host_action == VSCSI_HOST_CONNECT && (frontend == connected || view.mapped))
				return DeviceAction::map;
			[[fallthrough]];
		case initialised:
			if (!view.mapped)
				return DeviceAction::map_keep;
			return view.round_begins && backend == initialised ? DeviceAction::ask
									   : DeviceAction::nothing;
		case closing:
			return DeviceAction::unmap;
		default:
			return DeviceAction::nothing;
		}
	case HostAction::settle:
		if (backend != initialised || !view.mapped)
			return DeviceAction::nothing;
		if (frontend == closed)
			return DeviceAction::refused;
		// A guest that was restored has a new frontend directory, and says nothing in it of
		// what it had before.  A round of reconfiguring would have made it add anything else.
		return frontend == connected || (frontend == unknown && view.asked) ? DeviceAction::connected
										    : DeviceAction::nothing;
	case HostAction::closed:
		switch (backend) {
		case initialised:
		case connected:
			return DeviceAction::reset;
		case closing:
			return DeviceAction::unmap;
		default:
			return DeviceAction::nothing;
		}
	default:
		return DeviceAction::nothing;
	}
}

} // namespace vscsi
