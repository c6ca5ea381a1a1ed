// SPDX-License-Identifier: GPL-2.0
// Who has the devices of this host.
#pragma once
#include <map>
#include <string>
#include <vector>

#include "core/guest.hpp"
#include "core/lio.hpp"

namespace vscsi
{

struct User {
	enum class Kind {
		guest,  // by a LUN of this fabric
		fabric, // initiators of another fabric
		vbd,    // a guest, as a disk of xl's disk=
		host,   // this host itself, which nobody can share it with
	};
	Kind kind = Kind::guest;
	std::string domain; // of a guest that does not run: what names it
	std::string uuid;   // of one that runs
	std::string as;     // v-dev, LUN, vbd, volume, mount point
	bool has = true;    // now, not only as soon as it runs

	bool operator==(const User &) const = default;

	bool is(const Domain &guest) const;
};
std::string to_string(const User &user);
std::string to_string(const std::vector<User> &users);

struct Users {
	std::multimap<StoreId, User> stores;
	// Of a disk, also those of its partitions, and the reverse.
	std::multimap<BlockNumber, User> blocks;
	// By other backstores, loop devices, or as they are.
	std::multimap<FileId, User> files;

	std::vector<User> of(const StoreId &store) const;
	std::vector<User> of(const Backstore &store) const;
	std::vector<User> of(BlockNumber block) const;
	std::vector<User> of(FileId file) const;
};

// Throws a Failure that names those who have it beside this guest, and the remedy.
void need_free(const std::vector<User> &users, const Domain &guest, bool share, const std::string &name);

} // namespace vscsi
