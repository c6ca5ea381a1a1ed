// SPDX-License-Identifier: GPL-2.0
#include "core/vscsiline.hpp"

#include <algorithm>

#include "core/failure.hpp"

namespace vscsi
{

namespace
{

std::string_view trim(std::string_view text)
{
	constexpr std::string_view blank = " \t";
	const std::size_t first = text.find_first_not_of(blank);
	if (first == std::string_view::npos)
		return {};
	return text.substr(first, text.find_last_not_of(blank) - first + 1);
}

std::vector<std::string> split(std::string_view text)
{
	std::vector<std::string> parts;
	for (;;) {
		const std::size_t comma = text.find(',');
		parts.emplace_back(trim(text.substr(0, comma)));
		if (comma == std::string_view::npos)
			return parts;
		text.remove_prefix(comma + 1);
	}
}

// The second half of `naa.WWN,TPGT:LUN`.
bool is_tag_and_lun(const std::string &text)
{
	const std::size_t colon = text.find(':');
	return colon != std::string::npos && parse_number(text.substr(0, colon), UINT16_MAX) &&
	       parse_number(text.substr(colon + 1), greatest_lun);
}

void set_option(VscsiLine &to, const std::string &word, std::string_view line)
{
	ExportOptions &options = to.options;
	if (word == "backstore=pscsi")
		options.via = Via::pscsi;
	else if (word == "backstore=block")
		options.via = Via::iblock;
	else if (word == "backstore=fileio")
		options.via = Via::fileio;
	else if (word == "share")
		options.share = true;
	else if (word == "ro")
		options.read_only = true;
	else if (word == "ring-per-lun")
		options.ring_per_lun = true;
	else if (word == "bind")
		options.bind = true;
	else if (word == "across-hosts")
		options.across_hosts = true;
	else if (word == "required")
		to.required = true;
	else
		fail(Exit::usage,
		     "vscsi '{}': unknown option '{}'; there are backstore=pscsi, backstore=block, "
		     "backstore=fileio, share, ro, ring-per-lun, across-hosts, bind and required",
		     line, word);
}

} // namespace

VscsiLine parse_vscsi_line(std::string_view text)
{
	std::vector<std::string> parts = split(text);
	if (parts.size() > 1 && !parts[0].starts_with('/') && parts[0].find(':') == std::string::npos &&
	    is_tag_and_lun(parts[1])) {
		parts[0] += ',' + parts[1];
		parts.erase(parts.begin() + 1);
	}
	VscsiLine line{parts.front(), {}, {}};
	auto word = parts.begin() + 1;
	const Source source = parse_source(line.pdev);
	const bool adapter = std::holds_alternative<HostAdapter>(source) ||
			     std::holds_alternative<AdapterIdentity>(source) ||
			     std::holds_alternative<NpivParent>(source);
	if (word != parts.end() &&
	    (word->find(':') != std::string::npos || (adapter && parse_number(*word, UINT16_MAX))))
		line.vdev = *word++;
	if (!line.vdev.empty() && !(adapter && line.vdev.find(':') == std::string::npos))
		expect_vdev(line.vdev);
	for (; word != parts.end(); ++word)
		set_option(line, *word, text);
	return line;
}

} // namespace vscsi
