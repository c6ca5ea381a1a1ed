// SPDX-License-Identifier: GPL-2.0 OR MIT
#include "scsi/cdb.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace scsi
{
namespace
{

constexpr std::size_t cdb_size(std::uint8_t opcode)
{
	switch (opcode >> 5) {
	case 0:
		return 6;
	case 1:
	case 2:
		return 10;
	case 4:
		return 16;
	default:
		return 12;
	}
}

constexpr std::array<std::pair<std::uint8_t, const char *>, 35> names{{
	{0x00, "TEST UNIT READY"},
	{0x01, "REWIND"},
	{0x03, "REQUEST SENSE"},
	{0x05, "READ BLOCK LIMITS"},
	{0x07, "INITIALIZE ELEMENT STATUS"},
	{0x08, "READ(6)"},
	{0x0a, "WRITE(6)"},
	{0x10, "WRITE FILEMARKS(6)"},
	{0x11, "SPACE(6)"},
	{0x12, "INQUIRY"},
	{0x15, "MODE SELECT(6)"},
	{0x16, "RESERVE(6)"},
	{0x17, "RELEASE(6)"},
	{0x19, "ERASE(6)"},
	{0x1a, "MODE SENSE(6)"},
	{0x1b, "LOAD UNLOAD"},
	{0x1e, "PREVENT ALLOW MEDIUM REMOVAL"},
	{0x25, "25h"},
	{0x2b, "LOCATE(10) or POSITION TO ELEMENT"},
	{0x34, "READ POSITION"},
	{0x44, "REPORT DENSITY SUPPORT"},
	{0x4d, "LOG SENSE"},
	{0x55, "MODE SELECT(10)"},
	{0x56, "RESERVE(10)"},
	{0x57, "RELEASE(10)"},
	{0x5a, "MODE SENSE(10)"},
	{0x5e, "PERSISTENT RESERVE IN"},
	{0x5f, "PERSISTENT RESERVE OUT"},
	{0x8c, "READ ATTRIBUTE"},
	{0x92, "LOCATE(16)"},
	{0xa0, "REPORT LUNS"},
	{0xa5, "MOVE MEDIUM"},
	{0xa6, "EXCHANGE MEDIUM"},
	{0xb8, "READ ELEMENT STATUS"},
	{0x91, "SPACE(16)"},
}};

} // namespace

Cdb::Cdb(std::uint8_t opcode) : size_{cdb_size(opcode)}
{
	bytes_[0] = opcode;
}

Cdb &Cdb::put(std::size_t at, std::size_t count, std::uint64_t value)
{
	put_big_endian(bytes_, at, count, value);
	return *this;
}

Cdb &Cdb::set(std::size_t at, unsigned bits, bool on)
{
	if (on)
		bytes_.at(at) = static_cast<std::uint8_t>(bytes_.at(at) | bits);
	return *this;
}

std::string command_name(Bytes cdb)
{
	const auto found = std::find_if(names.begin(), names.end(),
					[&](const auto &item) { return item.first == byte_at(cdb, 0); });
	return found == names.end() ? fmt::format("{:02x}h", byte_at(cdb, 0)) : found->second;
}

namespace cdb
{
namespace
{

Cdb stream(std::uint8_t opcode, Transfer transfer)
{
	return Cdb{opcode}.set(1, 1, transfer.fixed).set(1, 2, transfer.sili).put(2, 3, transfer.length);
}

Cdb &put_page(Cdb &cdb, Page page)
{
	return cdb.set(1, 8, page.no_descriptor)
		.set(2, static_cast<unsigned>(page.control) << 6 | page.code)
		.put(3, 1, page.sub);
}

} // namespace

Cdb test_unit_ready()
{
	return Cdb{0x00};
}
Cdb request_sense(bool descriptor, std::uint8_t length)
{
	return Cdb{0x03}.set(1, 1, descriptor).put(4, 1, length);
}
Cdb inquiry(std::uint16_t length)
{
	return Cdb{0x12}.put(3, 2, length);
}
Cdb inquiry_page(std::uint8_t page, std::uint16_t length)
{
	return Cdb{0x12}.set(1, 1).put(2, 1, page).put(3, 2, length);
}
Cdb report_luns(std::uint32_t length)
{
	return Cdb{0xa0}.put(6, 4, length);
}

Cdb mode_sense6(Page page, std::uint8_t length)
{
	Cdb cdb{0x1a};
	return put_page(cdb, page).put(4, 1, length);
}
Cdb mode_sense10(Page page, std::uint16_t length)
{
	Cdb cdb{0x5a};
	return put_page(cdb, page).put(7, 2, length);
}
// PF set: what follows the descriptor is in pages.
Cdb mode_select6(std::uint8_t length)
{
	return Cdb{0x15}.set(1, 0x10).put(4, 1, length);
}
Cdb mode_select10(std::uint16_t length)
{
	return Cdb{0x55}.set(1, 0x10).put(7, 2, length);
}
// Cumulative values.
Cdb log_sense(std::uint8_t page, std::uint16_t length)
{
	return Cdb{0x4d}.set(2, 0x40U | page).put(7, 2, length);
}
Cdb reserve6()
{
	return Cdb{0x16};
}
Cdb release6()
{
	return Cdb{0x17};
}
Cdb reserve10()
{
	return Cdb{0x56};
}
Cdb release10()
{
	return Cdb{0x57};
}
Cdb persistent_reserve_in(std::uint8_t action, std::uint16_t length)
{
	return Cdb{0x5e}.set(1, action).put(7, 2, length);
}
Cdb prevent_removal(bool prevent)
{
	return Cdb{0x1e}.set(4, 1, prevent);
}
Cdb read_attribute(std::uint8_t action, std::uint32_t length)
{
	return Cdb{0x8c}.set(1, action).put(10, 4, length);
}

Cdb rewind(bool immediate)
{
	return Cdb{0x01}.set(1, 1, immediate);
}
Cdb read_block_limits()
{
	return Cdb{0x05};
}
Cdb read(Transfer transfer)
{
	return stream(0x08, transfer);
}
Cdb write(Transfer transfer)
{
	return stream(0x0a, transfer);
}
Cdb write_filemarks(std::uint32_t count, bool immediate)
{
	return Cdb{0x10}.set(1, 1, immediate).put(2, 3, count);
}
Cdb space(Space what, std::int32_t count)
{
	return Cdb{0x11}.set(1, static_cast<unsigned>(what)).put(2, 3, static_cast<std::uint32_t>(count));
}
Cdb erase(bool whole)
{
	return Cdb{0x19}.set(1, 1, whole);
}
Cdb load_unload(bool load)
{
	return Cdb{0x1b}.set(4, 1, load);
}
Cdb locate10(std::uint32_t block)
{
	return Cdb{0x2b}.put(3, 4, block);
}
Cdb locate16(std::uint64_t block)
{
	return Cdb{0x92}.put(4, 8, block);
}
Cdb read_position(std::uint8_t form)
{
	return Cdb{0x34}.set(1, form);
}
Cdb report_density(bool of_medium, std::uint16_t length)
{
	return Cdb{0x44}.set(1, 1, of_medium).put(7, 2, length);
}

Cdb initialize_element_status()
{
	return Cdb{0x07};
}
Cdb read_element_status(Elements which, std::uint32_t length)
{
	return Cdb{0xb8}
		.set(1, 0x10, which.volume_tags)
		.set(1, which.type)
		.put(2, 2, which.first)
		.put(4, 2, which.count)
		.set(6, 2, which.current_data)
		.set(6, 1, which.device_ids)
		.put(7, 3, length);
}
Cdb move_medium(std::uint16_t picker, std::uint16_t source, std::uint16_t destination)
{
	return Cdb{0xa5}.put(2, 2, picker).put(4, 2, source).put(6, 2, destination);
}
Cdb exchange_medium(std::uint16_t picker, std::uint16_t source, std::uint16_t first, std::uint16_t second)
{
	return Cdb{0xa6}.put(2, 2, picker).put(4, 2, source).put(6, 2, first).put(8, 2, second);
}
Cdb position_to_element(std::uint16_t picker, std::uint16_t element)
{
	return Cdb{0x2b}.put(2, 2, picker).put(4, 2, element);
}

} // namespace cdb
} // namespace scsi
