// SPDX-License-Identifier: GPL-2.0 OR MIT
#include "scsi/sense.hpp"

#include <array>

#include <fmt/format.h>

namespace scsi
{
namespace
{

constexpr std::uint8_t descriptor_information = 0x00;
constexpr std::uint8_t descriptor_stream = 0x04;

void set_marks(Sense &sense, std::uint8_t byte)
{
	sense.filemark = byte & 0x80;
	sense.end_of_medium = byte & 0x40;
	sense.incorrect_length = byte & 0x20;
}

Sense fixed(Bytes data)
{
	Sense sense;
	const std::uint8_t second = byte_at(data, 2);
	sense.key = static_cast<Key>(second & 0x0f);
	set_marks(sense, second);
	if (data[0] & 0x80)
		sense.information = static_cast<std::int32_t>(big_endian(data, 3, 4));
	// ADDITIONAL SENSE LENGTH says whether the codes are there at all.
	if (byte_at(data, 7) >= 6)
		sense.code = {byte_at(data, 12), byte_at(data, 13)};
	return sense;
}

Sense descriptors(Bytes data)
{
	Sense sense;
	sense.descriptor = true;
	sense.key = static_cast<Key>(byte_at(data, 1) & 0x0f);
	sense.code = {byte_at(data, 2), byte_at(data, 3)};
	Bytes left = part(data, 8, byte_at(data, 7));
	while (left.size() >= 2) {
		const Bytes item = part(left, 0, 2U + left[1]);
		if (item[0] == descriptor_information && item.size() >= 12 && item[2] & 0x80)
			sense.information = static_cast<std::int64_t>(big_endian(item, 4, 8));
		if (item[0] == descriptor_stream && item.size() >= 4)
			set_marks(sense, item[3]);
		left = left.subspan(item.size());
	}
	return sense;
}

} // namespace

std::optional<Sense> parse_sense(Bytes data)
{
	if (data.size() < 4)
		return {};
	const int format = data[0] & 0x7f;
	if (format < 0x70 || format > 0x73)
		return {};
	Sense sense = format >= 0x72 ? descriptors(data) : fixed(data);
	sense.deferred = format & 1;
	return sense;
}

std::string name(Key key)
{
	static constexpr std::array names{
		"NO SENSE",       "RECOVERED ERROR", "NOT READY",      "MEDIUM ERROR",
		"HARDWARE ERROR", "ILLEGAL REQUEST", "UNIT ATTENTION", "DATA PROTECT",
		"BLANK CHECK",    "VENDOR SPECIFIC", "COPY ABORTED",   "ABORTED COMMAND",
		"RESERVED",       "VOLUME OVERFLOW", "MISCOMPARE",     "COMPLETED"};
	return names.at(static_cast<std::size_t>(key));
}

std::string describe(Code code)
{
	return fmt::format("{:02x}/{:02x}", code.asc, code.ascq);
}

std::string describe(const Sense &sense)
{
	std::string out = fmt::format("{} {}", name(sense.key), describe(sense.code));
	if (sense.filemark)
		out += " FILEMARK";
	if (sense.end_of_medium)
		out += " EOM";
	if (sense.incorrect_length)
		out += " ILI";
	if (sense.information)
		out += fmt::format(" INFORMATION {}", *sense.information);
	if (sense.deferred)
		out += " (deferred)";
	return out;
}

} // namespace scsi
