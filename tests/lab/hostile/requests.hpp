// SPDX-License-Identifier: GPL-2.0 OR MIT
// Requests by chance: mostly almost right, since those get furthest.
#pragma once
#include "frontend.hpp"
#include "random.hpp"

class RequestMaker
{
public:
	// Data goes to pages from 16 on; the first 16 hold the slots' lists.
	RequestMaker(Frontend &frontend, Random &random, std::vector<u16> luns)
	    : frontend_{frontend}, random_{random}, luns_{std::move(luns)}
	{
	}

	Request make(u32 slot)
	{
		Request request{};
		if (random_.one_in(32)) {
			random_.fill(&request, sizeof request);
			return request;
		}
		request.rqid = static_cast<u16>(random_.one_in(64) ? random_.next() : slot);
		request.ref = static_cast<u16>(random_.below(ring_slots + 2));
		request.action = 1;
		if (random_.one_in(24))
			request.action = random_.one_in(4) ? u8(random_.next()) : u8(2 + random_.below(2));
		request.lun =
			random_.one_in(32) ? u16(random_.next()) : luns_[random_.below(u32(luns_.size()))];
		request.id = random_.one_in(64) ? u16(random_.next()) : 0;
		request.channel = random_.one_in(64) ? u16(random_.next()) : 0;
		request.direction = random_.one_in(32) ? u8(random_.next()) : u8(1 + random_.below(3));
		cdb(request);
		if (random_.one_in(8))
			lists(request, slot);
		else
			direct(request);
		if (random_.one_in(32))
			request.segments = u8(random_.next());
		return request;
	}

private:
	void cdb(Request &request)
	{
		// What target core emulates, and some that it does not.
		static constexpr u8 known[] = {0x00, 0x03, 0x08, 0x0a, 0x12, 0x15, 0x16, 0x17, 0x1a,
					       0x1b, 0x1e, 0x25, 0x28, 0x2a, 0x2e, 0x2f, 0x35, 0x41,
					       0x42, 0x4d, 0x55, 0x56, 0x57, 0x5a, 0x5e, 0x5f, 0x7f,
					       0x83, 0x84, 0x88, 0x89, 0x8a, 0x8c, 0x8e, 0x8f, 0x91,
					       0x93, 0x9e, 0xa0, 0xa2, 0xa3, 0xa4, 0xa8, 0xaa, 0xb5};
		random_.fill(request.cdb, sizeof request.cdb);
		if (!random_.one_in(8))
			request.cdb[0] = known[random_.below(sizeof known)];
		// Without this, nearly every address is out of range.
		if (random_.one_in(2))
			for (u32 i = 1; i < 16; i++)
				request.cdb[i] = random_.one_in(3) ? u8(random_.below(32)) : 0;
		static constexpr u8 lengths[] = {6, 10, 10, 12, 16, 12, 12, 12};
		request.cdb_length = random_.one_in(32)       ? u8(random_.next())
				     : request.cdb[0] == 0x7f ? u8{16}
							      : lengths[request.cdb[0] >> 5];
		if ((request.cdb[0] >> 5) == 4)
			request.cdb_length = 16;
	}

	Segment segment()
	{
		Segment made{frontend_.grant(16 + random_.below(HOSTILE_PAGES - 16)), 0, page_bytes};
		if (random_.one_in(4)) {
			made.offset = u16(random_.below(page_bytes));
			made.length = u16(random_.below(page_bytes - made.offset + 1));
		} else if (random_.one_in(2)) {
			made.length = u16(512 * random_.below(9));
		}
		if (random_.one_in(256))
			random_.fill(&made, sizeof made);
		return made;
	}

	void direct(Request &request)
	{
		request.segments = u8(random_.below(random_.one_in(2) ? 3 : direct_segments + 1));
		for (u32 i = 0; i < request.segments; i++)
			request.segment[i] = segment();
	}

	void lists(Request &request, u32 slot)
	{
		const u32 count = random_.below(most_segments + 2);
		const u32 pieces = 1 + random_.below(4);
		auto *list = reinterpret_cast<Segment *>(frontend_.page(slot));
		for (u32 i = 0; i < count; i++)
			list[i] = segment();
		request.segments = u8(indirect | pieces);
		for (u32 i = 0; i < pieces; i++) {
			const u32 begin = count * i / pieces;
			const u32 end = count * (i + 1) / pieces;
			request.segment[i] = {frontend_.grant(slot), u16(begin * sizeof(Segment)),
					      u16((end - begin) * sizeof(Segment))};
			if (random_.one_in(64))
				random_.fill(&request.segment[i], sizeof(Segment));
		}
	}

	Frontend &frontend_;
	Random &random_;
	std::vector<u16> luns_;
};
