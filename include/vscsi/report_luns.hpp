// SPDX-License-Identifier: GPL-2.0 OR MIT
// What a guest is told about the logical units that it has at a target: REPORT
// LUNS (SPC-4 6.33), and the well known logical unit that exists to answer it
// (SPC-4 8.2, SAM-5 4.7.6).
#pragma once
#include <vscsi/engine.h>
#include <vscsi/lun_map.hpp>
#include <vscsi/types.hpp>

namespace vscsi
{

struct Target {
	u32 channel, id;
};

// Its LUN as on the wire; extended addressing, well known logical unit 1.
inline constexpr u32 report_luns_well_known = 0xc101;

[[nodiscard]] bool report_luns_valid(const u8 *cdb) noexcept;
// The bytes from offset on, which is a multiple of 8; returns the whole length.
u32 report_luns(const LunMap &luns, Target target, const u8 *cdb, u32 offset, Span<u8> out) noexcept;
// Returns the length of the data.
u32 well_known_answer(const u8 *cdb, Span<u8> out, vscsi_result &result) noexcept;

} // namespace vscsi
