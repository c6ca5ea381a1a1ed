// SPDX-License-Identifier: GPL-2.0 OR MIT
#include "check/drive.hpp"

#include <algorithm>

#include "scsi/pattern.hpp"

namespace check
{

namespace cdb = scsi::cdb;
using cdb::Space;

namespace
{

constexpr std::size_t most_bytes = std::size_t{8} << 20;

std::string what_came(const Block &block)
{
	return block.reply.good() ? fmt::format("GOOD with {} bytes", block.data.size()) : block.reply.text();
}

} // namespace

Drive::Drive(const device::Nodes &nodes, device::Sg sg, bool verbose)
    : Unit{std::move(sg), "drive"}, nodes_{nodes}, verbose_{verbose}
{
}

bool Drive::has_medium() const
{
	const Reply reply = run(cdb::test_unit_ready());
	return !(reply.sense && reply.sense->key == Key::not_ready);
}

scsi::Mode Drive::mode() const
{
	const auto found = scsi::parse_mode6(fetch(cdb::mode_sense6({}, 252), 252));
	if (!found)
		throw Failed{"MODE SENSE(6): wanted a header of 4 bytes, came less"};
	return *found;
}

void Drive::restore(const scsi::Mode &mode) const
{
	const Buffer list = mode_parameters(mode);
	good(cdb::mode_select6(static_cast<std::uint8_t>(list.size())), list);
}

void Drive::block_length(std::uint32_t bytes) const
{
	scsi::Mode current = mode();
	if (current.has_descriptor && current.block_length == bytes)
		return;
	current.block_length = bytes;
	restore(current);
}

void Drive::to_start() const
{
	rewind();
	if (labelled_) {
		const Reply reply = space(Space::filemarks, 1);
		want(reply.good(), "SPACE behind the label", "GOOD", reply.text());
	}
}

void Drive::start() const
{
	rewind();
	block_length(0);
	to_start();
}

scsi::TapeStart Drive::look_at_start() const
{
	const Block block = read_whole();
	const auto &sense = block.reply.sense;
	if (block.reply.good())
		return {scsi::Start::block, block.data, {}};
	if (sense && sense->key == Key::blank_check)
		return {scsi::Start::blank, {}, {}};
	if (sense && sense->filemark)
		return {scsi::Start::filemark, {}, {}};
	return {scsi::Start::unreadable, {}, block.reply.text()};
}

void Drive::write_label() const
{
	rewind();
	write(scsi::make_label());
	filemarks();
}

Block Drive::read(std::size_t bytes, bool sili) const
{
	Block block{{}, Buffer(bytes)};
	block.reply =
		run(cdb::read({.fixed = false, .sili = sili, .length = static_cast<std::uint32_t>(bytes)}),
		    Direction::in, block.data);
	block.data.resize(block.reply.moved);
	return block;
}

Block Drive::read_whole() const
{
	const std::size_t most = largest_block();
	Block block = read(most, true);
	const auto &sense = block.reply.sense;
	if (!sense || !sense->incorrect_length || !sense->information)
		return block;
	// A drive without SILI; it has told how long the block is.
	const auto length = static_cast<std::int64_t>(most) - *sense->information;
	if (length <= 0 || length > static_cast<std::int64_t>(most) || !space(Space::blocks, -1).good())
		return block;
	return read(static_cast<std::size_t>(length));
}

Block Drive::read_fixed(std::uint32_t blocks, std::uint32_t block_bytes, bool sili) const
{
	Block block{{}, Buffer(std::size_t{blocks} * block_bytes)};
	block.reply =
		run(cdb::read({.fixed = true, .sili = sili, .length = blocks}), Direction::in, block.data);
	block.data.resize(block.reply.moved);
	return block;
}

void Drive::write(Bytes block) const
{
	good(cdb::write({.fixed = false, .sili = false, .length = static_cast<std::uint32_t>(block.size())}),
	     block);
}

void Drive::write_blocks(std::uint64_t first, unsigned count, std::size_t size) const
{
	for (unsigned i = 0; i < count; i++)
		write(scsi::pattern(first + i, size));
}

void Drive::filemarks(std::uint32_t count) const
{
	good(cdb::write_filemarks(count, false));
}

void Drive::expect_block(std::uint64_t number, std::size_t size) const
{
	const Block block = read(size);
	const std::string wanted = fmt::format("block {} of {} bytes", number, size);
	want(block.reply.good() && block.data.size() == size, "READ(6)", wanted, what_came(block));
	want(block.data == scsi::pattern(number, size), "READ(6)", wanted, "other data");
}

void Drive::expect_filemark() const
{
	const Block block = read(1024);
	want(block.reply.sense && block.reply.sense->filemark, "READ(6)", "a filemark", what_came(block));
}

void Drive::expect_end_of_data() const
{
	const Block block = read(1024);
	want(block.reply.sense && block.reply.sense->key == Key::blank_check, "READ(6)",
	     "BLANK CHECK at the end of data", what_came(block));
}

Reply Drive::space(Space what, std::int32_t count) const
{
	return run(cdb::space(what, count));
}

scsi::Position Drive::position() const
{
	const auto found = scsi::parse_short_position(fetch(cdb::read_position(scsi::short_form), 20));
	if (!found)
		throw Failed{"READ POSITION: wanted 20 bytes, came less"};
	return *found;
}

Sample Drive::sample(std::size_t size) const
{
	start();
	if (labelled_) {
		need_block(size);
		write_blocks(1, 2, size);
		to_start();
		return {scsi::pattern(1, size), scsi::pattern(2, size)};
	}
	const Block first = read_whole();
	if (!first.reply.good())
		throw Skipped{fmt::format("the tape does not begin with a block ({})", first.reply.text())};
	if (first.data.size() < 2 || first.data.size() >= largest_block())
		throw Skipped{"the first block of the tape is too small or too large for this"};
	const Block second = read_whole();
	rewind();
	return {first.data, second.reply.good() ? second.data : Buffer{}};
}

Drive::Limits Drive::limits() const
{
	const Buffer data = fetch(cdb::read_block_limits(), 6);
	const auto power = scsi::byte_at(data, 0) & 0x1f;
	return {power < 20 ? std::uint32_t{1} << power : 1,
		std::max<std::uint32_t>(1, static_cast<std::uint32_t>(scsi::big_endian(data, 4, 2))),
		static_cast<std::uint32_t>(scsi::big_endian(data, 1, 3))};
}

std::uint32_t Drive::granularity() const
{
	return limits().granularity;
}

std::size_t Drive::largest_block() const
{
	const Limits found = limits();
	std::size_t most = std::min(most_bytes, sg().largest());
	if (found.most)
		most = std::min<std::size_t>(most, found.most);
	return most - most % std::max<std::size_t>(found.granularity, 512);
}

void Drive::need_block(std::size_t size) const
{
	const Limits found = limits();
	if (size < found.least || (found.most && size > found.most) || size % found.granularity)
		throw Skipped{fmt::format("READ BLOCK LIMITS leaves out blocks of {} bytes", size)};
	if (size > sg().largest())
		throw Skipped{fmt::format("the path to the drive does not take {} bytes at once", size)};
}

device::St Drive::st() const
{
	device::St tape{nodes_.tape, verbose_};
	const auto step = [&](short operation, int count, std::string_view what) {
		want_equal(what, device::error_name(tape.op(operation, count)), device::error_name(0));
	};
	step(MTREW, 1, "MTREW");
	step(MTSETBLK, 0, "MTSETBLK 0");
	if (labelled_)
		step(MTFSF, 1, "MTFSF behind the label");
	return tape;
}

} // namespace check
