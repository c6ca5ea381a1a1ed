// SPDX-License-Identifier: GPL-2.0
#include "core/quota.hpp"

#include <cerrno>

#include <fmt/core.h>

namespace vscsi
{

namespace
{

constexpr unsigned usual_nodes = 1000; // of either xenstored
// The frontend's: a directory, and the state in it.
constexpr unsigned nodes_of_device = 2;
// A guest has some nodes that are no devices'.
constexpr unsigned full_in_percent = 80;

std::string remedy()
{
	return fmt::format(
		"A domain may own {} nodes unless xenstored's option --entry-nb (oxenstored: "
		"quota-maxentity) says otherwise. A PV SCSI device takes {} of its guest's, which makes "
		"about 480 devices a guest, and up to 8 of a driver domain's that serves it. See QUOTA "
		"OF XENSTORE in xl-vscsi(8)",
		usual_nodes, nodes_of_device);
}

} // namespace

std::string quota_hint(std::size_t devices)
{
	if (devices * nodes_of_device * 100 < std::size_t{usual_nodes} * full_in_percent)
		return {};
	return fmt::format("It has {} devices, so this may be xenstore's quota. {}", devices, remedy());
}

std::string quota_refusal(int error)
{
	if (error == ENOSPC || error == EDQUOT)
		return fmt::format("The quota of nodes of this domain is reached. {}", remedy());
	// oxenstored answers EQUOTA, of which libxenstore knows nothing.
	if (error == EINVAL)
		return fmt::format(
			"If this is oxenstored's, the quota of nodes of this domain is reached. {}",
			remedy());
	return {};
}

} // namespace vscsi
