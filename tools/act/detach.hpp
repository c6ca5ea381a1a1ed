// SPDX-License-Identifier: GPL-2.0
#pragma once
#include <chrono>
#include <string>
#include <vector>

#include "act/host.hpp"

namespace vscsi
{

struct DetachRequest {
	std::string domain; // it need not run
	std::string vdev;   // or host:N
	DomId backend = 0;
	std::chrono::seconds wait{30};
	bool remove_lun = false; // also one that the operator made
	bool dry_run = false;
};

struct DetachResult {
	Domain domain;
	std::vector<std::string> steps;
	std::vector<Vdev> devices;
};

DetachResult detach(const Host &host, const DetachRequest &request);

} // namespace vscsi
