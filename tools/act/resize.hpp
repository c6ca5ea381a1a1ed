// SPDX-License-Identifier: GPL-2.0
// A backstore that has another size than the kernel knows.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "act/users.hpp"

namespace vscsi
{

struct ResizeRequest {
	std::string pdev;
	std::string size; // empty: the file's
	bool shrink = false;
	bool dry_run = false;
};

struct ResizeResult {
	StoreId store;
	std::string path; // of its file or device
	std::uint64_t before = 0;
	std::uint64_t after = 0;
	bool follows = false;    // the kernel sees by itself what size it has
	std::string hint;        // where the kernel might not know the device's new size yet
	std::vector<User> users; // who sees it
	std::vector<std::string> steps;
};

// Throws a Failure that says why it cannot be.
ResizeResult resize(const Host &host, const ResizeRequest &request);

} // namespace vscsi
