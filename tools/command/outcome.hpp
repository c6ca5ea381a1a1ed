// SPDX-License-Identifier: GPL-2.0
// How a verb that changes something ends.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "core/failure.hpp"
#include "core/guest.hpp"

namespace vscsi
{

struct Options;

// Prints what was done, and what went wrong after that, with --json as one document.  Returns the
// exit code.
Exit print_outcome(const Options &options, const std::string &text, const std::string &json,
		   const std::vector<std::string> &warnings, const std::optional<Failure> &wrong = {});

// Of an adapter that is the guest's now, without a device.
std::string nothing_yet(const Domain &domain, const std::string &pdev);

} // namespace vscsi
