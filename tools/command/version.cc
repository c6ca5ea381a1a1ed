// SPDX-License-Identifier: GPL-2.0
#include "command/version.hpp"

#include "versionnumber.hpp"

namespace vscsi
{

const char *tools_version()
{
	return XEN_PVSCSI_VERSION;
}

} // namespace vscsi
