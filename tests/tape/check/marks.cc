// SPDX-License-Identifier: GPL-2.0 OR MIT
// Reads that meet a filemark or the end of data.
#include <algorithm>

#include "check/test.hpp"
#include "scsi/pattern.hpp"

namespace check
{
namespace
{

namespace cdb = scsi::cdb;
using cdb::Space;

void want_information(const Reply &reply, std::int64_t wanted)
{
	want(reply.sense && reply.sense->information == wanted, "INFORMATION", std::to_string(wanted),
	     reply.sense && reply.sense->information ? std::to_string(*reply.sense->information) : "none");
}

void want_filemark(const Reply &reply, std::int64_t information)
{
	want(reply.is(Key::no_sense, scsi::code::filemark) && reply.sense->filemark, "READ(6)",
	     "NO SENSE 00/01 FILEMARK", reply.text());
	want_information(reply, information);
}

void want_end_of_data(const Reply &reply, std::int64_t information)
{
	want(reply.is(Key::blank_check, scsi::code::end_of_data), "READ(6)", "BLANK CHECK 00/05",
	     reply.text());
	want_information(reply, information);
}

// Two files: blocks 1 to 4 of 1024 bytes, and block 5.
void two_files(const Drive &drive)
{
	drive.start();
	drive.need_block(1024);
	drive.write_blocks(1, 4, 1024);
	drive.filemarks();
	drive.write_blocks(5, 1, 1024);
	drive.to_start();
}

void filemark(const Bench &bench)
{
	const Drive &drive = *bench.drive;
	two_files(drive);
	for (std::uint64_t number = 1; number < 5; number++)
		drive.expect_block(number, 1024);
	const Block block = drive.read(1024);
	want_filemark(block.reply, 1024);
	want_equal("bytes that came", block.data.size(), std::size_t{0});
	drive.expect_block(5, 1024);
}

// SILI is about lengths, not about filemarks.
void filemark_sili(const Bench &bench)
{
	const Drive &drive = *bench.drive;
	two_files(drive);
	want(drive.space(Space::blocks, 4).good(), "SPACE", "GOOD", "another status");
	want_filemark(drive.read(4096, true).reply, 4096);
}

void filemark_large_buffer(const Bench &bench)
{
	const Drive &drive = *bench.drive;
	two_files(drive);
	want(drive.space(Space::blocks, 4).good(), "SPACE", "GOOD", "another status");
	const std::size_t size = std::min<std::size_t>(drive.largest_block(), 65536);
	const Block block = drive.read(size);
	want_filemark(block.reply, static_cast<std::int64_t>(size));
	want_equal("bytes that came", block.data.size(), std::size_t{0});
}

void filemark_twice(const Bench &bench)
{
	const Drive &drive = *bench.drive;
	two_files(drive);
	want(drive.space(Space::blocks, 4).good(), "SPACE", "GOOD", "another status");
	drive.expect_filemark();
	const Reply back = drive.space(Space::filemarks, -1);
	want(back.good(), "SPACE back over the filemark", "GOOD", back.text());
	want_filemark(drive.read(1024).reply, 1024);
	drive.expect_block(5, 1024);
}

void filemarks_in_a_row(const Bench &bench)
{
	const Drive &drive = *bench.drive;
	drive.start();
	drive.write_blocks(1, 1, 1024);
	drive.filemarks(3);
	drive.write_blocks(2, 1, 1024);
	drive.to_start();
	drive.expect_block(1, 1024);
	for (int i = 0; i < 3; i++)
		want_filemark(drive.read(1024).reply, 1024);
	drive.expect_block(2, 1024);
}

void fixed_filemark(const Bench &bench)
{
	const Drive &drive = *bench.drive;
	two_files(drive);
	drive.block_length(1024);
	const Block block = drive.read_fixed(7, 1024);
	want_filemark(block.reply, 3);
	want_equal("bytes that came", block.data.size(), std::size_t{4096});
	for (std::size_t i = 0; i < 4; i++) {
		const Buffer wanted = scsi::pattern(i + 1, 1024);
		want(std::equal(wanted.begin(), wanted.end(),
				block.data.begin() + static_cast<std::ptrdiff_t>(i * 1024)),
		     "data", "that of the blocks", "other");
	}
	const Block next = drive.read_fixed(1, 1024);
	want(next.reply.good() && next.data == scsi::pattern(5, 1024), "READ(6) after it",
	     "the next file's block", next.reply.text());
}

void fixed_filemark_first(const Bench &bench)
{
	const Drive &drive = *bench.drive;
	two_files(drive);
	drive.block_length(1024);
	const Block all = drive.read_fixed(4, 1024);
	want(all.reply.good(), "READ(6) up to the filemark", "GOOD", all.reply.text());
	const Block block = drive.read_fixed(4, 1024);
	want_filemark(block.reply, 4);
	want_equal("bytes that came", block.data.size(), std::size_t{0});
}

void end_of_data(const Bench &bench)
{
	const Drive &drive = *bench.drive;
	two_files(drive);
	want(drive.space(Space::filemarks, 1).good(), "SPACE", "GOOD", "another status");
	drive.expect_block(5, 1024);
	const Block block = drive.read(4096);
	want_end_of_data(block.reply, 4096);
	want_equal("bytes that came", block.data.size(), std::size_t{0});
	want_end_of_data(drive.read(1024).reply, 1024);
}

void fixed_end_of_data(const Bench &bench)
{
	const Drive &drive = *bench.drive;
	drive.start();
	drive.need_block(1024);
	drive.write_blocks(1, 3, 1024);
	drive.to_start();
	drive.block_length(1024);
	const Block block = drive.read_fixed(8, 1024);
	want_end_of_data(block.reply, 5);
	want_equal("bytes that came", block.data.size(), std::size_t{3072});
}

// Reads to the end never bring more than was written.
void ends(const Bench &bench)
{
	const Drive &drive = *bench.drive;
	two_files(drive);
	constexpr int far_more_than_written = 50;
	int blocks = 0, filemarks = 0;
	for (int i = 0; i < far_more_than_written; i++) {
		const Block block = drive.read(2048, true);
		if (block.reply.good()) {
			blocks++;
			want_equal("bytes that came", block.data.size(), std::size_t{1024});
		} else if (block.reply.sense && block.reply.sense->filemark) {
			filemarks++;
		} else {
			want(block.reply.is(Key::blank_check, scsi::code::end_of_data), "READ(6)",
			     "BLANK CHECK 00/05", block.reply.text());
			want_equal("blocks before the end of data", blocks, 5);
			want_equal("filemarks before the end of data", filemarks, 1);
			return;
		}
	}
	throw Failed{
		fmt::format("READ(6): wanted an end of data after 5 blocks, came {} blocks and {} filemarks",
			    blocks, filemarks)};
}

constexpr Test tests[] = {
	{"ssc.read.ends", "SSC-3 READ(6), end of data", writes, ends},
	{"ssc.read.filemark", "SSC-3 READ(6), FILEMARK", writes, filemark},
	{"ssc.read.filemark-sili", "SSC-3 READ(6), FILEMARK", writes, filemark_sili},
	{"ssc.read.filemark-large-buffer", "SSC-3 READ(6), FILEMARK", writes, filemark_large_buffer},
	{"ssc.read.filemark-twice", "SSC-3 READ(6), FILEMARK", writes, filemark_twice},
	{"ssc.read.filemarks-in-a-row", "SSC-3 READ(6), FILEMARK", writes, filemarks_in_a_row},
	{"ssc.read.end-of-data", "SSC-3 READ(6), end of data", writes, end_of_data},
	{"ssc.fixed.filemark-within", "SSC-3 READ(6), FILEMARK", writes, fixed_filemark},
	{"ssc.fixed.filemark-first", "SSC-3 READ(6), FILEMARK", writes, fixed_filemark_first},
	{"ssc.fixed.end-of-data-within", "SSC-3 READ(6), end of data", writes, fixed_end_of_data},
};

} // namespace

Tests mark_tests()
{
	return tests;
}

} // namespace check
