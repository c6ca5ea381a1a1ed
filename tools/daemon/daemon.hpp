// SPDX-License-Identifier: GPL-2.0
// Keeps guests in step with the LIO configuration.
#pragma once
#include <chrono>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "act/host.hpp"
#include "core/steps.hpp"
#include "daemon/log.hpp"
#include "daemon/memory.hpp"
#include "daemon/pauses.hpp"
#include "os/xlconfig.hpp"

namespace vscsi
{

struct DaemonSettings {
	PauseSwitch pause;
	// A LUN that goes and comes again within this time, as in `targetctl
	// restore`, is not taken from the guest.
	std::chrono::milliseconds settle{2000};
	// Asks the targets of a SCSI host for their LUNs, and does not wait for them.
	std::function<void(unsigned host)> scan = [](unsigned) {};
};

class Daemon
{
public:
	using Time = vscsi::Time;

	Daemon(const Host &host, DaemonSettings settings);

	// Looks at everything and does what can be done now; waits for no guest.
	// Returns when to look again at the latest.
	Time pass();

	// Devices that were refused get another chance.
	void retry() { ++m_generation; }
	// A target said so.
	void luns_changed() { m_luns_changed = true; }

private:
	// What one round knows of all vports.
	struct Neighbours {
		RemotePorts remote;
		std::map<std::string, unsigned> vports; // by what their portal groups are bound to
	};
	struct Removal {
		TpgId tpg;
		unsigned lun;
		std::vector<Change> changes;
	};

	bool anybody_new();
	std::vector<Guest> guests();
	void finish_for_the_dead();
	void read_configs();
	void start_up();
	void visit(const Guest &guest);
	void greet(const Domain &domain);
	bool incoming(const Domain &domain);
	void hold(const Domain &domain);
	void let_go_in_time(const Domain &domain);
	void welcome(const Domain &domain, const std::vector<std::string> &lines);
	bool try_lines(const Domain &domain);
	bool give(const Domain &domain, const Awaited &awaited);
	void forget_lines(const Domain &domain, const std::vector<std::string> &pdevs);
	void settle(Guest guest);
	void forget_dead();
	void remove_lock_files();
	void notice_changes();
	bool older(Time since, std::chrono::milliseconds age) const
	{
		return m_host.store.now() - since >= age;
	}

	// notes.cc
	GuestMemory &memory_of(const Domain &domain);
	void tell_once(Level level, const std::string &text);
	void look_again(std::chrono::milliseconds delay);

	// follow.cc: adapters
	void follow_adapters();
	void remove_luns();

	// vports.cc: a guest's own ports on fabrics
	std::optional<Domain> owner_of(const Tpg &tpg) const;
	void follow_vports();
	void keep_logged_in(const Tpg &tpg, const FcPort *port, const std::string &guest, VportCare &care,
			    const Neighbours &neighbours);
	void note_state(const Wwn &vport, const std::string &state, const std::string &cause);
	void let_leave(const Tpg &tpg, VportCare &care);

	// aims.cc: what is wanted of a guest, and when
	Aim patient_aim(const Guest &guest);
	std::vector<Vdev> another_chance(const Guest &guest, const Aim &aim);
	std::vector<Action> patient_actions(const Guest &guest, const Aim &aim);
	void look_after_frontends(const Guest &guest);

	const Host &m_host;
	DaemonSettings m_settings;
	Pauses m_pauses;
	Lio m_lio;
	DomainConfigs m_configs;
	std::vector<Domain> m_running;
	Time m_next;
	bool m_started = false;
	std::map<DomId, GuestMemory> m_guests;
	std::map<Wwn, VportCare> m_vports;
	bool m_luns_changed = false;
	std::set<std::string> m_told;
	std::vector<Removal> m_removals;
	std::uint64_t m_fingerprint = 0;
	std::uint64_t m_generation = 0;
};

} // namespace vscsi
