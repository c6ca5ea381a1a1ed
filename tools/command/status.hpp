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

// The exit code of `status` that lists problems, beside those of core/failure.hpp.
inline constexpr Exit has_problems{8};

struct ShownStatus {
	Status status;
	Driver driver = Driver::ours;
};
// Of this host and of files that configure domains.
ShownStatus look_at(const Host &host, const Options &options);
Exit show_status(const Host &host, const Options &options);

// Names are of guests, or of domains that serve some: then of what they serve.
std::vector<ListedGuest> list_guests(const Host &host, const std::vector<std::string> &names);

} // namespace vscsi
