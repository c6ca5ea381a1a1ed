// SPDX-License-Identifier: GPL-2.0 OR MIT
// READ POSITION and LOCATE.
#include "check/test.hpp"

namespace check
{
namespace
{

namespace cdb = scsi::cdb;

constexpr std::size_t size = 1024;
// Label and filemark come before it.
constexpr std::uint64_t first_block = 2;

scsi::Position long_position(const Drive &drive)
{
	Buffer data(32);
	const Cdb command = cdb::read_position(scsi::long_form);
	const Reply reply = drive.run(command, Direction::in, data);
	if (reply.is(Key::illegal_request, scsi::code::field_in_cdb))
		throw Skipped{"the drive has no long form of READ POSITION (ILLEGAL REQUEST 24/00)"};
	drive.judge(reply, command);
	data.resize(reply.moved);
	const auto found = scsi::parse_long_position(data);
	want(found.has_value(), "READ POSITION", "32 bytes", std::to_string(reply.moved));
	return *found;
}

std::uint64_t block(const Drive &drive)
{
	const auto found = drive.position().block;
	if (!found)
		throw Skipped{"the drive says that it does not know its position (BPU 1)"};
	return *found;
}

void beginning(const Bench &bench)
{
	bench.drive->rewind();
	const scsi::Position found = bench.drive->position();
	want(found.beginning, "READ POSITION after REWIND", "BOP 1", "BOP 0");
	want_equal("block", block(*bench.drive), std::uint64_t{0});
}

void beginning_long(const Bench &bench)
{
	bench.drive->rewind();
	const scsi::Position found = long_position(*bench.drive);
	want(found.beginning && found.block == 0U && found.file == 0U, "READ POSITION after REWIND",
	     "BOP 1, block 0, file 0", "something else");
}

void counts(const Bench &bench)
{
	const Drive &drive = *bench.drive;
	drive.start();
	const std::uint64_t before = block(drive);
	drive.write_blocks(1, 3, size);
	want_equal("blocks after three were written", block(drive) - before, std::uint64_t{3});
	drive.filemarks(2);
	// A filemark counts as a block does.
	want_equal("blocks after two filemarks", block(drive) - before, std::uint64_t{5});
	drive.to_start();
	drive.expect_block(1, size);
	want_equal("blocks after one was read", block(drive) - before, std::uint64_t{1});
}

void counts_files(const Bench &bench)
{
	const Drive &drive = *bench.drive;
	drive.start();
	const auto before = long_position(drive).file;
	drive.write_blocks(1, 1, size);
	drive.filemarks(2);
	const auto after = long_position(drive).file;
	want(before && after && *after - *before == 2, "files after two filemarks", "2 more",
	     "another number");
}

void six_blocks(const Drive &drive)
{
	drive.start();
	drive.write_blocks(1, 6, size);
	drive.filemarks();
	drive.to_start();
}

template <typename Locate>
void locate(const Drive &drive, Locate command)
{
	six_blocks(drive);
	for (const std::uint64_t number : {4U, 0U, 5U, 1U}) {
		drive.good(command(first_block + number));
		drive.expect_block(number + 1, size);
	}
}

template <typename Locate>
void locate_too_far(const Drive &drive, Locate command)
{
	six_blocks(drive);
	drive.refused(command(first_block + 1000), Key::blank_check, scsi::code::end_of_data);
	drive.expect_end_of_data();
}

Cdb ten(std::uint64_t block)
{
	return cdb::locate10(static_cast<std::uint32_t>(block));
}
Cdb sixteen(std::uint64_t block)
{
	return cdb::locate16(block);
}

void locate_ten(const Bench &bench)
{
	locate(*bench.drive, ten);
}
void locate_sixteen(const Bench &bench)
{
	locate(*bench.drive, sixteen);
}
void too_far_ten(const Bench &bench)
{
	locate_too_far(*bench.drive, ten);
}
void too_far_sixteen(const Bench &bench)
{
	locate_too_far(*bench.drive, sixteen);
}

void rewind_immediate(const Bench &bench)
{
	bench.drive->good(cdb::rewind(true));
	// The next command that needs the medium waits for it, or the drive says that it is on its way.
	const Reply reply = bench.drive->run(cdb::rewind(false));
	want(reply.good() || (reply.sense && reply.sense->key == Key::not_ready),
	     "REWIND after one with IMMED", "GOOD or NOT READY", reply.text());
}

constexpr Test tests[] = {
	{"ssc.rewind.immediate", "SSC-3 REWIND, IMMED", medium, rewind_immediate},
	{"ssc.position.beginning", "SSC-3 READ POSITION", medium, beginning},
	{"ssc.position.beginning-long", "SSC-3 READ POSITION, long form", medium, beginning_long},
	{"ssc.position.counts", "SSC-3 READ POSITION", writes, counts},
	{"ssc.position.counts-files", "SSC-3 READ POSITION, long form", writes, counts_files},
	{"ssc.locate.ten", "SSC-3 LOCATE(10)", writes, locate_ten},
	{"ssc.locate.ten-too-far", "SSC-3 LOCATE(10), end of data", writes, too_far_ten},
	{"ssc.locate.sixteen", "SSC-3 LOCATE(16)", writes, locate_sixteen},
	{"ssc.locate.sixteen-too-far", "SSC-3 LOCATE(16), end of data", writes, too_far_sixteen},
};

} // namespace

Tests position_tests()
{
	return tests;
}

} // namespace check
