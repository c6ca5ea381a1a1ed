// SPDX-License-Identifier: GPL-2.0
// What fits on a line: parts go as a whole, so that no number is cut.
#pragma once
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace vscsi
{

// Of parts that do not fit the highest rank goes first, all of it; rank 0 stays.
struct Part {
	std::size_t width = 0;
	unsigned rank = 0;
};

// Which of them are left; columns 0 has room for all.
std::vector<bool> fitting(std::span<const Part> parts, std::size_t columns);
std::size_t width_of(std::span<const Part> parts, const std::vector<bool> &left);

// Columns of UTF-8; letters that take two are counted as one.
std::size_t text_width(std::string_view text);
// With a mark where something is missing.
std::string shortened(std::string_view text, std::size_t columns);

} // namespace vscsi
