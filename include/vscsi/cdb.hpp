// SPDX-License-Identifier: GPL-2.0 OR MIT
// What a CDB may do: one table of the commands that the standards define, and
// the rules that follow from it.
#pragma once
#include <vscsi/engine.h>
#include <vscsi/types.hpp>

namespace vscsi
{

// Peripheral device types (SPC-4 6.6.2) by the standard that has their commands;
// one of them, or a set.
enum class DeviceClass : u8 {
	disk = 1,    // SBC-3, RBC, ZBC: types 00h, 04h, 07h, 0eh, 14h
	tape = 2,    // SSC-3: 01h
	changer = 4, // SMC-3: 08h
	cd = 8,      // MMC-6: 05h
	other = 16,
};

[[nodiscard]] constexpr DeviceClass operator|(DeviceClass a, DeviceClass b) noexcept
{
	return static_cast<DeviceClass>(static_cast<u8>(a) | static_cast<u8>(b));
}

[[nodiscard]] constexpr bool have_common(DeviceClass a, DeviceClass b) noexcept
{
	return static_cast<u8>(a) & static_cast<u8>(b);
}

[[nodiscard]] constexpr DeviceClass device_class(u32 device_type) noexcept
{
	switch (device_type) {
	case 0x00:
	case 0x04:
	case 0x07:
	case 0x0e:
	case 0x14:
		return DeviceClass::disk;
	case 0x01:
		return DeviceClass::tape;
	case 0x08:
		return DeviceClass::changer;
	case 0x05:
		return DeviceClass::cd;
	default:
		return DeviceClass::other;
	}
}

// Which way a command's data goes.
enum class Way : u8 { none, in, out, either };

// A command's data.  What goes out is there if the length field in the CDB is
// not zero, and if a bit says so where there is one.
struct CdbData {
	Way way = Way::none;
	u8 length_at = 0;
	u8 length_bytes = 0; // 0: there is no such field, and always data
	u8 flag_at = 0;
	u8 flag = 0;               // 0: there is no such bit
	bool without_data = false; // what the bit says when it is set
};

// Of a command; one, or a set.
enum class Trait : u8 {
	writes = 1,      // changes the medium, or may
	plain = 2,       // reads or writes blocks of a disk, and nothing else
	prompt = 4,      // waits for nothing but the medium
	unsupported = 8, // target core shall not: INVALID COMMAND OPERATION CODE
	refused = 16,    // target core shall not: INVALID FIELD IN CDB
	lasting = 32,    // may take hours
};

[[nodiscard]] constexpr Trait operator|(Trait a, Trait b) noexcept
{
	return static_cast<Trait>(static_cast<u8>(a) | static_cast<u8>(b));
}

// Whether a command is allowed where another I_T nexus has reserved (SPC-2 5.5.1
// table 10, SPC-4 5.9.1 table 66, SSC-3 table 15).  What changes the medium, its
// position, or the device, is not, also where reading is.
enum class Beside : u8 {
	nothing,
	write_exclusive, // allowed beside a persistent reservation of these types
	any_persistent,  // allowed beside a persistent reservation
	always,
	always_to_allow, // PREVENT ALLOW MEDIUM REMOVAL: always, unless it prevents
};

// What a command does to reservations itself.
enum class Reserving : u8 { none, reserve, release, persistent_out };

// Aligned so that a row is found without a multiplication.
struct alignas(16) CdbRow {
	u8 opcode;
	u16 action; // service action, or any_action
	DeviceClass classes;
	CdbData data;
	Trait traits{};
	Beside beside = Beside::nothing;
	Reserving reserving = Reserving::none;

	[[nodiscard]] constexpr bool is(Trait trait) const noexcept
	{
		return static_cast<u8>(traits) & static_cast<u8>(trait);
	}
};

inline constexpr u16 any_action = 0xffff;

// The row of a CDB; always one, also for what no standard knows.
[[nodiscard]] const CdbRow &cdb_row(const u8 *cdb, DeviceClass of) noexcept;
// Reservations go by the operation code and the service action, whatever the device is.
[[nodiscard]] const CdbRow &cdb_reservation_row(const u8 *cdb) noexcept;

// VSCSI_CDB_*; see engine.h for these.
[[nodiscard]] int cdb_verdict(const vscsi_cdb_view &view) noexcept;
[[nodiscard]] u32 cdb_bytes(const u8 *cdb, u32 said) noexcept;
[[nodiscard]] bool cdb_may_wait(const u8 *cdb, u32 device_type) noexcept;
[[nodiscard]] bool cdb_is_plain(const u8 *cdb, u32 direction, u32 device_type) noexcept;
[[nodiscard]] u32 cdb_time_limit(const u8 *cdb, u32 device_type, u32 said) noexcept;
// always_to_allow is resolved.
[[nodiscard]] Beside cdb_beside(const u8 *cdb) noexcept;
[[nodiscard]] Reserving cdb_reserving(const u8 *cdb) noexcept;

} // namespace vscsi
