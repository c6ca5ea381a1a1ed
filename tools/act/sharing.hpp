// SPDX-License-Identifier: GPL-2.0
// Backstores of which somebody said, with --share, that several are to use them at once.
#pragma once
#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "core/users.hpp"

namespace vscsi
{

// To be used under the lock of the configuration.
class Sharing
{
public:
	explicit Sharing(std::filesystem::path file) : m_file{std::move(file)} {}

	std::set<StoreId> all() const;
	void add(const StoreId &store);
	// Of backstores that are no more; one of their name may be something else.
	void keep_only(const Lio &lio);

private:
	void write(const std::set<StoreId> &all) const;
	std::filesystem::path m_file;
};

struct SharedStore {
	StoreId store;
	std::vector<User> users;
	bool on_purpose = false;
};
// All that more than one has, or is to have.
std::vector<SharedStore> shared_stores(const Lio &lio, const Users &users, const Sharing &sharing);

} // namespace vscsi
