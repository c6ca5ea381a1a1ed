// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <vscsi/big_endian.hpp>
#include <vscsi/complaints.hpp>

namespace vscsi
{
namespace
{

// SPC-4 and SBC-3
constexpr u8 reserve6 = 0x16;
constexpr u8 release6 = 0x17;
constexpr u8 write_same10 = 0x41;
constexpr u8 unmap = 0x42;
constexpr u8 reserve10 = 0x56;
constexpr u8 release10 = 0x57;
constexpr u8 persistent_reserve_in = 0x5e;
constexpr u8 persistent_reserve_out = 0x5f;
constexpr u8 variable_length = 0x7f;
constexpr u8 receive_copy_results = 0x84;
constexpr u8 write_same16 = 0x93;

constexpr u8 illegal_request = 0x5;
constexpr u8 data_protect = 0x7;
constexpr u8 aborted_command = 0xb;
constexpr u8 miscompare = 0xe;

constexpr u64 second = 1'000'000'000;
// An honest guest asks for a lot that there is not when it starts, and then no more.
constexpr u64 at_once = 256;

// INVALID COMMAND OPERATION CODE is passed over in silence, and is what a guest's scan of its
// disks meets; not where it is for want of something else.
constexpr bool is_unknown(u8 opcode, const vscsi_sense &sense) noexcept
{
	return sense.key == illegal_request && sense.code == 0x20 && opcode != write_same10 &&
	       opcode != unmap && opcode != variable_length && opcode != receive_copy_results &&
	       opcode != write_same16 && opcode != persistent_reserve_in && opcode != persistent_reserve_out;
}

// Not what is wrong with a device: of that the block layer tells, and not too often.
constexpr bool is_refused(const vscsi_sense &sense) noexcept
{
	switch (sense.key) {
	case illegal_request:
	case aborted_command:
	case miscompare:
		return true;
	case data_protect:
		// WRITE PROTECTED; no space is another matter.
		return sense.code == 0x27 && sense.qualifier == 0;
	default:
		return false;
	}
}

constexpr bool is_about_reservations(u8 opcode) noexcept
{
	return opcode == persistent_reserve_out || opcode == persistent_reserve_in || opcode == reserve6 ||
	       opcode == release6 || opcode == reserve10 || opcode == release10;
}

// UNMAP whose list says that it is longer than it is: it is carried out, and told of.
constexpr bool is_cut_off(const vscsi_complaint_view &view) noexcept
{
	constexpr u32 header = 8;
	if (view.cdb[0] != unmap || view.parameter_bytes < header)
		return false;
	const Span<const u8> list{view.parameters, view.parameter_bytes};
	return get_big_endian(list, 2, 2) + header > view.data_bytes;
}

// READ FULL STATUS that has more to say than there is room for.
constexpr bool is_full_status(const u8 *cdb) noexcept
{
	return cdb[0] == persistent_reserve_in && (cdb[1] & 0x1f) == 3;
}

} // namespace

bool complains(const vscsi_complaint_view &view) noexcept
{
	constexpr u32 good = 0x00;
	constexpr u32 check_condition = 0x02;
	constexpr u32 reservation_conflict = 0x18;
	switch (view.status) {
	case good:
		return is_cut_off(view) || is_full_status(view.cdb);
	case check_condition:
		return is_refused(view.sense) && !is_unknown(view.cdb[0], view.sense);
	case reservation_conflict:
		return is_about_reservations(view.cdb[0]);
	default:
		return false;
	}
}

u64 paid_until(u64 before, u64 now, u32 a_second) noexcept
{
	const u64 each = second / (a_second ? a_second : 1);
	const u64 oldest = now > at_once * each ? now - at_once * each : 0;
	return (before > oldest ? before : oldest) + each;
}

} // namespace vscsi
