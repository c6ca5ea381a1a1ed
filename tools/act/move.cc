// SPDX-License-Identifier: GPL-2.0
#include "act/move.hpp"

#include <algorithm>

#include "act/devices.hpp"
#include "act/guests.hpp"
#include "act/meaning.hpp"
#include "act/users.hpp"
#include "core/failure.hpp"

namespace vscsi
{

namespace
{

class Mover
{
public:
	Mover(const Host &host, const MoveRequest &request)
	    : m_host{host}, m_request{request}, m_source{parse_source(request.pdev)}, m_options{
											      request.options}
	{
	}

	MoveResult run()
	{
		const User from = owner();
		if (from.uuid == m_request.to.uuid)
			fail(Exit::usage, "{} has it already, as {}", from.domain, from.as);
		const Domain giver = expect_domain(m_host.store, from.uuid);
		MoveResult result;
		result.detached = detach(m_host, {.domain = from.uuid,
						  .vdev = from.as,
						  .wait = m_request.wait,
						  .remove_lun = true,
						  .dry_run = m_request.dry_run});
		if (m_request.dry_run)
			return result;
		try {
			result.attached = attach(m_host, to(m_request.to, m_request.vdev));
		} catch (const Failure &failure) {
			give_back(giver, from.as, failure);
		}
		return result;
	}

private:
	AttachRequest to(const Domain &domain, const std::string &vdev) const
	{
		AttachRequest request{domain, m_name, vdev, m_options};
		request.wait = m_request.wait;
		return request;
	}

	[[noreturn]] void give_back(const Domain &giver, const std::string &vdev,
				    const Failure &failure) const
	{
		std::string what = fmt::format("{} has it again", giver.name);
		try {
			attach(m_host, to(giver, vdev));
		} catch (const Failure &other) {
			what = fmt::format("Besides, {} could not be given it again: {}", giver.name,
					   other.what());
		}
		throw Failure{failure.code(), fmt::format("{}. {}", failure.what(), what)};
	}

	User owner()
	{
		m_lio = read_lio(m_host);
		const Users users = read_users(m_host, m_lio);
		std::vector<std::pair<User, const Backstore *>> found;
		for (const Backstore *const store : stores())
			for (const User &user : users.of(store->id))
				if (user.kind == User::Kind::guest && user.has)
					found.emplace_back(user, store);
		if (found.empty())
			fail(Exit::not_found, "no guest has {}; `xl-vscsi attach` gives it to one",
			     m_request.pdev);
		if (found.size() > 1)
			fail(Exit::in_use, "{} is in use by {} and {}, and can be moved from one only",
			     m_request.pdev, to_string(found[0].first), to_string(found[1].first));
		keep_kind(*found.front().second);
		return found.front().first;
	}

	std::vector<const Backstore *> stores()
	{
		std::vector<const Backstore *> found;
		const auto add_if = [&](const auto &is_it) {
			for (const Backstore &store : m_lio.stores)
				if (is_it(store))
					found.push_back(&store);
		};
		if (const auto *name = std::get_if<LunName>(&m_source)) {
			std::string why;
			const LunRef ref = m_lio.find(*name, why);
			if (!ref)
				fail(Exit::not_found, "{}: {}", m_request.pdev, why);
			add_if([&](const Backstore &store) { return store.id == ref.lun->store; });
		} else if (const auto *named = std::get_if<StoreName>(&m_source)) {
			add_if([&](const Backstore &store) {
				return store.id.name == named->name &&
				       (named->plugin.empty() || store.id.plugin() == named->plugin);
			});
		} else {
			Meaning meaning{m_host, m_request.to, m_request.pdev, false};
			for (const HostDevice &device : devices(meaning))
				add_if([&](const Backstore &store) { return leads_to(store, device); });
		}
		return found;
	}

	// The other one gets it as the first one had it.  What the tool made goes with its LUN, and only
	// the device's own name is left.
	void keep_kind(const Backstore &store)
	{
		m_name = made_by_tool(store.id) ? store.udev_path : to_string(store.id);
		m_options.via = store.id.plugin() == "pscsi" ? Via::pscsi : Via::fitting;
		for (const LunRef &ref : m_lio.exports_of(store.id)) {
			m_options.read_only |= ref.tpg->write_protected;
			m_options.ring_per_lun |= ref.tpg->ring_per_lun;
		}
	}

	std::vector<HostDevice> devices(Meaning &meaning) const
	{
		if (const auto *path = std::get_if<DevicePath>(&m_source))
			return meaning.of(*path);
		if (const auto *address = std::get_if<Hctl>(&m_source))
			return meaning.of(*address);
		if (const auto *identity = std::get_if<DeviceIdentity>(&m_source))
			return meaning.of(*identity);
		fail(Exit::usage, "{}: a whole adapter cannot be moved; detach it and attach it",
		     m_request.pdev);
	}

	const Host &m_host;
	const MoveRequest &m_request;
	Source m_source;
	ExportOptions m_options;
	Lio m_lio;
	std::string m_name; // of the device, whether it is exported or not
};

} // namespace

MoveResult move_device(const Host &host, const MoveRequest &request)
{
	return Mover{host, request}.run();
}

} // namespace vscsi
