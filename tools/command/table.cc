// SPDX-License-Identifier: GPL-2.0
#include "command/table.hpp"

#include <algorithm>

#include "command/fit.hpp"

namespace vscsi
{

void TextTable::add(std::vector<std::string> cells)
{
	for (std::size_t at = 0; at < std::min(m_widths.size(), cells.size()); ++at)
		m_widths[at] = std::max(m_widths[at], text_width(cells[at]));
	m_rows.push_back({std::move(cells)});
}

void TextTable::note(const std::string &line)
{
	m_rows.back().notes += m_indent + line + '\n';
}

std::string TextTable::text() const
{
	std::string text;
	for (const Row &row : m_rows) {
		text += m_indent;
		for (std::size_t at = 0; at < row.cells.size(); ++at) {
			if (at > 0)
				text += ' ';
			text += row.cells[at];
			const std::size_t width = text_width(row.cells[at]);
			if (at < m_widths.size() && m_widths[at] > width)
				text.append(m_widths[at] - width, ' ');
		}
		text += '\n' + row.notes;
	}
	return text;
}

std::string as_word(std::string_view name)
{
	constexpr unsigned char last_control = 0x20;
	const auto odd = [](unsigned char letter) {
		return letter <= last_control || letter == '"' || letter == 0x7f;
	};
	if (!name.empty() && std::ranges::none_of(name, odd))
		return std::string{name};
	std::string text{'"'};
	for (const char letter : name) {
		if (letter == '"' || letter == '\\')
			text += '\\';
		// A guest's strings must not move the cursor.
		text += letter != ' ' && letter != '"' && odd(static_cast<unsigned char>(letter)) ? '?'
												  : letter;
	}
	return text + '"';
}

} // namespace vscsi
