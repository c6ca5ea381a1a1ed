// SPDX-License-Identifier: GPL-2.0
#include "act/npiv.hpp"

#include <algorithm>
#include <map>

#include "act/detach.hpp"
#include "act/devices.hpp"
#include "act/guests.hpp"
#include "act/npivwait.hpp"
#include "act/recovery.hpp"
#include "act/users.hpp"
#include "core/adapters.hpp"
#include "core/failure.hpp"
#include "core/storemaker.hpp"
#include "os/xlconfig.hpp"

namespace vscsi
{

namespace
{

using std::chrono::seconds;

std::string owner_name(const Domain &domain)
{
	return lasting_name(domain);
}

// By WWPN, or the only one that the domain has; throws a Failure that lists them.
Tpg expect_vport(const Lio &lio, const Domain &domain, const std::optional<Wwn> &port)
{
	std::vector<const Tpg *> own;
	std::string known;
	for (const Tpg &tpg : lio.tpgs) {
		if (!tpg.vport || !names_domain(tpg.domain, domain))
			continue;
		if (port && tpg.vport->port == *port)
			return tpg;
		own.push_back(&tpg);
		known += (known.empty() ? "" : ", ") + to_string(tpg.vport->port);
	}
	if (own.empty())
		fail(Exit::not_found, "{} has no vport; `xl-vscsi npiv status` lists those that there are",
		     domain.name);
	if (port)
		fail(Exit::not_found, "{} has no vport {}; it has {}", domain.name, to_string(*port), known);
	if (own.size() > 1)
		fail(Exit::usage, "{} has several vports: say which by --wwpn: {}", domain.name, known);
	return *own.front();
}

void say_if_unknown(VportResult &result, const std::string &text)
{
	if (!text.empty())
		result.steps.push_back(text);
}

class Creator
{
public:
	Creator(const Host &host, const VportRequest &request)
	    : m_host{host}, m_request{request}, m_owner{owner_name(request.domain)}
	{
	}

	VportResult run()
	{
		if (m_request.dry_run) {
			plan();
			return std::move(m_result);
		}
		if (!m_request.at_once)
			recover(m_host);
		const std::optional<Lock> work = configure();
		if (!work)
			return std::move(m_result);
		try {
			log_in();
			await_active(m_host, m_id, m_owner, m_request.wait);
		} catch (const Failure &failure) {
			if (m_make)
				undo(failure);
			throw;
		}
		return std::move(m_result);
	}

private:
	Lock configuration() const
	{
		return Lock::take(m_host.config_lock(), m_request.at_once ? seconds{0} : vport_lock_patience);
	}

	// All but what the fabric is waited for, when others may have the configuration.
	std::optional<Lock> configure()
	{
		const Lock lock = configuration();
		plan();
		std::optional<Lock> work;
		if (m_request.login)
			work.emplace(work_on(m_host, m_id.port));
		if (m_make)
			apply();
		m_result.changed = m_make.has_value();
		return work;
	}

	void apply()
	{
		// First, so that the daemon ends what a command that was killed has begun.
		vport_memory(m_host).keep({m_id, m_owner, m_controller, m_targets});
		Journal journal = m_host.config_journal();
		try {
			apply_all(m_host.configfs, journal, {*m_make});
		} catch (const Failure &) {
			if (journal.roll_back(m_host.configfs).empty() && !m_known)
				vport_memory(m_host).forget(m_id.port);
			throw;
		}
		journal.clear();
	}

	void plan()
	{
		m_lio = read_lio(m_host);
		for (const Tpg &tpg : m_lio.tpgs)
			if (!tpg.can_vport)
				fail(Exit::environment, "the module xen-scsiback that is loaded knows no "
							"vports. Load the one that "
							"came with these tools");
		if (const Tpg *const there = existing()) {
			m_id = *there->vport;
			m_tpg = there->id;
			return;
		}
		choose_names();
		// Says at once what cannot be; whether the fabric agrees comes later.
		if (m_request.login && !port_now(m_host, m_id.port))
			expect_hba(fibre_channel(m_host).ports(), m_request.parent);
		const Guest guest = m_request.domain.id == 0
					    ? Guest{m_request.domain, {}}
					    : read_guest(m_host.store, Txn::none, m_request.domain, 0);
		const Users users{};
		const Scene scene{m_lio, guest, assign(m_lio, guest), users};
		choose_controller(scene);
		MakeTpg make = new_tpg(scene, adapter_alias(adapter_identity(m_id)), {.binding = binding()},
				       m_host.random);
		make.vport = m_id;
		m_tpg = make.id;
		m_result.steps.push_back(describe(Change{make}));
		m_make = std::move(make);
	}

	// The guest has one of that parent already; a second one of the same is asked for by its WWPN.
	const Tpg *existing() const
	{
		for (const Tpg &tpg : m_lio.tpgs) {
			if (!tpg.vport)
				continue;
			const bool ours = names_domain(tpg.domain, m_request.domain);
			if (m_request.port && tpg.vport->port == *m_request.port) {
				if (!ours)
					fail(Exit::in_use, "WWPN {} is that of {}",
					     to_string(*m_request.port), tpg.domain);
				if (tpg.vport->parent != m_request.parent)
					fail(Exit::in_use,
					     "vport {} of {} logs in by {}. Delete it, then make it anew",
					     to_string(*m_request.port), tpg.domain,
					     to_string(tpg.vport->parent));
				return &tpg;
			}
			if (!m_request.port && ours && tpg.vport->parent == m_request.parent)
				return &tpg;
		}
		return nullptr;
	}

	void choose_names()
	{
		const std::vector<KnownVport> known = vport_memory(m_host).all();
		const std::vector<FcPort> ports = fibre_channel(m_host).ports();
		const auto used = [&](const Wwn &wwn) {
			return port_of(ports, wwn) ||
			       std::ranges::any_of(known,
						   [&](const KnownVport &one) {
							   return one.id.port == wwn || one.id.node == wwn;
						   }) ||
			       std::ranges::any_of(m_lio.tpgs, [&](const Tpg &tpg) {
				       return tpg.vport && (tpg.vport->port == wwn || tpg.vport->node == wwn);
			       });
		};
		m_id.parent = m_request.parent;
		if (m_request.port) {
			m_id.port = *m_request.port;
			for (const KnownVport &one : known)
				if (one.id.port == m_id.port && one.owner != m_owner)
					fail(Exit::in_use,
					     "WWPN {} was given to {}, which may want it again: `xl-vscsi "
					     "npiv "
					     "delete {} --wwpn {}` gives it up",
					     to_string(m_id.port), one.owner, one.owner,
					     to_string(m_id.port));
		}
		for (const KnownVport &one : known) {
			if (one.owner != m_owner)
				continue;
			// Its names are zoned; another portal group of it may have this one now.
			const bool given = std::ranges::any_of(m_lio.tpgs, [&](const Tpg &tpg) {
				return tpg.vport && tpg.vport->port == one.id.port;
			});
			if (!m_id.node)
				m_id.node = one.id.node;
			const bool meant = m_request.port ? one.id.port == *m_request.port
							  : one.id.parent == m_request.parent;
			if (!meant || given)
				continue;
			m_id.port = one.id.port;
			m_id.node = one.id.node;
			m_controller = one.controller;
			m_targets = one.targets;
			m_known = true;
		}
		if (m_request.node)
			m_id.node = *m_request.node;
		if (!m_id.node)
			m_id.node = make_wwn(used, m_host.random);
		if (!m_id.port)
			m_id.port = make_wwn([&](const Wwn &wwn) { return wwn == m_id.node || used(wwn); },
					     m_host.random);
	}

	void choose_controller(const Scene &scene)
	{
		Taken all = taken(scene.guest, scene.assigned.wanted);
		for (const KnownVport &one : vport_memory(m_host).all())
			if (one.owner == m_owner && one.id.port != m_id.port)
				all.insert({one.controller, 0, 0, 0});
		if (m_request.controller)
			m_controller = *m_request.controller;
		else if (!m_known)
			m_controller = all.free_controller();
	}

	// If the domain's configuration fixes its UUID, that names it better than a name.
	std::string binding() const
	{
		const DomainConfigs all = configured_domains(m_host.configs);
		const DomainConfig *const config = all.of(m_owner);
		return config && !config->uuid.empty() ? config->uuid : m_owner;
	}

	void log_in()
	{
		say_if_unknown(m_result, expect_unused(m_host, m_id));
		{
			const Lock lock = configuration();
			begin_login(m_host, m_id, m_owner);
		}
		m_result.steps.push_back(
			fmt::format("fabric: log in {} by {}", to_string(m_id.port), to_string(m_id.parent)));
	}

	// What was made, and no more.
	[[noreturn]] void undo(const Failure &failure)
	{
		std::string left;
		Tpg made;
		made.id = m_tpg;
		made.vport = m_id;
		if (!await_gone(m_host, made, vport_lock_patience))
			left = fmt::format("vport {} is not deleted yet", to_string(m_id.port));
		const Lock lock = Lock::take(m_host.config_lock(), vport_lock_patience);
		try {
			apply_patiently(m_host.configfs, RemoveTpg{m_tpg});
			if (left.empty() && !m_known)
				vport_memory(m_host).forget(m_id.port);
		} catch (const Failure &other) {
			left = other.what();
		}
		if (left.empty())
			throw failure;
		throw Failure{failure.code(),
			      fmt::format("{}. Besides, not all could be undone: {}", failure.what(), left)};
	}

	const Host &m_host;
	const VportRequest &m_request;
	std::string m_owner;
	Lio m_lio;
	VportId m_id;
	TpgId m_tpg;
	unsigned m_controller = 0;
	std::vector<Wwn> m_targets;
	bool m_known = false;
	std::optional<MakeTpg> m_make;
	VportResult m_result;
};

std::optional<VportStatus> status_of(const Host &host, const Domain &domain, const Wwn &port)
{
	const std::vector<VportStatus> all = vports(host, domain);
	const auto found =
		std::ranges::find_if(all, [&](const VportStatus &one) { return one.id.port == port; });
	return found == all.end() ? std::nullopt : std::optional{*found};
}

} // namespace

std::vector<VportStatus> vports(const Host &host, const Lio &lio, const std::optional<Domain> &domain,
				VportDetail detail)
{
	const bool whole = detail == VportDetail::whole;
	std::vector<const Tpg *> wanted;
	for (const Tpg &tpg : lio.tpgs)
		if (tpg.vport && (!domain || names_domain(tpg.domain, *domain)))
			wanted.push_back(&tpg);
	if (wanted.empty())
		return {};
	const FibreChannel fc = fibre_channel(host);
	const std::vector<FcPort> ports = fc.ports();
	std::map<Wwn, const FcPort *> by_name;
	for (const FcPort &port : ports)
		by_name.emplace(port.port, &port);
	std::map<Wwn, unsigned> controllers;
	for (const KnownVport &known : vport_memory(host).all())
		controllers.emplace(known.id.port, known.controller);
	RemotePorts remote;
	std::map<unsigned, std::vector<HostDevice>> devices;
	if (whole) {
		remote = fc.remote_ports();
		for (Adapter &adapter : host.sysfs.adapters())
			devices.emplace(adapter.number, std::move(adapter.devices));
	}
	std::vector<VportStatus> found;
	for (const Tpg *const tpg : wanted) {
		VportStatus one;
		one.tpg = tpg->id;
		one.domain = tpg->domain;
		one.id = *tpg->vport;
		one.asked = login_asked(host, tpg->vport->port);
		one.luns = static_cast<unsigned>(tpg->luns.size());
		one.history = vport_history(host, tpg->vport->port);
		if (const auto known = controllers.find(tpg->vport->port); known != controllers.end())
			one.controller = known->second;
		if (const auto there = by_name.find(tpg->vport->port); there != by_name.end()) {
			const FcPort &port = *there->second;
			one.port = port;
			one.counters = fc.counters(port);
			if (const FcPort *const hba = hba_of(ports, port))
				one.hba = to_string(hba->port);
			if (whole) {
				one.targets = remote[port.host];
				one.devices = devices[port.host];
				one.holder = holder_of(host, ports, port);
			}
		}
		found.push_back(std::move(one));
	}
	return found;
}

std::vector<VportStatus> vports(const Host &host, const std::optional<Domain> &domain)
{
	return vports(host, host.configfs.read(), domain, VportDetail::whole);
}

VportResult create_vport(const Host &host, const VportRequest &request)
{
	return Creator{host, request}.run();
}

VportResult login_vport(const Host &host, const Domain &domain, const std::optional<Wwn> &port, seconds wait)
{
	VportResult result;
	const Tpg tpg = expect_vport(host.configfs.read(), domain, port);
	const VportId &id = *tpg.vport;
	const Lock work = work_on(host, id.port);
	result.changed = !login_asked(host, id.port);
	say_if_unknown(result, expect_unused(host, id));
	{
		const Lock lock = Lock::take(host.config_lock(), vport_lock_patience);
		begin_login(host, id, owner_name(domain));
	}
	ask_login(host, id.port, true);
	result.steps.push_back(
		fmt::format("fabric: log in {} by {}", to_string(id.port), to_string(id.parent)));
	try {
		await_active(host, id, owner_name(domain), wait);
		if (!await_luns(host, id))
			result.warnings.push_back(
				fmt::format("{} is logged in, but is shown no LUN: zone it with its "
					    "target, and mask LUNs to it",
					    to_string(id.port)));
	} catch (const Failure &) {
		// The daemon logs out what nobody wants.
		if (result.changed)
			ask_login(host, id.port, false);
		throw;
	}
	result.vport = status_of(host, domain, id.port);
	return result;
}

VportResult logout_vport(const Host &host, const Domain &domain, const std::optional<Wwn> &port, seconds wait)
{
	const Tpg tpg = expect_vport(host.configfs.read(), domain, port);
	for (const Domain &running : list_domains(host.store))
		if (running.id != 0 && names_domain(tpg.domain, running))
			fail(Exit::in_use,
			     "{} runs, and has its vport for as long: shut it down, or `xl-vscsi npiv "
			     "detach {}`",
			     running.name, running.name);
	VportResult result;
	result.changed = port_now(host, tpg.vport->port).has_value();
	ask_login(host, tpg.vport->port, false);
	result.steps.push_back(fmt::format("fabric: log out {}", to_string(tpg.vport->port)));
	if (!await_gone(host, tpg, wait))
		fail(Exit::timed_out,
		     "vport {} is not gone after {} s; the kernel goes on with it. `xl-vscsi npiv status` "
		     "tells",
		     to_string(tpg.vport->port), wait.count());
	return result;
}

VportResult delete_vport(const Host &host, const Domain &domain, const std::optional<Wwn> &port, seconds wait,
			 bool forget, bool dry_run)
{
	const Tpg tpg = expect_vport(host.configfs.read(), domain, port);
	VportResult result;
	result.changed = true;
	DetachRequest request{.domain = domain.id == 0 ? domain.name : std::to_string(domain.id),
			      .vdev = tpg.alias,
			      .wait = wait,
			      .dry_run = dry_run};
	DetachResult gone = detach(host, request);
	result.steps = std::move(gone.steps);
	result.steps.push_back(fmt::format("fabric: log out {}", to_string(tpg.vport->port)));
	if (dry_run)
		return result;
	ask_login(host, tpg.vport->port, false);
	if (!await_gone(host, tpg, wait))
		fail(Exit::timed_out,
		     "the vport {} is out of the configuration, but not gone after {} s; the kernel goes on "
		     "with it, and its name stays the guest's",
		     to_string(tpg.vport->port), wait.count());
	// Not before: by its name the daemon knows what is still to be ended.
	if (forget) {
		const Lock lock = Lock::take(host.config_lock(), vport_lock_patience);
		vport_memory(host).forget(tpg.vport->port);
		forget_history(host, tpg.vport->port);
	}
	return result;
}

AttachResult attach_any(const Host &host, const AttachRequest &request)
{
	const Source source = parse_source(request.pdev);
	const auto *const npiv = std::get_if<NpivParent>(&source);
	if (!npiv)
		return attach(host, request);
	if (request.backend != 0)
		fail(Exit::usage, "'{}': a vport is made in the domain that has the HBA; run this there",
		     request.pdev);
	if (request.options.via == Via::iblock)
		fail(Exit::usage,
		     "a vport's LUNs are passed through: by block two paths to one of them would share "
		     "a serial number, but no reservations. Leave out --backstore block");
	VportRequest wanted{.domain = request.domain,
			    .parent = npiv->parent,
			    .wait = std::max(request.wait, vport_lock_patience),
			    .login = !request.later && !request.at_once,
			    .dry_run = request.dry_run,
			    .at_once = request.at_once};
	if (!request.vdev.empty()) {
		const auto number = parse_number(request.vdev, UINT16_MAX);
		wanted.controller = number ? static_cast<unsigned>(*number) : expect_vdev(request.vdev).host;
	}
	const VportResult made = create_vport(host, wanted);
	AttachResult result;
	result.steps = made.steps;
	result.warnings = made.warnings;
	result.changed = made.changed;
	if (request.dry_run || request.later)
		return result;
	const Lio lio = host.configfs.read();
	const Tpg *tpg = nullptr;
	for (const Tpg &one : lio.tpgs)
		if (one.vport && one.vport->parent == npiv->parent &&
		    names_domain(one.domain, request.domain))
			tpg = &one;
	if (!tpg)
		fail(Exit::failed, "the vport of {} has gone again; is another command at work?",
		     request.domain.name);
	if (request.at_once) {
		// The daemon logs in, and comes back.
		const auto port = port_now(host, tpg->vport->port);
		if (!port || port->vport_state != "Active")
			fail(Exit::timed_out, "vport {}: {}", to_string(tpg->vport->port),
			     port ? why_not_active(*port) : "it is not logged in yet");
		if (tpg->luns.empty())
			fail(Exit::timed_out, "vport {} is shown no LUN yet", to_string(tpg->vport->port));
		return result;
	}
	if (!await_luns(host, *tpg->vport)) {
		result.warnings.push_back(fmt::format("{} is logged in, but is shown no LUN: zone it with "
						      "its target, and mask LUNs to it. What "
						      "comes is given to {} by xen-vscsid",
						      to_string(tpg->vport->port), request.domain.name));
		return result;
	}
	AttachRequest whole = request;
	whole.pdev = "adapter:" + adapter_identity(*tpg->vport);
	whole.vdev.clear();
	AttachResult given = attach(host, whole);
	std::ranges::move(given.steps, std::back_inserter(result.steps));
	std::ranges::move(given.warnings, std::back_inserter(result.warnings));
	result.devices = std::move(given.devices);
	result.changed |= given.changed;
	return result;
}

} // namespace vscsi
