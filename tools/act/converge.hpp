// SPDX-License-Identifier: GPL-2.0
// Plans and performs until a guest has what is wanted.
#pragma once
#include <functional>

#include "core/steps.hpp"
#include "os/store.hpp"

namespace vscsi
{

using Clock = std::chrono::steady_clock;
using Done = std::function<bool(const Guest &)>;

// Whether it was done before the limit.  At least one pass is made.
// Throws a Failure if the domain ends meanwhile, or if a signal interrupts it.
bool converge(Store &store, const Domain &domain, DomId backend, const Aim &aim, const Done &done,
	      Clock::time_point limit);

// Whether all devices are there or refused.
bool settled(const Guest &guest, const std::vector<Wanted> &devices);

// Whether all devices are gone, and controllers that have none left as well.
bool removed(const Guest &guest, const std::vector<Vdev> &devices);

} // namespace vscsi
