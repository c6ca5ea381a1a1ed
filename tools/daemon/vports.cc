// SPDX-License-Identifier: GPL-2.0
// Vports are logged in while their guests are here, and no longer: elsewhere the same WWPN may be wanted.
#include <algorithm>
#include <ctime>

#include "act/devices.hpp"
#include "act/guests.hpp"
#include "act/vporthistory.hpp"
#include "act/vports.hpp"
#include "core/failure.hpp"
#include "daemon/daemon.hpp"

namespace vscsi
{

namespace
{

using std::chrono::milliseconds;

constexpr milliseconds poll_again{1000};  // while it logs in: no event tells
constexpr milliseconds tell_after{10000}; // a login that takes long
constexpr milliseconds first_retry{1000}; // after a failure, and twice that after the next
constexpr milliseconds longest_retry{30000};
constexpr milliseconds leave_after{5000}; // a guest that reboots is soon back
constexpr milliseconds scan_every{30000}; // an empty port hears of no LUN
constexpr milliseconds locked{300};       // when somebody else has a lock

} // namespace

// Whoever is to be here: one that migration brings in has its own name only when it may run.
std::optional<Domain> Daemon::owner_of(const Tpg &tpg) const
{
	const auto found = std::ranges::find_if(
		m_running, [&](const Domain &domain) { return names_domain(tpg.domain, domain); });
	return found == m_running.end() ? std::nullopt : std::optional{*found};
}

void Daemon::follow_vports()
{
	const std::vector<KnownVport> known = vport_memory(m_host).all();
	const bool any =
		std::ranges::any_of(m_lio.tpgs, [](const Tpg &tpg) { return tpg.vport.has_value(); });
	if (!any && known.empty())
		return;
	const auto lock = Lock::attempt(m_host.config_lock());
	if (!lock) {
		look_again(locked);
		return;
	}
	m_lio = read_lio(m_host);
	const FibreChannel fc = fibre_channel(m_host);
	const std::vector<FcPort> ports = fc.ports();
	std::map<Wwn, const FcPort *> by_name;
	for (const FcPort &port : ports)
		by_name.emplace(port.port, &port);
	const auto port_called = [&](const Wwn &name) {
		const auto found = by_name.find(name);
		return found == by_name.end() ? nullptr : found->second;
	};
	Neighbours neighbours{fc.remote_ports(), {}};
	std::set<Wwn> configured;
	for (const Tpg &tpg : m_lio.tpgs)
		if (tpg.vport) {
			++neighbours.vports[tpg.domain];
			configured.insert(tpg.vport->port);
		}
	for (const Tpg &tpg : m_lio.tpgs) {
		if (!tpg.vport)
			continue;
		const auto owner = owner_of(tpg);
		const FcPort *const port = port_called(tpg.vport->port);
		VportCare &care = m_vports[tpg.vport->port];
		try {
			if (owner || login_asked(m_host, tpg.vport->port) ||
			    is_worked_on(m_host, tpg.vport->port))
				keep_logged_in(tpg, port, owner ? owner->name : tpg.domain, care, neighbours);
			else if (port)
				let_leave(tpg, care);
			else {
				care = {.noted = std::move(care.noted)};
				note_state(tpg.vport->port, logged_out, {});
			}
		} catch (const Failure &failure) {
			note_state(tpg.vport->port, port ? port->vport_state : logged_out, failure.what());
			care.delay = std::min(care.delay == milliseconds{0} ? first_retry : care.delay * 2,
					      longest_retry);
			care.next_try = m_host.store.now() + care.delay;
			look_again(care.delay);
			tell_once(Level::error,
				  fmt::format("{}: {}", owner ? owner->name : tpg.domain, failure.what()));
		}
	}
	// Of portal groups that were removed by other tools.
	for (const KnownVport &one : known) {
		const FcPort *const port = port_called(one.id.port);
		if (!port || !port->is_vport || configured.contains(one.id.port))
			continue;
		Tpg gone;
		gone.vport = one.id;
		let_leave(gone, m_vports[one.id.port]);
	}
}

// For `npiv status` and others, who cannot know since when it is so.
void Daemon::note_state(const Wwn &vport, const std::string &state, const std::string &cause)
{
	VportCare &care = m_vports[vport];
	const std::string noted = state + '\n' + cause;
	if (std::exchange(care.noted, noted) == noted)
		return;
	note_vport(m_host, vport, state, cause, std::time(nullptr));
}

void Daemon::keep_logged_in(const Tpg &tpg, const FcPort *port, const std::string &guest, VportCare &care,
			    const Neighbours &neighbours)
{
	const Time now = m_host.store.now();
	care.unwanted = {};
	if (!port) {
		if (care.next_try && now < *care.next_try) {
			look_again(std::chrono::ceil<milliseconds>(*care.next_try - now));
			return;
		}
		care.active = false;
		// A command is about to, once the fabric has said who has the name.
		if (is_worked_on(m_host, tpg.vport->port)) {
			look_again(poll_again);
			return;
		}
		begin_login(m_host, *tpg.vport, guest);
		care.since = now;
		log_line(Level::notice,
			 fmt::format("{}: vport {} logs in by {}", guest, to_string(tpg.vport->port),
				     to_string(tpg.vport->parent)));
		look_again(poll_again);
		return;
	}
	care.delay = milliseconds{0};
	care.next_try = {};
	if (!port->is_vport)
		fail(Exit::in_use, "WWPN {} is that of host{}, an HBA of this host",
		     to_string(tpg.vport->port), port->host);
	if (port->vport_state != "Active") {
		if (care.active || !care.since)
			care.since = now;
		care.active = false;
		look_again(poll_again);
		const bool late = older(*care.since, tell_after);
		note_state(tpg.vport->port, port->vport_state, late ? why_not_active(*port) : std::string{});
		if (late)
			tell_once(Level::error,
				  fmt::format("{}: vport {} is not logged in: {}", guest,
					      to_string(tpg.vport->port), why_not_active(*port)));
		return;
	}
	note_state(tpg.vport->port, port->vport_state, {});
	if (!care.active) {
		log_line(Level::notice, fmt::format("{}: vport {} is logged in as host{}, N_Port_ID {}",
						    guest, to_string(tpg.vport->port), port->host, port->id));
		announce(m_host, *port, guest);
		care.active = true;
		care.since = now;
		care.scanned = now;
		look_again(poll_again);
	}
	const auto remote = neighbours.remote.find(port->host);
	const std::vector<RemotePort> nobody;
	const bool several = neighbours.vports.at(tpg.domain) > 1;
	if (!tend(m_host, *port, remote == neighbours.remote.end() ? nobody : remote->second, guest, several))
		look_again(poll_again);
	if (m_luns_changed || older(care.scanned, scan_every)) {
		care.scanned = now;
		m_settings.scan(port->host);
	}
}

void Daemon::let_leave(const Tpg &tpg, VportCare &care)
{
	const Time now = m_host.store.now();
	if (!care.unwanted)
		care.unwanted = now;
	if (!older(*care.unwanted, leave_after)) {
		look_again(leave_after);
		return;
	}
	look_again(poll_again);
	// Another guest may have had the portal group; it lets go first.
	for (const Guest &guest : read_guests(m_host.store, Txn::none, m_running, 0))
		for (const Controller &controller : guest.controllers)
			for (const Device &device : controller.devices)
				if (const LunRef ref = lun_of(m_lio, device); ref && ref.tpg->id == tpg.id)
					return;
	if (!std::exchange(care.leaving, true))
		log_line(Level::notice,
			 fmt::format("vport {} logs out: its guest is not here", to_string(tpg.vport->port)));
	if (log_out(m_host, tpg))
		care = {};
}

} // namespace vscsi
