// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <vscsi/disk.hpp>

namespace vscsi
{
namespace
{

constexpr u8 persistent_reserve_in = 0x5e;
constexpr u8 persistent_reserve_out = 0x5f;

constexpr u8 action(const u8 *cdb) noexcept
{
	return cdb[1] & 0x1f;
}

// SPC-4 6.16.2: REGISTER, and REGISTER AND IGNORE EXISTING KEY.
constexpr bool registers(const u8 *cdb) noexcept
{
	return cdb[0] == persistent_reserve_out && (action(cdb) == 0x00 || action(cdb) == 0x06);
}

// SERVICE ACTION RESERVATION KEY: without it a registration ends, which one that was
// made with ALL_TG_PT, by an earlier driver, needs the bit for.
constexpr bool has_new_key(Span<const u8> data) noexcept
{
	for (u32 i = 8; i < 16; i++)
		if (data[i])
			return true;
	return false;
}

} // namespace

// SPC-4 6.16.3, byte 20.
bool registers_other_ports(const u8 *cdb, Span<const u8> data) noexcept
{
	constexpr u32 at = 20;
	constexpr u8 spec_i_pt = 0x08, all_tg_pt = 0x04;
	if (!registers(cdb) || data.size() <= at)
		return false;
	return (data[at] & spec_i_pt) || ((data[at] & all_tg_pt) && has_new_key(data));
}

// SPC-4 6.15.4, byte 2.
void hide_other_ports(const u8 *cdb, Span<u8> data) noexcept
{
	constexpr u8 report_capabilities = 0x02;
	constexpr u32 at = 2;
	constexpr u8 sip_c = 0x08, atp_c = 0x04;
	if (cdb[0] == persistent_reserve_in && action(cdb) == report_capabilities && data.size() > at)
		data[at] = static_cast<u8>(data[at] & ~(sip_c | atp_c));
}

} // namespace vscsi
