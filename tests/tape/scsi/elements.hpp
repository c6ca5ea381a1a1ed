// SPDX-License-Identifier: GPL-2.0 OR MIT
// What a media changer says of its slots, drives and arms.
#pragma once
#include <optional>

#include "scsi/bytes.hpp"

namespace scsi
{

enum class ElementType : std::uint8_t { all = 0, picker = 1, slot = 2, port = 3, drive = 4 };
std::string name(ElementType type);

struct ElementRange {
	std::uint16_t first = 0;
	std::uint16_t count = 0;
};

// Mode page 1Dh.
struct ElementLayout {
	ElementRange pickers, slots, ports, drives;
	const ElementRange &of(ElementType type) const;
	// ElementType::all if no element has the address.
	ElementType type_of(std::uint16_t address) const;
	// An address that no element has.
	std::uint16_t nowhere() const;
};
std::optional<ElementLayout> parse_element_layout(Bytes page);

struct Element {
	ElementType type = ElementType::all;
	std::uint16_t address = 0;
	bool full = false;
	bool exception = false;
	bool accessible = false;
	std::optional<std::uint16_t> source; // where the medium came from
	std::string volume_tag;
	std::string identifier; // of a drive, with DVCID
};

struct ElementStatus {
	std::uint16_t first = 0;
	std::uint16_t count = 0;
	std::size_t available = 0; // bytes of report, of which there may be fewer here
	std::size_t came = 0;      // of them
	bool tags_announced = false;
	std::vector<Element> elements;

	const Element *find(std::uint16_t address) const;
};
// Of a report that was cut, elements are taken whose address and flags are there.
std::optional<ElementStatus> parse_element_status(Bytes data);

} // namespace scsi
