// SPDX-License-Identifier: GPL-2.0 OR MIT
// SPACE: where it goes, and what stops it.
#include <cstdlib>

#include "check/test.hpp"

namespace check
{
namespace
{

namespace cdb = scsi::cdb;
using cdb::Space;

constexpr std::size_t size = 2048;

// File 1: blocks 1 to 4; file 2: blocks 5 to 7; file 3: block 8, no filemark.
void three_files(const Drive &drive)
{
	drive.start();
	drive.need_block(size);
	drive.write_blocks(1, 4, size);
	drive.filemarks();
	drive.write_blocks(5, 3, size);
	drive.filemarks();
	drive.write_blocks(8, 1, size);
	drive.to_start();
}

void go(const Drive &drive, Space what, std::int32_t count)
{
	const Reply reply = drive.space(what, count);
	want(reply.good(), fmt::format("SPACE over {}", count), "GOOD", reply.text());
}

// What stopped it, and how many are left, in either direction.
void want_stop(const Reply &reply, Key key, scsi::Code code, std::int64_t left)
{
	want(reply.is(key, code), "SPACE", fmt::format("{} {}", name(key), describe(code)), reply.text());
	want(reply.sense->information && std::abs(*reply.sense->information) == left, "INFORMATION",
	     std::to_string(left), reply.text());
}

void blocks(const Bench &bench)
{
	three_files(*bench.drive);
	go(*bench.drive, Space::blocks, 2);
	bench.drive->expect_block(3, size);
	go(*bench.drive, Space::blocks, -2);
	bench.drive->expect_block(2, size);
}

void nothing(const Bench &bench)
{
	three_files(*bench.drive);
	bench.drive->expect_block(1, size);
	go(*bench.drive, Space::blocks, 0);
	go(*bench.drive, Space::filemarks, 0);
	bench.drive->expect_block(2, size);
}

void stopped_by_filemark(const Bench &bench)
{
	three_files(*bench.drive);
	const Reply reply = bench.drive->space(Space::blocks, 6);
	want_stop(reply, Key::no_sense, scsi::code::filemark, 2);
	want(reply.sense->filemark, "SPACE over blocks", "FILEMARK", reply.text());
	bench.drive->expect_block(5, size);
}

void back_stopped_by_filemark(const Bench &bench)
{
	three_files(*bench.drive);
	go(*bench.drive, Space::filemarks, 1);
	go(*bench.drive, Space::blocks, 2);
	const Reply reply = bench.drive->space(Space::blocks, -5);
	want_stop(reply, Key::no_sense, scsi::code::filemark, 3);
	want(reply.sense->filemark, "SPACE back over blocks", "FILEMARK", reply.text());
	// It stops on the other side of the filemark.
	bench.drive->expect_filemark();
	bench.drive->expect_block(5, size);
}

void filemarks(const Bench &bench)
{
	three_files(*bench.drive);
	go(*bench.drive, Space::filemarks, 2);
	bench.drive->expect_block(8, size);
	bench.drive->to_start();
	go(*bench.drive, Space::filemarks, 1);
	bench.drive->expect_block(5, size);
}

void filemarks_back(const Bench &bench)
{
	three_files(*bench.drive);
	go(*bench.drive, Space::filemarks, 2);
	go(*bench.drive, Space::filemarks, -2);
	bench.drive->expect_filemark();
	bench.drive->expect_block(5, size);
}

void filemarks_to_end(const Bench &bench)
{
	three_files(*bench.drive);
	want_stop(bench.drive->space(Space::filemarks, 5), Key::blank_check, scsi::code::end_of_data, 3);
	bench.drive->expect_end_of_data();
}

void blocks_to_end(const Bench &bench)
{
	three_files(*bench.drive);
	go(*bench.drive, Space::filemarks, 2);
	want_stop(bench.drive->space(Space::blocks, 4), Key::blank_check, scsi::code::end_of_data, 3);
}

void end_of_data(const Bench &bench)
{
	three_files(*bench.drive);
	go(*bench.drive, Space::end_of_data, 0);
	bench.drive->expect_end_of_data();
	go(*bench.drive, Space::blocks, -1);
	bench.drive->expect_block(8, size);
}

void append(const Bench &bench)
{
	three_files(*bench.drive);
	go(*bench.drive, Space::end_of_data, 0);
	bench.drive->write_blocks(9, 1, size);
	bench.drive->to_start();
	go(*bench.drive, Space::filemarks, 2);
	bench.drive->expect_block(8, size);
	bench.drive->expect_block(9, size);
}

void back_at_beginning(const Bench &bench)
{
	bench.drive->rewind();
	const Reply reply = bench.drive->space(Space::blocks, -1);
	want_stop(reply, Key::no_sense, scsi::code::beginning_of_medium, 1);
	want(reply.sense->end_of_medium, "SPACE back from the beginning", "EOM", reply.text());
}

void filemarks_back_at_beginning(const Bench &bench)
{
	bench.drive->rewind();
	const Reply reply = bench.drive->space(Space::filemarks, -2);
	want_stop(reply, Key::no_sense, scsi::code::beginning_of_medium, 2);
	want(reply.sense->end_of_medium, "SPACE back from the beginning", "EOM", reply.text());
}

constexpr Test tests[] = {
	{"ssc.space.blocks", "SSC-3 SPACE(6)", writes, blocks},
	{"ssc.space.count-0", "SSC-3 SPACE(6)", writes, nothing},
	{"ssc.space.blocks-filemark", "SSC-3 SPACE(6), FILEMARK", writes, stopped_by_filemark},
	{"ssc.space.blocks-back-filemark", "SSC-3 SPACE(6), FILEMARK", writes, back_stopped_by_filemark},
	{"ssc.space.blocks-end-of-data", "SSC-3 SPACE(6), end of data", writes, blocks_to_end},
	{"ssc.space.filemarks", "SSC-3 SPACE(6)", writes, filemarks},
	{"ssc.space.filemarks-back", "SSC-3 SPACE(6)", writes, filemarks_back},
	{"ssc.space.filemarks-end-of-data", "SSC-3 SPACE(6), end of data", writes, filemarks_to_end},
	{"ssc.space.end-of-data", "SSC-3 SPACE(6)", writes, end_of_data},
	{"ssc.space.append", "SSC-3 SPACE(6), WRITE(6)", writes, append},
	{"ssc.space.blocks-back-beginning", "SSC-3 SPACE(6), EOM", medium, back_at_beginning},
	{"ssc.space.filemarks-back-beginning", "SSC-3 SPACE(6), EOM", medium, filemarks_back_at_beginning},
};

} // namespace

Tests space_tests()
{
	return tests;
}

} // namespace check
