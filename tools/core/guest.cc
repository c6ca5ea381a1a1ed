// SPDX-License-Identifier: GPL-2.0
#include "core/guest.hpp"

#include <algorithm>
#include <array>
#include <cctype>

#include <fmt/core.h>

namespace vscsi
{

const Controller *Guest::controller_at(unsigned number) const
{
	const auto found = std::ranges::find(controllers, number, &Controller::number);
	return found == controllers.end() ? nullptr : &*found;
}

const Device *Guest::device_at(const Vdev &vdev) const
{
	for (const Controller &controller : controllers)
		for (const Device &device : controller.devices)
			if (device.vdev == vdev)
				return &device;
	return nullptr;
}

DeviceIndex::DeviceIndex(const Guest &guest)
{
	for (const Controller &controller : guest.controllers)
		for (const Device &device : controller.devices)
			if (device.vdev)
				m_devices.try_emplace(*device.vdev, &device);
}

const Device *DeviceIndex::at(const Vdev &vdev) const
{
	const auto found = m_devices.find(vdev);
	return found == m_devices.end() ? nullptr : found->second;
}

namespace
{

bool is_uuid(std::string_view text)
{
	constexpr std::string_view form = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
	return std::ranges::equal(text, form, [](unsigned char letter, char place) {
		return place == '-' ? letter == '-' : std::isxdigit(letter) != 0;
	});
}

} // namespace

// xl's name for a domain that migration is bringing in.
constexpr std::string_view incoming = "--incoming";

bool is_incoming(const Domain &domain)
{
	return domain.name.ends_with(incoming);
}

std::string lasting_name(const Domain &domain)
{
	return domain.name.substr(0, domain.name.size() - (is_incoming(domain) ? incoming.size() : 0));
}

bool names_domain(std::string_view binding, const Domain &domain)
{
	const std::string name = lasting_name(domain);
	const auto same = [](unsigned char a, unsigned char b) { return std::tolower(a) == std::tolower(b); };
	// A name that looks like a UUID is nobody's, as in the kernel.
	return !binding.empty() &&
	       (is_uuid(binding) ? std::ranges::equal(binding, domain.uuid, same) : binding == name);
}

bool means_domain(std::string_view typed, const Domain &domain)
{
	// A name of digits is an id to xl as well.
	if (const auto id = parse_number(typed, UINT32_MAX))
		return domain.id == *id;
	return !typed.empty() && (typed == domain.name || names_domain(typed, domain));
}

const char *state_name(State state)
{
	static constexpr std::array names{"unknown", "initialising",  "waiting",
					  "mapped",  "connected",     "closing",
					  "closed",  "reconfiguring", "reconfigured"};
	const auto at = static_cast<std::size_t>(state);
	return at < names.size() ? names[at] : "unknown";
}

std::string frontend_root(DomId guest)
{
	return fmt::format("/local/domain/{}/device/vscsi", guest);
}

std::string frontend_path(DomId guest, unsigned number)
{
	return fmt::format("{}/{}", frontend_root(guest), number);
}

std::string backend_root(DomId backend)
{
	return fmt::format("/local/domain/{}/backend/vscsi", backend);
}

std::string backend_path(DomId backend, DomId guest, unsigned number)
{
	return fmt::format("{}/{}/{}", backend_root(backend), guest, number);
}

std::optional<DomId> backend_of_path(std::string_view path, DomId guest, unsigned number)
{
	constexpr std::string_view root = "/local/domain/";
	if (!path.starts_with(root))
		return {};
	const std::string_view rest = path.substr(root.size());
	const auto id = parse_number(rest.substr(0, rest.find('/')), UINT16_MAX);
	if (!id || path != backend_path(static_cast<DomId>(*id), guest, number))
		return {};
	return static_cast<DomId>(*id);
}

} // namespace vscsi
