// SPDX-License-Identifier: GPL-2.0 OR MIT
// All that is simulated: guests with their frontends, the backend's rings, devices, memory.
#pragma once
#include <array>
#include <cstdarg>
#include <cstdio>
#include <cstring>

#include <vscsi/sharing.h>

#include "command.hpp"
#include "control_world.hpp"
#include "plan.hpp"
#include "pool.hpp"
#include "request.hpp"

namespace sim
{

struct World;
struct Guest;

inline constexpr u32 slots = VSCSI_SLOTS;
inline constexpr u32 most_requests = 2 * slots;
inline constexpr u32 most_luns = 8;
inline constexpr u32 list_pages = 4;
inline constexpr u32 none = ~0u;
// The well known logical unit's address.
inline constexpr u16 well_known_lun = 0xc101;

template <typename T, u32 N>
struct List {
	std::array<T, N> at;
	u32 count;

	void push(T item) { at[count++] = item; }
	T take(u32 index)
	{
		const T item = at[index];
		for (u32 i = index + 1; i < count; i++)
			at[i - 1] = at[i];
		count--;
		return item;
	}
	void remove(T item)
	{
		for (u32 i = 0; i < count; i++)
			if (at[i] == item) {
				take(i);
				return;
			}
	}
};

// One connection, as ring/ has it.
struct Ring {
	Guest *guest;
	bool there;
	bool live; // its page is mapped
	bool broken, kicked, starved, cramped;
	wire::Page *page;
	vscsi_ring_engine *engine;
	std::array<Request *, slots> slot;
	std::array<u32, slots> use;
	u32 busy; // a bit for each slot
	List<u8, slots> waiting;
	u32 parked, tasks, held;
	List<Request *, most_requests> done;
	List<Request *, most_requests> abandoned;
	u32 failed_in, failed_out;
	u32 lent, cache;
	u64 overdue_at;
	u32 consumed, seen; // of the producer's index
	u64 fetched, answered;
	std::array<u64, VSCSI_REJECT_KINDS> rejected;
	alignas(64) std::array<u8, 16384> memory;
	std::array<Request, most_requests> requests;
};

// What an honest frontend has sent.
struct Sent {
	bool used, task, abort, expected;
	u16 rqid, ref;
	u32 which;
	u32 number; // the device's handle, when it was fetched; none before
	u64 order;
	u32 lists; // pages that it uses
	Answer answer;
};

struct Guest {
	u32 index;
	bool hostile;
	control::World control{control::State{}};
	// Memory that it shares.
	alignas(4096) std::array<std::array<u8, 4096>, 2> page;
	u32 current; // of the pages
	alignas(8) std::array<std::array<u8, VSCSI_LIST_BYTES>, list_pages> list;
	u32 lists_used; // a bit for each; an honest frontend's
	// Frontend's end.
	u32 producer, consumer;
	bool notified;
	bool open; // a driver is there that reads answers
	std::array<Sent, slots> sent;
	u16 next_rqid;
	// Backend's end.
	Quota quota;
	std::array<Lun, most_luns> lun;
	std::array<Lun *, 2> mapped;
	vscsi_lun_map *map;
	alignas(8) std::array<u8, 256> map_memory;
	Ring ring;

	wire::Page &shared() { return *reinterpret_cast<wire::Page *>(page[current].data()); }
	[[nodiscard]] u32 nexus() const { return 2 * index + 7; }
};

// A device, and what the backend keeps about it.
struct Device {
	u32 index;
	Kind kind;
	bool stuck;
	u8 type;
	List<Request *, most_guests * most_requests> commands;
	List<Request *, most_guests * most_requests> tasks;
	vscsi_gate gate;
	vscsi_attentions attentions;
	vscsi_keys keys;
	u32 newcomer;
	u32 paying;
	u64 burst_at;
	bool burst;
	// The device itself, which knows one nexus.
	u16 attention;
	bool prevents, reserved, registered;
	u8 persistent;
	u32 own_key, all_key; // of whom
	// What nexuses were told, and what lasts since.
	u32 reserver, registrant; // nexus, or 0
	u32 preventers;           // a bit for each guest
	u32 own_told, all_told;   // whose key
	u32 away;                 // guests whose nexus is over
	std::array<u16, 64> history;
	u32 heard;

	[[nodiscard]] bool passes() const { return kind != Kind::emulated; }
};

struct World {
	Plan plan;
	std::array<Guest, most_guests> guest;
	std::array<Device, most_devices> device;
	Pool pool;
	u64 now;       // ms
	u32 no_memory; // so many allocations fail
	u32 next_uid, next_number;
	u64 order;
	const char *fault;
	bool trace;
	std::array<u64, 8> figures;

	bool expect(bool good, const char *what)
	{
		if (!good && !fault)
			fault = what;
		return good;
	}
	void say(const char *format, ...) __attribute__((format(printf, 2, 3)))
	{
		if (!trace)
			return;
		va_list arguments;
		va_start(arguments, format);
		std::printf("        ");
		std::vprintf(format, arguments);
		std::printf("\n");
		va_end(arguments);
	}
	bool allocation_fails()
	{
		if (!no_memory)
			return false;
		no_memory--;
		return true;
	}
};

enum Figure : u8 { fetched, answered, forgotten, abandonments, tasks_ended, connections, copies, steps_done };

// Of devices, for the rings' work.
void submit_to_device(World &world, Request &request, Random &random);
// For a request whose answer is known: onto the list of what is over, or an abandoned one's end.
void over(World &world, Request &request);

} // namespace sim
