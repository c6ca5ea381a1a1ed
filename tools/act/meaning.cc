// SPDX-License-Identifier: GPL-2.0
#include "act/meaning.hpp"

#include <optional>

#include "core/failure.hpp"
#include "core/identity.hpp"

namespace vscsi
{

namespace
{

// What is not there is nothing, if there is something else to look for.
template <typename Find>
auto look(const Find &find, bool must) -> std::optional<decltype(find())>
{
	try {
		return find();
	} catch (const Failure &) {
		if (must)
			throw;
		return {};
	}
}

} // namespace

Meaning::Meaning(const Host &host, const Domain &domain, std::string pdev, bool line)
    : m_host{host}, m_domain{lasting_name(domain)}, m_pdev{std::move(pdev)}, m_line{line}
{
	if (line)
		m_known = host.memory().of(m_domain, m_pdev);
}

std::vector<HostDevice> Meaning::of(const DevicePath &path)
{
	return by_number([&] { return m_host.sysfs.by_path(path.path); });
}

std::vector<HostDevice> Meaning::of(const Hctl &address)
{
	return by_number([&] { return m_host.sysfs.by_address(address); });
}

std::vector<HostDevice> Meaning::of(const DeviceIdentity &identity)
{
	return m_host.sysfs.by_identity(identity.text);
}

std::vector<HostDevice> Meaning::by_number(const std::function<HostDevice()> &find)
{
	std::optional<HostDevice> now = look(find, m_known.empty());
	const bool name = now && !now->numbered;
	if (name || m_known.empty() || (now && compare_identity(m_known, now->identities) == Match::same)) {
		m_found = name ? std::string{} : m_known.empty() ? now->identity : m_known;
		return {*std::move(now)};
	}
	const std::string is = !now                    ? "not there"
			       : now->identity.empty() ? "one that does not say what it is"
						       : "id:" + now->identity;
	auto meant = look([&] { return m_host.sysfs.by_identity(m_known); }, false);
	if (!meant)
		fail(Exit::refused,
		     "{} is {} now, and was id:{}, which is not there, when {} had it last. Numbers change: "
		     "in "
		     "the configuration, name the one that is meant by its id:… or by a link",
		     m_pdev, is, m_known, m_domain);
	m_found = m_known;
	warn(fmt::format("{} now, and was id:{}", is, m_known));
	return *std::move(meant);
}

Adapter Meaning::of(const HostAdapter &number)
{
	auto now = look([&] { return m_host.sysfs.adapter(number.number); }, m_known.empty());
	if (m_known.empty() || (now && now->identity == m_known)) {
		m_found = now->identity;
		return *std::move(now);
	}
	const std::string is = now ? "adapter:" + now->identity : "not there";
	auto meant = look([&] { return m_host.sysfs.adapter(AdapterIdentity{m_known}); }, false);
	if (!meant)
		fail(Exit::refused,
		     "{} is {} now, and was adapter:{}, which is not there, when {} had it last. Numbers "
		     "change: in the configuration, name the one that is meant as adapter:…",
		     m_pdev, is, m_known, m_domain);
	m_found = m_known;
	warn(fmt::format("{} now, and was adapter:{}", is, m_known));
	return *std::move(meant);
}

Adapter Meaning::of(const AdapterIdentity &identity)
{
	return m_host.sysfs.adapter(identity);
}

void Meaning::warn(const std::string &now)
{
	m_warnings = {
		fmt::format("{} is {} when {} had it last; that is taken. Numbers change: name it so, or "
			    "by a link, in the configuration",
			    m_pdev, now, m_domain)};
}

void Meaning::keep()
{
	if (m_line && !m_found.empty())
		m_host.memory().keep(m_domain, m_pdev, m_found);
}

} // namespace vscsi
