// SPDX-License-Identifier: GPL-2.0
#include "core/modulecopies.hpp"

#include <algorithm>

#include <fmt/core.h>

namespace vscsi
{

namespace
{

bool of_dkms(const ModuleCopy &copy)
{
	return copy.file.find("/updates/dkms/") != std::string::npos;
}

std::string named(const ModuleVersion &version)
{
	return version.version.empty() ? std::string{"of no version"} : version.version;
}

} // namespace

std::vector<std::string> copy_problems(const std::vector<ModuleCopy> &copies)
{
	std::vector<std::string> problems;
	const auto dkms = std::ranges::find_if(copies, of_dkms);
	for (const ModuleCopy &copy : copies)
		if (dkms != copies.end() && !of_dkms(copy))
			problems.push_back(fmt::format(
				"{} ({}) is there beside {} ({}): which one is loaded is left to "
				"chance. Remove the one that `make install` left: rm {} && depmod -a",
				copy.file, named(copy.version), dkms->file, named(dkms->version), copy.file));
	return problems;
}

std::vector<std::string> module_problems(const ModuleVersion &loaded, const std::vector<ModuleCopy> &copies)
{
	if (copies.empty() || loaded.version.empty() ||
	    std::ranges::any_of(copies, [&](const ModuleCopy &copy) { return copy.version == loaded; }))
		return {};
	return {fmt::format(
		"the module that is loaded is {}, and {} is {}: a reboot of this host is needed to use it. "
		"Guests go on as they are",
		named(loaded), copies.front().file, named(copies.front().version))};
}

} // namespace vscsi
