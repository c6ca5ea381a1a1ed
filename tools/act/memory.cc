// SPDX-License-Identifier: GPL-2.0
#include "act/memory.hpp"

#include <algorithm>
#include <fstream>
#include <sstream>

#include "core/failure.hpp"
#include "os/files.hpp"

namespace vscsi
{

std::string Memory::of(const std::string &domain, const std::string &pdev) const
{
	const auto all = read();
	const auto found = all.find({domain, pdev});
	return found == all.end() ? std::string{} : found->second;
}

void Memory::keep(const std::string &domain, const std::string &pdev, const std::string &identity)
{
	auto all = read();
	std::string &known = all[{domain, pdev}];
	if (std::exchange(known, identity) != identity)
		write(all);
}

void Memory::forget_others(const std::string &domain, const std::vector<std::string> &pdevs)
{
	auto all = read();
	const std::size_t gone = std::erase_if(all, [&](const auto &entry) {
		return entry.first.first == domain &&
		       std::ranges::find(pdevs, entry.first.second) == pdevs.end();
	});
	if (gone)
		write(all);
}

std::map<Memory::Key, std::string> Memory::read() const
{
	std::map<Key, std::string> all;
	std::istringstream lines{read_file(m_file).value_or("")};
	for (std::string domain; std::getline(lines, domain, '\t');) {
		std::string pdev;
		std::string identity;
		if (std::getline(lines, pdev, '\t') && std::getline(lines, identity))
			all[{domain, pdev}] = identity;
	}
	return all;
}

void Memory::write(const std::map<Key, std::string> &all) const
{
	std::error_code error;
	std::filesystem::create_directories(m_file.parent_path(), error);
	std::filesystem::path next = m_file;
	next += ".new";
	std::ofstream stream{next, std::ios::trunc};
	for (const auto &[key, identity] : all)
		stream << key.first << '\t' << key.second << '\t' << identity << '\n';
	stream.close();
	if (stream)
		std::filesystem::rename(next, m_file, error);
	if (!stream || error)
		fail(Exit::environment, "cannot write {}", m_file.string());
}

} // namespace vscsi
