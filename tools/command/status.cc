// SPDX-License-Identifier: GPL-2.0
#include "command/status.hpp"

#include <algorithm>
#include <cstdio>
#include <set>

#include "act/guests.hpp"
#include "command/options.hpp"
#include "command/saveconfig.hpp"
#include "os/modules.hpp"
#include "os/xlconfig.hpp"

namespace vscsi
{

namespace
{

// What these serve, of guests that are not there yet.
void add_served(std::vector<ListedGuest> &found, const std::vector<ListedGuest> &all,
		const std::set<DomId> &servers)
{
	for (ListedGuest guest : all) {
		std::erase_if(guest.controllers, [&](const ListedController &item) {
			return !servers.contains(item.controller.backend);
		});
		// What dom0's configuration refuses is not a driver domain's.
		if (!servers.contains(0))
			guest.refused.clear();
		const bool known = std::ranges::any_of(
			found, [&](const ListedGuest &item) { return item.domain.id == guest.domain.id; });
		if (!known && !(guest.controllers.empty() && guest.refused.empty()))
			found.push_back(std::move(guest));
	}
}

void look_at_module(const Host &host, Status &found)
{
	if (host.modules.empty())
		return;
	const std::vector<ModuleCopy> copies = module_copies(host.modules);
	std::ranges::move(copy_problems(copies), std::back_inserter(found.problems));
	// That the kernel's own is loaded is a problem of another kind.
	if (found.ours)
		std::ranges::move(module_problems(host.sysfs.module_version(), copies),
				  std::back_inserter(found.problems));
}

} // namespace

Status look_at(const Host &host, const Options &options)
{
	Status found = status(host);
	DomainConfigs configs = configured_domains(host.configs);
	found.configured = std::move(configs.domains);
	std::ranges::move(configs.complaints, std::back_inserter(found.problems));
	look_at_lines(host, found.configured, found.problems);
	if (found.module)
		found.saved = compare_with_saved(host, options.saveconfig);
	look_at_module(host, found);
	return found;
}

Exit show_status(const Host &host, const Options &options)
{
	const Status found = look_at(host, options);
	std::fputs((options.json ? status_json(found) : status_text(found)).c_str(), stdout);
	return found.problems.empty() ? Exit::done : Exit::problems;
}

std::vector<ListedGuest> list_guests(const Host &host, const std::vector<std::string> &names)
{
	std::vector<ListedGuest> found = survey(host, names);
	if (names.empty())
		return found;
	const std::vector<DomId> servers = backends(host.store);
	std::set<DomId> asked;
	for (const ListedGuest &guest : found)
		if (std::ranges::find(servers, guest.domain.id) != servers.end())
			asked.insert(guest.domain.id);
	if (!asked.empty())
		add_served(found, survey(host, {}), asked);
	return found;
}

} // namespace vscsi
