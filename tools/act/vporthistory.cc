// SPDX-License-Identifier: GPL-2.0
#include "act/vporthistory.hpp"

#include <algorithm>
#include <fstream>
#include <limits>
#include <sstream>

#include <fmt/core.h>

#include "core/names.hpp"
#include "os/files.hpp"

namespace vscsi
{

namespace
{

namespace fs = std::filesystem;

// Over a restart of the daemon, not over one of the host: then nothing is logged in.
fs::path history_file(const Host &host, const Wwn &port)
{
	return host.run / ("vport-" + hex_digits(port) + ".history");
}

std::int64_t seconds_in(const std::string &text)
{
	constexpr auto most = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
	return static_cast<std::int64_t>(parse_number(text, most).value_or(0));
}

} // namespace

VportHistory vport_history(const Host &host, const Wwn &port)
{
	VportHistory known;
	std::istringstream lines{read_file(history_file(host, port)).value_or("")};
	std::string since;
	std::string when;
	if (!std::getline(lines, known.state) || !std::getline(lines, since))
		return {};
	known.since = seconds_in(since);
	if (std::getline(lines, known.cause) && std::getline(lines, when))
		known.when = seconds_in(when);
	return known;
}

void note_vport(const Host &host, const Wwn &port, const std::string &state, const std::string &cause,
		std::int64_t now)
{
	const VportHistory before = vport_history(host, port);
	VportHistory after = before;
	if (before.state != state) {
		after.state = state;
		after.since = now;
	}
	// The same cause of a new failure is another one.
	if (!cause.empty() && (before.cause != cause || before.state != state)) {
		after.cause = cause;
		std::ranges::replace(after.cause, '\n', ' ');
		after.when = now;
	}
	if (after == before)
		return;
	const fs::path file = history_file(host, port);
	const fs::path next = file.string() + ".new";
	std::ofstream stream{next, std::ios::trunc};
	stream << after.state << '\n' << after.since << '\n' << after.cause << '\n' << after.when << '\n';
	stream.close();
	// It is for people only: nothing depends on it.
	std::error_code error;
	if (stream)
		fs::rename(next, file, error);
}

void forget_history(const Host &host, const Wwn &port)
{
	std::error_code error;
	fs::remove(history_file(host, port), error);
}

std::string age_text(std::int64_t seconds)
{
	constexpr std::int64_t minute = 60;
	constexpr std::int64_t hour = 60 * minute;
	constexpr std::int64_t day = 24 * hour;
	seconds = std::max<std::int64_t>(seconds, 0);
	// The next unit where the number would say little of it.
	constexpr std::int64_t enough = 3;
	if (seconds < enough * minute)
		return fmt::format("{} s", seconds);
	if (seconds < enough * hour)
		return fmt::format("{} min", seconds / minute);
	if (seconds < enough * day)
		return fmt::format("{} h", seconds / hour);
	return fmt::format("{} d", seconds / day);
}

} // namespace vscsi
