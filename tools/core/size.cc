// SPDX-License-Identifier: GPL-2.0
#include "core/size.hpp"

#include <array>

#include "core/failure.hpp"
#include "core/names.hpp"

namespace vscsi
{

namespace
{

constexpr std::string_view units = "KMGTP";
constexpr unsigned bits_of_unit = 10;

} // namespace

std::uint64_t expect_size(std::string_view text)
{
	std::string_view digits = text;
	if (digits.ends_with("iB"))
		digits.remove_suffix(2);
	unsigned shift = 0;
	if (const std::size_t at = digits.empty() ? std::string_view::npos : units.find(digits.back());
	    at != std::string_view::npos) {
		shift = static_cast<unsigned>(at + 1) * bits_of_unit;
		digits.remove_suffix(1);
	}
	const auto number = parse_number(digits, UINT64_MAX >> shift);
	// `10iB` is nothing.
	if (!number || (shift == 0 && digits.size() != text.size()))
		fail(Exit::usage,
		     "'{}' is no size. Say how many bytes, or KiB, MiB, GiB, TiB: 1073741824, 1G or 1GiB",
		     text);
	return *number << shift;
}

std::string size_text(std::uint64_t bytes)
{
	double amount = static_cast<double>(bytes);
	std::size_t unit = 0;
	for (; amount >= 1 << bits_of_unit && unit < units.size(); ++unit)
		amount /= 1 << bits_of_unit;
	return unit == 0 ? fmt::format("{} bytes", bytes)
			 : fmt::format("{} bytes ({:.1f} {}iB)", bytes, amount, units[unit - 1]);
}

} // namespace vscsi
