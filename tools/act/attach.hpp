// SPDX-License-Identifier: GPL-2.0
#pragma once
#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "act/host.hpp"

namespace vscsi
{

struct AttachRequest {
	Domain domain;
	std::string pdev;
	std::string vdev; // empty: the next free one; of an adapter a controller's number
	ExportOptions options;
	DomId backend = 0;
	std::chrono::seconds wait{30}; // 0: not at all
	bool dry_run = false;
	// One of several: the caller holds the guest's lock, and clears the journal
	// or rolls it back.
	bool part = false;
	// By a line vscsi=, which stays: if it names a device by a number, it is to be the one that
	// it was the last time.
	bool configured = false;
	// A lock that somebody has, or a controller that is busy, is not waited for.
	bool at_once = false;
	// The domain does not run: it is to have it when it starts.
	bool later = false;
};

struct Attached {
	Wanted wanted;
	State state = State::unknown;
};

struct AttachResult {
	std::vector<std::string> steps; // what was done, or would be
	std::vector<Attached> devices;
	bool changed = false; // false: all of it was there already
	std::vector<std::string> warnings;
};

// With a Failure nothing is left of it.
AttachResult attach(const Host &host, const AttachRequest &request);

} // namespace vscsi
