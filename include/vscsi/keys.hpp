// SPDX-License-Identifier: GPL-2.0 OR MIT
// Whose keys of tape data encryption a passed-through drive has; see vscsi_keys in sharing.h.
#pragma once
#include <vscsi/sharing.h>
#include <vscsi/types.hpp>

namespace vscsi
{

[[nodiscard]] bool keys_are_set(const u8 *cdb) noexcept;
[[nodiscard]] int keys_note(vscsi_keys &keys, u32 nexus, const u8 *cdb,
			    const vscsi_gate_outcome &outcome) noexcept;
[[nodiscard]] int keys_ended(vscsi_keys &keys, u32 nexus, bool clear) noexcept;
void keys_clear(const vscsi_keys &keys, int which, Span<u8> cdb, Span<u8> data) noexcept;

} // namespace vscsi
