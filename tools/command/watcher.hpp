// SPDX-License-Identifier: GPL-2.0
// What `xl-vscsi top` looks at.
#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "act/host.hpp"
#include "act/identity.hpp"
#include "command/topview.hpp"

namespace vscsi
{

// Throws a Failure where there is nothing to look at, or a name that nobody has.
class Watcher
{
public:
	Watcher(const Host &host, std::filesystem::path sysfs, std::vector<std::string> names);

	// What came since the last look, or since this was made.
	TopView look();

private:
	void expect_names() const;
	void keep_wanted(TopView &view) const;

	std::vector<TopVport> look_at_vports(const TopView &view);

	const Host &m_host;
	Identities m_identities;
	std::filesystem::path m_sysfs;
	std::vector<std::string> m_names; // as they were typed; none: all
	Sample m_last;
	std::map<Wwn, PortCounters> m_last_vports;
};

} // namespace vscsi
