// SPDX-License-Identifier: GPL-2.0 OR MIT
// What is changed in a device's answer, or read from what a guest sends: each byte that
// may change is named here, and all others stay.
#include <set>
#include <vector>
#include <vscsi/disk.h>
#include <vscsi/sharing.h>

#include "harness.hpp"

namespace fuzz
{
namespace
{

using Bytes = std::vector<u8>;

u64 number(const Bytes &from, u32 at, u32 bytes)
{
	u64 value = 0;
	for (u32 i = 0; i < bytes; i++)
		value = value << 8 | from[at + i];
	return value;
}

void same_but(const Bytes &before, const u8 *after, std::size_t first, std::size_t count)
{
	for (std::size_t i = 0; i < before.size(); i++)
		expect(before[i] == after[i] || (i >= first && i < first + count), "another byte is changed");
}

void mode_sense(const u8 *cdb, const Bytes &before, u8 *data)
{
	vscsi_protect_mode_sense(cdb, data, static_cast<u32>(before.size()));
	const u32 at = cdb[0] == 0x1a ? 2 : 3;
	if ((cdb[0] != 0x1a && cdb[0] != 0x5a) || before.size() <= at)
		return same_but(before, data, 0, 0);
	same_but(before, data, at, 1);
	expect(data[at] == (before[at] | 0x80), "not write protected");
}

void block_limits(Input &input, const Bytes &before, u8 *data)
{
	const u32 blocks = input.take<u32>();
	vscsi_widen_block_limits(data, static_cast<u32>(before.size()), blocks);
	if (before.size() < 16 || before[1] != 0xb0)
		return same_but(before, data, 0, 0);
	same_but(before, data, 8, 8);
	const Bytes after(data, data + before.size());
	const u64 was = number(before, 8, 4), is = number(after, 8, 4);
	expect(is == was || (is == blocks && was && was < blocks), "a limit of nobody's");
	const u64 best = number(after, 12, 4);
	expect(best == number(before, 12, 4) || (best == blocks && best == is), "an optimum beyond it");
	expect(!was || is >= was, "a limit that is lower");
}

void reservations(const u8 *cdb, const Bytes &before, u8 *data)
{
	const auto bytes = static_cast<u32>(before.size());
	const bool others = vscsi_registers_other_ports(cdb, data, bytes);
	same_but(before, data, 0, 0);
	expect(!others || (cdb[0] == 0x5f && bytes > 20 && (before[20] & 0x0c)), "nobody asks for that");
	vscsi_hide_other_ports(cdb, data, bytes);
	if (cdb[0] != 0x5e || (cdb[1] & 0x1f) != 2 || bytes <= 2)
		return same_but(before, data, 0, 0);
	same_but(before, data, 2, 1);
	expect(data[2] == (before[2] & 0xf3), "what cannot be done is offered");
}

void alua(const u8 *cdb, const Bytes &before, u8 *data)
{
	vscsi_hide_explicit_alua(cdb, data, static_cast<u32>(before.size()));
	if (cdb[0] != 0x12 || (cdb[1] & 1) || before.size() <= 5)
		return same_but(before, data, 0, 0);
	same_but(before, data, 5, 1);
	expect(!(data[5] & 0x20) && (data[5] & 0xcf) == (before[5] & 0xcf), "states can be set explicitly");
	expect((data[5] & 0x30) == (before[5] & 0x30 ? 0x10 : 0), "no states, and yet some");
}

void capacity(Input &input, const u8 *cdb)
{
	vscsi_capacity disk{};
	disk.last_lba = input.take<u64>();
	disk.block_bytes = input.take<u32>();
	disk.lowest_aligned = input.take<u16>();
	disk.physical_exponent = input.take<u8>();
	disk.protection = input.take<u8>();
	disk.thin = input.flag();
	disk.thin_reads_zeros = input.flag();
	Exact out{VSCSI_CAPACITY_BYTES};
	const u32 bytes = vscsi_capacity_answer(&disk, cdb, out.data());
	expect(bytes == 0 || bytes == 8 || bytes == VSCSI_CAPACITY_BYTES, "an answer of another length");
	if (!bytes)
		return;
	const Bytes answer(out.data(), out.data() + bytes);
	const bool is_long = bytes == VSCSI_CAPACITY_BYTES;
	expect(cdb[0] == (is_long ? 0x9e : 0x25), "an answer to something else");
	const u64 last = number(answer, 0, is_long ? 8 : 4);
	expect(is_long || disk.last_lba < 0xffffffff ? last == disk.last_lba : last == 0xffffffff,
	       "another size");
	expect(number(answer, is_long ? 8 : 4, 4) == disk.block_bytes, "blocks of another size");
	if (is_long)
		expect(((answer[14] & 0x80) != 0) == disk.thin && (disk.thin || !(answer[14] & 0x40)),
		       "provisioned in another way");
}

bool same(const vscsi_key_owners &owners, const std::set<u32> &wanted)
{
	std::set<u32> found(std::begin(owners.nexus), std::end(owners.nexus));
	found.erase(0);
	return found == wanted;
}

void clears_no_other(const vscsi_keys &have, int which)
{
	Exact cdb{12}, data{VSCSI_CLEAR_KEYS_BYTES};
	vscsi_keys_clear(&have, which, cdb.data(), data.data());
	vscsi_keys cleared{{{9}}, {{9}}, have.algorithm};
	const vscsi_gate_outcome well{data.data(), VSCSI_CLEAR_KEYS_BYTES, 0, VSCSI_EFFECT_ALL, 0, false};
	(void)vscsi_keys_note(&cleared, 5, cdb.data(), &well);
	const bool all = which == VSCSI_GATE_CLEAR_ALL_KEYS;
	expect(same(all ? cleared.all : cleared.own, {}) && same(all ? cleared.own : cleared.all, {9}),
	       "what clears a key does not, or clears the other");
}

// Whose keys a drive has, beside a plain account of it.
void keys(Input &input)
{
	vscsi_keys have{};
	std::set<u32> own, all;
	while (!input.empty()) {
		const u32 nexus = 2 * input.below(3) + 7;
		if (input.flag()) {
			const int which = vscsi_keys_ended(&have, nexus, true);
			expect(which == ((own.count(nexus) ? VSCSI_GATE_CLEAR_KEYS : 0) |
					 (all.count(nexus) ? VSCSI_GATE_CLEAR_ALL_KEYS : 0)),
			       "other keys than its own are cleared, or its own are kept");
			for (auto *owners : {&own, &all})
				if (owners->count(nexus))
					owners->clear();
			expect(same(have.own, own) && same(have.all, all), "an end is not noted");
			clears_no_other(have, which);
			continue;
		}
		Exact cdb{16};
		std::memset(cdb.data(), 0, cdb.size());
		cdb.data()[0] = 0xb5;
		cdb.data()[1] = 0x20;
		cdb.data()[3] = 0x10;
		const u8 bad = input.take<u8>();
		if (bad < 4)
			cdb.data()[bad] ^= 0x40;
		const u32 effect = bad & 0x80 ? VSCSI_EFFECT_UNKNOWN : VSCSI_EFFECT_ALL;
		Exact data{input.below(24)};
		input.fill(data.data(), data.size());
		const vscsi_gate_outcome outcome{data.data(), static_cast<u32>(data.size()), 0, effect, 0,
						 false};
		const int replaced = vscsi_keys_note(&have, nexus, cdb.data(), &outcome);
		std::set<u32> *owners = nullptr;
		if (bad >= 4 && data.size() > 8 && data.data()[4] >> 5 <= 2)
			owners = data.data()[4] >> 5 == 2 ? &all : &own;
		const bool known = owners && effect == VSCSI_EFFECT_ALL;
		if (known)
			owners->clear();
		if (owners && data.data()[4] >> 5 && (data.data()[6] || data.data()[7]))
			owners->insert(nexus);
		expect(replaced == (!known           ? 0
				    : owners == &all ? VSCSI_GATE_CLEAR_ALL_KEYS
						     : VSCSI_GATE_CLEAR_KEYS),
		       "what is replaced is owed, or what is not is forgotten");
		expect(same(have.own, own) && same(have.all, all), "whose key it is is not known");
	}
}

} // namespace

void answers(Input input)
{
	static Exact cdb{VSCSI_CDB_BYTES};
	const u32 what = input.below(6);
	if (what == 5)
		return keys(input);
	input.fill(cdb.data(), cdb.size());
	if (what == 4)
		return capacity(input, cdb.data());
	const u8 extra = input.take<u8>();
	Bytes before(extra < input.left() ? extra : input.left());
	input.fill(before.data(), before.size());
	Exact data{before.size()};
	if (!before.empty())
		std::memcpy(data.data(), before.data(), before.size());
	switch (what) {
	case 0:
		return mode_sense(cdb.data(), before, data.data());
	case 1:
		return block_limits(input, before, data.data());
	case 2:
		return reservations(cdb.data(), before, data.data());
	default:
		return alua(cdb.data(), before, data.data());
	}
}

} // namespace fuzz
