// SPDX-License-Identifier: GPL-2.0 OR MIT
// A plan carried out, step by step, and to its end.
#pragma once
#include "world.hpp"

namespace sim
{

void begin(World &world, const Plan &plan);
void take_step(World &world, const Step &step);
// Devices end what they have, slow ones last; then everybody goes, and nothing is left.
void finish(World &world);

} // namespace sim
