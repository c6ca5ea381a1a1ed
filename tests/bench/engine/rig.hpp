// SPDX-License-Identifier: GPL-2.0 OR MIT
// An engine and a frontend that does as little as it can.
#pragma once
#include <cstdlib>
#include <memory>
#include <vector>

#include <vscsi/engine.h>
#include <vscsi/statistics.h>
#include <vscsi/wire.hpp>

namespace bench
{

using vscsi::u16;
using vscsi::u32;
using vscsi::u8;
namespace wire = vscsi::wire;

struct Free {
	void operator()(void *memory) const { std::free(memory); }
};
using Memory = std::unique_ptr<void, Free>;

inline Memory zeroed(std::size_t bytes)
{
	const std::size_t pages = (bytes + wire::page_bytes - 1) / wire::page_bytes;
	void *memory = std::aligned_alloc(wire::page_bytes, pages * wire::page_bytes);
	if (!memory)
		std::abort();
	__builtin_memset(memory, 0, pages * wire::page_bytes);
	return Memory{memory};
}

class Luns
{
public:
	explicit Luns(u32 count)
	    : m_memory{zeroed(vscsi_luns_bytes(count))}, m_map{vscsi_luns_init(m_memory.get(), count)}
	{
		for (u32 lun = 0; lun < count; lun++) {
			const vscsi_address address{0, 0, 0, lun};
			if (vscsi_luns_add(m_map, &address, lun))
				std::abort();
		}
	}
	const vscsi_lun_map *map() const { return m_map; }

private:
	Memory m_memory;
	vscsi_lun_map *m_map;
};

class Rig
{
public:
	Rig()
	    : m_page{zeroed(wire::page_bytes)}, m_lists{zeroed(VSCSI_SLOTS * VSCSI_LIST_BYTES)},
	      m_memory{zeroed(vscsi_ring_engine_bytes())}, m_engine{vscsi_ring_init(m_memory.get(),
										    m_page.get())}
	{
		for (u32 slot = 0; slot < VSCSI_SLOTS; slot++)
			vscsi_give_list(m_engine, slot, list(slot));
	}
	vscsi_ring_engine *engine() { return m_engine; }
	// What a list copy would have brought.
	wire::Segment *list(u32 slot)
	{
		return static_cast<wire::Segment *>(m_lists.get()) + slot * VSCSI_FEW_SEGMENTS;
	}
	void put(const wire::Request &request) { page().entry[m_produced++ % wire::slots].request = request; }
	void push()
	{
		__atomic_store_n(&page().request_producer, m_produced, __ATOMIC_RELEASE);
		// The next answer is to be told of.
		page().response_event = m_produced - wire::slots + 1;
	}

private:
	wire::Page &page() { return *static_cast<wire::Page *>(m_page.get()); }

	Memory m_page;
	Memory m_lists;
	Memory m_memory;
	vscsi_ring_engine *m_engine;
	u32 m_produced = 0;
};

// READ(10) into so many pages; more than 26 of them by indirect lists.
inline wire::Request read_request(u16 rqid, u32 pages, u16 lun = 0)
{
	wire::Request request{};
	request.head.rqid = rqid;
	request.head.action = static_cast<u8>(wire::Action::command);
	request.head.cdb_length = 10;
	request.head.cdb[0] = 0x28;
	request.head.lun = lun;
	request.head.direction =
		static_cast<u8>(pages ? wire::Direction::from_device : wire::Direction::none);
	if (pages <= wire::direct_segments) {
		request.head.segments = static_cast<u8>(pages);
		for (u32 i = 0; i < pages; i++)
			request.segment[i] = {1000 + i, 0, wire::page_bytes};
	} else {
		request.head.segments = wire::indirect_flag | 1;
		request.segment[0] = {1000, 0, static_cast<u16>(pages * sizeof(wire::Segment))};
	}
	return request;
}

} // namespace bench
