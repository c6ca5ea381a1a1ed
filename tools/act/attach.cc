// SPDX-License-Identifier: GPL-2.0
#include "act/attach.hpp"

#include <algorithm>

#include "act/across.hpp"
#include "act/converge.hpp"
#include "act/devices.hpp"
#include "act/guests.hpp"
#include "act/meaning.hpp"
#include "act/recovery.hpp"
#include "act/users.hpp"
#include "act/vports.hpp"
#include "core/adapters.hpp"
#include "core/failure.hpp"
#include "core/quota.hpp"
#include "os/xlconfig.hpp"

namespace vscsi
{

namespace
{

constexpr std::chrono::seconds lock_patience{5};

// If the domain's configuration fixes its UUID, that names it better than a name.
std::string lasting_binding(const Host &host, const Domain &domain)
{
	const DomainConfigs all = configured_domains(host.configs);
	const DomainConfig *const config = all.of(lasting_name(domain));
	if (!config)
		return {};
	// One that does not run will have it, if it is one.
	const bool later = domain.uuid == domain.name;
	const Domain known{domain.id, {}, later ? config->uuid : domain.uuid};
	return names_domain(config->uuid, known) ? config->uuid : std::string{};
}

std::size_t device_count(const Guest &guest)
{
	std::size_t count = 0;
	for (const Controller &controller : guest.controllers)
		count += controller.devices.size();
	return count;
}

struct Plan {
	std::vector<Change> changes;
	std::vector<Wanted> devices;
};

class Attacher
{
public:
	Attacher(const Host &host, const AttachRequest &request)
	    : m_host{host}, m_request{request}, m_domain{request.domain}, m_options{request.options},
	      m_source{parse_source(request.pdev)}, m_meaning{host, request.domain, request.pdev,
							      request.configured}
	{
		read_vdev();
		m_options.binding = lasting_binding(host, m_domain);
	}

	AttachResult run()
	{
		if (m_request.dry_run) {
			plan();
			return finish();
		}
		// Of other guests; the journal of this one may not be that of somebody else who died.
		if (!m_request.part && !m_request.at_once)
			m_earlier = recover(m_host).done;
		const std::chrono::seconds patience =
			m_request.at_once ? std::chrono::seconds{0} : std::max(m_request.wait, lock_patience);
		std::optional<Lock> guest_lock;
		if (!m_request.part)
			guest_lock.emplace(Lock::take(m_host.guest_lock(m_domain), patience));
		Journal journal = m_host.journal(m_domain);
		configure(journal, patience);
		if (m_request.later) {
			journal.clear();
			return finish();
		}
		try {
			for (const Wanted &wanted : m_plan.devices)
				if (!m_before.device_at(wanted.vdev))
					journal.add(
						Given{m_request.backend, m_domain, wanted.vdev, wanted.pdev});
			connect();
		} catch (const Failure &failure) {
			undo(journal, failure);
		}
		if (!m_request.part)
			journal.clear();
		remember(patience);
		return finish();
	}

private:
	void read_vdev()
	{
		if (m_request.vdev.empty())
			return;
		const bool adapter = std::holds_alternative<HostAdapter>(m_source) ||
				     std::holds_alternative<AdapterIdentity>(m_source);
		const auto number = adapter ? parse_number(m_request.vdev, UINT16_MAX) : std::nullopt;
		if (number)
			m_options.vdev = Vdev{static_cast<unsigned>(*number), 0, 0, 0};
		else
			m_options.vdev = expect_vdev(m_request.vdev);
	}

	// LIO is the driver domain's, and not to be seen from here.
	bool elsewhere() const { return m_request.backend != 0; }

	void plan()
	{
		m_plan = {};
		m_result.steps = m_earlier;
		std::ranges::copy(m_applied, std::back_inserter(m_result.steps));
		m_result.warnings.clear();
		m_before = m_request.later ? Guest{m_domain, {}}
					   : read_guest(m_host.store, Txn::none, m_domain, m_request.backend);
		m_lio = elsewhere() ? Lio{} : read_lio(m_host);
		const Users users = elsewhere() ? Users{} : read_users(m_host, m_lio);
		const Scene scene{m_lio, m_before, assign(m_lio, m_before), users};
		if (elsewhere())
			plan_elsewhere();
		else
			std::visit([&](const auto &source) { plan_for(scene, source); }, m_source);
		if (m_options.across_hosts && !elsewhere())
			keep_across_hosts(m_host, m_lio, m_domain, m_plan.devices, m_plan.changes,
					  m_result.warnings);
		std::ranges::copy(m_meaning.warnings(), std::back_inserter(m_result.warnings));
		for (const Change &change : m_plan.changes)
			m_result.steps.push_back(describe(change));
		note_bindings();
		const Aim aim{m_request.later ? std::vector<Wanted>{} : m_plan.devices, {}};
		for (const Action &action : next_actions(m_before, aim))
			m_result.steps.push_back(describe(action, m_domain));
		m_result.changed = !m_result.steps.empty();
	}

	// Of the portal groups as they will be.
	void note_bindings()
	{
		for (Wanted &wanted : m_plan.devices) {
			if (!wanted.managed)
				continue;
			const TpgId id{wanted.pdev.port, wanted.pdev.tpgt.value_or(1)};
			if (const Tpg *const tpg = m_lio.tpg_of(id))
				wanted.binding = tpg->domain;
			for (const Change &change : m_plan.changes) {
				if (const auto *made = std::get_if<MakeTpg>(&change); made && made->id == id)
					wanted.binding = made->domain;
				if (const auto *bind = std::get_if<BindTpg>(&change); bind && bind->id == id)
					wanted.binding = bind->domain;
			}
		}
	}

	void plan_elsewhere()
	{
		const auto *const name = std::get_if<LunName>(&m_source);
		if (!name)
			fail(Exit::usage,
			     "'{}' cannot be looked up in another backend domain. Say naa.WWN:LUN or "
			     "ALIAS:LUN",
			     m_request.pdev);
		if (m_options.across_hosts)
			fail(Exit::usage,
			     "what reservations reach is set in the backend domain: of an emulated "
			     "backstore, "
			     "set attribute emulate_pr=0 with targetcli there, and leave out --across-hosts");
		for (const Controller &controller : m_before.controllers)
			for (const Device &device : controller.devices)
				if (device.pdev == m_request.pdev && device.vdev &&
				    (!m_options.vdev || m_options.vdev == device.vdev)) {
					m_plan.devices.push_back(
						{*name, m_request.pdev, *device.vdev, false});
					return;
				}
		Taken all = taken(m_before, {});
		if (m_options.vdev && all.closed(m_options.vdev->host))
			fail(Exit::in_use,
			     "{}. Choose a v-dev of another controller, or leave it out for the next free "
			     "one",
			     served_elsewhere(m_before, m_options.vdev->host));
		if (m_options.vdev && all.contains(*m_options.vdev))
			fail(Exit::in_use, "v-dev {} of {} is in use by another device",
			     to_string(*m_options.vdev), m_domain.name);
		// One that this backend has already, or the first that nobody has.
		const unsigned controller = m_before.controllers.empty()
						    ? all.free_controller()
						    : m_before.controllers.front().number;
		m_plan.devices.push_back(
			{*name, m_request.pdev,
			 m_options.vdev ? *m_options.vdev : all.free_vdev(controller, name->lun), false});
	}

	void take(Export result)
	{
		m_plan.changes = std::move(result.changes);
		m_plan.devices.push_back(std::move(result.wanted));
		std::ranges::move(result.warnings, std::back_inserter(m_result.warnings));
	}

	// A path, an address, an identity.
	void plan_for(const Scene &scene, const auto &source)
	{
		const std::vector<HostDevice> paths = m_meaning.of(source);
		take(export_device(scene, best_path(scene, paths), m_options, m_host.random));
	}
	void plan_for(const Scene &scene, const LunName &name) { take(export_lun(scene, name, m_options)); }
	void plan_for(const Scene &scene, const StoreName &name)
	{
		take(export_store(scene, name, m_options, m_host.random));
	}
	void plan_for(const Scene &scene, const HostAdapter &number)
	{
		plan_adapter(scene, m_meaning.of(number));
	}
	void plan_for(const Scene &scene, const AdapterIdentity &identity)
	{
		plan_adapter(scene, m_meaning.of(identity));
	}

	[[noreturn]] void plan_for(const Scene & /*scene*/, const NpivParent & /*parent*/)
	{
		fail(Exit::usage,
		     "'{}' is a guest's own port on a fabric; say attach or assign, or a vscsi= line, for it",
		     m_request.pdev);
	}

	void plan_adapter(const Scene &scene, Adapter found)
	{
		if (const Tpg *const tpg = tpg_of_adapter(scene.lio, found.identity); tpg && tpg->vport)
			order_targets(m_host, *tpg->vport, found, !m_request.dry_run);
		AdapterPlan whole = export_adapter(scene, found, m_options, m_host.random);
		m_plan.changes = std::move(whole.changes);
		// What the configuration will be says which devices that makes.
		std::set<unsigned> gone;
		for (const Change &change : m_plan.changes) {
			if (const auto *lun = std::get_if<MakeLun>(&change))
				m_plan.devices.push_back({{lun->tpg.wwn, lun->tpg.tpgt, lun->number},
							  lun->store.name,
							  *vdev_of_link(lun->link),
							  true});
			if (const auto *lun = std::get_if<RemoveLun>(&change))
				gone.insert(lun->number);
		}
		for (const Wanted &item : scene.assigned.wanted)
			if (whole.tpg && item.pdev.port == whole.tpg->wwn &&
			    item.pdev.tpgt == whole.tpg->tpgt && !gone.contains(item.pdev.lun))
				m_plan.devices.push_back(item);
	}

	void remember(std::chrono::seconds patience)
	{
		if (!m_request.configured)
			return;
		// The guest has the device, whatever comes of this.
		try {
			const Lock lock = Lock::take(m_host.config_lock(), patience);
			m_meaning.keep();
		} catch (const Failure &failure) {
			m_result.warnings.emplace_back(failure.what());
		}
	}

	void configure(Journal &journal, std::chrono::seconds patience)
	{
		const Lock lock = Lock::take(m_host.config_lock(), patience);
		if (!m_request.part)
			finish_earlier(journal);
		plan();
		let_go_of_lost();
		apply_all(m_host.configfs, journal, m_plan.changes);
		note_sharing();
		const bool removed_any = std::ranges::any_of(m_plan.changes, [](const Change &change) {
			return std::holds_alternative<RemoveLun>(change);
		});
		if (removed_any)
			configure_again(journal);
	}

	std::chrono::seconds undo_time() const
	{
		return m_request.at_once ? std::chrono::seconds{0} : undo_patience;
	}

	// For `status`, which tells what is shared by mistake.
	void note_sharing() const
	{
		if (!m_options.share || elsewhere())
			return;
		const Lio lio = m_host.configfs.read();
		m_host.sharing().keep_only(lio);
		for (const Wanted &wanted : m_plan.devices)
			if (const LunRef ref = lio.find(wanted.pdev))
				m_host.sharing().add(ref.lun->store);
	}

	void finish_earlier(Journal &journal)
	{
		const Recovery earlier = recover(m_host, journal, m_host.store.now() + undo_time());
		if (!earlier.complaints.empty())
			fail(Exit::failed, "what an earlier xl-vscsi began cannot be undone: {}",
			     earlier.complaints.front());
		std::ranges::copy(earlier.done, std::back_inserter(m_earlier));
	}

	// Devices of an adapter that are no more: the guest lets go before their LUNs are removed.
	void let_go_of_lost() const
	{
		Aim aim;
		for (const Change &change : m_plan.changes)
			if (const auto *lun = std::get_if<RemoveLun>(&change))
				for (const Controller &controller : m_before.controllers)
					for (const Device &device : controller.devices) {
						const LunRef ref = lun_of(m_lio, device);
						if (device.vdev && ref && ref.tpg->id == lun->tpg &&
						    ref.lun->number == lun->number)
							aim.drop.push_back(*device.vdev);
					}
		if (aim.drop.empty())
			return;
		const bool gone = converge(
			m_host.store, m_domain, 0, aim,
			[&](const Guest &guest) {
				return std::ranges::none_of(aim.drop, [&](const Vdev &vdev) {
					return guest.device_at(vdev) != nullptr;
				});
			},
			m_host.store.now() + std::max(m_request.wait, undo_patience));
		if (!gone)
			fail(Exit::timed_out,
			     "{} has not let go of {}, whose device is not in the adapter any more. Close it "
			     "there, and run this again",
			     m_domain.name, to_string(aim.drop.front()));
	}

	// For what came in place of a device of an adapter, now that its predecessor is gone.
	void configure_again(Journal &journal)
	{
		for (const Change &change : m_plan.changes)
			m_applied.push_back(describe(change));
		try {
			plan();
			apply_all(m_host.configfs, journal, m_plan.changes);
		} catch (const Failure &) {
			journal.roll_back(m_host.configfs);
			throw;
		}
	}

	void connect()
	{
		const auto &devices = m_plan.devices;
		const auto limit = m_host.store.now() + m_request.wait;
		const auto written = [&](const Guest &guest) {
			return std::ranges::all_of(
				devices, [&](const Wanted &wanted) { return guest.device_at(wanted.vdev); });
		};
		const bool waits = m_request.wait.count() > 0 && !held();
		const auto done = [&](const Guest &guest) {
			return written(guest) && (!waits || settled(guest, devices));
		};
		// A controller that is busy with another change is waited for in any case.
		const bool in_time = converge(m_host.store, m_domain, m_request.backend, Aim{devices, {}},
					      done, waits ? limit : m_host.store.now() + undo_time());
		m_after = read_guest(m_host.store, Txn::none, m_domain, m_request.backend);
		for (const Wanted &wanted : devices)
			judge(wanted, in_time);
	}

	// It cannot take the device before the daemon lets it run, which waits for this command.
	bool held()
	{
		if (!std::filesystem::exists(m_host.pause_file(m_domain.id)))
			return false;
		if (m_request.wait.count() > 0 && !m_request.part)
			m_result.warnings.push_back(fmt::format(
				"xen-vscsid holds {} until it has its devices, so this was not waited for. "
				"`xl-vscsi list {}` shows when it is there",
				m_domain.name, m_domain.name));
		return true;
	}

	void judge(const Wanted &wanted, bool in_time) const
	{
		const Device *const device = m_after.device_at(wanted.vdev);
		const std::string what = fmt::format("{} as {} of {}", to_string(wanted.pdev),
						     to_string(wanted.vdev), m_domain.name);
		if (device && device->pdev != to_string(wanted.pdev) &&
		    lun_of(m_lio, *device).lun != m_lio.find(wanted.pdev).lun)
			fail(Exit::in_use, "{}: the v-dev was taken meanwhile, by {}", what, device->pdev);
		if (device && device->state == State::closed)
			fail(Exit::refused, "{}: refused: {}", what,
			     device->error.empty() ? "the backend gave no reason; see the kernel log"
						   : device->error);
		if (!in_time)
			fail(Exit::timed_out, "{}: not there after {} s: {}", what, m_request.wait.count(),
			     why_late(wanted, device));
	}

	std::string why_late(const Wanted &wanted, const Device *device) const
	{
		if (device && device->state == State::initialising && !device->error.empty())
			return fmt::format(
				"the backend keeps it back: {}. Give it more time with --wait SECONDS, or "
				"with "
				"--wait 0 leave it to come by itself. If it stays so, the device hangs: look "
				"at it, or reset it",
				device->error);
		if (m_after.elsewhere.contains(wanted.vdev.host))
			return served_elsewhere(m_after, wanted.vdev.host);
		const Controller *const controller = m_after.controller_at(wanted.vdev.host);
		if (!controller || controller->back == State::initialising ||
		    controller->back == State::unknown)
			return "no backend has taken the controller. Load the module: modprobe xen-scsiback";
		if (controller->back == State::init_wait)
			return fmt::format(
				"the guest does not connect (its side is {}). Has it booted, and has it "
				"the driver xen-scsifront?",
				state_name(controller->front));
		if (!device)
			return "the controller is busy with another change. Try again";
		const std::string quota = quota_hint(device_count(m_after));
		return fmt::format(
			"the guest has not taken the device (it is {}); see the guest's kernel log{}{}",
			state_name(device->state), quota.empty() ? "" : ". ", quota);
	}

	bool has_any(const std::vector<Vdev> &vdevs) const
	{
		const Guest guest = read_guest(m_host.store, Txn::none, m_domain, m_request.backend);
		return std::ranges::any_of(
			vdevs, [&](const Vdev &vdev) { return guest.device_at(vdev) != nullptr; });
	}

	[[noreturn]] void undo(Journal &journal, const Failure &failure)
	{
		Aim aim;
		for (const Wanted &wanted : m_plan.devices) {
			const Device *const device = m_before.device_at(wanted.vdev);
			const bool ours =
				!device || lun_of(m_lio, *device).lun != m_lio.find(wanted.pdev).lun;
			if (ours)
				aim.drop.push_back(wanted.vdev);
		}
		std::string left;
		try {
			converge(
				m_host.store, m_domain, m_request.backend, aim,
				[&](const Guest &guest) { return removed(guest, aim.drop); },
				m_host.store.now() + undo_time());
		} catch (const Failure &other) {
			// A domain that ended has nothing more.
			if (other.code() != Exit::not_found)
				left = other.what();
		}
		// It is still written down, and the LUN stays until the guest has none of it.
		if (has_any(aim.drop))
			throw Failure{failure.code(),
				      fmt::format("{}. Besides, {} has not let go of it yet: "
						  "the next xl-vscsi, or xen-vscsid, takes it "
						  "back",
						  failure.what(), m_domain.name)};
		{
			const Lock lock = Lock::take(m_host.config_lock(), undo_time());
			const std::string text = journal.roll_back(m_host.configfs);
			if (!text.empty())
				left = text;
		}
		if (left.empty() && failure.code() == Exit::interrupted)
			fail(Exit::interrupted, "interrupted; what was begun has been taken back");
		if (left.empty())
			throw failure;
		throw Failure{failure.code(),
			      fmt::format("{}. Besides, not all could be undone: {}", failure.what(), left)};
	}

	AttachResult finish()
	{
		for (const Wanted &wanted : m_plan.devices) {
			const Device *const device = m_after.device_at(wanted.vdev);
			m_result.devices.push_back({wanted, device ? device->state : State::unknown});
		}
		return std::move(m_result);
	}

	const Host &m_host;
	const AttachRequest &m_request;
	const Domain &m_domain;
	ExportOptions m_options;
	Source m_source;
	Meaning m_meaning;
	Lio m_lio;
	Guest m_before;
	Guest m_after;
	Plan m_plan;
	std::vector<std::string> m_earlier; // of another command, which was interrupted
	std::vector<std::string> m_applied; // of an earlier plan
	AttachResult m_result;
};

} // namespace

AttachResult attach(const Host &host, const AttachRequest &request)
{
	return Attacher{host, request}.run();
}

} // namespace vscsi
