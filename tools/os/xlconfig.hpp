// SPDX-License-Identifier: GPL-2.0
#pragma once
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/vscsiline.hpp"

namespace vscsi
{

// Reads a configuration as xl does; `extra` are its lines from the command
// line.  Throws a Failure with the parser's words.
DomainConfig parse_config(const std::string &text, const std::string &file,
			  const std::vector<std::string> &extra = {});
DomainConfig read_config(const std::filesystem::path &file, const std::vector<std::string> &extra = {});

// All domains that files below these directories configure.
struct DomainConfigs {
	std::vector<DomainConfig> domains;
	std::vector<std::string> complaints; // of files that are passed over

	// The first of this name; nothing if there is none.
	const DomainConfig *of(std::string_view name) const;
};
DomainConfigs configured_domains(const std::vector<std::filesystem::path> &directories);

} // namespace vscsi
