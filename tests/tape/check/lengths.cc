// SPDX-License-Identifier: GPL-2.0 OR MIT
// Reads whose length is not the block's.
#include <algorithm>

#include "check/test.hpp"
#include "scsi/pattern.hpp"

namespace check
{
namespace
{

constexpr std::size_t sample_size = 10240;

void want_information(const Reply &reply, std::int64_t wanted)
{
	want(reply.sense->information == wanted, "INFORMATION", std::to_string(wanted),
	     reply.sense->information ? std::to_string(*reply.sense->information) : "none");
}

void want_incorrect_length(const Reply &reply, std::int64_t information)
{
	want(reply.sense && reply.sense->is(Key::no_sense, scsi::code::none) && reply.sense->incorrect_length,
	     "READ(6)", "NO SENSE 00/00 ILI", reply.text());
	want_information(reply, information);
}

void want_front(const Block &block, const Buffer &whole, std::size_t size)
{
	want_equal("bytes that came", block.data.size(), size);
	want(std::equal(block.data.begin(), block.data.end(), whole.begin()), "data", "that of the block",
	     "other");
}

void want_next(const Drive &drive, const Sample &sample)
{
	if (sample.next.empty())
		return;
	const Block block = drive.read(sample.next.size());
	want(block.reply.good() && block.data == sample.next, "READ(6) after it", "the next block",
	     block.reply.good() ? "other data" : block.reply.text());
}

void short_block(const Bench &bench)
{
	const Sample sample = bench.drive->sample(sample_size);
	const std::size_t size = sample.data.size() + 6384;
	if (size > bench.drive->sg().largest())
		throw Skipped{"the path takes no more than the block"};
	const Block block = bench.drive->read(size);
	want_incorrect_length(block.reply, 6384);
	want_front(block, sample.data, sample.data.size());
	want_next(*bench.drive, sample);
}

void short_block_by_one(const Bench &bench)
{
	const Sample sample = bench.drive->sample(sample_size);
	const Block block = bench.drive->read(sample.data.size() + 1);
	want_incorrect_length(block.reply, 1);
	want_front(block, sample.data, sample.data.size());
}

void short_block_far(const Bench &bench)
{
	const Sample sample = bench.drive->sample(512);
	const std::size_t size = sample.data.size() + 65536;
	if (size > bench.drive->sg().largest())
		throw Skipped{"the path takes no more than the block"};
	const Block block = bench.drive->read(size);
	want(block.reply.sense && block.reply.sense->incorrect_length, "READ(6) of far more", "ILI",
	     block.reply.text());
	want_front(block, sample.data, sample.data.size());
	want(block.reply.sense->information == static_cast<std::int64_t>(size - sample.data.size()),
	     "INFORMATION", "the residual", block.reply.text());
}

void short_block_sili(const Bench &bench)
{
	const Sample sample = bench.drive->sample(sample_size);
	const Block block = bench.drive->read(sample.data.size() + 100, true);
	want(block.reply.good(), "READ(6) with SILI", "GOOD", block.reply.text());
	want_front(block, sample.data, sample.data.size());
	want_next(*bench.drive, sample);
}

void long_block(const Bench &bench)
{
	const Sample sample = bench.drive->sample(sample_size);
	const std::size_t size = sample.data.size() / 2;
	const Block block = bench.drive->read(size);
	want_incorrect_length(block.reply, static_cast<std::int64_t>(size) -
						   static_cast<std::int64_t>(sample.data.size()));
	want_front(block, sample.data, size);
	want_next(*bench.drive, sample);
}

// With a block length of 0 nothing is wrong with that.
void long_block_sili(const Bench &bench)
{
	const Sample sample = bench.drive->sample(sample_size);
	const std::size_t size = sample.data.size() / 2;
	const Block block = bench.drive->read(size, true);
	want(block.reply.good(), "READ(6) with SILI", "GOOD", block.reply.text());
	want_front(block, sample.data, size);
	want_next(*bench.drive, sample);
}

void fixed_sili(const Bench &bench)
{
	bench.drive->start();
	bench.drive->block_length(512);
	const Block block = bench.drive->read_fixed(1, 512, true);
	want(block.reply.is(Key::illegal_request, scsi::code::field_in_cdb), "READ(6) with FIXED and SILI",
	     "ILLEGAL REQUEST 24/00", block.reply.text());
}

// Two blocks of the right length, then one that is not.
void fixed_other_length(const Drive &drive, std::size_t other)
{
	drive.start();
	drive.need_block(other);
	drive.need_block(1024);
	drive.write_blocks(1, 2, 1024);
	drive.write_blocks(3, 1, other);
	drive.write_blocks(4, 1, 1024);
	drive.to_start();
	drive.block_length(1024);
	const Block block = drive.read_fixed(5, 1024);
	const auto &sense = block.reply.sense;
	want(sense && sense->key == Key::no_sense && sense->incorrect_length, "READ(6) with FIXED", "ILI",
	     block.reply.text());
	want_information(block.reply, 3);
	Buffer wanted = scsi::pattern(1, 1024);
	const Buffer second = scsi::pattern(2, 1024);
	wanted.insert(wanted.end(), second.begin(), second.end());
	want(block.data.size() >= wanted.size() &&
		     std::equal(wanted.begin(), wanted.end(), block.data.begin()),
	     "data", "the two blocks before it", "other");
	drive.block_length(0);
	drive.expect_block(4, 1024);
}

void fixed_shorter(const Bench &bench)
{
	fixed_other_length(*bench.drive, 512);
}
void fixed_longer(const Bench &bench)
{
	fixed_other_length(*bench.drive, 2048);
}

void again_after_rewind(const Bench &bench)
{
	const Sample sample = bench.drive->sample(sample_size);
	for (int i = 0; i < 3; i++) {
		bench.drive->to_start();
		const Block block = bench.drive->read(sample.data.size());
		want(block.reply.good() && block.data == sample.data, "READ(6) after REWIND",
		     "the same block", block.reply.good() ? "other data" : block.reply.text());
	}
}

constexpr Test tests[] = {
	{"ssc.read.again", "SSC-3 READ(6), REWIND", medium, again_after_rewind},
	{"ssc.read.short-block", "SSC-3 READ(6), ILI", medium, short_block},
	{"ssc.read.short-block-by-one", "SSC-3 READ(6), ILI", medium, short_block_by_one},
	{"ssc.read.short-block-by-far", "SSC-3 READ(6), ILI", medium, short_block_far},
	{"ssc.read.short-block-sili", "SSC-3 READ(6), SILI", medium, short_block_sili},
	{"ssc.read.long-block", "SSC-3 READ(6), ILI", medium, long_block},
	{"ssc.read.long-block-sili", "SSC-3 READ(6), SILI", medium, long_block_sili},
	{"ssc.fixed.sili", "SSC-3 READ(6), SILI", medium, fixed_sili},
	{"ssc.fixed.shorter-block", "SSC-3 READ(6), ILI", writes, fixed_shorter},
	{"ssc.fixed.longer-block", "SSC-3 READ(6), ILI", writes, fixed_longer},
};

} // namespace

Tests length_tests()
{
	return tests;
}

} // namespace check
