// SPDX-License-Identifier: GPL-2.0
// Who has a backstore.
#pragma once
#include <string>
#include <vector>

#include "act/host.hpp"

namespace vscsi
{

struct User {
	std::string domain; // empty: another fabric's initiators
	std::string as;     // v-dev, or the LUN of one that does not have it now
	bool has = false;   // now, not only as soon as it runs
};
std::string to_string(const User &user);
std::string to_string(const std::vector<User> &users);

// Those that have it first.
std::vector<User> users_of(const Host &host, const Lio &lio, const StoreId &store);

} // namespace vscsi
