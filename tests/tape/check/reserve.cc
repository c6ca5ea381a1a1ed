// SPDX-License-Identifier: GPL-2.0 OR MIT
// Reservations and the lock of the cartridge.
#include "check/test.hpp"

namespace check
{
namespace
{

namespace cdb = scsi::cdb;

void six(const Bench &bench)
{
	bench.drive->good(cdb::reserve6());
	bench.drive->good(cdb::test_unit_ready());
	bench.drive->good(cdb::release6());
}

void ten(const Bench &bench)
{
	bench.drive->good(cdb::reserve10());
	bench.drive->good(cdb::test_unit_ready());
	bench.drive->good(cdb::release10());
}

void persistent_list(const Drive &drive, std::uint8_t action, std::size_t item)
{
	const Buffer data = drive.fetch(cdb::persistent_reserve_in(action, 4096), 4096);
	const auto claimed = scsi::big_endian(data, 4, 4);
	want(data.size() >= 8 && claimed % item == 0, "PERSISTENT RESERVE IN",
	     fmt::format("a header and entries of {} bytes", item),
	     fmt::format("{} bytes, additional length {}", data.size(), claimed));
}

void keys(const Bench &bench)
{
	persistent_list(*bench.drive, 0x00, 8);
}
void reservation(const Bench &bench)
{
	persistent_list(*bench.drive, 0x01, 16);
}

void capabilities(const Bench &bench)
{
	const Buffer data = bench.drive->fetch(cdb::persistent_reserve_in(0x02, 8), 8);
	want(data.size() == 8 && scsi::big_endian(data, 0, 2) == 8, "REPORT CAPABILITIES", "length 8",
	     scsi::hex(data));
}

void prevent(const Bench &bench)
{
	bench.drive->good(cdb::prevent_removal(true));
	bench.drive->good(cdb::prevent_removal(false));
}

constexpr Test tests[] = {
	{"spc.reserve.six", "SPC-2 RESERVE(6), RELEASE(6)", medium, six},
	{"spc.reserve.ten", "SPC-2 RESERVE(10), RELEASE(10)", medium, ten},
	{"spc.persistent-reserve-in.keys", "SPC-4 PERSISTENT RESERVE IN", drive, keys},
	{"spc.persistent-reserve-in.reservation", "SPC-4 PERSISTENT RESERVE IN", drive, reservation},
	{"spc.persistent-reserve-in.capabilities", "SPC-4 PERSISTENT RESERVE IN", drive, capabilities},
	{"ssc.prevent-allow", "SSC-3 PREVENT ALLOW MEDIUM REMOVAL", drive, prevent},
};

} // namespace

Tests reserve_tests()
{
	return tests;
}

} // namespace check
