// SPDX-License-Identifier: GPL-2.0 OR MIT
// Unit attentions of a passed-through device, for all who share it; see
// vscsi_attentions in sharing.h.
#pragma once
#include <vscsi/sharing.h>
#include <vscsi/types.hpp>

namespace vscsi
{

void attention_add(vscsi_attentions &attentions, u16 code) noexcept;
[[nodiscard]] u16 attention_next(const vscsi_attentions &attentions, u32 &told) noexcept;
[[nodiscard]] bool attention_due(const vscsi_attentions &attentions, u32 told) noexcept;
// Sets code only if it is true.
[[nodiscard]] bool sense_data_attention(const u8 *cdb, Span<const u8> data, u16 &code) noexcept;

} // namespace vscsi
