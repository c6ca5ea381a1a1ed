// SPDX-License-Identifier: GPL-2.0 OR MIT
// The commands that guests send, written down apart from the engine's table.
#pragma once
#include <array>

#include "request.hpp"

namespace sim
{

enum class Command : u8 {
	test_unit_ready,
	inquiry,
	request_sense,
	read,
	write,
	reserve,
	release,
	registration,
	persistent_reserve,
	clear,
	to_prevent,
	to_allow,
	report_luns,
	set_key,
	set_key_of_all,
	unknown,
};
inline constexpr u32 commands = static_cast<u32>(Command::unknown);

struct Nature {
	Command command;
	u8 opcode;
	u8 direction;
	bool writes;         // the medium
	bool beside_reserve; // may be carried out though another has RESERVE
	bool reserves;
	bool persistent;
};

inline constexpr std::array<Nature, commands> natures{{
	{Command::test_unit_ready, 0x00, VSCSI_NO_DATA, false, false, false, false},
	{Command::inquiry, 0x12, VSCSI_FROM_DEVICE, false, true, false, false},
	{Command::request_sense, 0x03, VSCSI_FROM_DEVICE, false, true, false, false},
	{Command::read, 0x28, VSCSI_FROM_DEVICE, false, false, false, false},
	{Command::write, 0x2a, VSCSI_TO_DEVICE, true, false, false, false},
	{Command::reserve, 0x16, VSCSI_NO_DATA, false, false, true, false},
	{Command::release, 0x17, VSCSI_NO_DATA, false, true, true, false},
	{Command::registration, 0x5f, VSCSI_TO_DEVICE, false, false, true, true},
	{Command::persistent_reserve, 0x5f, VSCSI_TO_DEVICE, false, false, true, true},
	{Command::clear, 0x5f, VSCSI_TO_DEVICE, false, false, true, true},
	{Command::to_prevent, 0x1e, VSCSI_NO_DATA, false, false, false, false},
	{Command::to_allow, 0x1e, VSCSI_NO_DATA, false, true, false, false},
	{Command::report_luns, 0xa0, VSCSI_FROM_DEVICE, false, true, false, false},
	{Command::set_key, 0xb5, VSCSI_TO_DEVICE, false, false, false, false},
	{Command::set_key_of_all, 0xb5, VSCSI_TO_DEVICE, false, false, false, false},
}};

inline constexpr u8 exclusive_access = 3;
inline constexpr u32 block_bytes = 512;
// Its last four bytes are of no command here: they tell requests apart.
inline constexpr u32 uid_at = 12;

inline void put_be(std::array<u8, 16> &cdb, u32 at, u32 bytes, u32 value)
{
	for (u32 i = 0; i < bytes; i++)
		cdb[at + i] = static_cast<u8>(value >> (8 * (bytes - 1 - i)));
}
inline u32 get_be(const u8 *cdb, u32 at, u32 bytes)
{
	u32 value = 0;
	for (u32 i = 0; i < bytes; i++)
		value = value << 8 | cdb[at + i];
	return value;
}

inline std::array<u8, 16> cdb_of(Command command, u32 bytes, u32 uid)
{
	std::array<u8, 16> cdb{natures[static_cast<u32>(command)].opcode};
	switch (command) {
	case Command::inquiry:
	case Command::request_sense:
		cdb[4] = 36;
		break;
	case Command::read:
	case Command::write:
		put_be(cdb, 2, 4, uid * 7);
		put_be(cdb, 7, 2, bytes / block_bytes);
		break;
	case Command::registration:
		cdb[1] = 6;
		cdb[8] = 24;
		break;
	case Command::persistent_reserve:
		cdb[1] = 1;
		cdb[2] = exclusive_access;
		cdb[8] = 24;
		break;
	case Command::clear:
		cdb[1] = 3;
		cdb[8] = 24;
		break;
	case Command::to_prevent:
		cdb[4] = 1;
		break;
	case Command::report_luns:
		put_be(cdb, 6, 4, bytes);
		break;
	case Command::set_key:
	case Command::set_key_of_all:
		cdb[1] = 0x20;
		cdb[3] = 0x10;
		cdb[4] = command == Command::set_key_of_all; // tells them apart; reserved
		put_be(cdb, 6, 4, bytes);
		break;
	default:
		break;
	}
	put_be(cdb, uid_at, 4, uid);
	return cdb;
}

inline Command command_of(const std::array<u8, 16> &cdb)
{
	for (const auto &nature : natures) {
		if (nature.opcode != cdb[0])
			continue;
		const u8 action = cdb[1] & 0x1f;
		if ((nature.command == Command::registration && action != 6) ||
		    (nature.command == Command::persistent_reserve && action != 1) ||
		    (nature.command == Command::clear && action != 3) ||
		    (nature.command == Command::to_prevent && !(cdb[4] & 3)) ||
		    (nature.command == Command::set_key &&
		     (cdb[1] != 0x20 || cdb[2] || cdb[3] != 0x10 || cdb[4])) ||
		    (nature.command == Command::set_key_of_all &&
		     (cdb[1] != 0x20 || cdb[2] || cdb[3] != 0x10)))
			continue;
		return nature.command;
	}
	return Command::unknown;
}

} // namespace sim
