// SPDX-License-Identifier: GPL-2.0
#pragma once
#include <chrono>
#include <string>
#include <vector>

namespace vscsi
{

// Runs a program found in PATH, with our own standard streams, and waits.  Its
// exit code, 127 if there is no such program, 128 + N if a signal ended it, or
// 124 if it was killed since it took too long; a limit of 0 is none.
int run_program(const std::vector<std::string> &words, std::chrono::seconds limit = {});

// The same program with stdout where stderr is, so that ours can be parsed.
std::vector<std::string> aside(const std::vector<std::string> &words);

// Becomes the program; throws a Failure if it cannot.
[[noreturn]] void become_program(const std::vector<std::string> &words);

} // namespace vscsi
