// SPDX-License-Identifier: GPL-2.0 OR MIT
#pragma once
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "check/changer.hpp"
#include "check/drive.hpp"

namespace check
{

// What a test cannot do without.
enum Needs : unsigned {
	none = 0,
	drive = 1,
	medium = 2 | drive,
	writes = 4 | medium, // the tape's content is lost
	fills = 8 | writes,  // and it is written to its end
	driver = 16 | drive, // of Linux, st
	changer = 32,
	moves = 64, // cartridges
	empty = 128 | drive,
};

struct Bench {
	std::unique_ptr<Drive> drive;
	std::unique_ptr<Changer> changer;
	std::uint64_t fill_limit = 0;
};

struct Test {
	std::string_view name;
	std::string_view clause;
	unsigned needs;
	void (*run)(const Bench &bench);
};

using Tests = std::span<const Test>;

Tests inquiry_tests();
Tests mode_tests();
Tests list_tests();
Tests reserve_tests();
Tests transfer_tests();
Tests length_tests();
Tests mark_tests();
Tests space_tests();
Tests position_tests();
Tests medium_tests();
Tests driver_tests();
Tests changer_tests();
Tests move_tests();

// In the order in which they are run.
std::vector<Test> all_tests();

} // namespace check
