// SPDX-License-Identifier: GPL-2.0 OR MIT
// Requests of a ring: the way in, to the devices, and tasks.
#pragma once
#include <array>

#include "world.hpp"

namespace sim
{

enum class Peek : u8 { empty, request, broken };

void ask(World &world, Ring &ring, u32 which);
void submit(World &world, Ring &ring, Request &request, Random &random);
// The producer's index is read anew when what was seen of it is used up; no more than a
// page of requests may wait, or be without an answer.
Peek peek(Ring &ring);
// False if there is nothing more now.
bool fetch(World &world, Ring &ring, u32 &listed, std::array<wire::Request, slots> &heads, u32 &pending);
void bring_lists(World &world, Ring &ring, u32 listed, const std::array<wire::Request, slots> &heads,
		 u32 pending);
u32 load(World &world, Ring &ring, Random &random);
void tasks_first(World &world, Ring &ring);
void unpark(World &world, Ring &ring, Request &request, Random &random);
u32 look_at_task(World &world, Ring &ring, u32 task);

} // namespace sim
