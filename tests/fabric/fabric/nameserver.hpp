// SPDX-License-Identifier: GPL-2.0 OR MIT
// The directory service: what ports register, and what they are told of others.
#pragma once
#include "fabric/ports.hpp"
#include "fabric/zoning.hpp"
#include "frames/ct.hpp"

namespace fabric
{

struct Answer {
	frames::Buffer payload;
	// What others can ask of the asker has changed.
	bool changed = false;
};

// Only what zoning lets the asker see is there for it.
Answer answer(PortTable &ports, const Zoning &zoning, const Port &asker, const frames::CtRequest &request);

} // namespace fabric
