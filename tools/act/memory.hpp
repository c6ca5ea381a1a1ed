// SPDX-License-Identifier: GPL-2.0
// A line vscsi= stays as it is, and may name a device or an adapter by a number.  What that
// was when the domain got it is kept in a file, until the line is another one.
#pragma once
#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace vscsi
{

// To be used under the lock of the configuration.
class Memory
{
public:
	explicit Memory(std::filesystem::path file) : m_file{std::move(file)} {}

	// What PDEV of the domain's lines was; empty: never seen.
	std::string of(const std::string &domain, const std::string &pdev) const;
	void keep(const std::string &domain, const std::string &pdev, const std::string &identity);
	// Lines that the domain does not have any more.
	void forget_others(const std::string &domain, const std::vector<std::string> &pdevs);

private:
	using Key = std::pair<std::string, std::string>;
	std::map<Key, std::string> read() const;
	void write(const std::map<Key, std::string> &all) const;
	std::filesystem::path m_file;
};

} // namespace vscsi
