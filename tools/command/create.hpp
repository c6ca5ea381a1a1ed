// SPDX-License-Identifier: GPL-2.0
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "command/createwords.hpp"
#include "core/failure.hpp"

namespace vscsi
{

struct Options;
struct Host;

// What runs xl; tests have their own.
struct Programs {
	// Waits; the exit code.
	std::function<int(const std::vector<std::string> &)> run;
	// Does not return, but in tests.
	std::function<void(const std::vector<std::string> &)> become;
};
Programs real_programs();

// Creates the guest paused, attaches, lets it run; on failure nothing is left.
Exit create(const Host &host, const Options &options, const Programs &programs = real_programs());

} // namespace vscsi
