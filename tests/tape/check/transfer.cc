// SPDX-License-Identifier: GPL-2.0 OR MIT
// What is written is read, in blocks of all sizes, variable and fixed.
#include <algorithm>

#include "check/test.hpp"
#include "scsi/pattern.hpp"

namespace check
{
namespace
{

namespace cdb = scsi::cdb;

// Three blocks of one size, written and read.
void variable(const Drive &drive, std::size_t size)
{
	drive.start();
	drive.need_block(size);
	drive.write_blocks(10, 3, size);
	drive.filemarks();
	drive.to_start();
	for (std::uint64_t number = 10; number < 13; number++)
		drive.expect_block(number, size);
	drive.expect_filemark();
}

template <std::size_t Size>
void variable_of(const Bench &bench)
{
	variable(*bench.drive, Size);
}

void odd_sizes(const Bench &bench)
{
	const Drive &drive = *bench.drive;
	drive.start();
	const auto step = std::size_t{drive.granularity()};
	std::vector<std::size_t> sizes;
	for (const std::size_t size : {513UL, 1023UL, 4095UL, 4097UL, 10001UL, 65535UL, 65537UL, 131071UL})
		sizes.push_back((size + step - 1) / step * step);
	std::erase_if(sizes, [&](std::size_t size) { return size > drive.largest_block(); });
	for (std::size_t i = 0; i < sizes.size(); i++)
		drive.write_blocks(i, 1, sizes[i]);
	drive.filemarks();
	drive.to_start();
	for (std::size_t i = 0; i < sizes.size(); i++)
		drive.expect_block(i, sizes[i]);
}

void largest(const Bench &bench)
{
	variable(*bench.drive, bench.drive->largest_block());
}

void fixed(const Drive &drive, std::uint32_t size, std::uint32_t blocks)
{
	drive.start();
	drive.need_block(size);
	const Buffer data = scsi::pattern(size, std::size_t{size} * blocks);
	drive.block_length(size);
	drive.good(cdb::write({.fixed = true, .sili = false, .length = blocks}), data);
	drive.filemarks();
	drive.to_start();
	const Block all = drive.read_fixed(blocks, size);
	want(all.reply.good(), "READ(6) of all blocks", "GOOD", all.reply.text());
	want(all.data == data, "READ(6) of all blocks", "the data written", "other data");
	drive.to_start();
	for (std::uint32_t i = 0; i < blocks; i++) {
		const Block one = drive.read_fixed(1, size);
		want(one.reply.good() && std::equal(one.data.begin(), one.data.end(),
						    data.begin() + static_cast<std::ptrdiff_t>(i) * size),
		     fmt::format("READ(6) of block {}", i), "GOOD and its data",
		     one.reply.good() ? "other data" : one.reply.text());
	}
}

template <std::uint32_t Size, std::uint32_t Blocks>
void fixed_of(const Bench &bench)
{
	fixed(*bench.drive, Size, Blocks);
}

// The drive cuts what fixed mode wrote into blocks of their own.
void fixed_then_variable(const Bench &bench)
{
	const Drive &drive = *bench.drive;
	drive.start();
	drive.need_block(1024);
	const Buffer data = scsi::pattern(7, 4096);
	drive.block_length(1024);
	drive.good(cdb::write({.fixed = true, .sili = false, .length = 4}), data);
	drive.filemarks();
	drive.start();
	for (int i = 0; i < 4; i++) {
		const Block block = drive.read(1024);
		want(block.reply.good() && std::equal(block.data.begin(), block.data.end(),
						      data.begin() + std::ptrdiff_t{1024} * i),
		     "READ(6) of a variable block", "1024 bytes of the data written",
		     block.reply.good() ? "other data" : block.reply.text());
	}
	drive.expect_filemark();
}

void fixed_without_length(const Bench &bench)
{
	bench.drive->start();
	const Block block = bench.drive->read_fixed(1, 512);
	want(block.reply.is(Key::illegal_request, scsi::code::field_in_cdb),
	     "READ(6) with FIXED 1 and block length 0", "ILLEGAL REQUEST 24/00", block.reply.text());
	want_equal("bytes that came", block.data.size(), std::size_t{0});
}

void read_nothing(const Bench &bench)
{
	const Drive &drive = *bench.drive;
	const Sample sample = drive.sample(4096);
	drive.good(cdb::read({}));
	const Block block = drive.read(sample.data.size());
	want(block.reply.good() && block.data == sample.data, "READ(6) after one of length 0",
	     "the block that was next", block.reply.text());
}

void write_nothing(const Bench &bench)
{
	const Drive &drive = *bench.drive;
	drive.start();
	drive.write_blocks(1, 1, 1024);
	drive.good(cdb::write({}));
	drive.write_blocks(2, 1, 1024);
	drive.to_start();
	drive.expect_block(1, 1024);
	drive.expect_block(2, 1024);
}

void write_too_large(const Bench &bench)
{
	const Drive &drive = *bench.drive;
	drive.start();
	const Buffer limits = drive.fetch(cdb::read_block_limits(), 6);
	const auto most = static_cast<std::size_t>(scsi::big_endian(limits, 1, 3));
	const std::size_t size = most + drive.granularity();
	constexpr std::size_t any_path = 500U << 10;
	if (most == 0 || size > any_path)
		throw Skipped{"the largest block of the drive is too large to exceed it on every path"};
	const Cdb command = cdb::write({.length = static_cast<std::uint32_t>(size)});
	const Reply reply = drive.send(command, Buffer(size));
	want(reply.is(Key::illegal_request, scsi::code::field_in_cdb),
	     "WRITE(6) of a block above the drive's limit", "ILLEGAL REQUEST 24/00", reply.text());
}

void write_cuts(const Bench &bench)
{
	const Drive &drive = *bench.drive;
	drive.start();
	drive.write_blocks(1, 5, 2048);
	drive.filemarks();
	drive.write_blocks(6, 2, 2048);
	drive.to_start();
	drive.expect_block(1, 2048);
	drive.write_blocks(20, 1, 4096);
	drive.to_start();
	drive.expect_block(1, 2048);
	drive.expect_block(20, 4096);
	drive.expect_end_of_data();
}

void integrity(const Bench &bench)
{
	const Drive &drive = *bench.drive;
	drive.start();
	constexpr std::uint64_t blocks = 64;
	const std::size_t most = std::min<std::size_t>(drive.largest_block(), std::size_t{256} << 10);
	const std::size_t step = drive.granularity();
	const auto size = [&](std::uint64_t number) {
		// Small ones as often as large ones.
		const std::size_t limit = number % 2 ? 8192 : most;
		const std::size_t wanted = 512 + scsi::mixed(number) % (limit - 512);
		return wanted / step * step;
	};
	for (std::uint64_t i = 0; i < blocks; i++) {
		drive.write_blocks(i, 1, size(i));
		if (i % 16 == 15)
			drive.filemarks();
	}
	drive.to_start();
	for (std::uint64_t i = 0; i < blocks; i++) {
		drive.expect_block(i, size(i));
		if (i % 16 == 15)
			drive.expect_filemark();
	}
	drive.expect_end_of_data();
}

constexpr Test tests[] = {
	{"ssc.variable.512", "SSC-3 WRITE(6), READ(6)", writes, variable_of<512>},
	{"ssc.variable.4096", "SSC-3 WRITE(6), READ(6)", writes, variable_of<4096>},
	{"ssc.variable.10000", "SSC-3 WRITE(6), READ(6)", writes, variable_of<10000>},
	{"ssc.variable.32k", "SSC-3 WRITE(6), READ(6)", writes, variable_of<32768>},
	{"ssc.variable.64k", "SSC-3 WRITE(6), READ(6)", writes, variable_of<65536>},
	{"ssc.variable.256k", "SSC-3 WRITE(6), READ(6)", writes, variable_of<262144>},
	{"ssc.variable.508k", "SSC-3 WRITE(6), READ(6)", writes, variable_of<520192>},
	{"ssc.variable.largest", "SSC-3 READ BLOCK LIMITS, WRITE(6)", writes, largest},
	{"ssc.variable.odd-sizes", "SSC-3 WRITE(6), READ(6)", writes, odd_sizes},
	{"ssc.fixed.512", "SSC-3 WRITE(6), READ(6) with FIXED", writes, fixed_of<512, 32>},
	{"ssc.fixed.4096", "SSC-3 WRITE(6), READ(6) with FIXED", writes, fixed_of<4096, 16>},
	{"ssc.fixed.32k", "SSC-3 WRITE(6), READ(6) with FIXED", writes, fixed_of<32768, 8>},
	{"ssc.fixed.then-variable", "SSC-3 WRITE(6), READ(6) with FIXED", writes, fixed_then_variable},
	{"ssc.fixed.block-length-0", "SSC-3 READ(6), FIXED", medium, fixed_without_length},
	{"ssc.read.length-0", "SSC-3 READ(6)", medium, read_nothing},
	{"ssc.write.length-0", "SSC-3 WRITE(6)", writes, write_nothing},
	{"ssc.write.too-large", "SSC-3 READ BLOCK LIMITS, WRITE(6)", writes, write_too_large},
	{"ssc.write.cuts-the-tape", "SSC-3 WRITE(6), end of data", writes, write_cuts},
	{"ssc.integrity", "SSC-3 WRITE(6), READ(6)", writes, integrity},
};

} // namespace

Tests transfer_tests()
{
	return tests;
}

} // namespace check
