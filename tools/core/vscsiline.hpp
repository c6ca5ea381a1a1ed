// SPDX-License-Identifier: GPL-2.0
// `vscsi=[...]` of a domain's configuration file.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "core/export.hpp"

namespace vscsi
{

struct VscsiLine {
	std::string pdev;
	std::string vdev; // may be empty
	ExportOptions options;
	bool required = false; // the guest does not run without it
};

// "pdev,vdev[,options]"; throws a Failure that names what is wrong.
VscsiLine parse_vscsi_line(std::string_view text);

// What a configuration file says that matters here.
struct DomainConfig {
	std::string name;
	std::vector<std::string> vscsi;
	std::string uuid; // may be empty
	std::string file;
};

} // namespace vscsi
