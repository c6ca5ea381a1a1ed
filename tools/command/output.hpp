// SPDX-License-Identifier: GPL-2.0
// What the command prints.  The JSON is an interface: names are only added.
#pragma once
#include <string>
#include <vector>

#include "act/attach.hpp"
#include "act/detach.hpp"
#include "act/resize.hpp"
#include "act/survey.hpp"
#include "core/failure.hpp"

namespace vscsi
{

std::string list_text(const std::vector<ListedGuest> &guests);
std::string list_json(const std::vector<ListedGuest> &guests);
// The kernel has a module of the same name.
std::string status_text(const Status &status);
std::string status_json(const Status &status);
std::string attach_text(const Domain &domain, const AttachResult &result, bool dry_run);
std::string attach_json(const Domain &domain, const AttachResult &result, bool dry_run);
std::string detach_text(const DetachResult &result, bool dry_run);
std::string detach_json(const DetachResult &result, bool dry_run);
std::string resize_text(const ResizeResult &result, bool dry_run);
std::string resize_json(const ResizeResult &result, bool dry_run);
// Without users: they are not known.
std::string devices_text(const std::vector<HostDevice> &devices,
			 const std::vector<std::vector<User>> &users = {});
std::string devices_json(const std::vector<HostDevice> &devices,
			 const std::vector<std::vector<User>> &users = {});
enum class Layout { lines, line };
std::string failure_json(const Failure &failure, Layout layout = Layout::lines);
// The document of what was done, and beside it what went wrong after that.
std::string with_failure(const std::string &json, const Failure &failure);

} // namespace vscsi
