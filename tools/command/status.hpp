// SPDX-License-Identifier: GPL-2.0
// xl-vscsi status and xl-vscsi list
#pragma once
#include <string>
#include <vector>

#include "act/survey.hpp"
#include "command/output.hpp"

namespace vscsi
{

struct Options;

// Of this host and of files that configure domains.
Status look_at(const Host &host, const Options &options);
Exit show_status(const Host &host, const Options &options);

// Names are of guests, or of domains that serve some: then of what they serve.
std::vector<ListedGuest> list_guests(const Host &host, const std::vector<std::string> &names);

} // namespace vscsi
