// SPDX-License-Identifier: GPL-2.0
#include "act/identity.hpp"

#include <fmt/core.h>

#include "act/guests.hpp"

namespace vscsi
{

// Only a driver domain has it at this place: a connection of dom0 by socket has no directory.
DomId own_id(Store &store)
{
	static const std::string path = "domid";
	const auto text = store.read_visible({&path, 1}).front();
	return static_cast<DomId>(parse_number(text.value_or(""), UINT32_MAX).value_or(0));
}

namespace
{

void fill(std::string &text, const std::optional<std::string> &value)
{
	if (text.empty())
		text = value.value_or("");
}

} // namespace

Identities::Identities(Store &store) : m_store{store}, m_self{own_id(store)} {}

std::set<DomId> Identities::directories(const std::string &path) const
{
	std::set<DomId> ids;
	const auto names = m_store.list_visible({&path, 1});
	for (const std::string &name : names.front())
		if (const auto id = parse_number(name, UINT32_MAX))
			ids.insert(static_cast<DomId>(*id));
	return ids;
}

// What the toolstack left in the directories of controllers, of those that are not known.
void Identities::ask_backend(std::map<DomId, Domain> &found) const
{
	std::vector<Domain *> unknown;
	std::vector<std::string> paths;
	for (auto &[id, domain] : found) {
		if (!domain.name.empty() && !domain.uuid.empty())
			continue;
		unknown.push_back(&domain);
		paths.push_back(fmt::format("{}/{}", backend_root(m_self), id));
	}
	if (unknown.empty())
		return;
	const auto controllers = m_store.list_visible(paths);
	std::vector<Domain *> owners;
	std::vector<std::string> nodes;
	for (std::size_t at = 0; at < unknown.size(); ++at) {
		for (const std::string &controller : controllers[at]) {
			owners.push_back(unknown[at]);
			for (const char *const node : {"domain-name", "domain-uuid"})
				nodes.push_back(fmt::format("{}/{}/{}", paths[at], controller, node));
		}
	}
	const auto values = m_store.read_visible(nodes);
	for (std::size_t at = 0; at < owners.size(); ++at) {
		fill(owners[at]->name, values[2 * at]);
		fill(owners[at]->uuid, values[2 * at + 1]);
	}
}

std::map<DomId, Domain> Identities::of(const std::set<DomId> &ids) const
{
	std::map<DomId, Domain> found;
	for (const DomId id : ids)
		found[id].id = id;
	const std::vector<DomId> list(ids.begin(), ids.end());
	for (Domain &domain : find_visible_domains(m_store, list))
		found[domain.id] = std::move(domain);
	ask_backend(found);
	return found;
}

std::map<DomId, Domain> Identities::all() const
{
	std::set<DomId> ids = directories("/local/domain");
	ids.merge(directories(backend_root(m_self)));
	return of(ids);
}

} // namespace vscsi
