// SPDX-License-Identifier: GPL-2.0
#pragma once
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace vscsi
{

// Columns as wide as the widest of their cells.
class TextTable
{
public:
	// How wide they are at least, so that ordinary tables look alike.
	explicit TextTable(std::vector<std::size_t> least, std::string indent = {})
	    : m_widths{std::move(least)}, m_indent{std::move(indent)}
	{
	}
	// What is beyond the columns is not aligned.
	void add(std::vector<std::string> cells);
	// A line of its own, below the last row.
	void note(const std::string &line);
	std::string text() const;

private:
	struct Row {
		std::vector<std::string> cells;
		std::string notes{};
	};
	std::vector<std::size_t> m_widths;
	std::string m_indent;
	std::vector<Row> m_rows;
};

// A name that a reader could take for several words, or for none, in quotation marks.
std::string as_word(std::string_view name);

} // namespace vscsi
