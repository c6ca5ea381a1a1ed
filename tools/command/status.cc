// SPDX-License-Identifier: GPL-2.0
#include "command/status.hpp"

#include <algorithm>
#include <cstdio>
#include <set>

#include "act/guests.hpp"
#include "command/options.hpp"
#include "os/xlconfig.hpp"

namespace vscsi
{

namespace
{

const char *const other_driver =
	"the xen-scsiback that is loaded is the kernel's own, not this project's: portal groups cannot be "
	"bound "
	"to guests, and there are no statistics. Shut down the guests that have PV SCSI devices, or detach "
	"these, then `rmmod xen-scsiback && modprobe xen-scsiback`, or restart this host. `modinfo -n "
	"xen-scsiback` must name the one in updates/";

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

} // namespace

ShownStatus look_at(const Host &host, const Options &options)
{
	ShownStatus shown{.status = status(host)};
	Status &found = shown.status;
	found.configured = configured_domains({options.config_dirs.begin(), options.config_dirs.end()});
	look_at_lines(host, found.configured, found.problems);
	if (found.module && !host.sysfs.module_is_ours()) {
		shown.driver = Driver::other;
		found.problems.emplace_back(other_driver);
	}
	return shown;
}

Exit show_status(const Host &host, const Options &options)
{
	const ShownStatus shown = look_at(host, options);
	const std::string text = options.json ? status_json(shown.status, shown.driver)
					      : status_text(shown.status, shown.driver);
	std::fputs(text.c_str(), stdout);
	return shown.status.problems.empty() ? Exit::done : has_problems;
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
