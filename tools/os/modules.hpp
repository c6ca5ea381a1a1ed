// SPDX-License-Identifier: GPL-2.0
// What is in /lib/modules of the module.
#pragma once
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "core/modulecopies.hpp"

namespace vscsi
{

// A field of a module's file; empty if it has none.
using ModuleInfo = std::function<std::string(const std::filesystem::path &file, const std::string &field)>;

// By modinfo.
std::string module_info(const std::filesystem::path &file, const std::string &field);

// Of the kernel that runs.
std::filesystem::path modules_of_this_kernel();

// Below its folders that go before the kernel's own.
std::vector<ModuleCopy> module_copies(const std::filesystem::path &modules,
				      const ModuleInfo &info = module_info);

} // namespace vscsi
