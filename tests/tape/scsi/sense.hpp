// SPDX-License-Identifier: GPL-2.0 OR MIT
#pragma once
#include <optional>
#include <string>

#include "scsi/bytes.hpp"

namespace scsi
{

enum class Key : std::uint8_t {
	no_sense,
	recovered,
	not_ready,
	medium_error,
	hardware_error,
	illegal_request,
	unit_attention,
	data_protect,
	blank_check,
	vendor,
	copy_aborted,
	aborted,
	reserved,
	volume_overflow,
	miscompare,
	completed,
};

// Additional sense code and its qualifier.
struct Code {
	std::uint8_t asc = 0;
	std::uint8_t ascq = 0;
	bool operator==(const Code &) const = default;
};

namespace code
{
constexpr Code none{0x00, 0x00};
constexpr Code filemark{0x00, 0x01};
constexpr Code end_of_medium{0x00, 0x02};
constexpr Code beginning_of_medium{0x00, 0x04};
constexpr Code end_of_data{0x00, 0x05};
constexpr Code no_such_command{0x20, 0x00};
constexpr Code no_such_element{0x21, 0x01};
constexpr Code field_in_cdb{0x24, 0x00};
constexpr Code no_such_lun{0x25, 0x00};
constexpr Code field_in_parameters{0x26, 0x00};
constexpr Code medium_changed{0x28, 0x00};
constexpr Code destination_full{0x3b, 0x0d};
constexpr Code source_empty{0x3b, 0x0e};
} // namespace code

struct Sense {
	bool descriptor = false; // format 72h or 73h
	bool deferred = false;
	Key key = Key::no_sense;
	Code code;
	bool filemark = false;
	bool end_of_medium = false;
	bool incorrect_length = false;
	// Only where VALID is set; READ gives a negative number for too long a block.
	std::optional<std::int64_t> information;

	bool is(Key wanted, Code with) const { return key == wanted && code == with; }
};

// Nothing for data that is no sense data.
std::optional<Sense> parse_sense(Bytes data);

std::string describe(Code code);
std::string describe(const Sense &sense);
std::string name(Key key);

} // namespace scsi
