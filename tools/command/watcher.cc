// SPDX-License-Identifier: GPL-2.0
#include "command/watcher.hpp"

#include <algorithm>

#include "act/vports.hpp"
#include "core/failure.hpp"
#include "os/statistics.hpp"

namespace vscsi
{

namespace
{

Sample sample(const std::filesystem::path &sysfs)
{
	const auto now = std::chrono::steady_clock::now().time_since_epoch();
	return read_statistics(sysfs, std::chrono::duration<double>(now).count());
}

bool wanted(const std::vector<std::string> &names, const Domain &domain)
{
	return std::ranges::any_of(names,
				   [&](const std::string &name) { return means_domain(name, domain); });
}

} // namespace

Watcher::Watcher(const Host &host, std::filesystem::path sysfs, std::vector<std::string> names)
    : m_host{host}, m_identities{host.store}, m_sysfs{std::move(sysfs)}, m_names{std::move(names)}
{
	if (!host.sysfs.module_loaded())
		fail(Exit::environment, "the module xen-scsiback is not loaded: there is nothing to show");
	if (!host.sysfs.module_is_ours())
		fail(Exit::environment,
		     "the xen-scsiback that is loaded is not this project's: it has no statistics");
	expect_names();
	m_last = sample(m_sysfs);
	look_at_vports({});
}

// By what sysfs has of them, and who they were given to.
std::vector<TopVport> Watcher::look_at_vports(const TopView &view)
{
	std::vector<TopVport> found;
	std::map<Wwn, PortCounters> all;
	std::map<Wwn, std::string> owners;
	const FibreChannel fc = fibre_channel(m_host);
	for (const FcPort &port : fc.ports()) {
		if (!port.is_vport)
			continue;
		if (all.empty())
			for (const KnownVport &known : vport_memory(m_host).all())
				owners.emplace(known.id.port, known.owner);
		TopVport one{port.port, owners[port.port], port.vport_state, {}, fc.counters(port)};
		all.emplace(port.port, one.now);
		const bool of_a_wanted = std::ranges::any_of(view.load.since, [&](const auto &item) {
			const auto domain = view.domains.find(item.first.domain);
			return domain != view.domains.end() && domain->second.name == one.owner;
		});
		if (!m_names.empty() && !of_a_wanted)
			continue;
		if (const auto before = m_last_vports.find(port.port); before != m_last_vports.end())
			for (const PortCounterFile &file : port_counter_files) {
				const auto then = before->second.*file.value;
				const auto now = one.now.*file.value;
				// A port that was made anew counts from nothing.
				if (then && now && *now >= *then)
					one.since.*file.value = *now - *then;
			}
		found.push_back(std::move(one));
	}
	m_last_vports = std::move(all);
	return found;
}

void Watcher::expect_names() const
{
	if (m_names.empty())
		return;
	const std::map<DomId, Domain> known = m_identities.all();
	for (const std::string &name : m_names)
		if (std::ranges::none_of(known,
					 [&](const auto &item) { return means_domain(name, item.second); }))
			fail(Exit::not_found,
			     "no domain '{}' is running; `xl list` in dom0 lists them. A driver domain knows "
			     "those that it serves",
			     name);
}

// A name is another domain after each reboot, restore or migration.
void Watcher::keep_wanted(TopView &view) const
{
	if (m_names.empty())
		return;
	const auto unwanted = [&](const auto &item) {
		return !wanted(m_names, view.domains.at(item.first.domain));
	};
	std::erase_if(view.load.since, unwanted);
	std::erase_if(view.load.now, unwanted);
}

TopView Watcher::look()
{
	Sample next = sample(m_sysfs);
	std::set<DomId> ids;
	for (const auto &[key, controller] : next.controllers)
		ids.insert(key.domain);
	TopView view{load_between(m_last, next), m_identities.of(ids), std::chrono::system_clock::now()};
	m_last = std::move(next);
	keep_wanted(view);
	view.vports = look_at_vports(view);
	return view;
}

} // namespace vscsi
