// SPDX-License-Identifier: GPL-2.0
#include "daemon/daemon.hpp"

#include <algorithm>

#include "act/devices.hpp"
#include "act/guests.hpp"
#include "act/npiv.hpp"
#include "act/perform.hpp"
#include "act/recovery.hpp"
#include "core/failure.hpp"
#include "core/hash.hpp"
#include "os/files.hpp"

namespace vscsi
{

namespace
{

using std::chrono::milliseconds;

constexpr milliseconds idle{10000};         // in case an event was missed
constexpr milliseconds soon{300};           // when somebody else has a lock
constexpr milliseconds longest_hold{30000}; // of a guest that does not need its devices
constexpr int most_rounds = 8;

// All that is wanted is written; what becomes of it is the kernel's matter.
bool all_written(const Guest &guest, const Aim &aim)
{
	const DeviceIndex devices{guest};
	return std::ranges::all_of(aim.add,
				   [&](const Wanted &wanted) { return devices.at(wanted.vdev) != nullptr; });
}

bool needs_any(const std::vector<Awaited> &awaited)
{
	return std::ranges::any_of(awaited, &Awaited::required);
}

} // namespace

Daemon::Daemon(const Host &host, DaemonSettings settings)
    : m_host{host}, m_settings{std::move(settings)}, m_pauses{host, m_settings.pause}
{
}

Daemon::Time Daemon::pass()
{
	m_next = m_host.store.now() + idle;
	m_running = list_domains(m_host.store);
	std::erase_if(m_running, [](const Domain &domain) { return domain.id == 0; });
	// Whatever fails below, nobody is held for ever.
	for (const Domain &domain : m_running)
		let_go_in_time(domain);
	finish_for_the_dead();
	m_lio = read_lio(m_host);
	follow_vports();
	m_luns_changed = false;
	follow_adapters();
	notice_changes();
	if (!m_started || anybody_new())
		read_configs();
	if (!m_started)
		start_up();
	for (const Guest &guest : guests())
		visit(guest);
	remove_luns();
	forget_dead();
	return m_next;
}

bool Daemon::anybody_new()
{
	return std::ranges::any_of(m_running,
				   [&](const Domain &domain) { return !memory_of(domain).greeted; });
}

// All at once, in a fraction of the time; what cannot be read of one guest keeps no other waiting.
std::vector<Guest> Daemon::guests()
{
	try {
		return read_guests(m_host.store, Txn::none, m_running, 0);
	} catch (const Failure &failure) {
		log_line(Level::debug, failure.what());
	}
	std::vector<Guest> found;
	for (const Domain &domain : m_running) {
		try {
			found.push_back(read_guest(m_host.store, Txn::none, domain, 0));
		} catch (const Failure &failure) {
			tell_once(Level::error, fmt::format("{}: {}", domain.name, failure.what()));
		}
	}
	return found;
}

void Daemon::finish_for_the_dead()
{
	const Recovery earlier = recover(m_host);
	for (const std::string &done : earlier.done)
		log_line(Level::notice, done);
	for (const std::string &complaint : earlier.complaints) {
		tell_once(Level::error, "cannot undo what was begun: " + complaint);
		look_again(soon);
	}
}

void Daemon::read_configs()
{
	m_configs = configured_domains(m_host.configs);
	for (const std::string &complaint : m_configs.complaints)
		tell_once(Level::error, complaint);
}

// Another configuration may do for what was refused.
void Daemon::notice_changes()
{
	std::string all;
	for (const Tpg &tpg : m_lio.tpgs) {
		all += fmt::format("{} {} {} {}\n", tpg.id.wwn, tpg.id.tpgt, tpg.domain, tpg.alias);
		for (const Lun &lun : tpg.luns)
			all += fmt::format("{} {} {} {} {}\n", lun.number, lun.link, lun.store.hba,
					   lun.store.name, lun.another);
	}
	const std::uint64_t fingerprint = stable_hash(all);
	if (fingerprint == m_fingerprint)
		return;
	m_fingerprint = fingerprint;
	retry();
	m_told.clear();
}

// Domains that run already are not held; what an earlier daemon held is.
void Daemon::start_up()
{
	m_started = true;
	remove_lock_files();
	for (const Domain &domain : m_running)
		memory_of(domain).greeted = true;
	for (const Domain &domain : m_pauses.resume(m_running)) {
		memory_of(domain).held_since = m_host.store.now();
		if (const DomainConfig *const config = m_configs.of(domain.name))
			welcome(domain, config->vscsi);
	}
}

void Daemon::visit(const Guest &guest)
{
	const Domain &domain = guest.domain;
	try {
		GuestMemory &memory = memory_of(domain);
		// xl writes the name before it introduces the domain, but not at once.
		if (!memory.greeted && !domain.name.empty() && !domain.uuid.empty()) {
			if (incoming(domain))
				return;
			memory.greeted = true;
			greet(domain);
		}
		// Most domains have nothing to do with any of this.
		if (try_lines(domain))
			settle(read_guest(m_host.store, Txn::none, domain, 0));
		else if (!guest.controllers.empty() || bound(m_lio, domain) || m_pauses.holds(domain))
			settle(guest);
	} catch (const Failure &failure) {
		tell_once(Level::error, fmt::format("{}: {}", domain.name, failure.what()));
	}
}

void Daemon::greet(const Domain &domain)
{
	const DomainConfig *const config = m_configs.of(domain.name);
	const std::vector<std::string> lines = config ? config->vscsi : std::vector<std::string>{};
	if (lines.empty() && !bound(m_lio, domain))
		return;
	// One that migration brought in may have been held long enough.
	if (!memory_of(domain).held_since)
		hold(domain);
	welcome(domain, lines);
}

// The guest is not to run before it has its devices.
void Daemon::hold(const Domain &domain)
{
	if (!m_pauses.holds(domain) && m_pauses.hold(domain))
		memory_of(domain).held_since = m_host.store.now();
}

void Daemon::let_go_in_time(const Domain &domain)
{
	const GuestMemory &memory = memory_of(domain);
	if (!m_pauses.holds(domain) || !memory.held_since || needs_any(memory.awaited) ||
	    !older(*memory.held_since, longest_hold))
		return;
	log_line(Level::warning,
		 fmt::format("{} runs now, though it may lack devices: it was held for {} s", domain.name,
			     std::chrono::duration_cast<std::chrono::seconds>(longest_hold).count()));
	m_pauses.release(domain);
}

// A domain that migration brings in gets its own name at the end, just before it
// would run; the kernel knows it by that name, and so does its configuration file.
bool Daemon::incoming(const Domain &domain)
{
	if (!is_incoming(domain))
		return false;
	const DomainConfig *const config = m_configs.of(lasting_name(domain));
	const GuestMemory &memory = memory_of(domain);
	const bool held_before = memory.held_since.has_value();
	if (!held_before && (bound(m_lio, domain) || (config && !config->vscsi.empty())))
		hold(domain);
	if (held_before && !m_pauses.holds(domain)) {
		tell_once(Level::warning,
			  fmt::format("{} keeps its name; it is not waited for any longer", domain.name));
		return false;
	}
	look_again(soon);
	return true;
}

// What the domain's configuration file asks for.
void Daemon::welcome(const Domain &domain, const std::vector<std::string> &lines)
{
	GuestMemory &memory = memory_of(domain);
	std::vector<std::string> pdevs;
	for (const std::string &text : lines) {
		try {
			const VscsiLine line = parse_vscsi_line(text);
			pdevs.push_back(line.pdev);
			memory.awaited.push_back({text, line.required});
		} catch (const Failure &failure) {
			log_line(Level::error,
				 fmt::format("{}: vscsi '{}': {}", domain.name, text, failure.what()));
		}
	}
	forget_lines(domain, pdevs);
}

// Devices of a SAN may come late; each event and each pass is another try.
bool Daemon::try_lines(const Domain &domain)
{
	auto &awaited = memory_of(domain).awaited;
	const std::size_t before = awaited.size();
	std::erase_if(awaited, [&](const Awaited &one) { return give(domain, one); });
	if (awaited.size() == before)
		return false;
	m_lio = read_lio(m_host);
	return true;
}

// Whether that is the end of it.
bool Daemon::give(const Domain &domain, const Awaited &awaited)
{
	const std::string what = fmt::format("{}: vscsi '{}'", domain.name, awaited.line);
	try {
		const VscsiLine line = parse_vscsi_line(awaited.line);
		AttachRequest request{domain, line.pdev, line.vdev, line.options};
		request.wait = std::chrono::seconds{0};
		request.configured = true;
		request.at_once = true;
		const AttachResult result = attach_any(m_host, request);
		for (const std::string &step : result.steps)
			log_line(Level::notice, step);
		for (const std::string &warning : result.warnings)
			log_line(Level::warning, fmt::format("{}: {}", what, warning));
		return true;
	} catch (const Failure &failure) {
		if (failure.code() == Exit::timed_out) {
			look_again(soon);
			return false;
		}
		const bool waits = awaited.required && m_pauses.holds(domain);
		tell_once(
			Level::error,
			fmt::format("{}: {}. It is tried again when devices come{}", what, failure.what(),
				    waits ? fmt::format("; until then {} is held. To let it run without: xl "
							"unpause {}",
							domain.name, domain.name)
					  : ""));
		return failure.code() == Exit::usage;
	}
}

void Daemon::forget_lines(const Domain &domain, const std::vector<std::string> &pdevs)
{
	const auto lock = Lock::attempt(m_host.config_lock());
	if (!lock)
		return; // The next start of the domain does it.
	try {
		m_host.memory().forget_others(lasting_name(domain), pdevs);
	} catch (const Failure &failure) {
		tell_once(Level::warning, failure.what());
	}
}

void Daemon::settle(Guest guest)
{
	const Domain domain = guest.domain;
	const auto lock = Lock::attempt(m_host.guest_lock(domain));
	if (!lock) {
		// A command is at work; it may have changed what was read.
		look_again(soon);
		return;
	}
	Aim aim = patient_aim(guest);
	const std::vector<Vdev> again = another_chance(guest, aim);
	std::ranges::copy(again, std::back_inserter(aim.drop));
	std::vector<Action> actions = patient_actions(guest, aim);
	if (!actions.empty()) {
		// It was read before nobody else could change it.
		guest = read_guest(m_host.store, Txn::none, domain, 0);
		aim = patient_aim(guest);
		std::ranges::copy(again, std::back_inserter(aim.drop));
		actions = patient_actions(guest, aim);
	}
	for (int round = 0; round < most_rounds && !actions.empty(); ++round) {
		for (const Action &action : actions) {
			perform(m_host.store, domain, 0, action);
			log_line(Level::notice, describe(action, domain));
		}
		guest = read_guest(m_host.store, Txn::none, domain, 0);
		actions = patient_actions(guest, aim);
	}
	look_after_frontends(guest);
	if (!m_pauses.holds(domain))
		return;
	const GuestMemory &memory = memory_of(domain);
	if (all_written(guest, aim) && (memory.awaited.empty() || !needs_any(memory.awaited)))
		m_pauses.release(domain);
	else
		look_again(soon);
}

void Daemon::forget_dead()
{
	const auto alive = [&](DomId id) {
		return std::ranges::find(m_running, id, &Domain::id) != m_running.end();
	};
	for (const DomId id : served(m_host.store, 0))
		if (id != 0 && !alive(id) && forget_domain(m_host.store, 0, id))
			log_line(Level::notice,
				 fmt::format("domain {} is gone; its backend directory is removed", id));
	const std::size_t gone = std::erase_if(m_guests, [&](const auto &entry) {
		if (alive(entry.first))
			return false;
		m_pauses.forget(entry.first);
		return true;
	});
	if (gone != 0)
		remove_lock_files();
}

// Of guests that are no more, and have nothing to be undone.
void Daemon::remove_lock_files()
{
	std::set<std::filesystem::path> used;
	for (const Domain &domain : m_running)
		used.insert(m_host.guest_lock(domain));
	for (const std::string &name : names_in(m_host.run)) {
		const std::filesystem::path file = m_host.run / name;
		if (!name.starts_with("guest-") || file.extension() != ".lock" || used.contains(file) ||
		    std::filesystem::exists(std::filesystem::path{file}.replace_extension(".journal")))
			continue;
		Lock::remove_file(file);
	}
}

} // namespace vscsi
