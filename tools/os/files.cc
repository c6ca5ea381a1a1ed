// SPDX-License-Identifier: GPL-2.0
#include "os/files.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <sstream>

namespace vscsi
{

std::optional<std::string> read_file(const std::filesystem::path &path)
{
	std::ifstream stream{path};
	std::ostringstream text;
	// Attributes are read at once; one that refuses leaves the stream bad.
	if (!stream || (stream.peek() != std::ifstream::traits_type::eof() && !(text << stream.rdbuf())))
		return {};
	return text.str();
}

std::string first_line(const std::filesystem::path &path)
{
	std::string text = read_file(path).value_or("");
	text.resize(std::min(text.size(), text.find_first_of(std::string_view{"\n\0", 2})));
	while (!text.empty() && text.back() == ' ')
		text.pop_back();
	return text;
}

std::vector<std::string> names_in(const std::filesystem::path &path)
{
	std::vector<std::string> names;
	std::error_code error;
	for (std::filesystem::directory_iterator entry{path, error}, end; !error && entry != end;
	     entry.increment(error))
		names.push_back(entry->path().filename().string());
	std::ranges::sort(names);
	return names;
}

std::optional<std::uint64_t> file_size(const std::filesystem::path &path)
{
	std::error_code error;
	if (!std::filesystem::is_regular_file(path, error))
		return {};
	const std::uintmax_t size = std::filesystem::file_size(path, error);
	return error ? std::nullopt : std::optional<std::uint64_t>{size};
}

std::optional<FileId> file_id(const std::filesystem::path &path)
{
	struct stat found {
	};
	if (stat(path.c_str(), &found) != 0 || !S_ISREG(found.st_mode))
		return {};
	return FileId{found.st_dev, found.st_ino};
}

bool same_file(const std::filesystem::path &one, const std::filesystem::path &other)
{
	std::error_code error;
	return one == other || std::filesystem::equivalent(one, other, error);
}

int write_attribute(const std::filesystem::path &path, const std::string &value)
{
	const int file = open(path.c_str(), O_WRONLY | O_CLOEXEC);
	if (file < 0)
		return errno;
	// An empty value must reach the kernel as well.
	const std::string text = value + '\n';
	const ssize_t written = ::write(file, text.data(), text.size());
	const int error = written < 0 ? errno : 0;
	close(file);
	return error;
}

} // namespace vscsi
