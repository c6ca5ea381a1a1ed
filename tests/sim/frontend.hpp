// SPDX-License-Identifier: GPL-2.0 OR MIT
// Guests' ends of their rings: an honest one, and one that writes what it likes.
#pragma once
#include "world.hpp"

namespace sim
{

// A driver begins with a new ring.
void new_ring(Guest &guest);
// Nobody waits for answers any more.
void forget_sent(Guest &guest);
bool send(World &world, Guest &guest, Random &random);
bool send_task(World &world, Guest &guest, Random &random);
void push(Guest &guest);
void read_answers(World &world, Guest &guest);
[[nodiscard]] u32 outstanding(const Guest &guest);

// What the backend does, for comparison with what the guest reads.
void was_fetched(Guest &guest, const Request &request, u32 number);
void expect_answer(World &world, Guest &guest, const Request &request, const Answer &answer);

void put_garbage(Guest &guest, Random &random);
void rewrite_memory(Guest &guest, Random &random);
void jump_index(Guest &guest, Random &random);

} // namespace sim
