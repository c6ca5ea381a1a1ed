// SPDX-License-Identifier: GPL-2.0 OR MIT
#include "check/changer.hpp"

#include "scsi/mode.hpp"

namespace check
{

namespace cdb = scsi::cdb;
using scsi::ElementType;

scsi::ElementLayout Changer::layout() const
{
	const auto mode = scsi::parse_mode6(fetch(cdb::mode_sense6({.code = 0x1d}, 252), 252));
	const auto found = mode ? scsi::parse_element_layout(mode->page(0x1d)) : std::nullopt;
	if (!found)
		throw Failed{"MODE SENSE(6): wanted page 1Dh, element addresses, came something else"};
	return *found;
}

scsi::ElementStatus Changer::status(cdb::Elements which) const
{
	constexpr std::uint32_t size = 65536;
	const auto found = scsi::parse_element_status(fetch(cdb::read_element_status(which, size), size));
	if (!found)
		throw Failed{"READ ELEMENT STATUS: wanted status pages, came something else"};
	return *found;
}

Reply Changer::move(std::uint16_t source, std::uint16_t destination) const
{
	return run(cdb::move_medium(layout().pickers.first, source, destination));
}

void Changer::must_move(std::uint16_t source, std::uint16_t destination) const
{
	const Reply reply = move(source, destination);
	want(reply.good(), "MOVE MEDIUM", "GOOD", reply.text());
	want(!full(source), "element status of the source", "empty", "full");
	want(full(destination), "element status of the destination", "full", "empty");
}

std::vector<scsi::Element> Changer::elements(ElementType type) const
{
	const auto count = layout().of(type).count;
	if (!count)
		return {};
	auto found = status({.type = static_cast<std::uint8_t>(type), .volume_tags = true}).elements;
	std::erase_if(found, [&](const scsi::Element &item) { return item.type != type; });
	want(!found.empty(), "READ ELEMENT STATUS", fmt::format("every {}", name(type)), "none");
	return found;
}

std::vector<scsi::Element> Changer::elements() const
{
	std::vector<scsi::Element> all;
	for (const auto type : {ElementType::slot, ElementType::port, ElementType::drive}) {
		const auto some = elements(type);
		all.insert(all.end(), some.begin(), some.end());
	}
	return all;
}

scsi::Element Changer::element(std::uint16_t address) const
{
	for (const auto &item : elements(layout().type_of(address)))
		if (item.address == address)
			return item;
	throw Failed{"READ ELEMENT STATUS: wanted the element asked for, came others"};
}

std::uint16_t Changer::any(ElementType type, bool full) const
{
	for (const auto &item : elements(type))
		if (item.full == full)
			return item.address;
	throw Skipped{fmt::format("the changer has no {} {}", full ? "full" : "empty", name(type))};
}

std::uint16_t Changer::drive_element(const std::string &serial) const
{
	const scsi::ElementRange drives = layout().drives;
	if (drive_ && *drive_ < drives.count)
		return static_cast<std::uint16_t>(drives.first + *drive_);
	if (drives.count == 1)
		return drives.first;
	const auto found =
		status({.type = static_cast<std::uint8_t>(ElementType::drive), .device_ids = true});
	for (const auto &item : found.elements)
		if (!serial.empty() && item.identifier.find(serial) != std::string::npos)
			return item.address;
	throw Skipped{"the changer does not tell which of its drives this is: say --drive-element N"};
}

} // namespace check
