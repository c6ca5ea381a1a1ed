// SPDX-License-Identifier: GPL-2.0
#include <algorithm>

#include "act/devices.hpp"
#include "act/guests.hpp"
#include "act/vports.hpp"
#include "core/adapters.hpp"
#include "core/failure.hpp"
#include "daemon/daemon.hpp"

namespace vscsi
{

namespace
{

constexpr std::chrono::milliseconds lock_delay{300}; // when somebody else has a lock

} // namespace

// Adapters that are there as they are; one that is missing keeps its LUNs.
void Daemon::follow_adapters()
{
	m_removals.clear();
	const auto is_adapter = [](const Tpg &tpg) { return tpg.alias.starts_with(adapter_alias_prefix); };
	if (std::ranges::none_of(m_lio.tpgs, is_adapter))
		return;
	const auto lock = Lock::attempt(m_host.config_lock());
	if (!lock) {
		look_again(lock_delay);
		return;
	}
	m_lio = read_lio(m_host);
	const Lio before = m_lio;
	std::vector<Adapter> adapters = m_host.sysfs.adapters();
	std::map<std::string, Adapter *> by_alias;
	for (Adapter &adapter : adapters)
		by_alias.emplace(adapter_alias(adapter.identity), &adapter);
	VportMemory memory = vport_memory(m_host);
	std::map<Wwn, KnownVport> known;
	for (KnownVport &one : memory.all())
		known.emplace(one.id.port, std::move(one));
	for (const Tpg &tpg : before.tpgs) {
		if (!is_adapter(tpg))
			continue;
		const auto found = by_alias.find(tpg.alias);
		Adapter *const adapter = found == by_alias.end() ? nullptr : found->second;
		// A vport has LUNs while it is logged in.
		if (!adapter && tpg.vport)
			continue;
		if (!adapter) {
			tell_once(Level::warning,
				  fmt::format("the adapter of {} ({}) is not there; its LUNs stay",
					      tpg.id.wwn, tpg.domain));
			continue;
		}
		if (tpg.vport) {
			const auto kept = known.find(tpg.vport->port);
			order_targets(memory, kept == known.end() ? nullptr : &kept->second, *tpg.vport,
				      *adapter, true);
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
	look_again(lock_delay);
	if (!lock)
		return;
	for (const Removal &removal : m_removals) {
		bool used = false;
		for (const Guest &guest : read_guests(m_host.store, Txn::none, m_running, 0))
			for (const Controller &controller : guest.controllers)
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

} // namespace vscsi
