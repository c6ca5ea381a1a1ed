// SPDX-License-Identifier: GPL-2.0
#include "core/identity.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdint>
#include <optional>

#include <fmt/core.h>

#include "core/hash.hpp"

namespace vscsi
{

namespace
{

constexpr std::array<std::string_view, 11> kinds{"naa", "eui", "uuid", "name", "t10", "serial",
						 "dm",  "md",  "nvme", "wwid", "file"};

// Names of files have 255 bytes, of which others need some as well.
constexpr std::size_t longest = 120;

std::string_view kind_of(std::string_view identity)
{
	return identity.substr(0, identity.find('.'));
}

bool is_blank(char letter)
{
	return letter == '\0' || std::isspace(static_cast<unsigned char>(letter));
}

// Blanks are one underscore, others than letters and digits their numbers.
std::string encode(std::string_view value)
{
	while (!value.empty() && is_blank(value.front()))
		value.remove_prefix(1);
	while (!value.empty() && is_blank(value.back()))
		value.remove_suffix(1);
	std::string text;
	for (const char letter : value) {
		if (is_blank(letter)) {
			if (!text.ends_with('_'))
				text += '_';
		} else if (std::isalnum(static_cast<unsigned char>(letter)) ||
			   std::string_view{".-_"}.find(letter) != std::string_view::npos) {
			text += letter;
		} else {
			text += fmt::format(":{:02X}", static_cast<unsigned char>(letter));
		}
	}
	if (text.size() > longest)
		text = fmt::format("{}::{:016x}", text.substr(0, longest - 18), stable_hash(text));
	return text;
}

unsigned byte_at(std::string_view text, std::size_t at)
{
	return static_cast<unsigned char>(text[at]);
}

std::string hex(std::string_view bytes)
{
	std::string text;
	for (const char byte : bytes)
		text += fmt::format("{:02x}", static_cast<unsigned char>(byte));
	return text;
}

struct Ranked {
	unsigned rank = 0;
	std::string identity;
};

// SPC-4, 7.8.6: code sets, associations and types of designators.
constexpr unsigned code_set_binary = 1;
constexpr unsigned association_unit = 0;
enum : unsigned { type_t10 = 1, type_eui = 2, type_naa = 3, type_name = 8, type_uuid = 10 };
enum : unsigned { naa_extended = 2, naa_local = 3, naa_registered = 5, naa_registered_extended = 6 };

// An NAA that is only locally assigned may be another device's elsewhere.
std::optional<unsigned> naa_rank(std::string_view value)
{
	switch (byte_at(value, 0) >> 4) {
	case naa_registered_extended:
		return value.size() == 16 ? std::optional{0U} : std::nullopt;
	case naa_registered:
		return value.size() == 8 ? std::optional{3U} : std::nullopt;
	case naa_extended:
		return value.size() == 8 ? std::optional{4U} : std::nullopt;
	case naa_local:
		return value.size() == 8 ? std::optional{9U} : std::nullopt;
	default:
		return {};
	}
}

std::optional<unsigned> eui_rank(std::size_t size)
{
	switch (size) {
	case 16:
		return 1;
	case 12:
		return 2;
	case 8:
		return 5;
	default:
		return {};
	}
}

// Nothing but its type: a vendor that numbers nothing.
bool tells_nothing(std::string_view value)
{
	return std::ranges::all_of(value.substr(1), [](char byte) { return byte == '\0'; }) &&
	       (byte_at(value, 0) & 0xf) == 0;
}

std::optional<Ranked> designator(unsigned code_set, unsigned type, std::string_view value)
{
	if (value.empty())
		return {};
	const bool number = code_set == code_set_binary && !tells_nothing(value);
	if (type == type_naa && number) {
		if (const auto rank = naa_rank(value))
			return Ranked{*rank, "naa." + hex(value)};
	} else if (type == type_eui && number) {
		if (const auto rank = eui_rank(value.size()))
			return Ranked{*rank, "eui." + hex(value)};
	} else if (type == type_uuid && number && value.size() == 18) {
		return Ranked{6, "uuid." + hex(value.substr(2))};
	} else if (type == type_name || type == type_t10) {
		if (std::string text = make_identity(type == type_name ? "name" : "t10", value);
		    !text.empty())
			return Ranked{type == type_name ? 7U : 8U, std::move(text)};
	}
	return {};
}

// A page without its head.
std::string_view payload(std::string_view page, unsigned code)
{
	constexpr std::size_t head = 4;
	if (page.size() < head || byte_at(page, 1) != code)
		return {};
	return page.substr(head, (byte_at(page, 2) << 8) | byte_at(page, 3));
}

} // namespace

bool is_identity(std::string_view text)
{
	const std::string_view kind = kind_of(text);
	return text.size() > kind.size() + 1 && std::ranges::find(kinds, kind) != kinds.end() &&
	       std::ranges::all_of(text, [](char letter) {
		       return std::isalnum(static_cast<unsigned char>(letter)) ||
			      std::string_view{".-_:"}.find(letter) != std::string_view::npos;
	       });
}

std::string make_identity(std::string_view kind, std::string_view value)
{
	const std::string text = encode(value);
	const bool tells = std::ranges::any_of(
		text, [](char letter) { return letter != '0' && letter != '_' && letter != '-'; });
	return tells ? fmt::format("{}.{}", kind, text) : std::string{};
}

std::vector<std::string> identities_of_page83(std::string_view page)
{
	std::string_view rest = payload(page, 0x83);
	std::vector<Ranked> found;
	while (rest.size() > 4) {
		const std::string_view value = rest.substr(4, byte_at(rest, 3));
		const bool whole = value.size() == byte_at(rest, 3);
		if (whole && ((byte_at(rest, 1) >> 4) & 3) == association_unit)
			if (auto one = designator(byte_at(rest, 0) & 0xf, byte_at(rest, 1) & 0xf, value))
				found.push_back(*std::move(one));
		rest.remove_prefix(4 + value.size());
	}
	std::ranges::stable_sort(found, {}, &Ranked::rank);
	std::vector<std::string> identities;
	identities.reserve(found.size());
	for (Ranked &one : found)
		identities.push_back(std::move(one.identity));
	return identities;
}

std::string serial_of_page80(std::string_view page)
{
	std::string text{payload(page, 0x80)};
	std::erase(text, '\0');
	while (!text.empty() && is_blank(text.back()))
		text.pop_back();
	return text.substr(std::min(text.find_first_not_of(' '), text.size()));
}

Match compare_identity(std::string_view kept, const std::vector<std::string> &now)
{
	if (std::ranges::find(now, kept) != now.end())
		return Match::same;
	const bool says = std::ranges::any_of(
		now, [&](const std::string &identity) { return kind_of(identity) == kind_of(kept); });
	return says ? Match::another : Match::unsure;
}

} // namespace vscsi
