// SPDX-License-Identifier: GPL-2.0 OR MIT
// ERASE, WRITE FILEMARKS, protection, loading, the end of the tape.
#include <algorithm>

#include "check/test.hpp"
#include "scsi/pattern.hpp"

namespace check
{
namespace
{

namespace cdb = scsi::cdb;
using cdb::Space;

constexpr std::size_t size = 2048;

void filemarks_none(const Bench &bench)
{
	const Drive &drive = *bench.drive;
	drive.start();
	drive.write_blocks(1, 2, size);
	drive.filemarks(0);
	drive.write_blocks(3, 1, size);
	drive.to_start();
	for (std::uint64_t number = 1; number < 4; number++)
		drive.expect_block(number, size);
}

void filemarks_immediate(const Bench &bench)
{
	const Drive &drive = *bench.drive;
	drive.start();
	drive.write_blocks(1, 1, size);
	const Cdb command = cdb::write_filemarks(1, true);
	const Reply reply = drive.run(command);
	if (reply.is(Key::illegal_request, scsi::code::field_in_cdb))
		throw Skipped{"the drive has no IMMED in WRITE FILEMARKS(6) (ILLEGAL REQUEST 24/00)"};
	drive.judge(reply, command);
	drive.write_blocks(2, 1, size);
	drive.to_start();
	drive.expect_block(1, size);
	drive.expect_filemark();
	drive.expect_block(2, size);
}

void erase_from_here(const Drive &drive, bool whole)
{
	drive.start();
	drive.write_blocks(1, 4, size);
	drive.filemarks();
	drive.to_start();
	drive.expect_block(1, size);
	drive.good(cdb::erase(whole));
	drive.to_start();
	drive.expect_block(1, size);
}

void erase_short(const Bench &bench)
{
	erase_from_here(*bench.drive, false);
	const Block block = bench.drive->read(size);
	// With LONG 0 a drive may do nothing at all (SSC-3 leaves it the choice).
	want(block.reply.good() || (block.reply.sense && block.reply.sense->key == Key::blank_check),
	     "READ(6) of what was erased", "BLANK CHECK, or the block", block.reply.text());
}

void erase_long(const Bench &bench)
{
	erase_from_here(*bench.drive, true);
	bench.drive->expect_end_of_data();
}

void write_protected(const Bench &bench)
{
	const Drive &drive = *bench.drive;
	if (!drive.mode().write_protected())
		throw Skipped{"the cartridge is not write-protected"};
	drive.rewind();
	drive.block_length(0);
	for (const Cdb &command : {cdb::write({.length = 512}), cdb::write_filemarks(1, false)}) {
		Buffer data(512);
		const bool filemark = scsi::byte_at(command.bytes(), 0) == 0x10;
		const Reply reply = filemark ? drive.run(command) : drive.run(command, Direction::out, data);
		want(reply.sense && reply.sense->key == Key::data_protect,
		     scsi::command_name(command.bytes()), "DATA PROTECT", reply.text());
	}
}

void no_medium(const Bench &bench)
{
	const Drive &drive = *bench.drive;
	for (const Cdb &command :
	     {cdb::test_unit_ready(), cdb::rewind(false), cdb::space(Space::blocks, 1)}) {
		const Reply reply = drive.run(command);
		want(reply.sense && reply.sense->key == Key::not_ready && reply.sense->code.asc == 0x3a,
		     scsi::command_name(command.bytes()), "NOT READY 3a/xx", reply.text());
	}
	const Block block = drive.read(512);
	want(block.reply.sense && block.reply.sense->key == Key::not_ready, "READ(6)", "NOT READY",
	     block.reply.text());
	want_equal("bytes that came", block.data.size(), std::size_t{0});
	drive.good(cdb::inquiry(0));
}

void load_unload(const Bench &bench)
{
	const Drive &drive = *bench.drive;
	drive.rewind();
	drive.good(cdb::load_unload(false));
	const Reply reply = drive.run(cdb::test_unit_ready());
	drive.good(cdb::load_unload(true));
	drive.good(cdb::test_unit_ready());
	want(reply.sense && reply.sense->key == Key::not_ready, "TEST UNIT READY after unloading",
	     "NOT READY", reply.text());
}

// Blocks until the drive says no; none that it took is lost.
void fill(const Bench &bench)
{
	const Drive &drive = *bench.drive;
	drive.start();
	const std::size_t large = std::min<std::size_t>(drive.largest_block(), 65536);
	const std::uint64_t most = (bench.fill_limit << 20) / large;
	const Cdb command = cdb::write({.length = static_cast<std::uint32_t>(large)});
	std::uint64_t written = 0;
	bool warned = false;
	for (;;) {
		want(written < most, "WRITE(6) until the end", "an early warning",
		     "none within --fill-limit");
		const Reply reply = drive.send(command, scsi::pattern(written, large));
		if (reply.sense && reply.sense->key == Key::volume_overflow) {
			want(reply.is(Key::volume_overflow, scsi::code::end_of_medium) &&
				     reply.sense->end_of_medium,
			     "WRITE(6) at the end", "VOLUME OVERFLOW 00/02 EOM", reply.text());
			break;
		}
		if (!reply.good()) {
			want(reply.is(Key::no_sense, scsi::code::end_of_medium) && reply.sense->end_of_medium,
			     "WRITE(6) near the end", "GOOD or NO SENSE 00/02 EOM", reply.text());
			want(!reply.sense->information || *reply.sense->information == 0,
			     "INFORMATION with the early warning", "0, as all was written", reply.text());
			warned = true;
		}
		written++;
	}
	drive.to_start();
	for (std::uint64_t i = 0; i < written; i++)
		drive.expect_block(i, large);
	want(warned, "WRITE(6) near the end", "an early warning before VOLUME OVERFLOW", "none");
}

constexpr Test tests[] = {
	{"ssc.filemarks.count-0", "SSC-3 WRITE FILEMARKS(6)", writes, filemarks_none},
	{"ssc.filemarks.immediate", "SSC-3 WRITE FILEMARKS(6), IMMED", writes, filemarks_immediate},
	{"ssc.erase.short", "SSC-3 ERASE(6)", writes, erase_short},
	{"ssc.erase.long", "SSC-3 ERASE(6), LONG", fills, erase_long},
	{"ssc.early-warning", "SSC-3 Early-warning, WRITE(6)", fills, fill},
	{"ssc.write-protected", "SSC-3 Write protection", medium, write_protected},
	{"ssc.no-medium", "SSC-3 TEST UNIT READY, no medium", empty, no_medium},
	{"ssc.load-unload", "SSC-3 LOAD UNLOAD", medium | moves, load_unload},
};

} // namespace

Tests medium_tests()
{
	return tests;
}

} // namespace check
