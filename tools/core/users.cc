// SPDX-License-Identifier: GPL-2.0
#include "core/users.hpp"

#include <algorithm>

#include <fmt/ranges.h>

#include "core/failure.hpp"

namespace vscsi
{

namespace
{

template <typename Map, typename Key>
std::vector<User> found_in(const Map &map, const Key &key)
{
	std::vector<User> found;
	const auto [first, last] = map.equal_range(key);
	for (auto at = first; at != last; ++at)
		found.push_back(at->second);
	// Those that have it first.
	std::stable_partition(found.begin(), found.end(), [](const User &user) { return user.has; });
	return found;
}

} // namespace

bool User::is(const Domain &guest) const
{
	if (kind != Kind::guest && kind != Kind::vbd)
		return false;
	return uuid.empty() ? names_domain(domain, guest) : uuid == guest.uuid;
}

std::string to_string(const User &user)
{
	switch (user.kind) {
	case User::Kind::guest:
		return fmt::format("{} ({}{})", user.domain, user.as, user.has ? "" : ", not attached now");
	case User::Kind::fabric:
		return fmt::format("initiators of {}", user.as);
	case User::Kind::vbd:
		return fmt::format("{} (as its disk {})", user.domain, user.as);
	case User::Kind::host:
		break;
	}
	return fmt::format("this host ({})", user.as);
}

std::string to_string(const std::vector<User> &users)
{
	std::vector<std::string> words;
	words.reserve(users.size());
	for (const User &user : users)
		words.push_back(to_string(user));
	return words.empty() ? "nobody" : fmt::format("{}", fmt::join(words, ", "));
}

std::vector<User> Users::of(const StoreId &store) const
{
	return found_in(stores, store);
}

std::vector<User> Users::of(BlockNumber block) const
{
	return found_in(blocks, block);
}

std::vector<User> Users::of(FileId file) const
{
	return found_in(files, file);
}

std::vector<User> Users::of(const Backstore &store) const
{
	std::vector<User> found = of(store.id);
	if (store.block)
		std::ranges::move(of(*store.block), std::back_inserter(found));
	// Which has those of the backstore itself as well.
	if (store.image)
		for (User &user : of(*store.image))
			if (std::ranges::find(found, user) == found.end())
				found.push_back(std::move(user));
	return found;
}

void need_free(const std::vector<User> &users, const Domain &guest, bool share, const std::string &name)
{
	std::vector<User> others = users;
	std::erase_if(others, [&](const User &user) { return user.is(guest); });
	const bool host = std::ranges::find(others, User::Kind::host, &User::kind) != others.end();
	if (host)
		fail(Exit::in_use,
		     "{} is in use by {}. Unmount it, close the volume or stop the RAID first: no guest can "
		     "have it beside this host",
		     name, to_string(others));
	if (!others.empty() && !share)
		fail(Exit::in_use,
		     "{} is in use by {}. Detach it there first, or say --share if all of them are meant to "
		     "use it at once",
		     name, to_string(others));
}

} // namespace vscsi
