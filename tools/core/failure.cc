// SPDX-License-Identifier: GPL-2.0
#include "core/failure.hpp"

#include <system_error>

namespace vscsi
{

std::string error_text(int error)
{
	return std::generic_category().message(error);
}

} // namespace vscsi
