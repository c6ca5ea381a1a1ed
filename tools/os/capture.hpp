// SPDX-License-Identifier: GPL-2.0
#pragma once
#include <chrono>
#include <string>
#include <vector>

namespace vscsi
{

struct Captured {
	int code = 0; // as run_program has it
	std::string output;
};

// Runs a program found in PATH and reads what it prints, to stderr as well.  One that takes
// longer is killed.
Captured capture_program(const std::vector<std::string> &words, std::chrono::seconds limit);

} // namespace vscsi
