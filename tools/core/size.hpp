// SPDX-License-Identifier: GPL-2.0
// Numbers of bytes, as operators write and read them.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace vscsi
{

// 1073741824, 1048576K, 1024M, 1G; also with iB.  Throws a Failure that lists the forms.
std::uint64_t expect_size(std::string_view text);
// 1073741824 bytes (1.0 GiB)
std::string size_text(std::uint64_t bytes);

} // namespace vscsi
