// SPDX-License-Identifier: GPL-2.0 OR MIT
// Devices, and what the backend does for several guests that share one.
#pragma once
#include "world.hpp"

namespace sim
{

void begin(Device &device, u32 index, const Plan &plan);
void end_with(World &world, Request &request, u32 host, u32 status, u32 residual, bool good);
void end_with_check(World &world, Request &request, u8 key, u16 code);
// An adapter is asked for a command, or target core aborts it.
void ask_for(World &world, Request &request);
bool execute(World &world, Device &device, u32 index);
bool end(World &world, Device &device, u32 index, Random &random);
bool end_task(World &world, Device &device, u32 index, Random &random);
void pay(World &world, Device &device);
void power_on(World &world, Device &device);
void reset(World &world, Device &device);
void session_ended(World &world, Device &device, const Guest &guest);
void check(World &world, const Device &device);
void check_at_end(World &world, const Device &device);

} // namespace sim
