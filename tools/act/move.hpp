// SPDX-License-Identifier: GPL-2.0
// A device that one guest lends to another: a tape drive, mostly.
#pragma once
#include <chrono>
#include <string>

#include "act/attach.hpp"
#include "act/detach.hpp"

namespace vscsi
{

struct MoveRequest {
	std::string pdev;
	Domain to;
	std::string vdev; // empty: the next free one
	ExportOptions options;
	std::chrono::seconds wait{30};
	bool dry_run = false;
};

struct MoveResult {
	DetachResult detached;
	AttachResult attached;
};

// Who has it lets go first; if the other one does not get it, the first one has it again.  Throws
// a Failure if not exactly one guest that runs has it.
MoveResult move_device(const Host &host, const MoveRequest &request);

} // namespace vscsi
