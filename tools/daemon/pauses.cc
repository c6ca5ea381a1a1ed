// SPDX-License-Identifier: GPL-2.0
#include "daemon/pauses.hpp"

#include <algorithm>
#include <fstream>
#include <sstream>

#include "core/failure.hpp"
#include "daemon/log.hpp"
#include "os/files.hpp"

namespace vscsi
{

namespace
{

constexpr std::string_view prefix = "paused-";
constexpr const char *wanted = "wanted";
constexpr const char *held = "held";

} // namespace

void Pauses::note(const Domain &domain, const char *what) const
{
	std::error_code error;
	std::filesystem::create_directories(m_host.run, error);
	const std::filesystem::path fresh = m_host.run / fmt::format("new-{}{}", prefix, domain.id);
	std::ofstream stream{fresh};
	stream << what << ' ' << domain.uuid << '\n' << std::flush;
	stream.close();
	if (!stream)
		fail(Exit::environment, "cannot write {}", fresh.string());
	// At no moment is there half a file.
	std::filesystem::rename(fresh, m_host.pause_file(domain.id));
}

std::vector<Domain> Pauses::resume(const std::vector<Domain> &running)
{
	std::vector<Domain> found;
	for (const std::string &name : names_in(m_host.run)) {
		if (!name.starts_with(prefix))
			continue;
		std::istringstream line{first_line(m_host.run / name)};
		std::string what;
		std::string uuid;
		line >> what >> uuid;
		const auto id = parse_number(std::string_view{name}.substr(prefix.size()), UINT32_MAX);
		const auto domain = std::ranges::find_if(
			running, [&](const Domain &one) { return id == one.id && one.uuid == uuid; });
		if (id && domain != running.end() && what == held) {
			m_held.push_back(domain->id);
			found.push_back(*domain);
			continue;
		}
		if (domain != running.end())
			log_line(Level::warning, fmt::format("this daemon was killed while it paused {}. If "
							     "it stays paused, run: xl "
							     "unpause {}",
							     domain->name, domain->name));
		std::error_code error;
		std::filesystem::remove(m_host.run / name, error);
	}
	return found;
}

bool Pauses::hold(const Domain &domain)
{
	note(domain, wanted);
	if (!m_switch(domain.id, true)) {
		forget(domain.id);
		return false;
	}
	note(domain, held);
	m_held.push_back(domain.id);
	return true;
}

void Pauses::release(const Domain &domain)
{
	if (!holds(domain))
		return;
	if (!m_switch(domain.id, false))
		log_line(Level::error,
			 fmt::format("cannot unpause {}. Run: xl unpause {}", domain.name, domain.name));
	forget(domain.id);
}

bool Pauses::holds(const Domain &domain) const
{
	return std::ranges::find(m_held, domain.id) != m_held.end();
}

void Pauses::forget(DomId id)
{
	std::erase(m_held, id);
	std::error_code error;
	std::filesystem::remove(m_host.pause_file(id), error);
}

} // namespace vscsi
