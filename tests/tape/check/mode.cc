// SPDX-License-Identifier: GPL-2.0 OR MIT
// Mode pages, block length, format of sense data.
#include <algorithm>

#include "check/test.hpp"

namespace check
{
namespace
{

namespace cdb = scsi::cdb;
using Control = cdb::PageControl;

constexpr std::uint8_t control_page = 0x0a;

scsi::Mode sense(const Drive &drive, cdb::Page page)
{
	Buffer data(252);
	const Cdb command = cdb::mode_sense6(page, 252);
	const Reply reply = drive.run(command, Direction::in, data);
	if (reply.is(Key::illegal_request, scsi::code::field_in_cdb))
		throw Skipped{fmt::format("the drive has no mode page {:02x}h like that ({})", page.code,
					  reply.text())};
	drive.judge(reply, command);
	data.resize(reply.moved);
	const auto mode = scsi::parse_mode6(data);
	want(mode.has_value(), "MODE SENSE(6)", "a header of 4 bytes", "less");
	return *mode;
}

Buffer page(const Drive &drive, std::uint8_t code, std::size_t least, Control control = Control::current)
{
	const scsi::Mode mode = sense(drive, {.code = code, .control = control});
	const Bytes found = mode.page(code);
	want(found.size() >= least, fmt::format("mode page {:02x}h", code),
	     fmt::format("{} bytes or more", least), std::to_string(found.size()));
	return {found.begin(), found.end()};
}

void header(const Bench &bench)
{
	const Buffer data = bench.drive->fetch(cdb::mode_sense6({}, 252), 252);
	const auto mode = scsi::parse_mode6(data);
	want(mode.has_value(), "MODE SENSE(6)", "a header of 4 bytes", "less");
	want_equal("bytes that came", data.size(), mode->claimed);
	want(mode->has_descriptor, "MODE SENSE(6)", "a block descriptor", "none");
}

void ten(const Bench &bench)
{
	const scsi::Mode six = bench.drive->mode();
	const auto mode = scsi::parse_mode10(bench.drive->fetch(cdb::mode_sense10({}, 252), 252));
	want(mode && mode->has_descriptor, "MODE SENSE(10)", "a header and a block descriptor", "less");
	want_equal("density", mode->density, six.density);
	want_equal("block length", mode->block_length, six.block_length);
	want_equal("device-specific parameter", mode->device_specific, six.device_specific);
}

void short_length(const Bench &bench)
{
	const Buffer whole = bench.drive->fetch(cdb::mode_sense6({}, 252), 252);
	const Buffer some = bench.drive->fetch(cdb::mode_sense6({}, 4), 4);
	want_equal("bytes that came", some.size(), std::size_t{4});
	want(std::equal(some.begin(), some.end(), whole.begin()), "MODE SENSE(6) cut short",
	     "MODE DATA LENGTH of the whole", scsi::hex(some));
}

void no_descriptor(const Bench &bench)
{
	const scsi::Mode mode = sense(*bench.drive, {.code = 0x3f, .no_descriptor = true});
	want(!mode.has_descriptor, "MODE SENSE(6) with DBD", "no block descriptor", "one");
}

void all_pages(const Bench &bench)
{
	const Buffer data = bench.drive->fetch(cdb::mode_sense6({.code = 0x3f}, 252), 252);
	const auto mode = scsi::parse_mode6(data);
	want(mode.has_value() && !mode->pages.empty(), "MODE SENSE(6) of all pages", "one or more", "none");
	want_equal("bytes that came", data.size(), std::min<std::size_t>(mode->claimed, 252));
}

void unknown_page(const Bench &bench)
{
	Buffer data(252);
	const Reply reply = bench.drive->run(cdb::mode_sense6({.code = 0x2f}, 252), Direction::in, data);
	want(reply.is(Key::illegal_request, scsi::code::field_in_cdb), "MODE SENSE(6) of page 2Fh",
	     "ILLEGAL REQUEST 24/00", reply.text());
}

void compression(const Bench &bench)
{
	page(*bench.drive, 0x0f, 16);
}
void configuration(const Bench &bench)
{
	page(*bench.drive, 0x10, 16);
}
void partitions(const Bench &bench)
{
	page(*bench.drive, 0x11, 8);
}

void block_length(const Bench &bench)
{
	bench.drive->rewind();
	for (const std::uint32_t size : {512U, 1024U, 32768U, 0U}) {
		bench.drive->block_length(size);
		want_equal("block length by MODE SENSE", bench.drive->mode().block_length, size);
	}
}

void density(const Bench &bench)
{
	bench.drive->rewind();
	const scsi::Mode before = bench.drive->mode();
	bench.drive->restore(before);
	want_equal("density by MODE SENSE", bench.drive->mode().density, before.density);
}

// A command that is certain to be refused, to look at its sense data.
scsi::Sense provoke(const Drive &drive)
{
	Buffer data(252);
	const Reply reply = drive.run(cdb::inquiry_page(0x7f, 252), Direction::in, data);
	want(reply.sense.has_value(), "INQUIRY of page 7Fh", "sense data", reply.text());
	return *reply.sense;
}

void descriptor_sense(const Bench &bench)
{
	constexpr std::uint8_t d_sense = 0x04;
	const Drive &drive = *bench.drive;
	if (!(page(drive, control_page, 3, Control::changeable)[2] & d_sense))
		throw Skipped{"D_SENSE in the drive's control mode page is not changeable"};
	const scsi::Mode mode = sense(drive, {.code = control_page});
	const Bytes found = mode.page(control_page);
	Buffer changed{found.begin(), found.end()};
	const auto select = [&](bool on) {
		changed.at(2) = static_cast<std::uint8_t>(on ? changed[2] | d_sense : changed[2] & ~d_sense);
		const Buffer list = mode_parameters(mode, changed);
		drive.good(cdb::mode_select6(static_cast<std::uint8_t>(list.size())), list);
	};
	select(true);
	const scsi::Sense with = provoke(drive);
	select(false);
	const scsi::Sense without = provoke(drive);
	want(with.descriptor, "sense data with D_SENSE 1", "descriptors", "fixed format");
	want(!without.descriptor, "sense data with D_SENSE 0", "fixed format", "descriptors");
	want(with.is(without.key, without.code), "sense data in descriptors", describe(without),
	     describe(with));
}

constexpr Test tests[] = {
	{"spc.mode-sense.header", "SPC-4 MODE SENSE(6)", drive, header},
	{"spc.mode-sense.ten", "SPC-4 MODE SENSE(10)", drive, ten},
	{"spc.mode-sense.short-length", "SPC-4 MODE SENSE(6)", drive, short_length},
	{"spc.mode-sense.no-descriptor", "SPC-4 MODE SENSE(6)", drive, no_descriptor},
	{"spc.mode-sense.all-pages", "SPC-4 MODE SENSE(6)", drive, all_pages},
	{"spc.mode-sense.unknown-page", "SPC-4 MODE SENSE(6)", drive, unknown_page},
	{"spc.mode.descriptor-sense", "SPC-4 Control mode page, D_SENSE", drive, descriptor_sense},
	{"ssc.mode.compression", "SSC-3 Data Compression mode page", drive, compression},
	{"ssc.mode.device-configuration", "SSC-3 Device Configuration mode page", drive, configuration},
	{"ssc.mode.partitions", "SSC-3 Medium Partition mode page", drive, partitions},
	{"ssc.mode.block-length", "SSC-3 Mode parameters, BLOCK LENGTH", medium, block_length},
	{"ssc.mode.density", "SSC-3 Mode parameters, DENSITY CODE", medium, density},
};

} // namespace

Tests mode_tests()
{
	return tests;
}

} // namespace check
