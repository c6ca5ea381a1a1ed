// SPDX-License-Identifier: GPL-2.0
// xenstore's limit of nodes that a domain other than dom0 may own.
#pragma once
#include <cstddef>
#include <string>

namespace vscsi
{

// Of a guest with this many devices, which may be at the limit that is usual; else empty.
std::string quota_hint(std::size_t devices);
// What xenstore's refusal to write a node means, by errno; empty if it is something else.
std::string quota_refusal(int error);

} // namespace vscsi
