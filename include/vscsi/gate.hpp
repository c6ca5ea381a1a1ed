// SPDX-License-Identifier: GPL-2.0 OR MIT
// Who may use a passed-through device that one of its guests has reserved, and who
// prevents that its medium is removed; see vscsi_gate in engine.h.
#pragma once
#include <vscsi/engine.h>
#include <vscsi/types.hpp>

namespace vscsi
{

[[nodiscard]] int gate_enter(vscsi_gate &gate, u32 session, const u8 *cdb) noexcept;
void gate_leave(vscsi_gate &gate, u32 session, const u8 *cdb, const vscsi_gate_outcome &outcome) noexcept;
[[nodiscard]] int gate_session_ended(vscsi_gate &gate, u32 session) noexcept;
[[nodiscard]] int gate_reset(vscsi_gate &gate) noexcept;
[[nodiscard]] bool gate_comes_back(vscsi_gate &gate, u32 nexus) noexcept;
void gate_inherit(vscsi_gate &gate, u8 type, bool registered) noexcept;
[[nodiscard]] bool gate_is_inherited(const vscsi_gate &gate) noexcept;

} // namespace vscsi
