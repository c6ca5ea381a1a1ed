// SPDX-License-Identifier: GPL-2.0
#include "command/outcome.hpp"

#include <cstdio>

#include "command/options.hpp"
#include "command/output.hpp"

namespace vscsi
{

Exit print_outcome(const Options &options, const std::string &text, const std::string &json,
		   const std::vector<std::string> &warnings, const std::optional<Failure> &wrong)
{
	for (const std::string &warning : warnings)
		fmt::print(stderr, "xl-vscsi: warning: {}\n", warning);
	const std::string all = !options.json ? text : wrong ? with_failure(json, *wrong) : json;
	std::fputs(all.c_str(), stdout);
	if (!wrong)
		return Exit::done;
	fmt::print(stderr, "xl-vscsi: {}\n", wrong->what());
	return wrong->code();
}

std::string nothing_yet(const Domain &domain, const std::string &pdev)
{
	return fmt::format("{} has no devices now; {} gets those that come, if xen-vscsid runs", pdev,
			   domain.name);
}

} // namespace vscsi
