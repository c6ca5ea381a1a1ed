// SPDX-License-Identifier: GPL-2.0
#include "act/host.hpp"

#include "os/files.hpp"

namespace vscsi
{

std::vector<std::string> recover(const Host &host)
{
	std::vector<std::string> complaints;
	for (const std::string &name : names_in(host.run)) {
		const std::filesystem::path file = host.run / name;
		if (file.extension() != ".journal")
			continue;
		std::filesystem::path lock_file = file;
		const auto mine = Lock::attempt(lock_file.replace_extension(".lock"));
		if (!mine)
			continue;
		// Its own lock is the configuration's.
		const bool config = file.stem() == "config";
		const auto all = config ? std::nullopt : Lock::attempt(host.config_lock());
		if (!config && !all)
			continue;
		if (std::string left = Journal{file}.roll_back(host.configfs); !left.empty())
			complaints.push_back(std::move(left));
	}
	return complaints;
}

} // namespace vscsi
