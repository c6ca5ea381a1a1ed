// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <vscsi/big_endian.hpp>
#include <vscsi/disk.hpp>

namespace vscsi
{
namespace
{

constexpr u8 inquiry = 0x12;
constexpr u8 request_sense = 0x03;
constexpr u8 read_capacity10 = 0x25;
constexpr u8 service_action_in16 = 0x9e;
constexpr u8 report_luns = 0xa0;
constexpr u8 read_capacity16 = 0x10;

// LOGICAL BLOCK ADDRESS and PMI, of SBC-2: of an address there is nothing to say.
constexpr bool asks_for_part(const u8 *cdb) noexcept
{
	for (u32 i = 2; i < 6; i++)
		if (cdb[i])
			return true;
	return false;
}

constexpr u32 short_answer(const vscsi_capacity &capacity, Span<u8> out) noexcept
{
	constexpr u64 too_many = 0xffffffff;
	put_big_endian(out, 0, 4, capacity.last_lba < too_many ? capacity.last_lba : too_many);
	put_big_endian(out, 4, 4, capacity.block_bytes);
	return 8;
}

constexpr u32 long_answer(const vscsi_capacity &capacity, Span<u8> out) noexcept
{
	for (u8 &byte : out)
		byte = 0;
	put_big_endian(out, 0, 8, capacity.last_lba);
	put_big_endian(out, 8, 4, capacity.block_bytes);
	out[12] = capacity.protection & 0x0f;
	out[13] = capacity.physical_exponent & 0x0f;
	put_big_endian(out, 14, 2, capacity.lowest_aligned & 0x3fff);
	if (capacity.thin)
		out[14] |= capacity.thin_reads_zeros ? 0xc0 : 0x80;
	return VSCSI_CAPACITY_BYTES;
}

} // namespace

u32 capacity_answer(const vscsi_capacity &capacity, const u8 *cdb, Span<u8> out) noexcept
{
	if (cdb[0] == read_capacity10)
		return asks_for_part(cdb) ? 0 : short_answer(capacity, out);
	if (cdb[0] == service_action_in16 && (cdb[1] & 0x1f) == read_capacity16)
		return long_answer(capacity, out);
	return 0;
}

bool cdb_hears_attention(const u8 *cdb) noexcept
{
	return cdb[0] != inquiry && cdb[0] != request_sense && cdb[0] != report_luns;
}

} // namespace vscsi
