// SPDX-License-Identifier: GPL-2.0 OR MIT
// Capacity, registrations of other ports, and reads and writes in pieces.
#include <algorithm>
#include <array>
#include <cstring>
#include <gtest/gtest.h>
#include <numeric>
#include <vector>
#include <vscsi/disk.h>

namespace
{

using u8 = vscsi_u8;
using u32 = vscsi_u32;
using u64 = vscsi_u64;
using Cdb = std::array<u8, VSCSI_CDB_BYTES>;
using Bytes = std::vector<u8>;

constexpr u32 disk = 0x00, tape = 0x01, cd = 0x05;

constexpr vscsi_capacity thin{0x1122334455667788, 4096, 0x1234, 3, 0x03, true, true};
constexpr Cdb read_capacity10{0x25};
constexpr Cdb read_capacity16{0x9e, 0x10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 32};

Bytes capacity(const vscsi_capacity &of, const Cdb &cdb)
{
	Bytes out(VSCSI_CAPACITY_BYTES, 0xee);
	out.resize(vscsi_capacity_answer(&of, cdb.data(), out.data()));
	return out;
}

TEST(Capacity, ShortAnswer)
{
	EXPECT_EQ(capacity({0xfffffffe, 512, 0, 0, 0, false, false}, read_capacity10),
		  (Bytes{0xff, 0xff, 0xff, 0xfe, 0, 0, 2, 0}));
	EXPECT_EQ(capacity(thin, read_capacity10), (Bytes{0xff, 0xff, 0xff, 0xff, 0, 0, 0x10, 0}))
		<< "more than it can say";
}

TEST(Capacity, LongAnswer)
{
	Bytes wanted{0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0, 0, 0x10, 0, 3, 3, 0xd2, 0x34};
	wanted.resize(VSCSI_CAPACITY_BYTES);
	EXPECT_EQ(capacity(thin, read_capacity16), wanted);
	EXPECT_EQ(capacity({0, 512, 0, 0, 0, true, false}, read_capacity16)[14], 0x80);
	EXPECT_EQ(capacity({0, 512, 0, 0, 0, false, true}, read_capacity16)[14], 0);
}

TEST(Capacity, OfNothingElse)
{
	Cdb part = read_capacity10;
	part[5] = 1;
	EXPECT_TRUE(capacity(thin, part).empty());
	for (u32 opcode = 0; opcode < 256; opcode++)
		for (u32 action = 0; action < 32; action++) {
			const Cdb cdb{static_cast<u8>(opcode), static_cast<u8>(action)};
			const bool is = opcode == 0x25 || (opcode == 0x9e && action == 0x10);
			EXPECT_EQ(capacity(thin, cdb).empty(), !is) << opcode << ' ' << action;
		}
}

TEST(Attention, IsNotHeardByThree)
{
	for (u32 opcode = 0; opcode < 256; opcode++) {
		const Cdb cdb{static_cast<u8>(opcode)};
		EXPECT_EQ(vscsi_cdb_hears_attention(cdb.data()),
			  opcode != 0x03 && opcode != 0x12 && opcode != 0xa0)
			<< opcode;
	}
}

bool registers_others(u8 action, u8 bits, std::size_t bytes = 24, u8 opcode = 0x5f, u8 key = 0xa1)
{
	const Cdb cdb{opcode, action, 0, 0, 0, 0, 0, 0, 24};
	Bytes data(24);
	data[15] = key;
	data[20] = bits;
	data.resize(bytes);
	return vscsi_registers_other_ports(cdb.data(), data.data(), static_cast<u32>(bytes));
}

TEST(OtherPorts, AreNotRegistered)
{
	for (u32 bits = 0; bits < 256; bits++)
		for (u32 action = 0; action < 32; action++)
			EXPECT_EQ(registers_others(static_cast<u8>(action), static_cast<u8>(bits)),
				  (action == 0 || action == 6) && (bits & 0x0c))
				<< action << ' ' << bits;
	EXPECT_FALSE(registers_others(0, 0x0c, 20)) << "not all of it came";
	EXPECT_TRUE(registers_others(0, 0x0c, 21));
	EXPECT_FALSE(registers_others(0, 0x0c, 24, 0x5e));
	EXPECT_FALSE(registers_others(0, 0x04, 24, 0x5f, 0)) << "ends one that was made with the bit";
	EXPECT_TRUE(registers_others(0, 0x08, 24, 0x5f, 0));
}

Bytes hidden(u8 opcode, u8 action, Bytes data)
{
	const Cdb cdb{opcode, action};
	vscsi_hide_other_ports(cdb.data(), data.data(), static_cast<u32>(data.size()));
	return data;
}

TEST(OtherPorts, AreNotOffered)
{
	EXPECT_EQ(hidden(0x5e, 2, {0, 8, 0xff, 0xff}), (Bytes{0, 8, 0xf3, 0xff}));
	EXPECT_EQ(hidden(0x5e, 2, {0, 8, 0x0c}), (Bytes{0, 8, 0}));
	EXPECT_EQ(hidden(0x5e, 2, {0, 8}), (Bytes{0, 8}));
	EXPECT_EQ(hidden(0x5e, 1, {0, 8, 0xff}), (Bytes{0, 8, 0xff}));
	EXPECT_EQ(hidden(0x5f, 2, {0, 8, 0xff}), (Bytes{0, 8, 0xff}));
}

Bytes implicit(const Cdb &cdb, Bytes data)
{
	vscsi_hide_explicit_alua(cdb.data(), data.data(), static_cast<u32>(data.size()));
	return data;
}

TEST(Alua, ChangesImplicitlyOnly)
{
	constexpr Cdb standard{0x12}, page{0x12, 1, 0x83}, other{0x1a};
	for (const u8 tpgs : {u8{0x10}, u8{0x20}, u8{0x30}})
		EXPECT_EQ(implicit(standard, {0, 0, 6, 2, 31, static_cast<u8>(0x8f | tpgs), 2}),
			  (Bytes{0, 0, 6, 2, 31, 0x9f, 2}));
	EXPECT_EQ(implicit(standard, {0, 0, 6, 2, 31, 0x8f}), (Bytes{0, 0, 6, 2, 31, 0x8f})) << "none";
	EXPECT_EQ(implicit(standard, {0, 0, 6, 2, 31}), (Bytes{0, 0, 6, 2, 31}));
	EXPECT_EQ(implicit(page, {0, 0, 6, 2, 31, 0x30}), (Bytes{0, 0, 6, 2, 31, 0x30}));
	EXPECT_EQ(implicit(other, {0, 0, 6, 2, 31, 0x30}), (Bytes{0, 0, 6, 2, 31, 0x30}));
}

// Where the address and the length of a command are, and what they hold.
struct Form {
	u8 opcode;
	u32 address_at, address_bits, length_at, length_bits;
};

constexpr Form forms[] = {
	{0x08, 1, 21, 4, 8},  {0x0a, 1, 21, 4, 8},   {0x28, 2, 32, 7, 16},  {0x2a, 2, 32, 7, 16},
	{0x2e, 2, 32, 7, 16}, {0x88, 2, 64, 10, 32}, {0x8a, 2, 64, 10, 32}, {0x8e, 2, 64, 10, 32},
	{0xa8, 2, 32, 6, 32}, {0xaa, 2, 32, 6, 32},  {0xae, 2, 32, 6, 32},
};

u64 get(const Cdb &cdb, u32 at, u32 bits)
{
	u64 value = 0;
	for (u32 i = 0; i < (bits + 7) / 8; i++)
		value = value << 8 | cdb[at + i];
	return bits < 64 ? value & ((u64{1} << bits) - 1) : value;
}

void put(Cdb &cdb, u32 at, u32 bits, u64 value)
{
	for (u32 i = (bits + 7) / 8; i-- > 0; value >>= 8)
		cdb[at + i] = static_cast<u8>(cdb[at + i] | (value & 0xff));
}

Cdb command(const Form &form, u64 address, u64 length)
{
	Cdb cdb{form.opcode};
	put(cdb, form.address_at, form.address_bits, address);
	put(cdb, form.length_at, form.length_bits, length);
	return cdb;
}

TEST(Split, PiecesAreTheWhole)
{
	for (const Form &form : forms) {
		const u64 first = form.address_bits == 64 ? 0x123456789abcdef0 : 0x12345;
		Cdb cdb = command(form, first, 200);
		cdb[1] |= form.address_bits == 21 ? 0xa0 : 0xb8; // LUN of SCSI-2; protection, DPO and FUA
		cdb[15] = form.length_at == 10 ? 0x55 : 0;
		ASSERT_EQ(vscsi_split_block(cdb.data(), disk, 200 * 512), 512u) << int{form.opcode};
		EXPECT_EQ(vscsi_split_block(cdb.data(), cd, 200 * 2048), 2048u);
		EXPECT_EQ(vscsi_split_block(cdb.data(), tape, 200 * 512), 0u);
		EXPECT_EQ(vscsi_split_block(cdb.data(), disk, 200 * 512 + 1), 0u) << "not of whole blocks";

		Cdb piece;
		vscsi_split_piece(cdb.data(), 0, 200, piece.data());
		EXPECT_EQ(piece, cdb);
		vscsi_split_piece(cdb.data(), 150, 50, piece.data());
		EXPECT_EQ(get(piece, form.address_at, form.address_bits), first + 150);
		EXPECT_EQ(get(piece, form.length_at, form.length_bits), 50u);
		for (u32 i = 0; i < VSCSI_CDB_BYTES; i++) {
			const bool address = i - form.address_at < (form.address_bits + 7) / 8;
			const bool length = i - form.length_at < form.length_bits / 8;
			EXPECT_TRUE(address || length || piece[i] == cdb[i]) << int{form.opcode} << ' ' << i;
		}
		if (form.address_bits == 21) {
			EXPECT_EQ(piece[1] & 0xe0, 0xa0);
		}
	}
}

TEST(Split, NeverBeyondTheLastAddress)
{
	for (const Form &form : forms) {
		const u64 last = form.address_bits == 64 ? ~u64{0} : (u64{1} << form.address_bits) - 1;
		EXPECT_EQ(vscsi_split_block(command(form, last - 99, 100).data(), disk, 51200), 512u);
		EXPECT_EQ(vscsi_split_block(command(form, last - 98, 100).data(), disk, 51200), 0u)
			<< int{form.opcode};
	}
}

TEST(Split, NoBlocks)
{
	for (const Form &form : forms) {
		const u32 wanted = form.address_bits == 21 ? 512 : 0;
		EXPECT_EQ(vscsi_split_block(command(form, 7, 0).data(), disk, 256 * 512), wanted);
	}
	Cdb piece;
	vscsi_split_piece(command(forms[0], 7, 0).data(), 128, 128, piece.data());
	EXPECT_EQ(piece, command(forms[0], 7 + 128, 128));
}

TEST(Split, NothingElse)
{
	for (u32 opcode = 0; opcode < 256; opcode++) {
		const Form like{static_cast<u8>(opcode), 2, 32, 6, 32};
		const bool known = std::any_of(std::begin(forms), std::end(forms),
					       [&](const Form &form) { return form.opcode == opcode; });
		if (!known) {
			EXPECT_EQ(vscsi_split_block(command(like, 0, 8).data(), disk, 4096), 0u) << opcode;
		}
	}
	Cdb relative = command(forms[2], 8, 8);
	relative[1] |= 1;
	EXPECT_EQ(vscsi_split_block(relative.data(), disk, 4096), 0u);
}

} // namespace
