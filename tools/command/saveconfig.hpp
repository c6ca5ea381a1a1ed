// SPDX-License-Identifier: GPL-2.0
// The file that `targetctl save` writes, compared with what is there.
#pragma once
#include <filesystem>

#include "act/host.hpp"
#include "core/saved.hpp"

namespace vscsi
{

SavedState compare_with_saved(const Host &host, const std::filesystem::path &file);

} // namespace vscsi
