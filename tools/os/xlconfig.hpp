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

// The lines `vscsi=` of the first file below these directories whose domain
// has this name.  Files that cannot be read are passed over.
std::vector<std::string> configured_vscsi(const std::vector<std::filesystem::path> &directories,
					  const std::string &name);

// All domains that files below these directories configure.
std::vector<DomainConfig> configured_domains(const std::vector<std::filesystem::path> &directories);

} // namespace vscsi
