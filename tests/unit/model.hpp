// SPDX-License-Identifier: GPL-2.0 OR MIT
// A guest's frontend on Xen's own ring macros, and the engine behind it.
#pragma once
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <vector>

#include <gtest/gtest.h>
#include <vscsi/engine.h>

#define __XEN_INTERFACE_VERSION__ 0x00040d00
#define xen_mb() __atomic_thread_fence(__ATOMIC_SEQ_CST)
#define xen_rmb() __atomic_thread_fence(__ATOMIC_ACQUIRE)
#define xen_wmb() __atomic_thread_fence(__ATOMIC_RELEASE)
#include <xen/io/vscsiif.h>

namespace model
{

using u8 = vscsi_u8;
using u16 = vscsi_u16;
using u32 = vscsi_u32;
using u64 = vscsi_u64;
using i32 = int;

// What memory holds before the engine gets it.
inline constexpr int junk = 0xa5;

struct Free {
	void operator()(void *memory) const { std::free(memory); }
};
using Memory = std::unique_ptr<void, Free>;

inline Memory allocate(std::size_t alignment, std::size_t bytes)
{
	void *memory = std::aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
	std::memset(memory, junk, bytes);
	return Memory{memory};
}

// xorshift64*: the same numbers everywhere, unlike <random>'s distributions.
class Random
{
public:
	explicit Random(u64 seed) : state_{seed * 0x9e3779b97f4a7c15ULL + 1} {}
	u64 next()
	{
		state_ ^= state_ >> 12;
		state_ ^= state_ << 25;
		state_ ^= state_ >> 27;
		return state_ * 0x2545f4914f6cdd1dULL;
	}
	u32 below(u32 limit) { return static_cast<u32>((next() >> 32) % limit); }
	u32 between(u32 low, u32 high) { return low + below(high - low + 1); }
	void fill(u8 *bytes, std::size_t count)
	{
		for (u64 number; count; bytes += sizeof number, count -= sizeof number) {
			number = next();
			if (count < sizeof number) {
				std::memcpy(bytes, &number, count);
				return;
			}
			std::memcpy(bytes, &number, sizeof number);
		}
	}
	bool one_in(u32 n) { return below(n) == 0; }

private:
	u64 state_;
};

class Luns
{
public:
	explicit Luns(u32 capacity = 16)
	    : memory_{allocate(8, vscsi_luns_bytes(capacity))}, map_{vscsi_luns_init(memory_.get(), capacity)}
	{
	}
	int add(const vscsi_address &address, u32 device) { return vscsi_luns_add(map_, &address, device); }
	bool remove(const vscsi_address &address) { return vscsi_luns_remove(map_, &address); }
	// The device, or -1.
	long long find(const vscsi_address &address) const
	{
		u32 device = 0;
		return vscsi_luns_find(map_, &address, &device) ? static_cast<long long>(device) : -1;
	}
	vscsi_lun_map *map() { return map_; }

private:
	Memory memory_;
	vscsi_lun_map *map_;
};

// The frontend's end of the ring.
class Guest
{
public:
	Guest() : page_{allocate(VSCSI_PAGE_BYTES, VSCSI_PAGE_BYTES)}
	{
		SHARED_RING_INIT(shared());
		attach(0);
	}
	void attach(u32 index) { ring = {index, index, VSCSI_SLOTS, shared()}; }
	vscsiif_sring *shared() { return static_cast<vscsiif_sring *>(page_.get()); }
	void put(const vscsiif_request &request)
	{
		*RING_GET_REQUEST(&ring, ring.req_prod_pvt) = request;
		ring.req_prod_pvt++;
	}
	// True if the backend wants an event.
	bool push()
	{
		bool notify;
		RING_PUSH_REQUESTS_AND_CHECK_NOTIFY(&ring, notify);
		return notify;
	}
	u32 answers() { return XEN_RING_NR_UNCONSUMED_RESPONSES(&ring); }
	vscsiif_response take()
	{
		vscsiif_response response{};
		if (answers() == 0) {
			ADD_FAILURE() << "no response";
			return response;
		}
		RING_COPY_RESPONSE(&ring, ring.rsp_cons, &response);
		ring.rsp_cons++;
		return response;
	}
	// As a frontend does before it sleeps.
	bool more_answers()
	{
		bool more;
		RING_FINAL_CHECK_FOR_RESPONSES(&ring, more);
		return more;
	}

	vscsiif_front_ring ring;

private:
	Memory page_;
};

// The engine's calls, without their first argument.
class Backend
{
public:
	explicit Backend(void *shared)
	    : memory_{allocate(64, vscsi_ring_engine_bytes())}, lists_{allocate(VSCSI_PAGE_BYTES,
										VSCSI_SLOTS * list_stride)},
	      engine_{vscsi_ring_init(memory_.get(), shared)}
	{
		for (u32 slot = 0; slot < VSCSI_SLOTS; slot++)
			vscsi_give_long_list(engine_, slot, list(slot));
	}
	vscsi_ring_engine *engine() { return engine_; }
	u8 *list(u32 slot) { return static_cast<u8 *>(lists_.get()) + slot * list_stride; }

	bool more() { return vscsi_more_requests(engine_); }
	bool publish() { return vscsi_publish(engine_); }
	u32 in_flight() const { return vscsi_in_flight(engine_); }
	void respond(u32 slot) { vscsi_respond(engine_, slot); }
	void forget(u32 slot) { vscsi_forget(engine_, slot); }
	int lists_done(u32 slot, bool copied) { return vscsi_lists_done(engine_, slot, copied); }
	void set_copy_failed(u32 slot) { vscsi_set_copy_failed(engine_, slot); }
	void set_task_result(u32 slot, bool success) { vscsi_set_task_result(engine_, slot, success); }
	void set_result(u32 slot, u32 host, u32 status, u32 residual = 0, const std::vector<u8> &sense = {})
	{
		const vscsi_result result{host, status, residual, static_cast<u32>(sense.size()),
					  sense.empty() ? nullptr : sense.data()};
		vscsi_set_result(engine_, slot, &result);
	}
	vscsi_command command(u32 slot) const
	{
		vscsi_command out;
		std::memset(&out, junk, sizeof out);
		vscsi_command_of(engine_, slot, &out);
		return out;
	}
	vscsi_task task(u32 slot) const
	{
		vscsi_task out;
		std::memset(&out, junk, sizeof out);
		vscsi_task_of(engine_, slot, &out);
		return out;
	}
	vscsi_counters counters() const
	{
		vscsi_counters out;
		std::memset(&out, junk, sizeof out);
		vscsi_read_counters(engine_, &out);
		return out;
	}

private:
	// Each begins a page.
	static constexpr u32 list_stride = 3 * VSCSI_PAGE_BYTES;
	static_assert(VSCSI_LONG_LIST_BYTES <= list_stride);

	Memory memory_;
	Memory lists_;
	vscsi_ring_engine *engine_;
};

// Virtual devices that every test has; a handle of 0 is as good as any.
inline constexpr vscsi_address disk_at{0, 0, 1, 2};
inline constexpr vscsi_address tape_at{0, 0, 1, 3};
inline constexpr u32 disk = 7;
inline constexpr u32 tape = 0;

inline vscsiif_request request(u8 action, u16 rqid, const vscsi_address &to = disk_at)
{
	vscsiif_request r{};
	r.act = action;
	r.rqid = rqid;
	r.channel = static_cast<u16>(to.channel);
	r.id = static_cast<u16>(to.id);
	r.lun = static_cast<u16>(to.lun);
	return r;
}

inline vscsiif_request command(u16 rqid, u8 direction = VSCSI_NO_DATA, const vscsi_address &to = disk_at)
{
	auto r = request(VSCSIIF_ACT_SCSI_CDB, rqid, to);
	r.cmd_len = 6;
	r.sc_data_direction = direction;
	return r;
}

// With one segment of so many bytes.
inline vscsiif_request transfer(u16 rqid, u8 direction, u16 bytes = 4096)
{
	auto r = command(rqid, direction);
	r.nr_segments = 1;
	r.seg[0] = {100, 0, bytes};
	return r;
}

struct Fetched {
	int what;
	u32 slot;
};

class Rig
{
public:
	Rig() : back{guest.shared()}
	{
		EXPECT_EQ(luns.add(disk_at, disk), 0);
		EXPECT_EQ(luns.add(tape_at, tape), 0);
	}
	Fetched fetch()
	{
		Fetched f{0, ~0u};
		f.what = vscsi_fetch(back.engine(), luns.map(), &f.slot);
		return f;
	}
	Fetched fetch(const vscsiif_request &request)
	{
		guest.put(request);
		guest.push();
		return fetch();
	}
	// Fetches a request that must be accepted, and gives its slot.
	u32 start(const vscsiif_request &request)
	{
		const auto f = fetch(request);
		EXPECT_EQ(f.what, VSCSI_FETCH_COMMAND);
		return f.slot;
	}
	vscsiif_response finish(u32 slot)
	{
		back.respond(slot);
		(void)back.publish();
		return guest.take();
	}

	Guest guest;
	Luns luns;
	Backend back;
};

} // namespace model
