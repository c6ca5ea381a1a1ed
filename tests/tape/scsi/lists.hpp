// SPDX-License-Identifier: GPL-2.0 OR MIT
// Lists that devices send: VPD pages, log pages, attributes of a medium.
#pragma once
#include <optional>

#include "scsi/bytes.hpp"

namespace scsi
{

struct Inquiry {
	std::uint8_t qualifier = 0;
	std::uint8_t type = 0;
	bool removable = false;
	std::uint8_t version = 0;
	std::uint8_t format = 0;
	std::size_t claimed = 0;
	std::string vendor, product;
};
std::optional<Inquiry> parse_inquiry(Bytes data);

constexpr std::uint8_t type_tape = 0x01;
constexpr std::uint8_t type_changer = 0x08;

// A VPD page's content without its header; nothing if the header is wrong.
std::optional<Bytes> vpd_page(Bytes data, std::uint8_t code);

struct Designator {
	std::uint8_t code_set = 0;
	std::uint8_t association = 0;
	std::uint8_t type = 0;
	Buffer value;
};
// Nothing if the lengths do not add up to the page.
std::optional<std::vector<Designator>> parse_designators(Bytes page);

struct Parameter {
	std::uint16_t code = 0;
	Buffer value;
};
// LOG SENSE: nothing if the page is another or its lengths do not add up.
std::optional<std::vector<Parameter>> parse_log_page(Bytes data, std::uint8_t code);
// The codes in the list of supported log pages.
std::optional<Buffer> parse_log_list(Bytes data);
// READ ATTRIBUTE: values.
std::optional<std::vector<Parameter>> parse_attributes(Bytes data);

} // namespace scsi
