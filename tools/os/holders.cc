// SPDX-License-Identifier: GPL-2.0
// What this host itself does with its block devices.
#include <algorithm>
#include <sstream>

#include <fmt/core.h>

#include "os/files.hpp"
#include "os/sysfs.hpp"

namespace vscsi
{

namespace
{

namespace fs = std::filesystem;

std::optional<BlockNumber> number_of(const fs::path &block)
{
	return parse_block_number(first_line(block / "dev"));
}

// A volume, RAID or multipath device, as its owner calls it.
std::string holder_name(const fs::path &holder)
{
	const std::string kernel = holder.filename().string();
	const std::string name = first_line(holder / "dm/name");
	if (name.empty())
		return kernel;
	const std::string uuid = first_line(holder / "dm/uuid");
	constexpr std::pair<std::string_view, std::string_view> owners[] = {
		{"LVM-", "volume"}, {"mpath-", "multipath device"}, {"CRYPT-", "encrypted volume"}};
	for (const auto &[prefix, kind] : owners)
		if (uuid.starts_with(prefix))
			return fmt::format("{} {}", kind, name);
	return "device-mapper's " + name;
}

// Blanks and the like are written in octal, in mountinfo and in swaps.
std::string unescaped(const std::string &text)
{
	constexpr std::size_t digits = 3;
	constexpr int octal = 8;
	std::string plain;
	for (std::size_t at = 0; at < text.size(); ++at) {
		if (text[at] != '\\' || at + digits >= text.size()) {
			plain += text[at];
			continue;
		}
		plain += static_cast<char>(std::stoi(text.substr(at + 1, digits), nullptr, octal));
		at += digits;
	}
	return plain;
}

// What each line begins with; the first is a heading.
std::vector<std::string> swaps(const fs::path &proc)
{
	std::vector<std::string> found;
	std::istringstream lines{read_file(proc / "swaps").value_or("")};
	for (std::string line; std::getline(lines, line);)
		found.push_back(unescaped(line.substr(0, line.find_first_of(" \t"))));
	return found;
}

} // namespace

std::vector<std::pair<BlockNumber, BlockNumber>> Sysfs::partitions() const
{
	std::vector<std::pair<BlockNumber, BlockNumber>> found;
	for (const std::string &name : names_in(m_root / "class/block")) {
		std::error_code error;
		const fs::path block = fs::canonical(m_root / "class/block" / name, error);
		if (error || !fs::exists(block / "partition"))
			continue;
		const auto part = number_of(block);
		const auto whole = number_of(block.parent_path());
		if (part && whole)
			found.emplace_back(*part, *whole);
	}
	return found;
}

std::vector<std::pair<BlockNumber, std::string>> Sysfs::held_by_host() const
{
	std::vector<std::pair<BlockNumber, std::string>> found;
	for (const std::string &name : names_in(m_root / "class/block")) {
		const fs::path block = m_root / "class/block" / name;
		const auto number = number_of(block);
		if (!number)
			continue;
		for (const std::string &holder : names_in(block / "holders"))
			found.emplace_back(*number, holder_name(block / "holders" / holder));
	}
	const auto add = [&](const std::string &node, const std::string &as) {
		const auto number = node.starts_with('/') ? m_lookup(node) : std::nullopt;
		if (number && number->block)
			found.emplace_back(BlockNumber{number->major, number->minor}, as);
	};
	std::istringstream mounts{read_file(m_proc / "self/mountinfo").value_or("")};
	for (std::string line; std::getline(mounts, line);) {
		// ... MOUNTPOINT OPTIONS [TAGS] - TYPE SOURCE ...
		std::istringstream words{line};
		std::string word;
		std::string point;
		constexpr int before_point = 5;
		for (int skipped = 0; skipped < before_point; ++skipped)
			words >> point;
		while (words >> word && word != "-") {
		}
		std::string source;
		words >> word >> source;
		add(unescaped(source), "mounted at " + unescaped(point));
	}
	for (const std::string &path : swaps(m_proc))
		add(path, "swap space");
	return found;
}

std::optional<BlockNumber> Sysfs::block_at(const std::string &path) const
{
	const auto number = m_lookup(path);
	return number && number->block ? std::optional{BlockNumber{number->major, number->minor}}
				       : std::nullopt;
}

std::vector<std::pair<FileId, std::string>> Sysfs::swap_files() const
{
	std::vector<std::pair<FileId, std::string>> found;
	for (const std::string &path : swaps(m_proc))
		if (const auto file = file_id(path))
			found.emplace_back(*file, "swap space");
	return found;
}

std::vector<std::pair<BlockNumber, FileId>> Sysfs::looped() const
{
	std::vector<std::pair<BlockNumber, FileId>> found;
	for (const std::string &name : names_in(m_root / "class/block")) {
		const fs::path block = m_root / "class/block" / name;
		const auto number = number_of(block);
		const auto file = number ? file_id(first_line(block / "loop/backing_file")) : std::nullopt;
		if (file)
			found.emplace_back(*number, *file);
	}
	return found;
}

} // namespace vscsi
