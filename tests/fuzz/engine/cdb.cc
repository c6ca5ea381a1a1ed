// SPDX-License-Identifier: GPL-2.0 OR MIT
// Any CDB for any device: what it may do, and into what it is split.
#include <vscsi/cdb.hpp>
#include <vscsi/disk.hpp>

#include "harness.hpp"

namespace fuzz
{
namespace
{

using namespace vscsi;

constexpr u32 cdb_size = VSCSI_CDB_BYTES;
constexpr u32 week = 7 * 24 * 3600;

void verdicts(vscsi_cdb_view view, const CdbRow &row)
{
	const int verdict = vscsi_cdb_verdict(&view);
	expect(verdict >= VSCSI_CDB_PASS && verdict <= VSCSI_CDB_WRITE_PROTECTED, "a verdict that is none");
	if (verdict != VSCSI_CDB_PASS)
		return;
	expect(!view.read_only || !row.is(Trait::writes), "what writes passes to what is read-only");
	expect(!view.emulated || !row.is(Trait::unsupported), "target core gets what it shall not");
	if (view.bytes && view.direction == VSCSI_TO_DEVICE)
		expect(row.data.way == Way::out || row.data.way == Way::either, "data goes the wrong way");
	if (view.bytes && view.direction == VSCSI_FROM_DEVICE)
		expect(row.data.way == Way::in || row.data.way == Way::either, "data comes the wrong way");
	// Whoever may do more may do this.
	view.read_only = false;
	expect(vscsi_cdb_verdict(&view) == VSCSI_CDB_PASS, "only who may not write may do it");
	view.emulated = false;
	expect(vscsi_cdb_verdict(&view) == VSCSI_CDB_PASS, "target core gets what a device does not");
}

void traits(const u8 *cdb, u32 type, u32 said, const CdbRow &row)
{
	const bool out = vscsi_cdb_is_plain(cdb, VSCSI_TO_DEVICE, type);
	const bool in = vscsi_cdb_is_plain(cdb, VSCSI_FROM_DEVICE, type);
	expect(!(out && in), "plain in both directions");
	if (out || in) {
		expect(device_class(type) == DeviceClass::disk, "plain, and not of a disk");
		expect(!vscsi_cdb_may_wait(cdb, type), "plain, and may wait");
		expect(out == row.is(Trait::writes), "a plain read writes, or a write does not");
	}
	const u32 limit = vscsi_cdb_time_limit(cdb, type, said);
	expect(limit == week || (limit == said && said) || (limit == 900 && !said), "a limit of nobody's");
	expect(said < 65000 ? limit >= said : limit == week, "less than what the guest waits");
	const u32 length = vscsi_cdb_bytes(cdb, said);
	expect(length >= 6 && length <= cdb_size, "a CDB of such a length");
	// Where a length field, a bit or a service action is looked for, there the CDB is.
	expect(row.data.flag_at < cdb_size && row.data.length_at + row.data.length_bytes <= cdb_size,
	       "a field outside the CDB");
	if (cdb_reserving(cdb) != Reserving::none)
		expect(cdb_beside(cdb) == Beside::nothing, "what reserves is let past a reservation");
	expect(cdb_beside(cdb) != Beside::always_to_allow, "not resolved");
}

// Only the operation code and the service action tell commands apart.
void row_goes_by_action(const u8 *cdb, DeviceClass of)
{
	u8 bare[cdb_size]{};
	bare[0] = cdb[0];
	bare[1] = cdb[1] & 0x1f;
	bare[8] = cdb[8];
	bare[9] = cdb[9];
	expect(&cdb_row(cdb, of) == &cdb_row(bare, of), "a command is another by what it carries");
	expect(&cdb_reservation_row(cdb) == &cdb_reservation_row(bare), "the same for reservations");
}

struct Extent {
	u64 from, blocks;
};

// Told apart by the group of the operation code, unlike in the engine.
Extent extent(const u8 *cdb)
{
	const auto number = [&](u32 at, u32 bytes) {
		u64 value = 0;
		for (u32 i = 0; i < bytes; i++)
			value = value << 8 | cdb[at + i];
		return value;
	};
	switch (cdb[0] >> 5) {
	case 0:
		return {number(1, 3) & 0x1fffff, cdb[4] ? cdb[4] : 256u};
	case 4:
		return {number(2, 8), number(10, 4)};
	case 5:
		return {number(2, 4), number(6, 4)};
	default:
		return {number(2, 4), number(7, 2)};
	}
}

void split(Input &input, const u8 *cdb, u32 type, u32 bytes)
{
	const u32 block = vscsi_split_block(cdb, type, bytes);
	Exact piece{cdb_size};
	if (!block) {
		// Not asked for then; it must do no harm.
		vscsi_split_piece(cdb, 1, 1, piece.data());
		return;
	}
	const Extent all = extent(cdb);
	expect(all.blocks && all.blocks * block == bytes, "blocks do not make up the data");
	u64 done = 0;
	for (u32 pieces = 0; done < all.blocks && pieces < 8; pieces++) {
		const u64 left = all.blocks - done;
		u64 count = pieces == 7 ? left : 1 + input.take<u16>() % left;
		const bool six = cdb[0] < 0x20;
		if (six && count > 256)
			count = 256;
		vscsi_split_piece(cdb, static_cast<u32>(done), static_cast<u32>(count), piece.data());
		const Extent part = extent(piece.data());
		expect(part.from == all.from + done && part.blocks == count, "a piece of somewhere else");
		expect(piece.data()[0] == cdb[0] && piece.data()[cdb_size - 1] == cdb[cdb_size - 1] &&
			       (piece.data()[1] & 0xe0) == (cdb[1] & 0xe0),
		       "a piece has other flags");
		done += count;
	}
	expect(done == all.blocks, "pieces do not make up the command");
}

} // namespace

void cdb(Input input)
{
	static Exact memory{cdb_size};
	u8 *const cdb = memory.data();
	input.fill(cdb, cdb_size);
	constexpr u8 types[] = {0x00, 0x01, 0x05, 0x08, 0x04, 0x07, 0x0e, 0x14, 0x03, 0x1f, 0x1e};
	const u32 type = types[input.below(sizeof types)];
	const u8 flags = input.take<u8>();
	const u32 bytes = input.take<u32>();
	const u32 said = input.take<u16>();
	const vscsi_cdb_view view{cdb,  1u + (flags >> 2 & 3), bytes,
				  type, (flags & 1) != 0,      (flags & 2) != 0};
	const CdbRow &row = cdb_row(cdb, device_class(type));
	verdicts(view, row);
	traits(cdb, type, said, row);
	row_goes_by_action(cdb, device_class(type));
	split(input, cdb, type, bytes);
	(void)vscsi_cdb_hears_attention(cdb);
}

} // namespace fuzz
