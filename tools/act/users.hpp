// SPDX-License-Identifier: GPL-2.0
// Who has the devices of this host: its guests, other fabrics' initiators, itself.
#pragma once
#include "act/host.hpp"
#include "core/users.hpp"

namespace vscsi
{

Users read_users(const Host &host, const Lio &lio);

// Those that have it first.
std::vector<User> users_of(const Host &host, const Lio &lio, const StoreId &store);

} // namespace vscsi
