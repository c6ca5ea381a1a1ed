// SPDX-License-Identifier: GPL-2.0
// The verb `npiv`: vports of guests.
#pragma once
#include "act/npiv.hpp"
#include "core/failure.hpp"

namespace vscsi
{

struct Options;

Exit run_npiv(const Host &host, const Options &options);

std::string ports_text(const std::vector<FcPort> &ports);
std::string ports_json(const std::vector<FcPort> &ports);

} // namespace vscsi
