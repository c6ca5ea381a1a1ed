// SPDX-License-Identifier: GPL-2.0 OR MIT
#pragma once
#include <vector>

#include "check/test.hpp"

enum class Verdict { pass, fail, skip };

struct Result {
	check::Test test;
	Verdict verdict = Verdict::pass;
	std::string reason;
};

// Lines without names of devices and times, so that two runs can be compared.
void print_line(const Result &result);
void print_summary(const std::vector<Result> &results);
void print_json(const std::vector<Result> &results, const std::string &note);
void print_list(const std::vector<check::Test> &tests);
bool any_failed(const std::vector<Result> &results);
