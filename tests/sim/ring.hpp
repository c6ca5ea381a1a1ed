// SPDX-License-Identifier: GPL-2.0 OR MIT
// What the shim's ring/ and command/ do with the engine, cut where others come between.
#pragma once
#include "world.hpp"

namespace sim
{

// What may come between two parts of a pass.
using Meanwhile = void (*)(World &, Guest &, Random &);

void connect(World &world, Guest &guest);
// Its page goes; what devices have goes on.
void stop(World &world, Ring &ring);
// True if nothing of it is left; then it is not there any more.
bool is_drained(const Ring &ring);
void pass(World &world, Ring &ring, Random &random, Meanwhile meanwhile);
// Whoever can, answers what is over.
void drain(World &world, Ring &ring);
void look(World &world, Ring &ring, Random &random);
void trim(World &world, Ring &ring);
void put(World &world, Lun &lun);
// Whether the thread has something to do without an event.
bool is_due(const Ring &ring);
// All counts against what we know.
void check(World &world, const Guest &guest);

// From the frontend's side: what is expected of the request that is about to be fetched.
void foretell(World &world, Ring &ring, const wire::Request &request, int verdict, u32 slot);

} // namespace sim
