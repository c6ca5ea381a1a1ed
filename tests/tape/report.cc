// SPDX-License-Identifier: GPL-2.0 OR MIT
#include "report.hpp"

#include <algorithm>
#include <cstdio>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace
{

const char *word(Verdict verdict)
{
	switch (verdict) {
	case Verdict::pass:
		return "PASS";
	case Verdict::fail:
		return "FAIL";
	default:
		return "SKIP";
	}
}

std::size_t count(const std::vector<Result> &results, Verdict verdict)
{
	return static_cast<std::size_t>(std::ranges::count(results, verdict, &Result::verdict));
}

std::string needed(unsigned needs)
{
	static constexpr std::pair<unsigned, const char *> names[] = {
		{check::writes & ~check::medium, "--overwrite-tape"},
		{check::fills & ~check::writes, "--fill-tape"},
		{check::moves, "--move-media"},
		{check::changer, "--changer"},
	};
	std::string text;
	for (const auto &[flag, option] : names)
		if (needs & flag)
			text += fmt::format("{}{}", text.empty() ? "  needs " : " ", option);
	return text;
}

} // namespace

void print_line(const Result &result)
{
	std::string line =
		fmt::format("{} {:<38} {}", word(result.verdict), result.test.name, result.test.clause);
	if (!result.reason.empty())
		line += fmt::format(": {}", result.reason);
	fmt::print("{}\n", line);
	std::fflush(stdout);
}

void print_summary(const std::vector<Result> &results)
{
	fmt::print("{} passed, {} failed, {} skipped\n", count(results, Verdict::pass),
		   count(results, Verdict::fail), count(results, Verdict::skip));
}

void print_json(const std::vector<Result> &results, const std::string &note)
{
	nlohmann::ordered_json tests = nlohmann::ordered_json::array();
	for (const auto &result : results)
		tests.push_back({{"name", result.test.name},
				 {"clause", result.test.clause},
				 {"verdict", word(result.verdict)},
				 {"reason", result.reason}});
	const nlohmann::ordered_json all{{"passed", count(results, Verdict::pass)},
					 {"failed", count(results, Verdict::fail)},
					 {"skipped", count(results, Verdict::skip)},
					 {"note", note},
					 {"tests", tests}};
	fmt::print("{}\n", all.dump(1));
}

void print_list(const std::vector<check::Test> &tests)
{
	for (const auto &test : tests)
		fmt::print("{:<38} {}{}\n", test.name, test.clause, needed(test.needs));
}

bool any_failed(const std::vector<Result> &results)
{
	return count(results, Verdict::fail) > 0;
}
