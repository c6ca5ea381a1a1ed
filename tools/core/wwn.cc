// SPDX-License-Identifier: GPL-2.0
#include "core/wwn.hpp"

#include <charconv>

#include "core/failure.hpp"

namespace vscsi
{

namespace
{

constexpr std::size_t wwn_digits = 16;

// Sixteen digits, or eight pairs of them with one and the same separator between all.
std::optional<std::string> only_digits(std::string_view text)
{
	constexpr std::size_t with_separators = wwn_digits + wwn_digits / 2 - 1;
	if (text.size() == wwn_digits)
		return std::string{text};
	if (text.size() != with_separators || (text[2] != ':' && text[2] != '-'))
		return {};
	std::string found;
	for (std::size_t at = 0; at < text.size(); ++at) {
		if (at % 3 != 2)
			found += text[at];
		else if (text[at] != text[2])
			return {};
	}
	return found;
}

} // namespace

std::optional<Wwn> parse_wwn(std::string_view text)
{
	for (const std::string_view prefix : {"0x", "0X", "naa.", "fc."})
		if (text.starts_with(prefix)) {
			text.remove_prefix(prefix.size());
			break;
		}
	const auto number = only_digits(text);
	if (!number)
		return {};
	Wwn wwn;
	const char *const end = number->data() + number->size();
	const auto [rest, error] = std::from_chars(number->data(), end, wwn.number, 16);
	if (error != std::errc{} || rest != end || !wwn)
		return {};
	return wwn;
}

Wwn expect_wwn(std::string_view text, std::string_view what)
{
	const auto wwn = parse_wwn(text);
	if (!wwn)
		fail(Exit::usage,
		     "'{}' is no {}: it has 16 hexadecimal digits, not all of them zero, like "
		     "50:01:63:ef:00:00:00:01 or 0x500163ef00000001",
		     text, what);
	return *wwn;
}

std::string to_string(const Wwn &wwn)
{
	std::string text = hex_digits(wwn);
	for (std::size_t at = wwn_digits - 2; at > 0; at -= 2)
		text.insert(at, 1, ':');
	return text;
}

std::string hex_digits(const Wwn &wwn)
{
	return fmt::format("{:016x}", wwn.number);
}

} // namespace vscsi
