// SPDX-License-Identifier: GPL-2.0 OR MIT
// Who may use a passed-through device that one of its guests has reserved; see
// vscsi_gate in engine.h.
#pragma once
#include <vscsi/engine.h>
#include <vscsi/types.hpp>

namespace vscsi
{

[[nodiscard]] int gate_enter(vscsi_gate &gate, u32 session, const u8 *cdb) noexcept;
void gate_leave(vscsi_gate &gate, u32 session, const u8 *cdb, const vscsi_gate_outcome &outcome) noexcept;
[[nodiscard]] bool gate_session_ended(vscsi_gate &gate, u32 session) noexcept;
[[nodiscard]] bool gate_reset(vscsi_gate &gate) noexcept;

} // namespace vscsi
