// SPDX-License-Identifier: GPL-2.0
#pragma once
#include <string_view>

#include "core/failure.hpp"

namespace vscsi
{

// The same failure, with the form that was perhaps meant by what was typed; each may be empty.
Failure hinted(const Failure &failure, std::string_view pdev, std::string_view vdev = {});

} // namespace vscsi
