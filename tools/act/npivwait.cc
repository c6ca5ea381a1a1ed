// SPDX-License-Identifier: GPL-2.0
#include "act/npivwait.hpp"

#include <algorithm>

#include <fmt/core.h>

#include "act/devices.hpp"
#include "core/adapters.hpp"
#include "core/failure.hpp"
#include "os/interrupt.hpp"

namespace vscsi
{

namespace
{

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr milliseconds vport_pace{200};
// Targets and LUNs come a moment after the login.
constexpr milliseconds first_luns{5000};

// States from which a vport does not come by itself.
bool is_final(const std::string &state)
{
	return state == "No Fabric Support" || state == "No Fabric Resources" ||
	       state == "Fabric Rejected WWN" || state == "Failed" || state == "Disabled";
}

Exit code_of(const FcPort &port)
{
	if (port.vport_state == "No Fabric Support")
		return Exit::no_npiv;
	if (port.vport_state == "No Fabric Resources")
		return Exit::no_room;
	if (port.vport_state == "Fabric Rejected WWN")
		return Exit::in_use;
	if (port.vport_state == "Linkdown")
		return Exit::link_down;
	return is_final(port.vport_state) ? Exit::failed : Exit::timed_out;
}

void pause_a_moment(const Host &host)
{
	if (take_interrupt())
		fail(Exit::interrupted, "interrupted");
	host.store.wait(vport_pace);
}

// With who has its name, where the fabric tells.
[[noreturn]] void fail_not_active(const Host &host, const FcPort &port,
				  std::chrono::steady_clock::duration after)
{
	const std::string what = fmt::format("vport {} is not logged in after {} s", to_string(port.port),
					     std::chrono::duration_cast<seconds>(after).count());
	if (const auto holder = holder_of(host, fibre_channel(host).ports(), port))
		fail(Exit::in_use, "{}: the fabric has that WWPN already: {}", what, describe(*holder));
	fail(code_of(port), "{}: {}", what, why_not_active(port));
}

} // namespace

std::optional<FcPort> port_now(const Host &host, const Wwn &port)
{
	const std::vector<FcPort> ports = fibre_channel(host).ports();
	const FcPort *const found = port_of(ports, port);
	return found ? std::optional{*found} : std::nullopt;
}

bool await_gone(const Host &host, const Tpg &tpg, seconds wait)
{
	const auto limit = host.store.now() + wait;
	const auto gone = [&] {
		const Lock lock = Lock::take(host.config_lock(), vport_lock_patience);
		return log_out(host, tpg);
	};
	while (!gone()) {
		if (host.store.now() >= limit)
			return false;
		host.store.wait(vport_pace);
	}
	return true;
}

void await_active(const Host &host, const VportId &id, const std::string &guest, seconds wait)
{
	const auto limit = host.store.now() + wait;
	for (;;) {
		const auto port = port_now(host, id.port);
		if (port && port->vport_state == "Active") {
			announce(host, *port, guest);
			return;
		}
		const bool late = host.store.now() >= limit;
		if (!port && late)
			fail(Exit::failed, "vport {} has gone again; see the kernel log", to_string(id.port));
		if (port && (late || is_final(port->vport_state)))
			fail_not_active(host, *port, host.store.now() - limit + wait);
		pause_a_moment(host);
	}
}

bool await_luns(const Host &host, const VportId &id)
{
	const auto limit = host.store.now() + first_luns;
	for (;;) {
		std::size_t found = 0;
		std::size_t usable = 0;
		for (const Adapter &adapter : host.sysfs.adapters()) {
			if (adapter.identity != adapter_identity(id))
				continue;
			found = adapter.devices.size();
			usable = static_cast<std::size_t>(
				std::ranges::count_if(adapter.devices, [](const HostDevice &device) {
					return !device.node.empty();
				}));
		}
		if (found != 0 && usable == found)
			return true;
		if (host.store.now() >= limit)
			return usable != 0;
		pause_a_moment(host);
	}
}

} // namespace vscsi
