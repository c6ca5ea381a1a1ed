// SPDX-License-Identifier: GPL-2.0
#include "core/names.hpp"

#include <array>
#include <charconv>
#include <utility>

#include "core/failure.hpp"
#include "core/identity.hpp"

namespace vscsi
{

namespace
{

constexpr std::uint64_t greatest_vdev = 65535;
constexpr std::string_view link_prefix = "vdev-";
constexpr std::string_view adapter_prefix = "host:";
constexpr std::string_view identity_prefix = "id:";
constexpr std::string_view adapter_identity_prefix = "adapter:";
constexpr std::string_view npiv_prefix = "npiv:";

// Four decimal numbers with colons between them.
std::optional<std::array<std::uint64_t, 4>> four_numbers(std::string_view text, std::uint64_t greatest)
{
	std::array<std::uint64_t, 4> numbers{};
	for (std::size_t at = 0; at < numbers.size(); ++at) {
		const bool last = at + 1 == numbers.size();
		const std::size_t colon = last ? text.size() : text.find(':');
		if (colon == std::string_view::npos)
			return {};
		const auto number = parse_number(text.substr(0, colon), greatest);
		if (!number)
			return {};
		numbers[at] = *number;
		text.remove_prefix(last ? colon : colon + 1);
	}
	return numbers;
}

} // namespace

std::optional<std::uint64_t> parse_number(std::string_view text, std::uint64_t greatest)
{
	std::uint64_t number = 0;
	const char *const end = text.data() + text.size();
	const auto [rest, error] = std::from_chars(text.data(), end, number);
	if (text.empty() || error != std::errc{} || rest != end || number > greatest)
		return {};
	return number;
}

std::optional<Hctl> parse_hctl(std::string_view text)
{
	const auto found = four_numbers(text, UINT32_MAX);
	if (!found)
		return {};
	const auto &[host, channel, target, lun] = *found;
	return Hctl{static_cast<unsigned>(host), static_cast<unsigned>(channel),
		    static_cast<unsigned>(target), lun};
}

std::optional<Vdev> parse_vdev(std::string_view text)
{
	const auto found = four_numbers(text, greatest_vdev);
	if (!found)
		return {};
	const auto &[host, channel, target, lun] = *found;
	return Vdev{static_cast<unsigned>(host), static_cast<unsigned>(channel),
		    static_cast<unsigned>(target), static_cast<unsigned>(lun)};
}

std::optional<LunName> parse_lun_name(std::string_view text)
{
	const std::size_t colon = text.rfind(':');
	if (colon == std::string_view::npos || colon == 0)
		return {};
	const auto lun = parse_number(text.substr(colon + 1), greatest_lun);
	if (!lun)
		return {};
	LunName name{std::string{text.substr(0, colon)}, {}, static_cast<unsigned>(*lun)};
	const std::size_t comma = name.port.rfind(',');
	if (comma != std::string::npos) {
		const auto tpgt = parse_number(std::string_view{name.port}.substr(comma + 1), UINT16_MAX);
		if (!tpgt || comma == 0)
			return {};
		name.tpgt = static_cast<std::uint16_t>(*tpgt);
		name.port.resize(comma);
	}
	return name;
}

Source parse_source(std::string_view text)
{
	if (text.starts_with('/'))
		return DevicePath{std::string{text}};
	if (text.starts_with(adapter_prefix)) {
		if (const auto number = parse_number(text.substr(adapter_prefix.size()), UINT32_MAX))
			return HostAdapter{static_cast<unsigned>(*number)};
	} else if (text.starts_with(identity_prefix) && is_identity(text.substr(identity_prefix.size()))) {
		return DeviceIdentity{std::string{text.substr(identity_prefix.size())}};
	} else if (text.starts_with(adapter_identity_prefix) &&
		   !parse_number(text.substr(adapter_identity_prefix.size()), greatest_lun) &&
		   text.size() > adapter_identity_prefix.size()) {
		return AdapterIdentity{std::string{text.substr(adapter_identity_prefix.size())}};
	} else if (text.starts_with(npiv_prefix)) {
		return NpivParent{expect_parent(text.substr(npiv_prefix.size()))};
	} else if (const auto address = parse_hctl(text)) {
		return *address;
	} else if (const auto lun = parse_lun_name(text)) {
		return *lun;
	} else if (!text.empty() && text.find(':') == std::string_view::npos) {
		const std::size_t slash = text.find('/');
		if (slash == std::string_view::npos)
			return StoreName{{}, std::string{text}};
		if (slash > 0 && slash + 1 < text.size())
			return StoreName{std::string{plugin_name(text.substr(0, slash))},
					 std::string{text.substr(slash + 1)}};
	}
	fail(Exit::usage,
	     "'{}' names no device. Say one of: /dev/..., a file's path, id:IDENTITY, h:c:t:l, naa.WWN:LUN, "
	     "naa.WWN,TPGT:LUN, ALIAS:LUN, host:N, adapter:IDENTITY, npiv:fabric:WWN, npiv:hba:WWPN, or the "
	     "name of a backstore",
	     text);
}

Vdev expect_vdev(std::string_view text)
{
	const auto vdev = parse_vdev(text);
	if (!vdev)
		fail(Exit::usage,
		     "v-dev '{}': expected host:channel:target:lun, four decimal numbers up to 65535, "
		     "like 0:0:0:0",
		     text);
	if (vdev->channel != 0 || vdev->target >= frontend_targets || vdev->lun >= frontend_luns)
		fail(Exit::usage,
		     "v-dev '{}': a guest's frontend knows channel 0, targets 0 to {} and LUNs 0 to {} only",
		     text, frontend_targets - 1, frontend_luns - 1);
	return *vdev;
}

std::string to_string(const Hctl &address)
{
	return fmt::format("{}:{}:{}:{}", address.host, address.channel, address.target, address.lun);
}

std::string to_string(const Vdev &address)
{
	return fmt::format("{}:{}:{}:{}", address.host, address.channel, address.target, address.lun);
}

std::string to_string(const LunName &name)
{
	return name.tpgt ? fmt::format("{},{}:{}", name.port, *name.tpgt, name.lun)
			 : fmt::format("{}:{}", name.port, name.lun);
}

std::string link_for(const Vdev &address, std::string_view identity)
{
	return fmt::format("{}{}{}{}", link_prefix, to_string(address), identity.empty() ? "" : ",",
			   identity);
}

std::optional<Vdev> vdev_of_link(std::string_view link)
{
	if (!link.starts_with(link_prefix))
		return {};
	return parse_vdev(link.substr(link_prefix.size(), link.find(',') - link_prefix.size()));
}

std::string identity_of_link(std::string_view link)
{
	if (const std::size_t comma = link.find(','); comma != std::string_view::npos)
		link.remove_prefix(comma + 1);
	return is_identity(link) ? std::string{link} : std::string{};
}

std::string_view plugin_name(std::string_view text)
{
	static constexpr std::pair<std::string_view, std::string_view> names[] = {
		{"block", "iblock"},
		{"ramdisk", "rd_mcp"},
	};
	for (const auto &[targetcli, configfs] : names)
		if (text == targetcli)
			return configfs;
	return text;
}

} // namespace vscsi
