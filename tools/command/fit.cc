// SPDX-License-Identifier: GPL-2.0
#include "command/fit.hpp"

#include <algorithm>

namespace vscsi
{

namespace
{

bool begins_letter(char byte)
{
	return (static_cast<unsigned char>(byte) & 0xc0U) != 0x80U;
}

} // namespace

std::size_t width_of(std::span<const Part> parts, const std::vector<bool> &left)
{
	std::size_t width = 0;
	for (std::size_t at = 0; at < parts.size(); ++at)
		width += left[at] ? parts[at].width : 0;
	return width;
}

std::vector<bool> fitting(std::span<const Part> parts, std::size_t columns)
{
	std::vector<bool> left(parts.size(), true);
	while (columns && width_of(parts, left) > columns) {
		unsigned worst = 0;
		for (std::size_t at = 0; at < parts.size(); ++at)
			worst = left[at] ? std::max(worst, parts[at].rank) : worst;
		if (worst == 0)
			break;
		for (std::size_t at = 0; at < parts.size(); ++at)
			left[at] = left[at] && parts[at].rank != worst;
	}
	return left;
}

std::size_t text_width(std::string_view text)
{
	return static_cast<std::size_t>(std::ranges::count_if(text, begins_letter));
}

std::string shortened(std::string_view text, std::size_t columns)
{
	if (text_width(text) <= columns)
		return std::string{text};
	std::size_t end = 0, letters = 0;
	for (; end < text.size(); ++end)
		if (begins_letter(text[end]) && ++letters >= columns)
			break;
	return std::string{text.substr(0, end)} + '~';
}

} // namespace vscsi
