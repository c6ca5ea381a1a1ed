// SPDX-License-Identifier: GPL-2.0
#include "core/hints.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <vector>

#include <fmt/core.h>

#include "core/names.hpp"

namespace vscsi
{

namespace
{

bool all_of_kind(std::string_view text, int (*kind)(int))
{
	return std::ranges::all_of(text, [kind](unsigned char letter) { return kind(letter) != 0; });
}

// sdb, sdb1, nst0, sg3, sch0, dm-3, md127, nvme0n1: what the kernel calls devices.
bool is_kernel_name(std::string_view text)
{
	constexpr std::array<std::string_view, 10> numbered{"nst", "st",   "sg", "sch",  "sr",
							    "dm-", "nvme", "md", "loop", "ram"};
	for (const std::string_view prefix : numbered)
		if (text.starts_with(prefix) && text.size() > prefix.size() &&
		    std::isdigit(static_cast<unsigned char>(text[prefix.size()])) != 0)
			return true;
	// A third letter is more likely a word's: sdisk.
	constexpr std::size_t most_letters = 2;
	for (const std::string_view prefix : {"xvd", "sd", "hd", "vd"}) {
		if (!text.starts_with(prefix))
			continue;
		const std::string_view rest = text.substr(prefix.size());
		const std::size_t letters = std::min(rest.find_first_of("0123456789"), rest.size());
		if (letters > 0 && letters <= most_letters &&
		    all_of_kind(rest.substr(0, letters), std::islower) &&
		    all_of_kind(rest.substr(letters), std::isdigit))
			return true;
	}
	return false;
}

// Of a WWN without a prefix: IEEE names have 16 digits or 32.
bool is_naa(std::string_view digits)
{
	return (digits.size() == 16 || digits.size() == 32) && all_of_kind(digits, std::isxdigit);
}

std::string lower(std::string_view text)
{
	std::string all{text};
	std::ranges::transform(all, all.begin(),
			       [](unsigned char letter) { return static_cast<char>(std::tolower(letter)); });
	return all;
}

std::string meant(std::string_view form)
{
	return fmt::format("Did you mean {}?", form);
}

// phy:…, file:… and the like, of lines disk=.
std::string disk_hint(std::string_view text)
{
	std::string_view rest = text;
	bool packed = false;
	for (bool more = true; more;) {
		more = false;
		for (const std::string_view prefix :
		     {"phy:", "file:", "tap:", "tap2:", "aio:", "raw:", "vhd:", "qcow:", "qcow2:"})
			if (rest.starts_with(prefix)) {
				rest.remove_prefix(prefix.size());
				packed |= prefix.starts_with("qcow") || prefix.starts_with("vhd");
				more = true;
			}
	}
	if (rest.size() == text.size() || rest.empty())
		return {};
	if (packed)
		return fmt::format("A guest can have raw images only: `qemu-img convert -O raw {} NEW`, and "
				   "attach the path of the new one",
				   rest);
	return meant(rest.starts_with('/') ? std::string{rest} : fmt::format("/dev/{}", rest));
}

} // namespace

std::size_t edit_distance(std::string_view one, std::string_view other)
{
	std::vector<std::size_t> before(other.size() + 1), last(other.size() + 1), row(other.size() + 1);
	for (std::size_t at = 0; at <= other.size(); ++at)
		last[at] = at;
	for (std::size_t i = 1; i <= one.size(); ++i) {
		row[0] = i;
		for (std::size_t j = 1; j <= other.size(); ++j) {
			const std::size_t change = one[i - 1] == other[j - 1] ? 0 : 1;
			row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + change});
			if (i > 1 && j > 1 && one[i - 1] == other[j - 2] && one[i - 2] == other[j - 1])
				row[j] = std::min(row[j], before[j - 2] + 1);
		}
		before.swap(last);
		last.swap(row);
	}
	return last[other.size()];
}

std::string nearest(std::string_view typed, std::span<const std::string_view> known)
{
	std::string found;
	// A third of the word may be wrong.
	std::size_t least = std::max<std::size_t>(typed.size() / 3, 1) + 1;
	for (const std::string_view word : known)
		if (const std::size_t distance = edit_distance(typed, word); distance < least) {
			found = word;
			least = distance;
		}
	return found;
}

std::string pdev_hint(std::string_view text)
{
	constexpr std::string_view wwn = "wwn-0x";
	constexpr std::string_view naa = "naa.";
	if (std::string hint = disk_hint(text); !hint.empty())
		return hint;
	if (text == "host" || text == "HOST")
		return "A whole adapter is host:N; `lsscsi -H` lists them";
	if (is_kernel_name(text))
		return meant(fmt::format("/dev/{}", text));
	if (text.starts_with(wwn))
		return meant(is_naa(text.substr(wwn.size()))
				     ? fmt::format("/dev/disk/by-id/{}, or id:naa.{}", text,
						   lower(text.substr(wwn.size())))
				     : fmt::format("/dev/disk/by-id/{}", text));
	for (const std::string_view prefix :
	     {"scsi-", "ata-", "nvme-", "usb-", "dm-name-", "dm-uuid-", "md-uuid-"})
		if (text.starts_with(prefix))
			return meant(fmt::format("/dev/disk/by-id/{0}, or /dev/tape/by-id/{0}", text));
	if (text.starts_with(naa) && text.find(':') == std::string_view::npos)
		return fmt::format(
			"Did you mean {0}:0, LUN 0 of that target port, or id:{0}, the device that is "
			"this? `xl-vscsi status` and `xl-vscsi devices` list them",
			text);
	if ((text.starts_with("iqn.") || text.starts_with("eui.")) && !parse_lun_name(text))
		return fmt::format("A LUN is {}:N, with its number; `xl-vscsi status` lists them", text);
	if (is_naa(text.starts_with("0x") ? text.substr(2) : text))
		return meant(fmt::format("id:naa.{}", lower(text.starts_with("0x") ? text.substr(2) : text)));
	if (parse_hctl(fmt::format("{}:0", text)))
		return meant(fmt::format("{}:0, with a LUN as the fourth number", text));
	if (const std::size_t comma = text.find(',');
	    text.starts_with('/') && comma != std::string_view::npos && parse_vdev(text.substr(comma + 1)))
		return fmt::format("Say two words: {} {}", text.substr(0, comma), text.substr(comma + 1));
	return {};
}

std::string vdev_hint(std::string_view text)
{
	const std::string_view node = text.starts_with("/dev/") ? text.substr(5) : text;
	if (is_kernel_name(node))
		return fmt::format("A v-dev is an address, not a name; the guest's kernel chooses '{}'. Say "
				   "0:0:0:0, or nothing for the next free one",
				   node);
	if (text == "host" || text == "HOST")
		return "For a whole adapter say host:N as PDEV, and leave VDEV out";
	if (parse_vdev(fmt::format("{}:0", text)))
		return meant(fmt::format("{}:0, with a LUN as the fourth number", text));
	return {};
}

} // namespace vscsi
