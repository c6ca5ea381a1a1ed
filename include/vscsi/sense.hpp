// SPDX-License-Identifier: GPL-2.0 OR MIT
// What is in sense data, and what the block layer's errors are in SCSI's terms.
#pragma once
#include <vscsi/engine.h>
#include <vscsi/types.hpp>

namespace vscsi
{

[[nodiscard]] vscsi_sense sense_of(Span<const u8> sense) noexcept;
[[nodiscard]] u32 effect_of(u32 host, u32 status, Span<const u8> sense) noexcept;
[[nodiscard]] vscsi_block_answer block_answer(u32 error, bool write) noexcept;

} // namespace vscsi
