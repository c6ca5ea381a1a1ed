// SPDX-License-Identifier: GPL-2.0
// Keeps guests in step with the LIO configuration.
#pragma once
#include <chrono>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "act/host.hpp"
#include "core/steps.hpp"
#include "daemon/log.hpp"
#include "daemon/pauses.hpp"

namespace vscsi
{

struct DaemonSettings {
	std::vector<std::filesystem::path> config_directories; // with vscsi= in their files
	PauseSwitch pause;
	// A LUN that goes and comes again within this time, as in `targetctl
	// restore`, is not taken from the guest.
	std::chrono::milliseconds settle{2000};
};

class Daemon
{
public:
	using Time = std::chrono::steady_clock::time_point;

	Daemon(const Host &host, DaemonSettings settings);

	// Looks at everything and does what can be done now; waits for no guest.
	// Returns when to look again at the latest.
	Time pass();

	// Devices that were refused get another chance.
	void retry() { ++m_generation; }

private:
	struct Removal {
		TpgId tpg;
		unsigned lun;
		std::vector<Change> changes;
	};
	struct Oversight {
		Time since;
		unsigned nudges;
	};
	struct Refusal {
		std::uint64_t generation;
		Time when;
	};

	void follow_adapters();
	void remove_luns();
	void start_up();
	void visit(const Domain &domain);
	bool awaited(const Domain &domain);
	void hold(const Domain &domain);
	void welcome(const Domain &domain, const std::vector<std::string> &lines);
	void forget_lines(const Domain &domain, const std::vector<std::string> &pdevs);
	void settle(const Domain &domain);
	Aim patient_aim(const Guest &guest);
	void give_another_chance(const Guest &guest, Aim &aim);
	void look_after_frontends(const Guest &guest);
	void forget_dead(const std::vector<Domain> &domains);
	void notice_changes();
	void tell_once(Level level, const std::string &text);
	void look_again(std::chrono::milliseconds delay);

	const Host &m_host;
	DaemonSettings m_settings;
	Pauses m_pauses;
	Lio m_lio;
	Time m_next;
	bool m_started = false;
	std::map<DomId, std::string> m_known; // UUIDs
	std::map<DomId, Time> m_held_since;
	std::map<std::string, Time> m_missing; // devices without a LUN
	std::map<std::string, Refusal> m_refused;
	std::map<std::string, Oversight> m_overlooked;
	std::set<std::string> m_told;
	std::vector<Removal> m_removals;
	std::uint64_t m_fingerprint = 0;
	std::uint64_t m_generation = 0;
};

} // namespace vscsi
