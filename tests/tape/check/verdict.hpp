// SPDX-License-Identifier: GPL-2.0 OR MIT
// How a test tells what it found: it returns, or throws one of these.
#pragma once
#include <string>

#include <fmt/format.h>

namespace check
{

struct Failed {
	std::string reason;
};

struct Skipped {
	std::string reason;
};

inline void want(bool condition, std::string_view what, std::string_view wanted, std::string_view came)
{
	if (!condition)
		throw Failed{fmt::format("{}: wanted {}, came {}", what, wanted, came)};
}

template <typename T>
void want_equal(std::string_view what, const T &came, const T &wanted)
{
	if (!(came == wanted))
		throw Failed{fmt::format("{}: wanted {}, came {}", what, wanted, came)};
}

} // namespace check
