// SPDX-License-Identifier: GPL-2.0 OR MIT
// A guest's virtual device and a slot's request, as the shim has them.
#pragma once
#include <array>
#include <cstring>

#include <vscsi/engine.h>
#include <vscsi/statistics.h>
#include <vscsi/wire.hpp>

#include "random.hpp"

namespace sim
{

namespace wire = vscsi::wire;

struct Ring;

// One generation of it: what was unmapped goes on until its commands are over.
struct Lun {
	bool used;
	bool mapped;
	bool read_only;
	u8 which; // of the guest's two
	u32 guest;
	u32 device;
	u32 number; // the engine's handle
	vscsi_address address;
	u32 references;
	u32 abandoned;
	u32 told;  // the engine's count of unit attentions
	u32 heard; // ours of the same
	u16 own_attention;
	vscsi_lun_statistics counts;
	u64 counted; // commands that were, and are over
};

enum class Place : u8 { none, waiting, parked, queued, with_core, over };

struct Answer {
	i32 result;
	u32 residual;
	u8 sense_bytes;
	std::array<u8, 18> sense;
};

struct Request {
	Place place;
	bool task, abort, abandoned;
	bool known;    // the engine has the answer
	bool executed; // the device has, and did not say so yet
	u16 told;      // it has told this unit attention instead; 0: none
	bool gated;
	bool undone; // the device has been without power since it was executed
	u32 resets_known;
	bool good; // of a task
	bool counted;
	u32 slot;
	u16 rqid, timeout;
	u32 use; // of the slot
	u32 uid;
	Ring *ring;
	Lun *lun; // null: the well known logical unit, or none
	bool well_known;
	std::array<u8, 16> cdb;
	u32 cdb_bytes;
	u32 direction;
	u32 bytes, pages, first_offset;
	u32 held_pages;
	u64 since, fetched, submitted, done;
	// What was set and will be answered.
	u32 host, status, residual;
	bool has_sense;
	std::array<u8, 18> sense;
	// What a task covers, as we see it.
	u32 covered;
	std::array<u32, VSCSI_SLOTS> covered_use;
	// As they were when they were read.
	u32 segments;
	std::array<wire::Segment, VSCSI_MAX_SEGMENTS> segment;
	alignas(8) std::array<u8, VSCSI_LONG_LIST_BYTES> list;
};

// Not what is written before it is read.
inline void begin(Request &request)
{
	std::memset(static_cast<void *>(&request), 0, offsetof(Request, segment));
}

} // namespace sim
