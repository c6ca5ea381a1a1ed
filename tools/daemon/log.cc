// SPDX-License-Identifier: GPL-2.0
#include "daemon/log.hpp"

#include <cstdio>
#include <cstdlib>

#include <fmt/core.h>

namespace vscsi
{

namespace
{

bool verbose = false;

} // namespace

void log_verbose(bool on)
{
	verbose = on;
}

void log_line(Level level, const std::string &text)
{
	if (level == Level::debug && !verbose)
		return;
	// Set by systemd; nobody changes the environment here.
	static const bool journal = std::getenv("JOURNAL_STREAM") != nullptr; // NOLINT(concurrency-mt-unsafe)
	const std::string prefix = journal ? fmt::format("<{}>", static_cast<int>(level)) : "xen-vscsid: ";
	fmt::print(stderr, "{}{}\n", prefix, text);
}

} // namespace vscsi
