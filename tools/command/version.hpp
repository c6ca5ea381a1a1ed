// SPDX-License-Identifier: GPL-2.0
#pragma once

namespace vscsi
{

// That of tools/CMakeLists.txt.
const char *tools_version();

} // namespace vscsi
