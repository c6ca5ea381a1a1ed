// SPDX-License-Identifier: GPL-2.0
// Carries out what the planner says, one transaction an action.
#pragma once
#include "core/steps.hpp"
#include "os/store.hpp"

namespace vscsi
{

// Things may have changed since the action was planned; what does not fit any
// more is left out, and planned anew.
void perform(Store &store, const Domain &domain, DomId backend, const Action &action);

// Lets the frontend look again at devices it overlooked.
void nudge(Store &store, const Domain &domain, const Controller &controller);

// Removes what a domain that is gone left behind.
// Whether the domain is gone, and with it what there was.
bool forget_domain(Store &store, DomId backend, DomId gone);

} // namespace vscsi
