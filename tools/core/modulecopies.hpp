// SPDX-License-Identifier: GPL-2.0
// Files of the module on this host's disk, beside the one that is loaded.
#pragma once
#include <string>
#include <vector>

namespace vscsi
{

struct ModuleVersion {
	std::string version;    // as MODULE_VERSION has it; the kernel's own has none
	std::string srcversion; // a checksum of its sources

	bool operator==(const ModuleVersion &) const = default;
};

struct ModuleCopy {
	std::string file;
	ModuleVersion version;
};

// Copies that modprobe prefers to the kernel's own, against the loaded one, which is this project's.
std::vector<std::string> module_problems(const ModuleVersion &loaded, const std::vector<ModuleCopy> &copies);
// What is wrong with them whatever is loaded.
std::vector<std::string> copy_problems(const std::vector<ModuleCopy> &copies);

} // namespace vscsi
