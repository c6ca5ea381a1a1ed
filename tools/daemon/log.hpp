// SPDX-License-Identifier: GPL-2.0
#pragma once
#include <string>

namespace vscsi
{

// Levels of syslog.
enum class Level : int { error = 3, warning = 4, notice = 5, debug = 7 };

// A line on stderr; where that is the journal it gets its level.
void log_line(Level level, const std::string &text);
void log_verbose(bool on);

} // namespace vscsi
