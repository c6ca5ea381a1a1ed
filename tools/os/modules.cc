// SPDX-License-Identifier: GPL-2.0
#include "os/modules.hpp"

#include <sys/utsname.h>

#include <algorithm>
#include <array>
#include <chrono>

#include "os/capture.hpp"

namespace vscsi
{

namespace fs = std::filesystem;

std::string module_info(const fs::path &file, const std::string &field)
{
	constexpr std::chrono::seconds limit{5};
	const Captured said = capture_program({"modinfo", "-F", field, file.string()}, limit);
	return said.code == 0 ? said.output.substr(0, said.output.find('\n')) : std::string{};
}

fs::path modules_of_this_kernel()
{
	utsname names{};
	if (uname(&names) != 0)
		return {};
	return fs::path{"/lib/modules"} / names.release;
}

std::vector<ModuleCopy> module_copies(const fs::path &modules, const ModuleInfo &info)
{
	constexpr std::array folders{"updates", "extra", "weak-updates"};
	constexpr auto skip = fs::directory_options::skip_permission_denied;
	std::vector<ModuleCopy> copies;
	for (const char *folder : folders) {
		std::error_code error;
		for (fs::recursive_directory_iterator at{modules / folder, skip, error}, end;
		     !error && at != end; at.increment(error))
			// Some distributions compress modules.
			if (at->path().filename().string().starts_with("xen-scsiback.ko"))
				copies.push_back(
					{at->path().string(),
					 {info(at->path(), "version"), info(at->path(), "srcversion")}});
	}
	std::ranges::sort(copies, {}, &ModuleCopy::file);
	return copies;
}

} // namespace vscsi
