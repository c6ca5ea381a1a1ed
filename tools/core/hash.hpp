// SPDX-License-Identifier: GPL-2.0
#pragma once
#include <cstdint>
#include <string_view>

namespace vscsi
{

// FNV-1a; for names that must be the same in the next run.
std::uint64_t stable_hash(std::string_view text);

} // namespace vscsi
