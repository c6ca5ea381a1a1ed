// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <vscsi/cdb.hpp>

namespace vscsi
{
namespace
{

constexpr bool flag_is_set(const u8 *cdb, const CdbData &data) noexcept
{
	return cdb[data.flag_at] & data.flag;
}

// Whether the CDB itself says that data goes out with it.
constexpr bool sends_data(const u8 *cdb, const CdbData &data) noexcept
{
	if (data.way != Way::out)
		return false;
	if (data.flag && flag_is_set(cdb, data) == data.without_data)
		return false;
	if (!data.length_bytes)
		return true;
	for (u32 i = 0; i < data.length_bytes; i++)
		if (cdb[data.length_at + i])
			return true;
	return false;
}

// Target core decides by the direction that the guest claims whether a command
// writes; the claim must be the CDB's own.
constexpr bool direction_fits(const vscsi_cdb_view &view, const CdbData &data) noexcept
{
	if (view.bytes && view.direction == VSCSI_TO_DEVICE)
		return data.way == Way::out || data.way == Way::either;
	if (view.bytes && view.direction == VSCSI_FROM_DEVICE)
		return data.way == Way::in || data.way == Way::either;
	return !sends_data(view.cdb, data);
}

// WRITE SAME without a block (NDOB) would take one from a buffer that is not there.
constexpr bool lacks_data(const u8 *cdb, const CdbData &data) noexcept
{
	return data.without_data && flag_is_set(cdb, data);
}

} // namespace

int cdb_verdict(const vscsi_cdb_view &view) noexcept
{
	const CdbRow &row = cdb_row(view.cdb, device_class(view.device_type));
	if (view.emulated && row.is(Trait::unsupported))
		return VSCSI_CDB_UNSUPPORTED;
	if (view.read_only && row.is(Trait::writes))
		return VSCSI_CDB_WRITE_PROTECTED;
	if (view.emulated && (row.is(Trait::refused) || lacks_data(view.cdb, row.data)))
		return VSCSI_CDB_INVALID_FIELD;
	return direction_fits(view, row.data) ? VSCSI_CDB_PASS : VSCSI_CDB_INVALID_FIELD;
}

// SPC-4 4.3.1: the first three bits are the group, which has a length.
u32 cdb_bytes(const u8 *cdb, u32 said) noexcept
{
	constexpr u32 shortest = 6;
	constexpr u8 variable_length = 0x7f;
	constexpr u8 first_of_vendors = 0xc0;
	constexpr Array<u8, 6> by_group{{6, 10, 10, 12, 16, 12}};
	if (cdb[0] != variable_length && cdb[0] < first_of_vendors)
		return by_group[cdb[0] >> 5];
	if (said < shortest)
		return shortest;
	return said < VSCSI_CDB_BYTES ? said : VSCSI_CDB_BYTES;
}

bool cdb_may_wait(const u8 *cdb, u32 device_type) noexcept
{
	return !cdb_row(cdb, device_class(device_type)).is(Trait::prompt);
}

bool cdb_is_plain(const u8 *cdb, u32 direction, u32 device_type) noexcept
{
	const CdbRow &row = cdb_row(cdb, device_class(device_type));
	if (!row.is(Trait::plain))
		return false;
	return direction == (row.data.way == Way::in ? VSCSI_FROM_DEVICE : VSCSI_TO_DEVICE);
}

u32 cdb_time_limit(const u8 *cdb, u32 device_type, u32 said) noexcept
{
	constexpr u32 unknown = 900;
	constexpr u32 week = 7 * 24 * 3600;
	constexpr u32 near_all_that_fits = 65'000;
	if (said >= near_all_that_fits || cdb_row(cdb, device_class(device_type)).is(Trait::lasting))
		return week;
	return said ? said : unknown;
}

Beside cdb_beside(const u8 *cdb) noexcept
{
	constexpr u8 prevent = 3;
	const Beside beside = cdb_reservation_row(cdb).beside;
	if (beside != Beside::always_to_allow)
		return beside;
	return (cdb[4] & prevent) ? Beside::nothing : Beside::always;
}

Reserving cdb_reserving(const u8 *cdb) noexcept
{
	return cdb_reservation_row(cdb).reserving;
}

} // namespace vscsi
