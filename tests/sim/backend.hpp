// SPDX-License-Identifier: GPL-2.0 OR MIT
// The control path of each guest, and with it rings and virtual devices that come and go.
#pragma once
#include "world.hpp"

namespace sim
{

enum class GuestEvent : u8 { probes, resumes, unloads, shuts_down, crashes, boots };
enum class ToolstackEvent : u8 { adds, closes, removes, nudges };

void begin(World &world, Guest &guest, u32 index);
// One of the things that somebody has to do sooner or later; which of them, if several are.
bool take_due(World &world, Guest &guest, u32 which, bool ring_is_bad);
void settle(World &world, Guest &guest);
bool take_guest_event(World &world, Guest &guest, GuestEvent event, bool flag);
bool take_toolstack_event(World &world, Guest &guest, ToolstackEvent event, u32 which);
bool write_state(World &world, Guest &guest, u32 state, u32 which);
void go(World &world, Guest &guest);
void check_at_rest(World &world, Guest &guest);

} // namespace sim
