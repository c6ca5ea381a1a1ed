// SPDX-License-Identifier: GPL-2.0
#include "act/across.hpp"

#include <algorithm>

#include "act/users.hpp"
#include "core/failure.hpp"
#include "core/reach.hpp"

namespace vscsi
{

namespace
{

class Across
{
public:
	Across(const Host &host, const Lio &lio, const Domain &domain, std::vector<Change> &changes,
	       std::vector<std::string> &warnings)
	    : m_host{host}, m_lio{lio}, m_domain{domain}, m_changes{changes}, m_warnings{warnings}
	{
	}

	void keep(const LunName &name)
	{
		const StoreId id = store_of(name);
		const auto made = std::ranges::find_if(m_changes, [&](const Change &change) {
			const auto *store = std::get_if<MakeStore>(&change);
			return store && store->id == id;
		});
		if (made != m_changes.end()) {
			if (keeps_reservations(id))
				m_changes.insert(made + 1, refuse_reservations(id));
		} else if (const Backstore *const store = m_lio.store_of(id)) {
			keep(*store);
		}
	}

private:
	StoreId store_of(const LunName &name) const
	{
		for (const Change &change : m_changes)
			if (const auto *lun = std::get_if<MakeLun>(&change))
				if (LunName{lun->tpg.wwn, lun->tpg.tpgt, lun->number} == name)
					return lun->store;
		const LunRef ref = m_lio.find(name);
		return ref ? ref.lun->store : StoreId{};
	}

	void keep(const Backstore &store)
	{
		switch (reach_of(store)) {
		case Reach::device:
		case Reach::none:
			return;
		case Reach::one_registrant:
			warn_of_others(store);
			return;
		case Reach::this_host:
			break;
		}
		need_refusal(store);
		std::vector<User> later;
		for (const User &user : users_of(m_host, m_lio, store.id)) {
			if (user.has)
				fail(Exit::in_use,
				     "{} keeps reservations in this host, and is in use by {}, who may hold "
				     "one that other hosts do not know of. Detach it there first, and attach "
				     "it with --across-hosts",
				     to_string(store.id), to_string(user));
			if (!names_domain(user.domain, m_domain))
				later.push_back(user);
		}
		if (!later.empty())
			m_warnings.push_back(fmt::format("{} takes no reservations from now on, nor of {}",
							 to_string(store.id), to_string(later)));
		m_changes.insert(m_changes.begin(), refuse_reservations(store.id));
	}

	void warn_of_others(const Backstore &store)
	{
		std::vector<User> others = users_of(m_host, m_lio, store.id);
		std::erase_if(others, [&](const User &user) {
			return names_domain(user.domain, m_domain) || user.domain == m_domain.name;
		});
		if (!others.empty())
			m_warnings.push_back(
				fmt::format("to other hosts {} and {} are one registrant of {}, and no "
					    "reservation keeps one of them from what the other does",
					    m_domain.name, to_string(others), to_string(store.id)));
	}

	const Host &m_host;
	const Lio &m_lio;
	const Domain &m_domain;
	std::vector<Change> &m_changes;
	std::vector<std::string> &m_warnings;
};

} // namespace

void keep_across_hosts(const Host &host, const Lio &lio, const Domain &domain,
		       const std::vector<Wanted> &devices, std::vector<Change> &changes,
		       std::vector<std::string> &warnings)
{
	Across across{host, lio, domain, changes, warnings};
	for (const Wanted &device : devices)
		across.keep(device.pdev);
}

} // namespace vscsi
