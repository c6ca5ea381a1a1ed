// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <vscsi/disk.hpp>

namespace vscsi
{

// SPC-4 6.6.2, byte 5 of standard INQUIRY data.
void hide_explicit_alua(const u8 *cdb, Span<u8> data) noexcept
{
	constexpr u8 inquiry = 0x12;
	constexpr u8 evpd = 0x01;
	constexpr u32 at = 5;
	constexpr u8 tpgs = 0x30, implicitly = 0x10;
	if (cdb[0] != inquiry || (cdb[1] & evpd) || data.size() <= at || !(data[at] & tpgs))
		return;
	data[at] = static_cast<u8>((data[at] & ~tpgs) | implicitly);
}

} // namespace vscsi
