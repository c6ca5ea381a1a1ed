// SPDX-License-Identifier: GPL-2.0
#include "act/users.hpp"

#include <algorithm>

#include <fmt/ranges.h>

#include "act/guests.hpp"

namespace vscsi
{

std::string to_string(const User &user)
{
	if (user.domain.empty())
		return fmt::format("initiators of {}", user.as);
	return fmt::format("{} ({}{})", user.domain, user.as, user.has ? "" : ", not attached now");
}

std::string to_string(const std::vector<User> &users)
{
	std::vector<std::string> words;
	words.reserve(users.size());
	for (const User &user : users)
		words.push_back(to_string(user));
	return words.empty() ? "nobody" : fmt::format("{}", fmt::join(words, ", "));
}

std::vector<User> users_of(const Host &host, const Lio &lio, const StoreId &store)
{
	const std::vector<LunRef> luns = lio.exports_of(store);
	std::vector<User> found;
	std::vector<Domain> owners; // of the attached ones
	const auto look = [&](const Guest &guest, const Device &device) {
		const LunRef ref = lun_of(lio, device);
		if (!ref || ref.lun->store != store)
			return;
		found.push_back(
			{guest.domain.name, device.vdev ? to_string(*device.vdev) : device.pdev, true});
		owners.push_back(guest.domain);
	};
	if (!luns.empty()) {
		const std::vector<Domain> domains = find_domains(host.store, served(host.store, 0));
		for (const Guest &guest : read_guests(host.store, Txn::none, domains, 0))
			for (const Controller &controller : guest.controllers)
				for (const Device &device : controller.devices)
					look(guest, device);
	}
	for (const LunRef &ref : luns) {
		const bool has = std::ranges::any_of(
			owners, [&](const Domain &domain) { return names_domain(ref.tpg->domain, domain); });
		if (!ref.tpg->domain.empty() && !has)
			found.push_back({ref.tpg->domain, to_string(ref.tpg->name_of(*ref.lun)), false});
	}
	if (std::ranges::find(lio.others, store) != lio.others.end())
		found.push_back({{}, "another fabric", true});
	return found;
}

} // namespace vscsi
