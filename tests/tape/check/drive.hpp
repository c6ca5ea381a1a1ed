// SPDX-License-Identifier: GPL-2.0 OR MIT
#pragma once
#include <optional>

#include "check/unit.hpp"
#include "device/st.hpp"
#include "device/sysfs.hpp"
#include "scsi/guard.hpp"
#include "scsi/mode.hpp"
#include "scsi/position.hpp"

namespace check
{

// What a READ brought.
struct Block {
	Reply reply;
	Buffer data; // what was moved
};

// A block that is on the tape, and the way to it.
struct Sample {
	Buffer data;
	// Of the block after it; empty if that is not known.
	Buffer next;
};

class Drive : public Unit
{
public:
	Drive(const device::Nodes &nodes, device::Sg sg, bool verbose);

	bool has_medium() const;
	scsi::Mode mode() const;
	// 0 for blocks of any size.
	void block_length(std::uint32_t bytes) const;
	// Density and block length as they were.
	void restore(const scsi::Mode &mode) const;

	void rewind() const { good(scsi::cdb::rewind(false)); }
	// To the beginning, or behind the label if there is one; blocks of any size.
	void start() const;
	// To where start() ends, without a change of the block length.
	void to_start() const;
	void set_label_written() { labelled_ = true; }
	bool labelled() const { return labelled_; }
	scsi::TapeStart look_at_start() const;
	void write_label() const;

	Block read(std::size_t bytes, bool sili = false) const;
	// The next block, however long it is.
	Block read_whole() const;
	Block read_fixed(std::uint32_t blocks, std::uint32_t block_bytes, bool sili = false) const;
	void write(Bytes block) const;
	// Blocks with the content pattern(number).
	void write_blocks(std::uint64_t first, unsigned count, std::size_t size) const;
	void filemarks(std::uint32_t count = 1) const;
	// The next thing on the tape is this block.
	void expect_block(std::uint64_t number, std::size_t size) const;
	void expect_filemark() const;
	void expect_end_of_data() const;
	Reply space(scsi::cdb::Space what, std::int32_t count) const;
	scsi::Position position() const;
	Sample sample(std::size_t size) const;

	// The largest block that both the drive and the path take.
	std::size_t largest_block() const;
	// Skips the test if a block of this size cannot be.
	void need_block(std::size_t size) const;
	std::uint32_t granularity() const;

	bool has_st() const { return !nodes_.tape.empty(); }
	// At the beginning or behind the label, blocks of any size.
	device::St st() const;

private:
	struct Limits {
		std::uint32_t granularity = 1;
		std::uint32_t least = 1;
		std::uint32_t most = 0; // 0: not said
	};
	Limits limits() const;

	device::Nodes nodes_;
	bool verbose_;
	bool labelled_ = false;
};

} // namespace check
