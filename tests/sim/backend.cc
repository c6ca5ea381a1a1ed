// SPDX-License-Identifier: GPL-2.0 OR MIT
#include "backend.hpp"

#include "control_checks.hpp"
#include "control_guest.hpp"
#include "control_shim.hpp"
#include "device.hpp"
#include "frontend.hpp"
#include "ring.hpp"

namespace sim
{
namespace
{

constexpr u32 due_events = 8;

Lun &free_lun(World &world, Guest &guest)
{
	for (Lun &lun : guest.lun)
		if (!lun.used)
			return lun;
	world.expect(false, "a guest has too many generations of its devices");
	return guest.lun[0];
}

void map_lun(World &world, Guest &guest, u32 which)
{
	Lun &lun = free_lun(world, guest);
	lun = {};
	lun.used = lun.mapped = true;
	lun.which = static_cast<u8>(which);
	lun.guest = guest.index;
	lun.device = world.plan.uses[guest.index][which];
	lun.read_only = world.plan.read_only[guest.index][which];
	lun.number = ++world.next_number;
	lun.address = {0, 0, 0, which ? 300u : 1u};
	lun.told = none;
	world.expect(!vscsi_luns_add(guest.map, &lun.address, lun.number), "a virtual device is there twice");
	guest.mapped[which] = &lun;
}

// Its counts agree when nobody uses it any more.
void release_lun(World &world, Lun &lun)
{
	const auto &counts = lun.counts;
	u64 sum = 0;
	for (const u64 bucket : counts.total.bucket)
		sum += bucket;
	world.expect(counts.requests == lun.counted && counts.completed == lun.counted && sum == lun.counted,
		     "a command is counted not once");
	lun.used = false;
}

void unmap_lun(World &world, Guest &guest, u32 which)
{
	Lun &lun = *guest.mapped[which];
	guest.mapped[which] = nullptr;
	lun.mapped = false;
	world.expect(vscsi_luns_remove(guest.map, &lun.address), "a virtual device was not there");
	if (!lun.references)
		release_lun(world, lun);
}

bool is_used(const Guest &guest, u32 which, bool mapped)
{
	for (const Lun &lun : guest.lun)
		if (lun.used && lun.which == which && lun.mapped == mapped && lun.references)
			return true;
	return false;
}

void ring_ended(World &world, Guest &guest)
{
	Ring &ring = guest.ring;
	world.expect(is_drained(ring), "a ring goes away under its commands");
	world.expect(!ring.lent && !ring.abandoned.count, "a ring that goes has lent pages");
	world.pool.give(guest.quota, ring.cache);
	ring.cache = 0;
	ring.there = false;
	world.expect(!guest.quota.pages && !guest.quota.common, "a guest without a ring has pages");
	for (Device &device : world.device)
		if (device.index < world.plan.devices)
			session_ended(world, device, guest);
}

// Events change the control path's state; what that means for the ring follows.
template <typename Happens>
bool control_event(World &world, Guest &guest, const Happens &happens)
{
	auto &s = guest.control.s;
	for (u32 i = 0; i < s.count; i++)
		s.devices[i].busy = is_used(guest, i, true);
	const control::State before = s;
	if (!happens(guest.control))
		return false;
	if (guest.control.fault)
		world.expect(false, guest.control.fault);
	if (before.live && !s.live) {
		stop(world, guest.ring);
		// Its driver may have begun anew.
		if (guest.ring.page == &guest.shared())
			forget_sent(guest);
	}
	for (u32 i = 0; i < s.count; i++) {
		if (guest.mapped[i] && !s.devices[i].mapped)
			unmap_lun(world, guest, i);
		else if (!guest.mapped[i] && s.devices[i].mapped)
			map_lun(world, guest, i);
	}
	// Stopping has ended some.
	for (u32 i = 0; i < s.count; i++) {
		auto &d = s.devices[i];
		d.busy = is_used(guest, i, true);
		if (!is_used(guest, i, false))
			for (auto &old : d.old)
				if (old & control::old_busy) {
					old = static_cast<u8>((old & ~control::old_busy) |
							      control::old_ended);
					s.queued = 1;
				}
	}
	if (s.ring && !s.live && guest.ring.there && is_drained(guest.ring))
		s.queued = 1;
	if (guest.ring.there && !s.ring)
		ring_ended(world, guest);
	if (!before.live && s.live)
		connect(world, guest);
	control::always(guest.control);
	if (guest.control.fault)
		world.expect(false, guest.control.fault);
	return true;
}

} // namespace

void put(World &world, Lun &lun)
{
	Guest &guest = world.guest[lun.guest];
	auto &s = guest.control.s;
	if (!world.expect(lun.references, "a reference is put twice"))
		return;
	if (--lun.references)
		return;
	auto &d = s.devices[lun.which];
	if (lun.mapped) {
		d.busy = 0;
	} else {
		if (!is_used(guest, lun.which, false))
			for (auto &old : d.old)
				if (old & control::old_busy)
					old = static_cast<u8>((old & ~control::old_busy) |
							      control::old_ended);
		s.queued = 1;
		release_lun(world, lun);
	}
	if (s.ring && !s.live)
		s.queued = 1;
}

void begin(World &world, Guest &guest, u32 index)
{
	guest.index = index;
	guest.hostile = world.plan.hostile >> index & 1;
	control::Device device{};
	device.back = VSCSI_XB_INITIALISING;
	device.mappable = device.accepted = 1;
	guest.control = control::World{control::start({device, device})};
	guest.page[0].fill(0);
	for (auto &list : guest.list)
		list.fill(0);
	guest.current = 0;
	guest.next_rqid = static_cast<u16>(index * 1000);
	guest.quota = {};
	for (Lun &lun : guest.lun)
		lun.used = false;
	guest.mapped = {};
	guest.map_memory.fill(0xa5);
	world.expect(vscsi_luns_bytes(4) <= guest.map_memory.size(), "a LUN map needs more memory");
	guest.map = vscsi_luns_init(guest.map_memory.data(), 4);
	guest.ring.there = guest.ring.live = false;
	guest.ring.guest = &guest;
	new_ring(guest);
	if (guest.hostile)
		write_state(world, guest, VSCSI_XB_INITIALISED, 2);
	else
		take_guest_event(world, guest, GuestEvent::probes, false);
}

bool take_due(World &world, Guest &guest, u32 which, bool ring_is_bad)
{
	for (u32 i = 0; i < due_events; i++) {
		const u32 event = (which + i) % due_events;
		const bool happened = control_event(world, guest, [&](control::World &w) {
			switch (event) {
			case 0:
				return control::Shim{w}.watch_fires();
			case 1:
				return control::Shim{w}.work_starts();
			case 2:
				return control::Shim{w}.work_reads_flags();
			case 3:
				return control::Shim{w}.work_reads_state();
			case 4:
				return control::Shim{w}.work_acts_on(ring_is_bad) ||
				       control::Shim{w}.work_acts_on(false);
			case 5:
				return control::Guest{w}.watch_fires();
			case 6:
				return control::Guest{w}.goes_on();
			default:
				return control::Shim{w}.directory_vanishes() ||
				       control::Shim{w}.time_passes();
			}
		});
		if (happened)
			return true;
	}
	return false;
}

void settle(World &world, Guest &guest)
{
	constexpr u32 enough = 1000;
	for (u32 i = 0; i < enough && !world.fault; i++)
		if (!take_due(world, guest, i, false))
			return;
	world.expect(false, "no end to what is due");
}

bool take_guest_event(World &world, Guest &guest, GuestEvent event, bool flag)
{
	return control_event(world, guest, [&](control::World &w) {
		control::Guest it{w};
		const bool same = flag && w.s.live;
		bool begins = false, ends = false;
		switch (event) {
		case GuestEvent::probes:
			begins = it.probes(same);
			break;
		case GuestEvent::resumes:
			begins = it.resumes(same);
			break;
		case GuestEvent::unloads:
			ends = it.unloads();
			break;
		case GuestEvent::shuts_down:
			return it.shuts_down();
		case GuestEvent::crashes:
			ends = it.crashes();
			break;
		case GuestEvent::boots:
			return it.boot_writes(flag ? VSCSI_XB_INITIALISING : VSCSI_XB_CLOSED);
		}
		if (begins)
			new_ring(guest);
		if (ends)
			forget_sent(guest);
		return begins || ends;
	});
}

bool take_toolstack_event(World &world, Guest &guest, ToolstackEvent event, u32 which)
{
	return control_event(world, guest, [&](control::World &w) {
		control::Toolstack it{w};
		auto &device = w.s.devices[which % 2];
		switch (event) {
		case ToolstackEvent::adds:
			return it.adds(device);
		case ToolstackEvent::closes:
			return it.closes(device);
		case ToolstackEvent::removes:
			return it.removes(device);
		default:
			return it.nudges();
		}
	});
}

bool write_state(World &world, Guest &guest, u32 state, u32 which)
{
	return control_event(world, guest, [&](control::World &w) {
		control::Hostile it{w};
		return which < 2 ? it.writes(w.s.devices[which], static_cast<u8>(state))
				 : it.writes(static_cast<u8>(state));
	});
}

void go(World &world, Guest &guest)
{
	control_event(world, guest, [&](control::World &w) {
		control::Guest{w}.dies();
		forget_sent(guest);
		return control::Toolstack{w}.destroys();
	});
	control_event(world, guest,
		      [](control::World &w) { return control::Toolstack{w}.removes_frontend(); });
	control_event(world, guest,
		      [](control::World &w) { return control::Toolstack{w}.removes_backend(); });
	settle(world, guest);
	const auto &s = guest.control.s;
	world.expect(s.gone && s.left, "not all was given back");
	world.expect(!guest.ring.there && !guest.mapped[0] && !guest.mapped[1],
		     "something is left of a guest");
	for (const Lun &lun : guest.lun)
		world.expect(!lun.used, "a reference to a virtual device is lost");
}

void check_at_rest(World &world, Guest &guest)
{
	if (guest.hostile)
		return;
	control::at_rest(guest.control);
	if (guest.control.fault)
		world.expect(false, guest.control.fault);
}

} // namespace sim
