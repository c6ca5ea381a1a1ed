// SPDX-License-Identifier: GPL-2.0 OR MIT
// What becomes of a request by the protocol's own words, and how its data is copied: the
// engine's decisions are compared with this.
#pragma once
#include "world.hpp"

namespace sim
{

inline constexpr int accepted = VSCSI_NOT_REJECTED;

// VSCSI_REJECT_*, or accepted; lists are not looked at.
int verdict_of_head(const wire::RequestHead &head);
Lun *find_lun(Guest &guest, u32 channel, u32 id, u32 lun);
bool is_well_known(const Guest &guest, const wire::RequestHead &head);
int verdict_of_lists(const wire::Request &request);
int verdict_of_segments(const Request &request);
// The engine's layout of a request that was accepted.
void check_layout(World &world, const Request &request, const vscsi_command &command);
// Brings the lists in; false if the hypervisor refuses a copy.
bool copy_lists(World &world, Ring &ring, Request &request, const wire::Request &shared);
// The first bytes of data, either way; false if the hypervisor refuses a copy.
bool copy_data(World &world, Ring &ring, Request &request, u32 bytes, Random &random);
// The list of LUNs that is told is the guest's own.
void check_report(World &world, Guest &guest, const Request &request);

} // namespace sim
