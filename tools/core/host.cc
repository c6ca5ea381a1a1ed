// SPDX-License-Identifier: GPL-2.0
#include "core/host.hpp"

#include <algorithm>

#include <fmt/core.h>
#include <fmt/ranges.h>

namespace vscsi
{

namespace
{

// They say the same of themselves, and yet they are not two paths to one.
bool apart(const HostDevice &one, const HostDevice &other)
{
	if (!one.serial.empty() && !other.serial.empty() && one.serial != other.serial)
		return true;
	const Hctl &a = *one.scsi;
	const Hctl &b = *other.scsi;
	return a.host == b.host && a.channel == b.channel && a.target == b.target && a.lun != b.lun;
}

} // namespace

bool leads_to(const Backstore &store, const HostDevice &device)
{
	return (store.scsi && store.scsi == device.scsi) || (store.block && store.block == device.block) ||
	       (store.image && store.image == device.image);
}

std::string distinct_identity(const HostDevice &device, const std::vector<HostDevice> &all)
{
	for (const std::string &identity : device.identities) {
		const bool shared = device.scsi && std::ranges::any_of(all, [&](const HostDevice &other) {
					    return other.scsi && other.scsi != device.scsi &&
						   apart(device, other) &&
						   std::ranges::find(other.identities, identity) !=
							   other.identities.end();
				    });
		if (!shared)
			return identity;
	}
	return {};
}

std::string describe(const HostDevice &device)
{
	std::vector<std::string> words;
	if (device.scsi)
		words.push_back(to_string(*device.scsi));
	if (std::string name =
		    device.vendor + (device.vendor.empty() || device.model.empty() ? "" : " ") + device.model;
	    !name.empty())
		words.push_back(std::move(name));
	if (!device.serial.empty())
		words.push_back("serial " + device.serial);
	std::string text = fmt::format("{}", fmt::join(words, ", "));
	if (device.node.empty())
		return text;
	return text.empty() ? device.node : fmt::format("{} ({})", device.node, text);
}

} // namespace vscsi
