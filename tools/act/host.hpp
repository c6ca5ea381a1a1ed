// SPDX-License-Identifier: GPL-2.0
// What commands and daemon work on.
#pragma once
#include <filesystem>
#include <functional>

#include "act/journal.hpp"
#include "act/memory.hpp"
#include "core/export.hpp"
#include "os/configfs.hpp"
#include "os/store.hpp"
#include "os/sysfs.hpp"

namespace vscsi
{

struct Host {
	Store &store;
	Configfs &configfs;
	const Sysfs &sysfs;
	std::filesystem::path run;   // locks and journals
	std::filesystem::path state; // what lasts over a reboot
	Random random;

	std::filesystem::path config_lock() const { return run / "config.lock"; }
	std::filesystem::path daemon_lock() const { return run / "daemon.lock"; }
	std::filesystem::path guest_lock(const Domain &domain) const { return run / (key(domain) + ".lock"); }
	Journal journal(const Domain &domain) const { return Journal{run / (key(domain) + ".journal")}; }
	Memory memory() const { return Memory{state / "devices"}; }
	Journal config_journal() const { return Journal{run / "config.journal"}; }

private:
	// A guest keeps its UUID when its id changes.
	static std::string key(const Domain &domain)
	{
		return domain.uuid.empty() ? "domain-" + std::to_string(domain.id) : domain.uuid;
	}
};

// Undoes what somebody who died had begun with any guest or adapter that nobody
// works on now.  Returns what could not be undone.
std::vector<std::string> recover(const Host &host);

} // namespace vscsi
