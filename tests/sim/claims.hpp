// SPDX-License-Identifier: GPL-2.0 OR MIT
// What guests were told that they have at a device, and what nobody may take from them.
#pragma once
#include "world.hpp"

namespace sim
{

// Null: a command that means nothing to the gate.
const Nature *nature_of(const Request &request);
// The command has ended, and its guest hears how.
void claim(World &world, Device &device, const Request &request);
bool others_hold(const World &world, const Device &device, const Request &request);
// The key with which the device would read or write is of a guest that is gone.
bool is_key_of_another(const World &world, const Device &device, const Request &request);

} // namespace sim
