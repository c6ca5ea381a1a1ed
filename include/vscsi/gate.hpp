// SPDX-License-Identifier: GPL-2.0 OR MIT
// Who may use a passed-through device that one of its guests has reserved, and who
// prevents that its medium is removed; see vscsi_gate in sharing.h.
#pragma once
#include <vscsi/sharing.h>
#include <vscsi/types.hpp>

namespace vscsi
{

[[nodiscard]] int gate_enter(vscsi_gate &gate, u32 session, const u8 *cdb) noexcept;
void gate_leave(vscsi_gate &gate, u32 session, const u8 *cdb, const vscsi_gate_outcome &outcome) noexcept;
void gate_hear(vscsi_gate &gate, u16 attention) noexcept;
[[nodiscard]] int gate_session_ended(vscsi_gate &gate, u32 session) noexcept;
[[nodiscard]] int gate_reset(vscsi_gate &gate) noexcept;
void gate_owe(vscsi_gate &gate, int bits) noexcept;
[[nodiscard]] int gate_due(const vscsi_gate &gate) noexcept;
void gate_paid(vscsi_gate &gate, int bits) noexcept;
[[nodiscard]] bool gate_comes_back(vscsi_gate &gate, u32 nexus) noexcept;
void gate_inherit(vscsi_gate &gate, u8 type, bool registered) noexcept;
[[nodiscard]] bool gate_is_inherited(const vscsi_gate &gate) noexcept;

} // namespace vscsi
