// SPDX-License-Identifier: GPL-2.0
#include "daemon/daemon.hpp"

#include <algorithm>

#include "act/attach.hpp"
#include "act/devices.hpp"
#include "act/guests.hpp"
#include "act/perform.hpp"
#include "act/recovery.hpp"
#include "core/adapters.hpp"
#include "core/failure.hpp"
#include "core/hash.hpp"
#include "os/xlconfig.hpp"

namespace vscsi
{

namespace
{

using std::chrono::milliseconds;

constexpr milliseconds idle{10000};         // in case an event was missed
constexpr milliseconds soon{300};           // when somebody else has a lock
constexpr milliseconds longest_hold{30000}; // of a guest
constexpr milliseconds first_delay{1500};
constexpr int most_rounds = 8;

std::string key(const Domain &domain, const std::string &what)
{
	return fmt::format("{} {} {}", domain.id, domain.uuid, what);
}

std::string key(const Domain &domain, const Vdev &vdev)
{
	return key(domain, to_string(vdev));
}

bool dropped(const Aim &aim, const Vdev &vdev)
{
	return std::ranges::find(aim.drop, vdev) != aim.drop.end();
}

// All that is wanted is written; what becomes of it is the kernel's matter.
bool all_written(const Guest &guest, const Aim &aim)
{
	return std::ranges::all_of(aim.add,
				   [&](const Wanted &wanted) { return guest.device_at(wanted.vdev); });
}

} // namespace

Daemon::Daemon(const Host &host, DaemonSettings settings)
    : m_host{host}, m_settings{std::move(settings)}, m_pauses{host.run, m_settings.pause}
{
}

Daemon::Time Daemon::pass()
{
	m_next = m_host.store.now() + idle;
	const Recovery earlier = recover(m_host);
	for (const std::string &done : earlier.done)
		log_line(Level::notice, done);
	for (const std::string &complaint : earlier.complaints)
		tell_once(Level::error, "cannot undo what was begun: " + complaint);
	m_lio = read_lio(m_host);
	follow_adapters();
	notice_changes();
	if (!m_started)
		start_up();
	const std::vector<Domain> domains = list_domains(m_host.store);
	for (const Domain &domain : domains)
		if (domain.id != 0)
			visit(domain);
	remove_luns();
	forget_dead(domains);
	return m_next;
}

void Daemon::look_again(milliseconds delay)
{
	m_next = std::min(m_next, m_host.store.now() + delay);
}

void Daemon::tell_once(Level level, const std::string &text)
{
	if (m_told.insert(text).second)
		log_line(level, text);
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

// Adapters that are there as they are; one that is missing keeps its LUNs.
void Daemon::follow_adapters()
{
	m_removals.clear();
	const auto is_adapter = [](const Tpg &tpg) { return tpg.alias.starts_with(adapter_alias_prefix); };
	if (std::ranges::none_of(m_lio.tpgs, is_adapter))
		return;
	const auto lock = Lock::attempt(m_host.config_lock());
	if (!lock) {
		look_again(soon);
		return;
	}
	m_lio = read_lio(m_host);
	const Lio before = m_lio;
	const std::vector<Adapter> adapters = m_host.sysfs.adapters();
	for (const Tpg &tpg : before.tpgs) {
		if (!is_adapter(tpg))
			continue;
		const auto adapter = std::ranges::find_if(adapters, [&](const Adapter &one) {
			return adapter_alias(one.identity) == tpg.alias;
		});
		if (adapter == adapters.end()) {
			tell_once(Level::warning,
				  fmt::format("the adapter of {} ({}) is not there; its LUNs stay",
					      tpg.id.wwn, tpg.domain));
			continue;
		}
		std::vector<Change> now;
		for (Change &change : follow_adapter(before, tpg, *adapter)) {
			// The guest lets go first.
			if (const auto *lun = std::get_if<RemoveLun>(&change))
				m_removals.push_back({lun->tpg, lun->number, {}});
			if (inverse(change))
				now.push_back(std::move(change));
			else
				m_removals.back().changes.push_back(std::move(change));
		}
		if (now.empty())
			continue;
		try {
			Journal journal = m_host.config_journal();
			apply_all(m_host.configfs, journal, now);
			journal.clear();
			for (const Change &change : now)
				log_line(Level::notice, describe(change));
		} catch (const Failure &failure) {
			tell_once(Level::error, fmt::format("{}: {}", tpg.alias, failure.what()));
		}
	}
	m_lio = read_lio(m_host);
}

void Daemon::remove_luns()
{
	if (m_removals.empty())
		return;
	const auto lock = Lock::attempt(m_host.config_lock());
	look_again(soon);
	if (!lock)
		return;
	for (const Removal &removal : m_removals) {
		bool used = false;
		for (const Domain &domain : list_domains(m_host.store))
			for (const Controller &controller :
			     read_guest(m_host.store, Txn::none, domain, 0).controllers)
				for (const Device &device : controller.devices) {
					const LunRef ref = lun_of(m_lio, device);
					used |= ref && ref.tpg->id == removal.tpg &&
						ref.lun->number == removal.lun;
				}
		if (used)
			continue;
		try {
			for (const Change &change : removal.changes) {
				apply_patiently(m_host.configfs, change);
				log_line(Level::notice, describe(change));
			}
		} catch (const Failure &failure) {
			tell_once(Level::error, failure.what());
		}
	}
}

// Domains that run already are not held; what an earlier daemon held is.
void Daemon::start_up()
{
	m_started = true;
	const std::vector<Domain> domains = list_domains(m_host.store);
	for (const Domain &domain : domains)
		m_known[domain.id] = domain.uuid;
	for (const Domain &domain : m_pauses.resume(domains)) {
		m_held_since[domain.id] = m_host.store.now();
		welcome(domain, configured_vscsi(m_settings.config_directories, domain.name));
	}
}

void Daemon::visit(const Domain &domain)
{
	try {
		const auto known = m_known.find(domain.id);
		// xl writes the name before it introduces the domain, but not at once.
		if ((known == m_known.end() || known->second != domain.uuid) && !domain.name.empty() &&
		    !domain.uuid.empty()) {
			if (awaited(domain))
				return;
			m_known[domain.id] = domain.uuid;
			const auto lines = configured_vscsi(m_settings.config_directories, domain.name);
			if (!lines.empty() || bound(m_lio, domain)) {
				hold(domain);
				welcome(domain, lines);
			}
		}
		settle(domain);
	} catch (const Failure &failure) {
		tell_once(Level::error, fmt::format("{}: {}", domain.name, failure.what()));
	}
}

// The guest is not to run before it has its devices.
void Daemon::hold(const Domain &domain)
{
	if (!m_pauses.holds(domain) && m_pauses.hold(domain))
		m_held_since[domain.id] = m_host.store.now();
}

// A domain that migration brings in gets its own name at the end, just before it
// would run; the kernel knows it by that name, and so does its configuration file.
bool Daemon::awaited(const Domain &domain)
{
	if (!is_incoming(domain))
		return false;
	if (bound(m_lio, domain) ||
	    !configured_vscsi(m_settings.config_directories, lasting_name(domain)).empty())
		hold(domain);
	if (m_pauses.holds(domain) && m_host.store.now() - m_held_since[domain.id] >= longest_hold) {
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
	std::vector<std::string> pdevs;
	for (const std::string &text : lines) {
		try {
			const VscsiLine line = parse_vscsi_line(text);
			pdevs.push_back(line.pdev);
			const AttachRequest request{domain,       line.pdev, line.vdev,
						    line.options, 0,         std::chrono::seconds{0},
						    false,        false,     true};
			const AttachResult result = attach(m_host, request);
			for (const std::string &step : result.steps)
				log_line(Level::notice, step);
			for (const std::string &warning : result.warnings)
				log_line(Level::warning,
					 fmt::format("{}: vscsi '{}': {}", domain.name, text, warning));
		} catch (const Failure &failure) {
			log_line(Level::error,
				 fmt::format("{}: vscsi '{}': {}", domain.name, text, failure.what()));
		}
	}
	forget_lines(domain, pdevs);
	if (!lines.empty())
		m_lio = read_lio(m_host);
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

void Daemon::settle(const Domain &domain)
{
	const auto lock = Lock::attempt(m_host.guest_lock(domain));
	if (!lock) {
		// A command is at work; it may have changed what was read.
		look_again(soon);
		return;
	}
	Guest guest = read_guest(m_host.store, Txn::none, domain, 0);
	const Aim aim = patient_aim(guest);
	for (int round = 0; round < most_rounds; ++round) {
		const std::vector<Action> actions = next_actions(guest, aim);
		if (actions.empty())
			break;
		for (const Action &action : actions) {
			perform(m_host.store, domain, 0, action);
			log_line(Level::notice, describe(action, domain));
		}
		guest = read_guest(m_host.store, Txn::none, domain, 0);
	}
	look_after_frontends(guest);
	if (!m_pauses.holds(domain))
		return;
	const bool too_long = m_host.store.now() - m_held_since[domain.id] >= longest_hold;
	if (all_written(guest, aim) || too_long)
		m_pauses.release(domain);
	else
		look_again(soon);
}

// What is to go is given a moment to come back.
Aim Daemon::patient_aim(const Guest &guest)
{
	std::vector<std::string> problems;
	Aim aim = aim_of(m_lio, guest, problems);
	for (const std::string &problem : problems)
		tell_once(Level::error, problem);
	for (const Removal &removal : m_removals) {
		const auto gone = [&](const Wanted &wanted) {
			return wanted.pdev.port == removal.tpg.wwn && wanted.pdev.tpgt == removal.tpg.tpgt &&
			       wanted.pdev.lun == removal.lun;
		};
		for (const Wanted &wanted : aim.add)
			if (gone(wanted))
				aim.drop.push_back(wanted.vdev);
		std::erase_if(aim.add, gone);
	}
	const Time now = m_host.store.now();
	std::erase_if(aim.drop, [&](const Vdev &vdev) {
		const auto [since, fresh] = m_missing.try_emplace(key(guest.domain, vdev), now);
		if (now - since->second >= m_settings.settle)
			return false;
		look_again(m_settings.settle);
		return true;
	});
	for (const Controller &controller : guest.controllers)
		for (const Device &device : controller.devices)
			if (device.vdev &&
			    std::ranges::any_of(
				    aim.add,
				    [&](const Wanted &wanted) { return wanted.vdev == *device.vdev; }) &&
			    !dropped(aim, *device.vdev))
				m_missing.erase(key(guest.domain, *device.vdev));
	give_another_chance(guest, aim);
	return aim;
}

// A refused device is tried again when the configuration is another one.
void Daemon::give_another_chance(const Guest &guest, Aim &aim)
{
	for (const Wanted &wanted : aim.add) {
		const Device *const device = guest.device_at(wanted.vdev);
		const std::string name = key(guest.domain, wanted.vdev);
		if (!device || device->state != State::closed) {
			if (device && device->state == State::connected)
				m_refused.erase(name);
			continue;
		}
		const Time now = m_host.store.now();
		const auto [refusal, fresh] = m_refused.try_emplace(name, Refusal{m_generation, now});
		if (fresh && !device->error.empty())
			log_line(Level::error,
				 fmt::format("{}: {} as {} was refused: {}", guest.domain.name, device->pdev,
					     to_string(wanted.vdev), device->error));
		// Without a reason somebody took it away by hand, not knowing that it is bound.
		const bool by_hand = device->error.empty() && now - refusal->second.when >= idle;
		const Controller *const controller = guest.controller_at(wanted.vdev.host);
		if (controller->back != State::connected ||
		    (refusal->second.generation == m_generation && !by_hand))
			continue;
		refusal->second = {m_generation, now};
		if (!dropped(aim, wanted.vdev))
			aim.drop.push_back(wanted.vdev);
	}
}

void Daemon::look_after_frontends(const Guest &guest)
{
	for (const Controller &controller : guest.controllers) {
		const std::string name = key(guest.domain, std::to_string(controller.number));
		if (!overlooked(controller)) {
			m_overlooked.erase(name);
			continue;
		}
		const Time now = m_host.store.now();
		const auto [oversight, fresh] = m_overlooked.try_emplace(name, Oversight{now, 0});
		auto &[since, nudges] = oversight->second;
		// More and more rarely, as it may be a guest that never will.
		const milliseconds delay = first_delay * (1 << std::min(nudges, 9U));
		if (now - since >= delay) {
			nudge(m_host.store, guest.domain, controller);
			since = now;
			++nudges;
		}
		look_again(delay);
	}
}

void Daemon::forget_dead(const std::vector<Domain> &domains)
{
	const auto alive = [&](DomId id) {
		return std::ranges::any_of(domains, [&](const Domain &domain) { return domain.id == id; });
	};
	for (const DomId id : served(m_host.store, 0)) {
		if (alive(id))
			continue;
		forget_domain(m_host.store, 0, id);
		log_line(Level::notice,
			 fmt::format("domain {} is gone; its backend directory is removed", id));
	}
	std::erase_if(m_known, [&](const auto &entry) {
		if (alive(entry.first))
			return false;
		m_pauses.forget(entry.first);
		m_held_since.erase(entry.first);
		return true;
	});
	const auto of_dead = [&](const auto &entry) {
		const auto id = parse_number(std::string_view{entry.first}.substr(0, entry.first.find(' ')),
					     UINT32_MAX);
		return !id || !alive(static_cast<DomId>(*id));
	};
	std::erase_if(m_missing, of_dead);
	std::erase_if(m_refused, of_dead);
	std::erase_if(m_overlooked, of_dead);
}

} // namespace vscsi
