// SPDX-License-Identifier: GPL-2.0
#pragma once

namespace vscsi
{

// As packaging/version tells it.
const char *tools_version();

} // namespace vscsi
