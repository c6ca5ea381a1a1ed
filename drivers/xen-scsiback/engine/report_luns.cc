// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <vscsi/report_luns.hpp>

namespace vscsi
{
namespace
{

constexpr u32 entry_bytes = 8;

enum class Select : u8 { ordinary = 0, well_known = 1, all = 2 };

constexpr u8 test_unit_ready = 0x00;
constexpr u8 request_sense = 0x03;
constexpr u8 inquiry = 0x12;
constexpr u8 report_luns_opcode = 0xa0;

constexpr u8 status_check_condition = 0x02;

// Fixed format (SPC-4 4.5.3): ILLEGAL REQUEST with a code, or nothing to say.
constexpr u8 sense_invalid_opcode[18] = {0x70, 0, 0x05, 0, 0, 0, 0, 10, 0, 0, 0, 0, 0x20, 0};
constexpr u8 sense_invalid_field[18] = {0x70, 0, 0x05, 0, 0, 0, 0, 10, 0, 0, 0, 0, 0x24, 0};
constexpr u8 sense_nothing[18] = {0x70, 0, 0, 0, 0, 0, 0, 10};

// SPC-4 6.4.2: a well known logical unit (type 1eh), SPC-4, with command queuing.
constexpr u8 inquiry_data[36] = {0x1e, 0,   0x06, 0x02, 31,  0,   0,   0x02, 'X', 'E', 'N', ' ',
				 ' ',  ' ', ' ',  ' ',  'P', 'V', ' ', 'S',  'C', 'S', 'I', ' ',
				 ' ',  ' ', ' ',  ' ',  ' ', ' ', ' ', ' ',  '1', ' ', ' ', ' '};

// SAM-5 4.7.7: peripheral device addressing, or flat space addressing.
constexpr u32 lun_field(u32 lun) noexcept
{
	constexpr u32 flat = 0x4000;
	return lun < 256 || lun == report_luns_well_known ? lun : flat | lun;
}

constexpr void put(Span<u8> out, u32 at, u32 begin, const u8 (&record)[entry_bytes]) noexcept
{
	for (u32 i = 0; i < entry_bytes && at - begin + i < out.size(); i++)
		out[at - begin + i] = record[i];
}

constexpr u32 copied(Span<const u8> from, u32 allocation_length, Span<u8> out) noexcept
{
	std::size_t length = from.size() < out.size() ? from.size() : out.size();
	if (length > allocation_length)
		length = allocation_length;
	for (std::size_t i = 0; i < length; i++)
		out[i] = from[i];
	return static_cast<u32>(length);
}

void refuse(vscsi_result &result, const u8 (&sense)[18]) noexcept
{
	result.status = status_check_condition;
	result.sense = sense;
	result.sense_bytes = sizeof sense;
}

} // namespace

bool report_luns_valid(const u8 *cdb) noexcept
{
	return cdb[2] <= static_cast<u8>(Select::all);
}

u32 report_luns(const LunMap &luns, Target target, const u8 *cdb, u32 offset, Span<u8> out) noexcept
{
	const auto select = static_cast<Select>(cdb[2]);
	const u32 well_known = select != Select::ordinary;
	const auto entries = select == Select::well_known ? Span<const LunMap::Entry>{}
							  : luns.of_target(target.channel, target.id);
	const u32 count = well_known + static_cast<u32>(entries.size());
	const u32 list = count * entry_bytes;
	const u32 total = list + entry_bytes;
	const u32 end = offset + static_cast<u32>(out.size());

	for (u32 at = offset; at < end && at < total; at += entry_bytes) {
		u8 record[entry_bytes]{};
		const u32 index = at / entry_bytes;
		if (index == 0) {
			for (u32 i = 0; i < 4; i++)
				record[i] = static_cast<u8>(list >> (24 - 8 * i));
		} else {
			const bool first = well_known && index == 1;
			const u32 lun =
				first ? report_luns_well_known
				      : static_cast<u32>(entries[index - 1 - well_known].key & 0xffff);
			record[0] = static_cast<u8>(lun_field(lun) >> 8);
			record[1] = static_cast<u8>(lun_field(lun));
		}
		put(out, at, offset, record);
	}
	return total;
}

u32 well_known_answer(const u8 *cdb, Span<u8> out, vscsi_result &result) noexcept
{
	result = {VSCSI_HOST_OK, 0, 0, 0, nullptr};
	switch (cdb[0]) {
	case test_unit_ready:
		return 0;
	case request_sense:
		return copied({sense_nothing, sizeof sense_nothing}, cdb[4], out);
	case inquiry:
		// No vital product data, and no page code without it.
		if (cdb[1] & 1 || cdb[2]) {
			refuse(result, sense_invalid_field);
			return 0;
		}
		return copied({inquiry_data, sizeof inquiry_data}, static_cast<u32>(cdb[3] << 8 | cdb[4]),
			      out);
	case report_luns_opcode: // with a SELECT REPORT that is not valid
		refuse(result, sense_invalid_field);
		return 0;
	default:
		refuse(result, sense_invalid_opcode);
		return 0;
	}
}

} // namespace vscsi
