// SPDX-License-Identifier: GPL-2.0 OR MIT
// The tape as programs see it, through Linux's st driver.
#include <algorithm>
#include <cerrno>
#include <cstdlib>

#include "check/test.hpp"
#include "scsi/pattern.hpp"

namespace check
{
namespace
{

using device::Moved;
using device::St;

constexpr unsigned read_only = driver | medium;
constexpr unsigned read_write = driver | writes;
constexpr std::size_t size = 4096;

void step(const St &tape, short operation, int count, std::string_view what)
{
	want_equal(what, device::error_name(tape.op(operation, count)), device::error_name(0));
}

void put(const St &tape, std::uint64_t number, std::size_t bytes)
{
	const Moved moved = tape.write(scsi::pattern(number, bytes));
	want(moved.is(bytes), "write()", fmt::format("{} bytes", bytes), moved.text());
}

void get(const St &tape, std::uint64_t number, std::size_t bytes, std::size_t buffer)
{
	Buffer data(buffer);
	const Moved moved = tape.read(data);
	want(moved.is(bytes), "read()", fmt::format("{} bytes", bytes), moved.text());
	data.resize(bytes);
	want(data == scsi::pattern(number, bytes), "read()", fmt::format("block {}", number), "other data");
}

void want_nothing(const St &tape, std::string_view what)
{
	Buffer data(size);
	const Moved moved = tape.read(data);
	want(moved.is(0), what, "0 bytes", moved.text());
}

void close(St &tape)
{
	want_equal("close()", device::error_name(tape.close()), device::error_name(0));
}

void again(const Bench &bench, const St &tape)
{
	step(tape, MTREW, 1, "MTREW");
	if (bench.drive->labelled())
		step(tape, MTFSF, 1, "MTFSF");
}

// File 1: blocks 1 to 4; file 2: blocks 5 to 7; file 3: block 8.
St three_files(const Bench &bench)
{
	St tape = bench.drive->st();
	for (std::uint64_t number = 1; number < 9; number++) {
		put(tape, number, size);
		if (number == 4 || number == 7)
			step(tape, MTWEOF, 1, "MTWEOF");
	}
	again(bench, tape);
	return tape;
}

void variable(const Bench &bench)
{
	St tape = bench.drive->st();
	constexpr std::size_t sizes[] = {512, 4096, 10000, 32768, 65536, 262144, 520192};
	std::uint64_t number = 0;
	for (const auto bytes : sizes)
		if (bytes <= bench.drive->largest_block())
			put(tape, number++, bytes);
	again(bench, tape);
	number = 0;
	for (const auto bytes : sizes)
		if (bytes <= bench.drive->largest_block())
			get(tape, number++, bytes, bytes);
	close(tape);
}

void larger_buffer(const Bench &bench)
{
	St tape = three_files(bench);
	get(tape, 1, size, size + 1);
	get(tape, 2, size, 65536);
	close(tape);
}

void smaller_buffer(const Bench &bench)
{
	St tape = three_files(bench);
	Buffer data(size / 2);
	const Moved moved = tape.read(data);
	want(moved.error == ENOMEM, "read() with half the buffer", "ENOMEM", moved.text());
	get(tape, 2, size, size);
	close(tape);
}

void filemark(const Bench &bench)
{
	St tape = three_files(bench);
	for (std::uint64_t number = 1; number < 5; number++)
		get(tape, number, size, size);
	want_nothing(tape, "read() at a filemark");
	get(tape, 5, size, size);
	close(tape);
}

void end_of_data(const Bench &bench)
{
	St tape = three_files(bench);
	step(tape, MTFSF, 2, "MTFSF");
	get(tape, 8, size, size);
	constexpr int enough = 4;
	Buffer data(size);
	for (int i = 0; i < enough; i++) {
		const Moved moved = tape.read(data);
		want(moved.error == EIO || moved.is(0), "read() at the end of data", "0 bytes or EIO",
		     moved.text());
	}
	want(tape.read(data).error == EIO, "read() at the end of data again", "EIO", "no error");
	close(tape);
}

// cat's way: the whole tape in files, which must end.
void files(const Bench &bench)
{
	St tape = three_files(bench);
	constexpr int far_more_than_written = 60;
	int blocks = 0, ends = 0;
	Buffer data(65536);
	for (int i = 0; i < far_more_than_written; i++) {
		const Moved moved = tape.read(data);
		if (moved.error) {
			want(moved.error == EIO, "read() at the end of data", "EIO", moved.text());
			break;
		}
		moved.bytes ? blocks++ : ends++;
	}
	want_equal("blocks that came", blocks, 8);
	want(ends >= 2 && ends <= 4, "ends of files", "2 and one or two of data", std::to_string(ends));
	close(tape);
}

void fixed(const Bench &bench)
{
	St tape = bench.drive->st();
	step(tape, MTSETBLK, 1024, "MTSETBLK");
	const Buffer written = scsi::pattern(3, 20480);
	Moved moved = tape.write(written);
	want(moved.is(written.size()), "write() of 20 blocks", "20480 bytes", moved.text());
	step(tape, MTWEOF, 1, "MTWEOF");
	again(bench, tape);
	Buffer data(32768);
	moved = tape.read(data);
	want(moved.is(written.size()), "read() of 32 blocks with a filemark after 20", "20480 bytes",
	     moved.text());
	want(std::equal(written.begin(), written.end(), data.begin()), "read()", "the data written",
	     "other data");
	want_nothing(tape, "read() at the filemark");
	step(tape, MTSETBLK, 0, "MTSETBLK");
	close(tape);
}

void fixed_odd(const Bench &bench)
{
	St tape = bench.drive->st();
	step(tape, MTSETBLK, 1024, "MTSETBLK");
	const Moved moved = tape.write(Buffer(1500));
	want(moved.error == EINVAL, "write() of one block and a half", "EINVAL", moved.text());
	step(tape, MTSETBLK, 0, "MTSETBLK");
	close(tape);
}

void files_and_records(const Bench &bench)
{
	St tape = three_files(bench);
	step(tape, MTFSF, 1, "MTFSF");
	get(tape, 5, size, size);
	step(tape, MTFSR, 1, "MTFSR");
	get(tape, 7, size, size);
	step(tape, MTBSR, 2, "MTBSR");
	get(tape, 6, size, size);
	step(tape, MTBSF, 1, "MTBSF");
	want_nothing(tape, "read() after MTBSF, before the filemark");
	get(tape, 5, size, size);
	step(tape, MTBSFM, 1, "MTBSFM");
	get(tape, 5, size, size);
	step(tape, MTEOM, 1, "MTEOM");
	step(tape, MTBSR, 1, "MTBSR");
	get(tape, 8, size, size);
	close(tape);
}

void past_filemark(const Bench &bench)
{
	St tape = three_files(bench);
	want_equal("MTFSR beyond a filemark", device::error_name(tape.op(MTFSR, 6)), device::error_name(EIO));
	close(tape);
}

void status(const Bench &bench)
{
	St tape = three_files(bench);
	step(tape, MTREW, 1, "MTREW");
	mtget found = tape.status();
	want(GMT_BOT(found.mt_gstat), "MTIOCGET after MTREW", "BOT", "not BOT");
	want(GMT_ONLINE(found.mt_gstat), "MTIOCGET", "online", "offline");
	step(tape, MTFSF, 1, "MTFSF");
	found = tape.status();
	want_equal("file number after MTFSF", long{found.mt_fileno}, 1L);
	want_equal("block number after MTFSF", long{found.mt_blkno}, 0L);
	want_equal("block size", found.mt_dsreg & MT_ST_BLKSIZE_MASK, 0L);
	close(tape);
}

void tell_and_seek(const Bench &bench)
{
	St tape = three_files(bench);
	const long start = tape.tell();
	if (start < 0)
		throw Skipped{fmt::format("MTIOCPOS says {}: the drive does not tell its position",
					  device::error_name(static_cast<int>(-start)))};
	get(tape, 1, size, size);
	const long after = tape.tell();
	want_equal("position after a block", after, start + 1);
	step(tape, MTSEEK, static_cast<int>(start) + 3, "MTSEEK");
	get(tape, 4, size, size);
	step(tape, MTSEEK, static_cast<int>(start), "MTSEEK");
	get(tape, 1, size, size);
	close(tape);
}

void close_writes_filemark(const Bench &bench)
{
	St tape = bench.drive->st();
	put(tape, 1, size);
	close(tape);
	St next = bench.drive->st();
	get(next, 1, size, size);
	want_nothing(next, "read() after what was written before close()");
	close(next);
}

void filemarks_none(const Bench &bench)
{
	St tape = bench.drive->st();
	put(tape, 1, size);
	step(tape, MTWEOF, 0, "MTWEOF 0");
	put(tape, 2, size);
	again(bench, tape);
	get(tape, 1, size, size);
	get(tape, 2, size, size);
	close(tape);
}

void block_size(const Bench &bench)
{
	St tape = bench.drive->st();
	for (const int bytes : {512, 2048, 0}) {
		step(tape, MTSETBLK, bytes, "MTSETBLK");
		want_equal("block size by MTIOCGET", tape.status().mt_dsreg & MT_ST_BLKSIZE_MASK,
			   long{bytes});
	}
	close(tape);
}

void integrity(const Bench &bench)
{
	St tape = bench.drive->st();
	const std::size_t most = std::min<std::size_t>(bench.drive->largest_block(), std::size_t{256} << 10);
	const std::size_t unit = bench.drive->granularity();
	const auto bytes = [&](std::uint64_t number) {
		const std::size_t limit = number % 2 ? 8192 : most;
		return (512 + scsi::mixed(number + 1000) % (limit - 512)) / unit * unit;
	};
	constexpr std::uint64_t blocks = 64;
	for (std::uint64_t i = 0; i < blocks; i++)
		put(tape, i, bytes(i));
	step(tape, MTWEOF, 1, "MTWEOF");
	again(bench, tape);
	for (std::uint64_t i = 0; i < blocks; i++)
		get(tape, i, bytes(i), bytes(i));
	want_nothing(tape, "read() at the filemark");
	close(tape);
}

constexpr Test tests[] = {
	{"st.block-size", "SSC-3 MODE SELECT through st", read_only, block_size},
	{"st.variable", "SSC-3 WRITE(6), READ(6) through st", read_write, variable},
	{"st.read.larger-buffer", "SSC-3 READ(6), ILI through st", read_write, larger_buffer},
	{"st.read.smaller-buffer", "SSC-3 READ(6), ILI through st", read_write, smaller_buffer},
	{"st.read.filemark", "SSC-3 READ(6), FILEMARK through st", read_write, filemark},
	{"st.read.end-of-data", "SSC-3 READ(6), end of data through st", read_write, end_of_data},
	{"st.read.files", "SSC-3 READ(6) through st", read_write, files},
	{"st.fixed.filemark-within", "SSC-3 READ(6), FIXED through st", read_write, fixed},
	{"st.fixed.odd-size", "SSC-3 WRITE(6), FIXED through st", read_write, fixed_odd},
	{"st.space", "SSC-3 SPACE(6) through st", read_write, files_and_records},
	{"st.space.past-filemark", "SSC-3 SPACE(6), FILEMARK through st", read_write, past_filemark},
	{"st.status", "SSC-3 position through st", read_write, status},
	{"st.tell-and-seek", "SSC-3 READ POSITION, LOCATE(10) through st", read_write, tell_and_seek},
	{"st.close-writes-filemark", "SSC-3 WRITE FILEMARKS(6) through st", read_write,
	 close_writes_filemark},
	{"st.filemarks.count-0", "SSC-3 WRITE FILEMARKS(6) through st", read_write, filemarks_none},
	{"st.integrity", "SSC-3 WRITE(6), READ(6) through st", read_write, integrity},
};

} // namespace

Tests driver_tests()
{
	return tests;
}

} // namespace check
