// SPDX-License-Identifier: GPL-2.0 OR MIT
#include "frames/names.hpp"

#include <algorithm>

namespace frames
{

namespace
{

constexpr std::string_view digits = "0123456789abcdef";

int digit(char character)
{
	const char lower =
		character >= 'A' && character <= 'F' ? static_cast<char>(character + 32) : character;
	const std::size_t found = digits.find(lower);
	return found == std::string_view::npos ? -1 : static_cast<int>(found);
}

std::string pairs(std::uint64_t value, std::size_t bytes)
{
	std::string result;
	for (std::size_t at = bytes; at-- > 0;) {
		const auto byte = static_cast<std::uint8_t>(value >> (8 * at));
		result += digits[byte >> 4U];
		result += digits[byte & 15U];
		if (at > 0)
			result += ':';
	}
	return result;
}

} // namespace

Mac fabric_provided(PortId id)
{
	return mac_of(Writer{}.u24(fc_map).u24(id.value).view());
}

Mac mac_of(Bytes six)
{
	Mac result;
	std::copy_n(six.begin(), std::min(six.size(), result.value.size()), result.value.begin());
	return result;
}

std::optional<Wwn> parse_wwn(std::string_view text)
{
	for (const std::string_view prefix : {"0x", "naa."})
		if (text.starts_with(prefix))
			text.remove_prefix(prefix.size());
	const bool colons = text.size() == 23;
	if (!colons && text.size() != 16)
		return std::nullopt;
	std::uint64_t value = 0;
	for (std::size_t at = 0; at < text.size(); at++) {
		if (colons && at % 3 == 2) {
			if (text[at] != ':')
				return std::nullopt;
			continue;
		}
		const int number = digit(text[at]);
		if (number < 0)
			return std::nullopt;
		value = value << 4U | static_cast<unsigned>(number);
	}
	return Wwn{value};
}

std::string text(Wwn name)
{
	return pairs(name.value, 8);
}

std::string text(PortId id)
{
	std::string result = pairs(id.value, 3);
	std::erase(result, ':');
	return result;
}

std::string text(const Mac &address)
{
	return pairs(Reader{address.value}.number(6), 6);
}

} // namespace frames
