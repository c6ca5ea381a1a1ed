// SPDX-License-Identifier: GPL-2.0 OR MIT
// Content of blocks that tells which block it is, and names by wildcard.
#pragma once
#include <string_view>

#include "scsi/bytes.hpp"

namespace scsi
{

// The same for the same arguments, different in every block and every run of 8 bytes.
Buffer pattern(std::uint64_t block, std::size_t size);
std::uint64_t mixed(std::uint64_t number);

// Shell-like: * and ?.
bool matches(std::string_view wildcard, std::string_view name);

} // namespace scsi
