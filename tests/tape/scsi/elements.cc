// SPDX-License-Identifier: GPL-2.0 OR MIT
#include "scsi/elements.hpp"

#include <algorithm>
#include <array>

namespace scsi
{
namespace
{

constexpr std::size_t header_size = 8;
constexpr std::size_t tag_size = 36;
constexpr std::size_t flags_end = 3; // within a descriptor
constexpr std::uint8_t primary_tag = 0x80;
constexpr std::uint8_t alternate_tag = 0x40;

ElementRange range(Bytes page, std::size_t at)
{
	return {static_cast<std::uint16_t>(big_endian(page, at, 2)),
		static_cast<std::uint16_t>(big_endian(page, at + 2, 2))};
}

Element parse_element(Bytes item, ElementType type, std::uint8_t tags)
{
	Element element;
	element.type = type;
	element.address = static_cast<std::uint16_t>(big_endian(item, 0, 2));
	element.full = byte_at(item, 2) & 0x01;
	element.exception = byte_at(item, 2) & 0x04;
	element.accessible = byte_at(item, 2) & 0x08;
	if (byte_at(item, 9) & 0x80)
		element.source = static_cast<std::uint16_t>(big_endian(item, 10, 2));
	std::size_t at = 12;
	if (tags & primary_tag) {
		element.volume_tag = text(part(item, at, 32));
		at += tag_size;
	}
	if (tags & alternate_tag)
		at += tag_size;
	element.identifier = text(part(item, at + 4, byte_at(item, at + 3)));
	return element;
}

} // namespace

std::string name(ElementType type)
{
	static constexpr std::array names{"all", "picker", "slot", "port", "drive"};
	return names.at(static_cast<std::size_t>(type));
}

const ElementRange &ElementLayout::of(ElementType type) const
{
	switch (type) {
	case ElementType::picker:
		return pickers;
	case ElementType::port:
		return ports;
	case ElementType::drive:
		return drives;
	default:
		return slots;
	}
}

ElementType ElementLayout::type_of(std::uint16_t address) const
{
	for (const auto type :
	     {ElementType::picker, ElementType::slot, ElementType::port, ElementType::drive}) {
		const ElementRange &range = of(type);
		if (address >= range.first && address - range.first < range.count)
			return type;
	}
	return ElementType::all;
}

std::uint16_t ElementLayout::nowhere() const
{
	unsigned last = 0;
	for (const auto *item : {&pickers, &slots, &ports, &drives})
		last = std::max<unsigned>(last, item->first + item->count);
	return static_cast<std::uint16_t>(std::min(last + 1000, 0xfff0U));
}

std::optional<ElementLayout> parse_element_layout(Bytes page)
{
	if (page.size() < 18 || (page[0] & 0x3f) != 0x1d)
		return {};
	return ElementLayout{range(page, 2), range(page, 6), range(page, 10), range(page, 14)};
}

const Element *ElementStatus::find(std::uint16_t address) const
{
	const auto found = std::find_if(elements.begin(), elements.end(),
					[&](const Element &item) { return item.address == address; });
	return found == elements.end() ? nullptr : &*found;
}

std::optional<ElementStatus> parse_element_status(Bytes data)
{
	if (data.size() < header_size)
		return {};
	ElementStatus status;
	status.first = static_cast<std::uint16_t>(big_endian(data, 0, 2));
	status.count = static_cast<std::uint16_t>(big_endian(data, 2, 2));
	status.came = data.size();
	status.available = header_size + static_cast<std::size_t>(big_endian(data, 5, 3));
	Bytes left = part(data, header_size, status.available - header_size);
	while (left.size() >= header_size) {
		const auto type = static_cast<ElementType>(left[0]);
		if (left[0] < 1 || left[0] > 4)
			return {};
		const std::uint8_t tags = left[1];
		const auto size = static_cast<std::size_t>(big_endian(left, 2, 2));
		const Bytes page = part(left, header_size, static_cast<std::size_t>(big_endian(left, 5, 3)));
		if (size < 12)
			return {};
		status.tags_announced = status.tags_announced || (tags & primary_tag);
		for (std::size_t at = 0; at + flags_end <= page.size(); at += size)
			status.elements.push_back(parse_element(part(page, at, size), type, tags));
		left = left.subspan(header_size + page.size());
	}
	return status;
}

} // namespace scsi
