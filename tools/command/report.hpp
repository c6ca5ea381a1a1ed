// SPDX-License-Identifier: GPL-2.0
// xl-vscsi report: what a report of a fault needs, in one text.
#pragma once
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "act/host.hpp"
#include "os/capture.hpp"

namespace vscsi
{

struct Options;

struct ReportSources {
	const Host *host = nullptr; // null: there is no xenstore
	std::string no_host;        // why
	std::filesystem::path configfs;
	std::filesystem::path sysfs;
	std::filesystem::path debugfs{"/sys/kernel/debug"};
	std::filesystem::path etc{"/etc"};
	std::function<Captured(const std::vector<std::string> &)> run;
};

// Each section is there, if only to say what it lacks.
std::string report_text(const ReportSources &sources, const Options &options);

// Prints it, or writes it to the file that the options name.
void report(const Host *host, const std::string &no_host, const Options &options);

} // namespace vscsi
