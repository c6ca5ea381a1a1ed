// SPDX-License-Identifier: GPL-2.0 OR MIT
#include "device/sysfs.hpp"

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <system_error>

#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "device/handle.hpp"

namespace device
{
namespace
{

namespace fs = std::filesystem;

// "nst0", but not "nst0a", which is the same drive with other defaults.
bool plain(const std::string &name, const std::string &prefix)
{
	return name.starts_with(prefix) && name.size() > prefix.size() &&
	       name.find_first_not_of("0123456789", prefix.size()) == std::string::npos;
}

std::string node_in(const fs::path &directory, const std::string &prefix)
{
	std::error_code error;
	for (const auto &entry : fs::directory_iterator{directory, error})
		if (plain(entry.path().filename(), prefix))
			return "/dev/" + entry.path().filename().string();
	return {};
}

} // namespace

Nodes find_nodes(const std::string &path)
{
	struct stat info {
	};
	if (stat(path.c_str(), &info))
		throw Unusable{
			fmt::format("{}: {}. `lsscsi -g` lists tape drives and changers with their files; "
				    "`modprobe -a st sg` makes them",
				    path, std::generic_category().message(errno))};
	if (!S_ISCHR(info.st_mode))
		throw Unusable{fmt::format(
			"{}: not a character device. Give a /dev/nstN, /dev/sgN or /dev/schN", path)};
	const fs::path device =
		fmt::format("/sys/dev/char/{}:{}/device", major(info.st_rdev), minor(info.st_rdev));
	std::error_code error;
	if (!fs::is_directory(device / "scsi_device", error))
		throw Unusable{
			fmt::format("{}: not a SCSI device. Give a /dev/nstN, /dev/sgN or /dev/schN", path)};
	Nodes nodes;
	nodes.generic = node_in(device / "scsi_generic", "sg");
	if (nodes.generic.empty())
		throw Unusable{fmt::format("{}: has no /dev/sgN beside it. `modprobe sg` makes it", path)};
	nodes.tape = node_in(device / "scsi_tape", "nst");
	std::ifstream{device / "type"} >> nodes.type;
	return nodes;
}

} // namespace device
