// SPDX-License-Identifier: GPL-2.0 OR MIT
#pragma once
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "scsi/guard.hpp"

struct Options {
	std::string device;
	std::string changer;
	std::vector<std::string> only;
	std::vector<std::string> except;
	bool list = false;
	bool json = false;
	bool verbose = false;
	std::chrono::seconds timeout{600};
	scsi::Permission permission;
	bool move_media = false;
	bool fill_tape = false;
	std::uint64_t fill_limit = 0; // MiB
	std::optional<unsigned> drive_element;

	bool chosen(std::string_view name) const;
};

// The exit code if the program is to end here: --help, or a wrong option.
std::optional<int> parse(int argc, char **argv, Options &options);

enum Exit : int { passed = 0, failed = 1, cannot_run = 2 };
