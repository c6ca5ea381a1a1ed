// SPDX-License-Identifier: GPL-2.0
#include "act/sharing.hpp"

#include <algorithm>
#include <fstream>
#include <sstream>

#include "core/failure.hpp"
#include "os/files.hpp"

namespace vscsi
{

std::set<StoreId> Sharing::all() const
{
	std::set<StoreId> found;
	std::istringstream lines{read_file(m_file).value_or("")};
	for (std::string line; std::getline(lines, line);)
		if (const std::size_t slash = line.find('/'); slash != std::string::npos)
			found.insert({line.substr(0, slash), line.substr(slash + 1)});
	return found;
}

void Sharing::add(const StoreId &store)
{
	std::set<StoreId> known = all();
	if (known.insert(store).second)
		write(known);
}

void Sharing::keep_only(const Lio &lio)
{
	std::set<StoreId> known = all();
	if (std::erase_if(known, [&](const StoreId &store) { return !lio.store_of(store); }) != 0)
		write(known);
}

void Sharing::write(const std::set<StoreId> &all) const
{
	std::error_code error;
	std::filesystem::create_directories(m_file.parent_path(), error);
	const std::filesystem::path fresh = m_file.string() + ".new";
	std::ofstream stream{fresh};
	for (const StoreId &store : all)
		stream << store.hba << '/' << store.name << '\n';
	stream.close();
	if (!stream)
		fail(Exit::environment, "cannot write {}", fresh.string());
	std::filesystem::rename(fresh, m_file);
}

std::vector<SharedStore> shared_stores(const Lio &lio, const Users &users, const Sharing &sharing)
{
	const std::set<StoreId> meant = sharing.all();
	std::vector<SharedStore> found;
	for (const Backstore &store : lio.stores) {
		std::vector<User> all = users.of(store);
		std::set<std::string> who;
		for (const User &user : all)
			who.insert(user.kind == User::Kind::guest || user.kind == User::Kind::vbd
					   ? (user.uuid.empty() ? user.domain : user.uuid)
					   : user.as);
		if (who.size() > 1)
			found.push_back({store.id, std::move(all), meant.contains(store.id)});
	}
	return found;
}

} // namespace vscsi
