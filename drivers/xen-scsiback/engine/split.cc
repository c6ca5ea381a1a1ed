// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <vscsi/big_endian.hpp>
#include <vscsi/cdb.hpp>
#include <vscsi/disk.hpp>

namespace vscsi
{
namespace
{

// READ, WRITE, and WRITE AND VERIFY of disks and CDs: where the address and the number of blocks are.
struct Fields {
	u8 opcode;
	u8 address_at, address_bytes;
	u8 length_at, length_bytes;
};

constexpr Fields commands[] = {
	{0x08, 1, 3, 4, 1}, {0x0a, 1, 3, 4, 1},  {0x28, 2, 4, 7, 2},  {0x2a, 2, 4, 7, 2},
	{0x2e, 2, 4, 7, 2}, {0x88, 2, 8, 10, 4}, {0x8a, 2, 8, 10, 4}, {0x8e, 2, 8, 10, 4},
	{0xa8, 2, 4, 6, 4}, {0xaa, 2, 4, 6, 4},  {0xae, 2, 4, 6, 4},
};

constexpr bool is_six(const Fields &fields) noexcept
{
	return fields.address_at == 1;
}

constexpr const Fields *find(const u8 *cdb) noexcept
{
	for (const auto &fields : commands)
		if (fields.opcode == cdb[0])
			return &fields;
	return nullptr;
}

// The six-byte commands have 21 bits.
constexpr u64 last_address(const Fields &fields) noexcept
{
	if (is_six(fields))
		return 0x1fffff;
	return fields.address_bytes == 8 ? ~u64{0} : 0xffffffff;
}

constexpr u64 address(const Fields &fields, Span<const u8> cdb) noexcept
{
	return get_big_endian(cdb, fields.address_at, fields.address_bytes) & last_address(fields);
}

// SBC-2: in READ(6) and WRITE(6) none is 256.
constexpr u64 length(const Fields &fields, Span<const u8> cdb) noexcept
{
	const u64 blocks = get_big_endian(cdb, fields.length_at, fields.length_bytes);
	return blocks || !is_six(fields) ? blocks : 256;
}

// RELADR of SCSI-2: the address is not one.
constexpr bool is_relative(const Fields &fields, const u8 *cdb) noexcept
{
	return !is_six(fields) && (cdb[1] & 1) && fields.address_bytes == 4;
}

} // namespace

u32 split_block(const u8 *cdb, u32 device_type, u32 bytes) noexcept
{
	const Fields *fields = find(cdb);
	if (!fields || !have_common(device_class(device_type), DeviceClass::disk | DeviceClass::cd) ||
	    is_relative(*fields, cdb))
		return 0;
	const Span<const u8> all{cdb, VSCSI_CDB_BYTES};
	const u64 blocks = length(*fields, all);
	if (!blocks || bytes % blocks || blocks - 1 > last_address(*fields) - address(*fields, all))
		return 0;
	return static_cast<u32>(bytes / blocks);
}

void split_piece(const u8 *cdb, u32 first, u32 blocks, Span<u8> out) noexcept
{
	const Fields *fields = find(cdb);
	for (u32 i = 0; i < VSCSI_CDB_BYTES; i++)
		out[i] = cdb[i];
	if (!fields)
		return;
	const u64 from = address(*fields, {cdb, VSCSI_CDB_BYTES}) + first;
	put_big_endian(out, fields->address_at, fields->address_bytes, from);
	if (is_six(*fields))
		out[1] = static_cast<u8>((cdb[1] & 0xe0) | (out[1] & 0x1f));
	put_big_endian(out, fields->length_at, fields->length_bytes, blocks);
}

} // namespace vscsi
