// SPDX-License-Identifier: GPL-2.0
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "core/export.hpp"
#include "core/failure.hpp"

namespace vscsi
{

enum class Verb { attach, assign, detach, move, list, create, resize, devices, status, top, report, npiv };
enum class Npiv { ports, create, remove, attach, detach, login, logout, status };

struct Options {
	Verb verb = Verb::list;
	std::string domain;
	std::string pdev;
	std::string vdev;
	std::vector<std::string> names;  // of list, devices and top
	std::vector<std::string> create; // CONFIG and what else is for xl create
	std::string backend = "0";
	std::string backend_word; // the same as a last word, as xm had it
	std::string file;         // of report; empty: stdout
	unsigned wait = 30;       // seconds
	bool wait_given = false;
	bool json = false;
	bool dry_run = false;
	bool save = false;
	bool remove_lun = false;
	std::string size; // of resize; empty: the file's
	bool shrink = false;
	bool batch = false;
	bool metrics = false; // OpenMetrics
	unsigned count = 0;   // of top's updates; 0: without end
	double delay = 3;     // seconds between them
	ExportOptions how;
	Npiv npiv = Npiv::status;
	std::string parent; // fabric:WWN or hba:WWPN
	std::string wwpn;   // empty: the guest's only one, or one that is made
	std::string wwnn;
	std::string controller; // of the guest; empty: the next free one
	bool no_login = false;
	// For trials and tests.
	std::string configfs = "/sys/kernel/config/target";
	std::string sysfs = "/sys";
	std::string run = "/run/xen-vscsi";
	std::string state = "/var/lib/xen-vscsi";
	std::vector<std::string> config_dirs{"/etc/xen", "/etc/xen/auto"};
	std::string saveconfig = "/etc/rtslib-fb-target/saveconfig.json"; // rtslib's default
};

// The exit code if the program is to end here: --help, or a wrong option, which has been told.
std::optional<Exit> parse(int argc, const char *const *argv, Options &options);

} // namespace vscsi
