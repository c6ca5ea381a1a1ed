// SPDX-License-Identifier: GPL-2.0
// What a fabric does in its own time, and how long that is waited for.
#pragma once
#include <chrono>
#include <optional>
#include <string>

#include "act/vports.hpp"

namespace vscsi
{

constexpr std::chrono::seconds vport_lock_patience{5};

std::optional<FcPort> port_now(const Host &host, const Wwn &port);

// Until the vport is there no more, as far as there is time.  Others have the configuration meanwhile.
bool await_gone(const Host &host, const Tpg &tpg, std::chrono::seconds wait);

// Throws a Failure that says why it is not logged in.
void await_active(const Host &host, const VportId &id, const std::string &guest, std::chrono::seconds wait);

// Whether any came; a fabric without a target is no mistake of ours.
bool await_luns(const Host &host, const VportId &id);

} // namespace vscsi
