// SPDX-License-Identifier: GPL-2.0
// The arguments of `xl create`, as far as they matter here.
#pragma once
#include <string>
#include <vector>

namespace vscsi
{

enum class Viewer { none, vnc, vnc_with_password };

struct CreateWords {
	std::string config;
	std::vector<std::string> lines;  // key=value
	std::vector<std::string> others; // options that xl is given as they are
	bool paused = false;             // -p
	bool dry_run = false;            // -n
	bool console = false;            // -c
	bool foreground = false;         // -F
	Viewer viewer = Viewer::none;    // -V, -A
};

// Throws a Failure where there is no configuration file.
CreateWords read_create_words(const std::vector<std::string> &words);

} // namespace vscsi
