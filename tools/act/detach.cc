// SPDX-License-Identifier: GPL-2.0
#include "act/detach.hpp"

#include <algorithm>

#include <fmt/ranges.h>

#include "act/converge.hpp"
#include "act/guests.hpp"
#include "act/recovery.hpp"
#include "core/adapters.hpp"
#include "core/failure.hpp"

namespace vscsi
{

namespace
{

class Detacher
{
public:
	Detacher(const Host &host, const DetachRequest &request)
	    : m_host{host}, m_request{request}, m_backend{request.backend}
	{
	}

	DetachResult run()
	{
		find_guest();
		const std::chrono::seconds patience = std::max(m_request.wait, std::chrono::seconds{5});
		if (!m_request.dry_run)
			recover(m_host);
		if (m_request.dry_run) {
			plan();
			return std::move(m_result);
		}
		const Lock lock = Lock::take(m_host.guest_lock(m_result.domain), patience);
		{
			const Lock config = Lock::take(m_host.config_lock(), patience);
			Journal journal = m_host.journal(m_result.domain);
			const Recovery earlier = recover(m_host, journal, m_host.store.now() + undo_patience);
			if (!earlier.complaints.empty())
				fail(Exit::failed, "what an earlier xl-vscsi began cannot be undone: {}",
				     earlier.complaints.front());
			m_result.steps = earlier.done;
			plan();
		}
		if (m_running)
			disconnect();
		const Lock config = Lock::take(m_host.config_lock(), patience);
		for (const Change &change : m_changes)
			apply_patiently(m_host.configfs, change);
		return std::move(m_result);
	}

private:
	// A guest that does not run can still have LUNs.
	void find_guest()
	{
		try {
			m_result.domain = expect_domain(m_host.store, m_request.domain);
		} catch (const Failure &failure) {
			const Domain named{0, m_request.domain, m_request.domain};
			if (failure.code() != Exit::not_found || !bound(m_host.configfs.read(), named))
				throw;
			m_result.domain = named;
			m_running = false;
		}
	}

	const std::string &name() const { return m_result.domain.name; }

	void plan()
	{
		look();
		if (names_adapter())
			plan_adapter(expect_adapter());
		else
			plan_device(expect_vdev(m_request.vdev));
		for (const Action &action : next_actions(m_guest, Aim{{}, m_result.devices}))
			m_result.steps.push_back(describe(action, m_result.domain));
		for (const Change &change : m_changes)
			m_result.steps.push_back(describe(change));
	}

	void look()
	{
		m_lio = m_backend == 0 ? m_host.configfs.read() : Lio{};
		m_guest = m_running ? read_guest(m_host.store, Txn::none, m_result.domain, m_backend)
				    : Guest{m_result.domain, {}};
		m_wanted = assign(m_lio, m_guest).wanted;
	}

	bool names_adapter() const
	{
		return m_request.vdev.starts_with("host:") || m_request.vdev.starts_with("adapter:") ||
		       m_request.vdev.starts_with(adapter_alias_prefix);
	}

	// By what it is; one that has gone also by its portal group, or by the number that it had.
	const Tpg &expect_adapter() const
	{
		std::vector<const Tpg *> own;
		for (const Tpg &tpg : m_lio.tpgs)
			if (tpg.alias.starts_with(adapter_alias_prefix) &&
			    names_domain(tpg.domain, m_result.domain))
				own.push_back(&tpg);
		const bool by_alias = m_request.vdev.starts_with(adapter_alias_prefix);
		const std::string alias = by_alias ? m_request.vdev : alias_now();
		for (const Tpg *const tpg : own)
			if (tpg->alias == alias || (alias.empty() && had_number(*tpg)))
				return *tpg;
		std::vector<std::string> names;
		for (const Tpg *const tpg : own)
			names.push_back(tpg->alias);
		fail(Exit::not_found, "{} does not have {}; it has {}. `xl-vscsi status` shows who has what",
		     name(), m_request.vdev,
		     names.empty() ? "no adapter" : fmt::format("{}", fmt::join(names, ", ")));
	}

	// Empty: there is no such adapter now.
	std::string alias_now() const
	{
		const Source source = parse_source(m_request.vdev);
		const auto *const identity = std::get_if<AdapterIdentity>(&source);
		if (identity)
			return adapter_alias(identity->text);
		const auto *const number = std::get_if<HostAdapter>(&source);
		for (const Adapter &adapter : m_host.sysfs.adapters())
			if (number && adapter.number == number->number)
				return adapter_alias(adapter.identity);
		return {};
	}

	// An adapter that has gone, and its number, which no other one has now.
	bool had_number(const Tpg &tpg) const
	{
		const Source source = parse_source(m_request.vdev);
		const auto *const number = std::get_if<HostAdapter>(&source);
		return number && std::ranges::any_of(tpg.luns, [&](const Lun &lun) {
			       const Backstore *const store = m_lio.store_of(lun.store);
			       return store && store->scsi && store->scsi->host == number->number;
		       });
	}

	void plan_adapter(const Tpg &found)
	{
		const Tpg *const tpg = &found;
		for (const Lun &lun : tpg->luns) {
			for (const Change &change : plan_removal(m_lio, tpg->id, lun.number))
				m_changes.push_back(change);
			for (const Wanted &wanted : m_wanted)
				if (wanted.pdev == tpg->name_of(lun))
					m_result.devices.push_back(wanted.vdev);
		}
		m_changes.emplace_back(RemoveTpg{tpg->id});
	}

	void plan_device(const Vdev &vdev)
	{
		// Without --backend it is found wherever it is.
		if (const auto elsewhere = m_guest.elsewhere.find(vdev.host);
		    elsewhere != m_guest.elsewhere.end() && m_request.backend == 0) {
			m_backend = elsewhere->second;
			look();
		}
		const Device *const device = m_guest.device_at(vdev);
		const auto wanted = std::ranges::find(m_wanted, vdev, &Wanted::vdev);
		if (!device && wanted == m_wanted.end())
			fail(Exit::not_found, "{} has no device {}; it has {}", name(), to_string(vdev),
			     known_vdevs());
		m_result.devices.push_back(vdev);
		// What it is, or what it would be again.
		const LunRef ref = device ? lun_of(m_lio, *device) : m_lio.find(wanted->pdev);
		if (!ref || !names_domain(ref.tpg->domain, m_result.domain))
			return;
		const std::string lun = to_string(ref.tpg->name_of(*ref.lun));
		if (ref.tpg->alias.starts_with(adapter_alias_prefix))
			fail(Exit::in_use,
			     "{} of {} comes with its adapter. Detach that as a whole, with `xl-vscsi detach "
			     "{} host:N`",
			     to_string(vdev), name(), name());
		if (!made_by_tool(*ref.tpg) && !m_request.remove_lun)
			fail(Exit::in_use,
			     "{} of {} is {}, which the LIO configuration binds to this guest, so it would "
			     "come "
			     "back. Remove the LUN with targetcli, or say --remove-lun",
			     to_string(vdev), name(), lun);
		m_changes = plan_removal(m_lio, ref.tpg->id, ref.lun->number);
	}

	std::string known_vdevs() const
	{
		std::vector<std::string> known;
		const Taken all = taken(m_guest, m_wanted);
		for (const Vdev &vdev : all.vdevs())
			known.push_back(to_string(vdev));
		return known.empty() ? "none" : fmt::format("{}", fmt::join(known, ", "));
	}

	void disconnect()
	{
		const auto gone = [&](const Guest &guest) { return removed(guest, m_result.devices); };
		try {
			if (converge(m_host.store, m_result.domain, m_backend, Aim{{}, m_result.devices},
				     gone, m_host.store.now() + m_request.wait))
				return;
		} catch (const Failure &failure) {
			if (failure.code() == Exit::not_found)
				return; // The guest ended, and its devices with it.
			if (failure.code() == Exit::interrupted)
				fail(Exit::interrupted,
				     "interrupted: {} was asked to let go of {}, and may still do so. Run "
				     "this again to finish it",
				     name(), m_request.vdev);
			throw;
		}
		fail(Exit::timed_out,
		     "{} has not let go of {} after {} s. Is it running, and not paused? Unmount or close "
		     "the device "
		     "there, and run this again",
		     name(), m_request.vdev, m_request.wait.count());
	}

	const Host &m_host;
	const DetachRequest &m_request;
	DomId m_backend;
	bool m_running = true;
	Lio m_lio;
	Guest m_guest;
	std::vector<Wanted> m_wanted;
	std::vector<Change> m_changes;
	DetachResult m_result;
};

} // namespace

DetachResult detach(const Host &host, const DetachRequest &request)
{
	return Detacher{host, request}.run();
}

} // namespace vscsi
