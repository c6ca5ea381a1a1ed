// SPDX-License-Identifier: GPL-2.0
// How far reservations of a LUN reach: a cluster that spans hosts must not be told that another
// node is fenced by a reservation that only this host keeps.
#pragma once
#include "core/change.hpp"
#include "core/lio.hpp"

namespace vscsi
{

enum class Reach {
	device,         // they are the device's own
	this_host,      // target core keeps them, for guests of this host only
	one_registrant, // they reach the device, as if all guests of this host were one initiator
	none,           // they are refused, so a cluster that needs them does not start
};
const char *reach_name(Reach reach);
Reach reach_of(const Backstore &store);

// Whether target core keeps reservations of a new backstore of this plugin.
bool keeps_reservations(const StoreId &store);
// Refuses reservations of a backstore from now on, and back.
SetAttribute refuse_reservations(const StoreId &store);
// Throws a Failure if the kernel has no way to refuse reservations of this backstore.
void need_refusal(const Backstore &store);

} // namespace vscsi
