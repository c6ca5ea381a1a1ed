// SPDX-License-Identifier: GPL-2.0 OR MIT
// Logs, attributes of the medium, densities, block limits.
#include <algorithm>

#include "check/test.hpp"
#include "scsi/lists.hpp"

namespace check
{
namespace
{

namespace cdb = scsi::cdb;

// An optional command or page: what is refused as unknown is skipped.
Buffer optional(const Drive &drive, const Cdb &command, std::size_t size)
{
	Buffer data(size);
	const Reply reply = drive.run(command, Direction::in, data);
	if (reply.is(Key::illegal_request, scsi::code::field_in_cdb))
		throw Skipped{fmt::format("the drive has no {} like that ({})",
					  scsi::command_name(command.bytes()), reply.text())};
	drive.judge(reply, command);
	data.resize(reply.moved);
	return data;
}

Buffer log_list(const Drive &drive)
{
	const Buffer data = optional(drive, cdb::log_sense(0, 256), 256);
	const auto found = scsi::parse_log_list(data);
	want(found.has_value(), "log page 00h", "a list whose length fits", scsi::hex(data, 8));
	return *found;
}

std::vector<scsi::Parameter> log_page(const Drive &drive, std::uint8_t code)
{
	constexpr std::uint16_t size = 16384;
	const Buffer data = optional(drive, cdb::log_sense(code, size), size);
	const auto found = scsi::parse_log_page(data, code);
	want(found.has_value(), fmt::format("log page {:02x}h", code), "parameters whose lengths add up",
	     scsi::hex(data, 8));
	return *found;
}

void log_pages(const Bench &bench)
{
	const Buffer list = log_list(*bench.drive);
	want(!list.empty() && list[0] == 0, "log page 00h", "page 00h first", scsi::hex(list));
	want(std::ranges::is_sorted(list), "log page 00h", "ascending order", scsi::hex(list));
}

void log_all_listed(const Bench &bench)
{
	for (const auto code : log_list(*bench.drive))
		if (code)
			log_page(*bench.drive, code);
}

void tape_alert(const Bench &bench)
{
	constexpr std::uint8_t code = 0x2e;
	if (std::ranges::count(log_list(*bench.drive), code) == 0)
		throw Skipped{"log page 00h does not list page 2Eh"};
	want_equal("TapeAlert flags", log_page(*bench.drive, code).size(), std::size_t{64});
}

void attributes(const Bench &bench)
{
	constexpr std::uint32_t size = 16384;
	const Buffer data = optional(*bench.drive, cdb::read_attribute(0, size), size);
	const auto found = scsi::parse_attributes(data);
	want(found.has_value(), "READ ATTRIBUTE", "attributes whose lengths add up", scsi::hex(data, 8));
	want(std::ranges::is_sorted(*found, {}, &scsi::Parameter::code), "READ ATTRIBUTE", "ascending order",
	     "another");
}

void attribute_list(const Bench &bench)
{
	constexpr std::uint32_t size = 4096;
	const Buffer data = optional(*bench.drive, cdb::read_attribute(1, size), size);
	const auto claimed = scsi::big_endian(data, 0, 4);
	want(data.size() >= 4 && claimed % 2 == 0 && claimed + 4 <= size && claimed + 4 == data.size(),
	     "READ ATTRIBUTE", "a list of two byte entries",
	     fmt::format("{} bytes of {}", data.size(), claimed));
}

void densities(const Drive &drive, bool of_medium)
{
	constexpr std::uint16_t size = 8192;
	const Buffer data = optional(drive, cdb::report_density(of_medium, size), size);
	const auto claimed = scsi::big_endian(data, 0, 2);
	want_equal("bytes that came", data.size(), static_cast<std::size_t>(claimed) + 2);
	// A descriptor whose DLV is 0 has 52 bytes.
	want(claimed >= 2 + 52, "REPORT DENSITY SUPPORT", "one density or more", std::to_string(claimed));
}

void drive_densities(const Bench &bench)
{
	densities(*bench.drive, false);
}
void medium_densities(const Bench &bench)
{
	densities(*bench.drive, true);
}

void block_limits(const Bench &bench)
{
	const Buffer data = bench.drive->fetch(cdb::read_block_limits(), 6);
	want_equal("bytes that came", data.size(), std::size_t{6});
	const auto most = scsi::big_endian(data, 1, 3);
	const auto least = scsi::big_endian(data, 4, 2);
	want(most == 0 || least <= most, "READ BLOCK LIMITS", "a least not above the most",
	     fmt::format("{} to {}", least, most));
}

constexpr Test tests[] = {
	{"ssc.block-limits", "SSC-3 READ BLOCK LIMITS", drive, block_limits},
	{"ssc.density.drive", "SSC-3 REPORT DENSITY SUPPORT", drive, drive_densities},
	{"ssc.density.medium", "SSC-3 REPORT DENSITY SUPPORT", medium, medium_densities},
	{"spc.log-sense.supported-pages", "SPC-4 LOG SENSE", drive, log_pages},
	{"spc.log-sense.all-listed", "SPC-4 LOG SENSE", drive, log_all_listed},
	{"ssc.log-sense.tape-alert", "SSC-3 TapeAlert log page", drive, tape_alert},
	{"spc.read-attribute.values", "SPC-4 READ ATTRIBUTE", medium, attributes},
	{"spc.read-attribute.list", "SPC-4 READ ATTRIBUTE", medium, attribute_list},
};

} // namespace

Tests list_tests()
{
	return tests;
}

} // namespace check
