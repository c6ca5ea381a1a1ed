// SPDX-License-Identifier: GPL-2.0 OR MIT
// The Block Limits VPD page (SBC-3 6.5.3) of a block device that is reached
// through dom0's block layer, which splits what is too long for the device.
#pragma once
#include <vscsi/engine.h>
#include <vscsi/types.hpp>

namespace vscsi
{

// A guest need not split for a limit that is only the device's: raises MAXIMUM
// TRANSFER LENGTH, and OPTIMAL TRANSFER LENGTH where it is the same, to that
// many blocks.  Leaves what is no such page, or too short, as it is.
void widen_block_limits(Span<u8> page, u32 blocks) noexcept;

} // namespace vscsi
