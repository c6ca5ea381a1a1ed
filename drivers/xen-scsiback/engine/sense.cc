// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <vscsi/sense.hpp>

namespace vscsi
{
namespace
{

constexpr u32 valid_bit = 0x80;

constexpr bool is_fixed(u32 response_code) noexcept
{
	return response_code == 0x70 || response_code == 0x71;
}

constexpr bool is_descriptor(u32 response_code) noexcept
{
	return response_code == 0x72 || response_code == 0x73;
}

// Byte 7 of fixed format: how many bytes follow it.
constexpr u32 fixed_bytes(Span<const u8> sense) noexcept
{
	constexpr u32 header = 8;
	if (sense.size() < header)
		return static_cast<u32>(sense.size());
	const u32 said = header + sense[7];
	return said < sense.size() ? said : static_cast<u32>(sense.size());
}

constexpr u8 byte_or_zero(Span<const u8> sense, u32 at, u32 bytes) noexcept
{
	return at < bytes ? sense[at] : u8{0};
}

// SCSI status (SAM-5 5.3.1) and sense key (SPC-4 4.5.6).
constexpr u8 check_condition = 0x02;
constexpr u8 busy = 0x08;
constexpr u8 reservation_conflict = 0x18;
constexpr u8 task_aborted = 0x40;
constexpr u8 recovered_error = 0x1;
constexpr u8 not_ready = 0x2;
constexpr u8 medium_error = 0x3;
constexpr u8 illegal_request = 0x5;
constexpr u8 unit_attention = 0x6;
constexpr u8 data_protect = 0x7;
constexpr u8 aborted_command = 0xb;

// Linux's numbers, which are the same on all architectures that Xen has.
enum Errno : u32 {
	try_again = 11,
	no_memory = 12,
	device_busy = 16,
	no_device = 19, // gone for good
	no_space = 28,
	bad_exchange = 52, // reserved for another
	no_data = 61,      // the medium is bad
	link_severed = 67,
	bad_sequence = 84, // protection information does not fit
	not_supported = 95,
	timed_out = 110,
	remote_io = 121, // the target refuses it
	over_quota = 122,
};

constexpr vscsi_block_answer host(u8 result) noexcept
{
	return {result, 0, 0, 0, 0};
}

constexpr vscsi_block_answer status(u8 code) noexcept
{
	return {VSCSI_HOST_OK, code, 0, 0, 0};
}

constexpr vscsi_block_answer check(u8 key, u8 code, u8 qualifier) noexcept
{
	return {VSCSI_HOST_OK, check_condition, key, code, qualifier};
}

// SPC-4 4.5.7: of an earlier command; this one was not carried out.
constexpr bool is_deferred(u8 first) noexcept
{
	return (first & ~valid_bit) == 0x71 || (first & ~valid_bit) == 0x73;
}

u32 effect_of_check(Span<const u8> sense) noexcept
{
	const vscsi_sense found = sense_of(sense);
	if (!found.valid)
		return VSCSI_EFFECT_UNKNOWN;
	if (is_deferred(sense[0]))
		return VSCSI_EFFECT_NONE;
	switch (found.key) {
	case recovered_error:
		return VSCSI_EFFECT_ALL;
	case not_ready:
	case illegal_request:
	case unit_attention:
	case data_protect:
		return VSCSI_EFFECT_NONE;
	default:
		return VSCSI_EFFECT_UNKNOWN;
	}
}

} // namespace

// SPC-4 4.5.2 and 4.5.3.  In fixed format the additional sense code may be missing.
vscsi_sense sense_of(Span<const u8> sense) noexcept
{
	constexpr u32 fixed_key = 2;
	constexpr u32 descriptor_qualifier = 3;
	if (sense.empty())
		return {};
	const u32 response_code = sense[0] & ~valid_bit;
	if (is_descriptor(response_code) && sense.size() > descriptor_qualifier)
		return {static_cast<u8>(sense[1] & 0xf), sense[2], sense[3], true};
	if (!is_fixed(response_code) || sense.size() <= fixed_key)
		return {};
	const u32 bytes = fixed_bytes(sense);
	return {static_cast<u8>(sense[2] & 0xf), byte_or_zero(sense, 12, bytes),
		byte_or_zero(sense, 13, bytes), true};
}

u32 effect_of(u32 host, u32 status, Span<const u8> sense) noexcept
{
	if (host)
		return host == VSCSI_HOST_NO_CONNECT ? VSCSI_EFFECT_NONE : VSCSI_EFFECT_UNKNOWN;
	switch (status) {
	case 0:
		return VSCSI_EFFECT_ALL;
	case check_condition:
		return effect_of_check(sense);
	case task_aborted:
		return VSCSI_EFFECT_UNKNOWN;
	default:
		return VSCSI_EFFECT_NONE;
	}
}

vscsi_block_answer block_answer(u32 error, bool write) noexcept
{
	switch (error) {
	case 0:
		return {};
	case try_again:
	case no_memory:
	case device_busy:
		return status(busy);
	case bad_exchange:
		return status(reservation_conflict);
	case no_space:
	case over_quota: // SPACE ALLOCATION FAILED WRITE PROTECT
		return check(data_protect, 0x27, 0x07);
	case no_data: // WRITE ERROR, UNRECOVERED READ ERROR
		return check(medium_error, write ? u8{0x0c} : u8{0x11}, 0);
	case bad_sequence: // LOGICAL BLOCK GUARD CHECK FAILED
		return check(aborted_command, 0x10, 0x01);
	case not_supported: // INVALID COMMAND OPERATION CODE
		return check(illegal_request, 0x20, 0);
	case remote_io: // INVALID FIELD IN CDB
		return check(illegal_request, 0x24, 0);
	case no_device:
		return host(VSCSI_HOST_NO_CONNECT);
	case link_severed:
	case timed_out:
		return host(VSCSI_HOST_DISRUPTED);
	default: // LOGICAL UNIT COMMUNICATION FAILURE
		return check(not_ready, 0x08, 0);
	}
}

} // namespace vscsi
