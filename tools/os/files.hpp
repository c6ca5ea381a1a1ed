// SPDX-License-Identifier: GPL-2.0
#pragma once
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/lio.hpp"

namespace vscsi
{

// The whole of a small file; nothing if it cannot be read.
std::optional<std::string> read_file(const std::filesystem::path &path);
// Its first line, without spaces at its end.
std::string first_line(const std::filesystem::path &path);
// Names of what is in a directory, sorted; none if it cannot be read.
std::vector<std::string> names_in(const std::filesystem::path &path);
// Of a regular file; nothing if there is none.
std::optional<std::uint64_t> file_size(const std::filesystem::path &path);
std::optional<FileId> file_id(const std::filesystem::path &path);
// Whether both lead to the same.
bool same_file(const std::filesystem::path &one, const std::filesystem::path &other);
// Writes an attribute that exists, in one write(); the error, or 0.
int write_attribute(const std::filesystem::path &path, const std::string &value);

} // namespace vscsi
