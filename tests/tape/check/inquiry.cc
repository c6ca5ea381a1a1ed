// SPDX-License-Identifier: GPL-2.0 OR MIT
// INQUIRY, REQUEST SENSE and what every device answers.
#include <algorithm>

#include "check/test.hpp"
#include "scsi/lists.hpp"

namespace check
{
namespace
{

namespace cdb = scsi::cdb;

Buffer page(const Unit &unit, std::uint8_t code)
{
	const Buffer data = unit.fetch(cdb::inquiry_page(code, 252), 252);
	const auto content = scsi::vpd_page(data, code);
	want(content.has_value(), fmt::format("VPD page {:02x}h", code), "its code and a length that fits",
	     scsi::hex(data, 8));
	return {content->begin(), content->end()};
}

Buffer supported(const Unit &unit)
{
	return page(unit, 0x00);
}

void need_page(const Unit &unit, std::uint8_t code)
{
	if (std::ranges::count(supported(unit), code) == 0)
		throw Skipped{fmt::format("VPD page 00h does not list page {:02x}h", code)};
}

void standard(const Bench &bench)
{
	const auto found = scsi::parse_inquiry(bench.drive->fetch(cdb::inquiry(96), 96));
	want(found.has_value(), "INQUIRY", "36 bytes or more", "less");
	want_equal("peripheral qualifier", found->qualifier, std::uint8_t{0});
	want_equal("peripheral device type", found->type, scsi::type_tape);
	want(found->removable, "RMB", "1", "0");
	want(found->claimed >= 36, "ADDITIONAL LENGTH", "31 or more", std::to_string(found->claimed - 5));
	want_equal("response data format", found->format, std::uint8_t{2});
	want(!found->vendor.empty() && !found->product.empty(), "vendor and product", "text", "blanks");
}

void short_length(const Bench &bench)
{
	const Buffer whole = bench.drive->fetch(cdb::inquiry(36), 36);
	for (const std::uint16_t size : std::initializer_list<std::uint16_t>{5, 8, 35}) {
		const Buffer some = bench.drive->fetch(cdb::inquiry(size), size);
		want_equal("bytes that came", some.size(), std::size_t{size});
		want(std::equal(some.begin(), some.end(), whole.begin()), "INQUIRY cut short",
		     "the first bytes of the whole", "others");
	}
}

void residual(const Bench &bench)
{
	Buffer data(252);
	const Reply reply = bench.drive->run(cdb::inquiry(252), Direction::in, data);
	bench.drive->judge(reply, cdb::inquiry(252));
	const std::size_t claimed = scsi::byte_at(data, 4) + std::size_t{5};
	want_equal("bytes that came", reply.moved, std::min<std::size_t>(claimed, 252));
}

void zero_length(const Bench &bench)
{
	bench.drive->good(cdb::inquiry(0));
}

void page_00(const Bench &bench)
{
	const Buffer list = supported(*bench.drive);
	want(!list.empty() && list[0] == 0, "VPD page 00h", "page 00h first", scsi::hex(list));
	want(std::ranges::is_sorted(list), "VPD page 00h", "ascending order", scsi::hex(list));
	want(std::ranges::count(list, 0x83) == 1, "VPD page 00h", "page 83h in it", scsi::hex(list));
}

void page_80(const Bench &bench)
{
	need_page(*bench.drive, 0x80);
	want(!page(*bench.drive, 0x80).empty(), "unit serial number", "one byte or more", "none");
}

void page_83(const Bench &bench)
{
	need_page(*bench.drive, 0x83);
	const auto found = scsi::parse_designators(page(*bench.drive, 0x83));
	want(found.has_value(), "designators", "lengths that add up", "others");
	const bool of_unit = std::ranges::any_of(*found, [](const scsi::Designator &item) {
		return item.association == 0 && !item.value.empty();
	});
	want(of_unit, "designators", "one or more of the logical unit", "none");
}

void pages_listed(const Bench &bench)
{
	for (const auto code : supported(*bench.drive))
		page(*bench.drive, code);
}

void page_unknown(const Bench &bench)
{
	Buffer data(252);
	const Reply reply = bench.drive->run(cdb::inquiry_page(0x7f, 252), Direction::in, data);
	want(reply.is(Key::illegal_request, scsi::code::field_in_cdb), "INQUIRY of page 7Fh",
	     "ILLEGAL REQUEST 24/00", reply.text());
	want_equal("bytes that came", reply.moved, std::size_t{0});
}

void page_without_evpd(const Bench &bench)
{
	Buffer data(36);
	Cdb bad = cdb::inquiry(36);
	const Reply reply = bench.drive->run(bad.put(2, 1, 0x80), Direction::in, data);
	want(reply.is(Key::illegal_request, scsi::code::field_in_cdb), "INQUIRY with page code, EVPD 0",
	     "ILLEGAL REQUEST 24/00", reply.text());
}

void sense_fixed(const Bench &bench)
{
	bench.drive->run(cdb::test_unit_ready());
	const Buffer data = bench.drive->fetch(cdb::request_sense(false, 252), 252);
	const auto sense = scsi::parse_sense(data);
	want(sense.has_value(), "REQUEST SENSE", "sense data", scsi::hex(data, 8));
	want(!sense->descriptor, "REQUEST SENSE with DESC 0", "fixed format", "descriptors");
	want(data.size() >= 18, "REQUEST SENSE", "18 bytes or more", std::to_string(data.size()));
}

void sense_descriptor(const Bench &bench)
{
	bench.drive->run(cdb::test_unit_ready());
	Buffer data(252);
	const Cdb command = cdb::request_sense(true, 252);
	const Reply reply = bench.drive->run(command, Direction::in, data);
	if (reply.is(Key::illegal_request, scsi::code::field_in_cdb))
		throw Skipped{"the drive has no sense data in descriptors (ILLEGAL REQUEST 24/00)"};
	bench.drive->judge(reply, command);
	const auto sense = scsi::parse_sense(data);
	want(sense && sense->descriptor, "REQUEST SENSE with DESC 1", "descriptors", "fixed format");
}

void ready(const Bench &bench)
{
	bench.drive->good(cdb::test_unit_ready());
}

void unknown_command(const Bench &bench)
{
	// READ CAPACITY(10), which tapes do not have and which would harm nothing.
	Buffer data(8);
	const Reply reply = bench.drive->run(Cdb{0x25}, Direction::in, data);
	want(reply.is(Key::illegal_request, scsi::code::no_such_command), "operation code 25h",
	     "ILLEGAL REQUEST 20/00", reply.text());
	want_equal("bytes that came", reply.moved, std::size_t{0});
}

void luns(const Bench &bench)
{
	const Buffer data = bench.drive->fetch(cdb::report_luns(1024), 1024);
	const auto size = scsi::big_endian(data, 0, 4);
	want(data.size() >= 16 && size >= 8 && size % 8 == 0, "REPORT LUNS", "a list of 8 byte entries",
	     fmt::format("{} bytes, list length {}", data.size(), size));
}

constexpr Test tests[] = {
	{"spc.inquiry.standard", "SPC-4 INQUIRY", drive, standard},
	{"spc.inquiry.short-length", "SPC-4 INQUIRY", drive, short_length},
	{"spc.inquiry.zero-length", "SPC-4 INQUIRY", drive, zero_length},
	{"spc.inquiry.residual", "SPC-4 INQUIRY", drive, residual},
	{"spc.inquiry.vpd-00", "SPC-4 Supported VPD Pages", drive, page_00},
	{"spc.inquiry.vpd-80", "SPC-4 Unit Serial Number", drive, page_80},
	{"spc.inquiry.vpd-83", "SPC-4 Device Identification", drive, page_83},
	{"spc.inquiry.vpd-all-listed", "SPC-4 Supported VPD Pages", drive, pages_listed},
	{"spc.inquiry.vpd-unknown", "SPC-4 INQUIRY", drive, page_unknown},
	{"spc.inquiry.page-without-evpd", "SPC-4 INQUIRY", drive, page_without_evpd},
	{"spc.test-unit-ready", "SPC-4 TEST UNIT READY", medium, ready},
	{"spc.request-sense.fixed", "SPC-4 REQUEST SENSE", drive, sense_fixed},
	{"spc.request-sense.descriptor", "SPC-4 REQUEST SENSE", drive, sense_descriptor},
	{"spc.unknown-command", "SPC-4 Operation code", drive, unknown_command},
	{"spc.report-luns", "SPC-4 REPORT LUNS", drive, luns},
};

} // namespace

Tests inquiry_tests()
{
	return tests;
}

} // namespace check
