// SPDX-License-Identifier: GPL-2.0
#pragma once
#include <string>
#include <vector>

#include "core/failure.hpp"

namespace vscsi
{

struct Options;
struct Host;

// The arguments of `xl create`, as far as they matter here.
struct CreateWords {
	std::string config;
	std::vector<std::string> lines;  // key=value, and those of --defconfig
	std::vector<std::string> others; // options, passed on
	bool paused = false;             // -p
	bool dry_run = false;            // -n
	std::string name(const std::string &configured) const;
};
// Throws a Failure where there is no configuration file.
CreateWords read_create_words(const std::vector<std::string> &words);

// Creates the guest paused, attaches, lets it run; on failure nothing is left.
Exit create(const Host &host, const Options &options);

} // namespace vscsi
