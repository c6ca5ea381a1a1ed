// SPDX-License-Identifier: GPL-2.0
// What commands and daemon work on.
#pragma once
#include <filesystem>
#include <functional>

#include "act/journal.hpp"
#include "act/memory.hpp"
#include "act/sharing.hpp"
#include "core/export.hpp"
#include "os/configfs.hpp"
#include "os/fibrechannel.hpp"
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
	std::vector<std::filesystem::path> configs{}; // directories with configurations of domains
	std::filesystem::path modules{};              // of the kernel that runs; empty: not looked at
	AttributeWriter write_fc = write_once;        // to sysfs' Fibre Channel classes
	DirectoryAsker ask_fabric = ask_directory;    // its name server

	std::filesystem::path config_lock() const { return run / "config.lock"; }
	std::filesystem::path daemon_lock() const { return run / "daemon.lock"; }
	std::filesystem::path guest_lock(const Domain &domain) const { return run / (key(domain) + ".lock"); }
	Journal journal(const Domain &domain) const { return Journal{run / (key(domain) + ".journal")}; }
	// There while the daemon holds the guest until it has its devices.
	std::filesystem::path pause_file(DomId id) const { return run / ("paused-" + std::to_string(id)); }
	Memory memory() const { return Memory{state / "devices"}; }
	Sharing sharing() const { return Sharing{state / "shared"}; }
	Journal config_journal() const { return Journal{run / "config.journal"}; }

private:
	// A guest keeps its UUID when its id changes.  One that does not run may be called like
	// anything.
	static std::string key(const Domain &domain)
	{
		return "guest-" + (domain.uuid.empty() ? std::to_string(domain.id) : domain.uuid);
	}
};

} // namespace vscsi
