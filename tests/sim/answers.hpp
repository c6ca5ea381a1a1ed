// SPDX-License-Identifier: GPL-2.0 OR MIT
// Slots of a ring, their pages, and the way out.
#pragma once
#include "world.hpp"

namespace sim
{

constexpr u32 bit(u32 slot)
{
	return 1u << slot;
}

// Nobody is left to look at what is written before it is read.
constexpr int junk = 0xa5;

void free_request(Request &request);
bool make_slot(World &world, Ring &ring, u32 slot);
bool get_pages(World &world, Ring &ring, Request &request);
void answer_slot(World &world, Ring &ring, u32 slot);
u32 unanswered(const Ring &ring, const Request &task);
u32 task_unanswered(World &world, const Ring &ring, const Request &task);
void answer_held(World &world, Ring &ring);
void publish(World &, Ring &ring);
void copy_failed(World &world, Ring &ring, Request &request);
void answer(World &world, Ring &ring);
void abandoned_end(World &world, Request &request);
// The device goes on with it; another slot takes its place.
bool abandon(World &world, Ring &ring, u32 slot);
void reject(World &world, Request &request);
// Never submitted.
void drop(World &world, Request &request);
void drop_parked(World &world, Ring &ring, u32 which);

} // namespace sim
