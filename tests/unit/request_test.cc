// SPDX-License-Identifier: GPL-2.0 OR MIT
// What makes a request valid, and what an invalid one is answered.
#include "model.hpp"

using namespace model;

namespace
{

constexpr i32 host_error = VSCSI_HOST_ERROR << 16;
constexpr i32 no_connect = VSCSI_HOST_NO_CONNECT << 16;
constexpr i32 check_condition = 0x02;
constexpr i32 task_failed = 0x2003;

void expect_counts(const Backend &back, int reject, u64 count)
{
	const auto counters = back.counters();
	for (int kind = 0; kind < VSCSI_REJECT_KINDS; kind++)
		EXPECT_EQ(counters.rejected[kind], kind == reject ? count : 0) << "kind " << kind;
	EXPECT_EQ(counters.bytes_in + counters.bytes_out, 0u);
}

void expect_no_data_copies(Rig &rig, u32 slot)
{
	vscsi_cursor at{};
	vscsi_copy copy[4];
	EXPECT_EQ(vscsi_data_copies(rig.back.engine(), slot, &at, ~0u, copy, 4), 0u);
}

void expect_no_copies(Rig &rig, u32 slot)
{
	vscsi_copy copy[4];
	EXPECT_EQ(vscsi_list_copies(rig.back.engine(), slot, copy, 4), 0u);
	expect_no_data_copies(rig, slot);
}

void expect_rejected(const vscsiif_request &request, int reject, i32 rslt)
{
	Rig rig;
	const auto f = rig.fetch(request);
	ASSERT_EQ(f.what, VSCSI_FETCH_REJECT);
	EXPECT_EQ(rig.back.in_flight(), 1u);
	expect_counts(rig.back, reject, 1);
	expect_no_copies(rig, f.slot);
	const auto response = rig.finish(f.slot);
	EXPECT_EQ(response.rqid, request.rqid);
	EXPECT_EQ(response.rslt, rslt);
	EXPECT_EQ(response.residual_len, 0u);
	if (rslt != check_condition) {
		EXPECT_EQ(response.sense_len, 0);
	}
	expect_counts(rig.back, reject, 1);
	EXPECT_EQ(rig.back.counters().responses, 1u);
	EXPECT_EQ(rig.back.in_flight(), 0u);
}

void expect_accepted(const vscsiif_request &request, int what)
{
	Rig rig;
	const auto f = rig.fetch(request);
	ASSERT_EQ(f.what, what);
	expect_counts(rig.back, -1, 0);
}

// An indirect request is fetched, its lists brought in, and the outcome returned.
Fetched fetch_indirect(Rig &rig, const vscsiif_request &request,
		       const std::vector<scsiif_request_segment> &segments)
{
	auto f = rig.fetch(request);
	if (f.what != VSCSI_FETCH_LIST)
		return f;
	EXPECT_LE(segments.size() * sizeof segments[0], VSCSI_LONG_LIST_BYTES);
	std::memcpy(rig.back.list(f.slot), segments.data(), segments.size() * sizeof segments[0]);
	f.what = rig.back.lists_done(f.slot, true);
	return f;
}

vscsiif_request indirect(const std::vector<scsiif_request_segment> &lists)
{
	auto r = command(5, VSCSI_FROM_DEVICE);
	r.nr_segments = static_cast<u8>(VSCSIIF_SG_GRANT | lists.size());
	for (std::size_t i = 0; i < lists.size(); i++)
		r.seg[i] = lists[i];
	return r;
}

TEST(Request, Actions)
{
	for (u32 action = 0; action < 256; action++) {
		auto r = command(9);
		r.act = static_cast<u8>(action);
		if (action == VSCSIIF_ACT_SCSI_CDB)
			expect_accepted(r, VSCSI_FETCH_COMMAND);
		else if (action == VSCSIIF_ACT_SCSI_ABORT || action == VSCSIIF_ACT_SCSI_RESET)
			expect_accepted(r, VSCSI_FETCH_TASK);
		else
			expect_rejected(r, VSCSI_REJECT_ACTION, host_error);
	}
}

TEST(Request, CdbLengths)
{
	for (u32 length = 0; length < 256; length++) {
		auto r = command(9);
		r.cmd_len = static_cast<u8>(length);
		std::memset(r.cmnd, 0x5a, sizeof r.cmnd);
		if (length == 0 || length > 16) {
			expect_rejected(r, VSCSI_REJECT_CDB_LENGTH, host_error);
			continue;
		}
		Rig rig;
		const auto c = rig.back.command(rig.start(r));
		for (u32 i = 0; i < 16; i++)
			EXPECT_EQ(c.cdb[i], i < length ? 0x5a : 0) << length;
	}
}

// Target core believes byte 7 and would read behind the CDB.
TEST(Request, VariableLengthCdbs)
{
	for (u32 length = 1; length <= 16; length++) {
		for (u32 additional = 0; additional < 256; additional++) {
			auto r = command(9);
			r.cmd_len = static_cast<u8>(length);
			r.cmnd[0] = 0x7f;
			r.cmnd[7] = static_cast<u8>(additional);
			if (8 + additional <= length)
				expect_accepted(r, VSCSI_FETCH_COMMAND);
			else
				expect_rejected(r, VSCSI_REJECT_CDB_LENGTH, check_condition);
		}
	}
}

TEST(Request, LongVariableCdbGetsInvalidField)
{
	Rig rig;
	auto r = transfer(9, VSCSI_FROM_DEVICE);
	r.cmd_len = 16;
	r.cmnd[0] = 0x7f;
	r.cmnd[7] = 0x18; // READ(32)
	const auto f = rig.fetch(r);
	ASSERT_EQ(f.what, VSCSI_FETCH_REJECT);
	const auto response = rig.finish(f.slot);
	ASSERT_EQ(response.sense_len, 18);
	EXPECT_EQ(response.sense_buffer[0], 0x70);
	EXPECT_EQ(response.sense_buffer[2], 0x05); // ILLEGAL REQUEST
	EXPECT_EQ(response.sense_buffer[7], 10);
	EXPECT_EQ(response.sense_buffer[12], 0x24); // INVALID FIELD IN CDB
	EXPECT_EQ(response.sense_buffer[13], 0x00);
}

TEST(Request, OnlyThatOpcodeHasAnAdditionalLength)
{
	for (u32 opcode = 0; opcode < 256; opcode++) {
		auto r = command(9);
		r.cmd_len = 16;
		r.cmnd[0] = static_cast<u8>(opcode);
		r.cmnd[7] = 0xff;
		if (opcode != 0x7f)
			expect_accepted(r, VSCSI_FETCH_COMMAND);
	}
}

TEST(Request, Directions)
{
	for (u32 direction = 0; direction < 256; direction++) {
		const auto r = transfer(9, static_cast<u8>(direction));
		if (direction < 1 || direction > 3) {
			expect_rejected(r, VSCSI_REJECT_DIRECTION, host_error);
			continue;
		}
		Rig rig;
		const auto c = rig.back.command(rig.start(r));
		EXPECT_EQ(c.direction, direction);
		EXPECT_EQ(c.data_bytes, direction == VSCSI_NO_DATA ? 0u : 4096u);
		EXPECT_EQ(c.pages, direction == VSCSI_NO_DATA ? 0u : 1u);
	}
}

TEST(Request, NothingOfARequestWithoutDataIsLookedAt)
{
	for (u32 segments = 0; segments < 256; segments++) {
		auto r = command(9, VSCSI_NO_DATA);
		r.nr_segments = static_cast<u8>(segments);
		std::memset(r.seg, 0xff, sizeof r.seg);
		Rig rig;
		const u32 slot = rig.start(r);
		EXPECT_EQ(rig.back.command(slot).data_bytes, 0u);
		expect_no_copies(rig, slot);
	}
}

TEST(Request, SegmentCounts)
{
	for (u32 segments = 0; segments < 256; segments++) {
		auto r = command(9, VSCSI_TO_DEVICE);
		r.nr_segments = static_cast<u8>(segments);
		const u32 entries = segments & 0x7f;
		const bool lists = segments & VSCSIIF_SG_GRANT;
		for (auto &segment : r.seg)
			segment = {100, 0, 8};
		if (entries > VSCSIIF_SG_TABLESIZE) {
			expect_rejected(r, VSCSI_REJECT_SEGMENTS, host_error);
			continue;
		}
		Rig rig;
		const auto f = rig.fetch(r);
		ASSERT_EQ(f.what, lists && entries ? VSCSI_FETCH_LIST : VSCSI_FETCH_COMMAND);
		if (lists) {
			vscsi_copy copies[VSCSI_LIST_COPIES];
			EXPECT_EQ(vscsi_list_copies(rig.back.engine(), f.slot, copies, VSCSI_LIST_COPIES),
				  entries);
			continue;
		}
		const auto c = rig.back.command(f.slot);
		EXPECT_EQ(c.data_bytes, entries * 8);
		EXPECT_EQ(c.direction, static_cast<u32>(entries ? VSCSI_TO_DEVICE : VSCSI_NO_DATA));
	}
}

constexpr u16 edges[] = {0,    1,    7,    8,    511,  512,    513,    2048,   4087,   4088,
			 4095, 4096, 4097, 4104, 8192, 0x7fff, 0x8000, 0xf000, 0xfff8, 0xffff};

TEST(Request, SegmentBoundaries)
{
	for (const u16 offset : edges) {
		for (const u16 length : edges) {
			for (const u32 place : {0u, 1u, 25u}) {
				auto r = command(9, VSCSI_FROM_DEVICE);
				r.nr_segments = 26;
				for (auto &segment : r.seg)
					segment = {100, 0, 16};
				r.seg[place] = {100, offset, length};
				if (offset >= 4096 || u32{offset} + length > 4096)
					expect_rejected(r, VSCSI_REJECT_SEGMENT, host_error);
				else
					expect_accepted(r, VSCSI_FETCH_COMMAND);
			}
		}
	}
}

TEST(Request, ListPageBoundaries)
{
	for (const u16 offset : edges) {
		for (const u16 length : edges) {
			auto r = indirect({{100, 0, 8}, {101, offset, length}, {102, 0, 8}});
			if (length == 0 || length % 8 || u32{offset} + length > 4096)
				expect_rejected(r, VSCSI_REJECT_LIST, host_error);
			else
				expect_accepted(r, VSCSI_FETCH_LIST);
		}
	}
}

TEST(Request, ListPagesAddUpToTheMostSegments)
{
	constexpr u16 rest = VSCSI_LONG_LIST_BYTES - 2 * VSCSI_PAGE_BYTES;
	expect_accepted(indirect({{1, 0, 1024}}), VSCSI_FETCH_LIST);
	expect_accepted(indirect({{1, 3072, 1024}}), VSCSI_FETCH_LIST);
	expect_accepted(indirect({{1, 0, 4096}, {2, 0, 4096}, {3, 0, rest}}), VSCSI_FETCH_LIST);
	expect_rejected(indirect({{1, 0, 4096}, {2, 0, 4096}, {3, 0, rest + 8}}), VSCSI_REJECT_SEGMENTS,
			host_error);
	expect_rejected(indirect(std::vector<scsiif_request_segment>(26, {1, 0, 4096})),
			VSCSI_REJECT_SEGMENTS, host_error);
	expect_accepted(indirect(std::vector<scsiif_request_segment>(26, {1, 0, 320})), VSCSI_FETCH_LIST);
	expect_rejected(indirect(std::vector<scsiif_request_segment>(26, {1, 0, 328})), VSCSI_REJECT_SEGMENTS,
			host_error);
}

TEST(Request, ListsAreCutWhereTheirMemoryHasAPagesEnd)
{
	Rig rig;
	const auto f = rig.fetch(indirect({{7, 8, 4000}, {8, 96, 200}, {9, 0, 4096}}));
	ASSERT_EQ(f.what, VSCSI_FETCH_LIST);
	EXPECT_EQ(vscsi_list_segments(rig.back.engine(), f.slot), (4000u + 200 + 4096) / 8);
	vscsi_copy copies[VSCSI_LIST_COPIES];
	ASSERT_EQ(vscsi_list_copies(rig.back.engine(), f.slot, copies, VSCSI_LIST_COPIES), 5u);
	const vscsi_copy wanted[] = {{7, 8, 0, 0, 4000},
				     {8, 96, 0, 4000, 96},
				     {8, 192, 1, 0, 104},
				     {9, 0, 1, 104, 3992},
				     {9, 3992, 2, 0, 104}};
	for (u32 i = 0; i < 5; i++) {
		EXPECT_EQ(copies[i].grant, wanted[i].grant) << i;
		EXPECT_EQ(copies[i].grant_offset, wanted[i].grant_offset) << i;
		EXPECT_EQ(copies[i].page, wanted[i].page) << i;
		EXPECT_EQ(copies[i].page_offset, wanted[i].page_offset) << i;
		EXPECT_EQ(copies[i].length, wanted[i].length) << i;
	}
}

// The shim would have it write behind its memory.
TEST(Request, FewSegmentsHaveRoomForNoMore)
{
	Rig rig;
	vscsi_give_list(rig.back.engine(), 0, rig.back.list(0));
	const auto few = rig.fetch(indirect({{1, 0, VSCSI_LIST_BYTES}}));
	ASSERT_EQ(few.slot, 0u);
	vscsi_copy copies[VSCSI_LIST_COPIES];
	EXPECT_EQ(vscsi_list_copies(rig.back.engine(), 0, copies, VSCSI_LIST_COPIES), 1u);
	rig.back.forget(0);
	const auto more = rig.fetch(indirect({{1, 0, VSCSI_LIST_BYTES + 8}}));
	ASSERT_EQ(more.slot, 0u);
	EXPECT_DEATH(vscsi_list_copies(rig.back.engine(), 0, copies, VSCSI_LIST_COPIES), "");
	vscsi_give_long_list(rig.back.engine(), 0, rig.back.list(0));
	EXPECT_EQ(vscsi_list_copies(rig.back.engine(), 0, copies, VSCSI_LIST_COPIES), 1u);
}

TEST(Request, IndirectSegmentsAreCheckedToo)
{
	for (const u16 offset : edges) {
		for (const u16 length : edges) {
			Rig rig;
			std::vector<scsiif_request_segment> segments(128, {50, 0, 4096});
			segments[127] = {51, offset, length};
			const auto f = fetch_indirect(rig, indirect({{1, 0, 1024}}), segments);
			const bool bad = offset >= 4096 || u32{offset} + length > 4096;
			ASSERT_EQ(f.what, bad ? VSCSI_FETCH_REJECT : VSCSI_FETCH_COMMAND);
			if (bad) {
				expect_counts(rig.back, VSCSI_REJECT_SEGMENT, 1);
				expect_no_data_copies(rig, f.slot);
				EXPECT_EQ(rig.finish(f.slot).rslt, host_error);
			} else {
				EXPECT_EQ(rig.back.command(f.slot).data_bytes, 127u * 4096 + length);
				EXPECT_EQ(rig.back.command(f.slot).pages, length ? 128u : 127u);
			}
		}
	}
}

TEST(Request, ListsThatCannotBeCopied)
{
	Rig rig;
	const auto f = rig.fetch(indirect({{1, 0, 1024}}));
	ASSERT_EQ(f.what, VSCSI_FETCH_LIST);
	EXPECT_EQ(rig.back.lists_done(f.slot, false), VSCSI_FETCH_REJECT);
	expect_counts(rig.back, VSCSI_REJECT_GRANT, 1);
	expect_no_data_copies(rig, f.slot);
	const auto response = rig.finish(f.slot);
	EXPECT_EQ(response.rslt, host_error);
	EXPECT_EQ(response.rqid, 5);
}

TEST(Request, DataThatCannotBeCopied)
{
	Rig rig;
	const u32 slot = rig.start(transfer(9, VSCSI_TO_DEVICE));
	rig.back.set_copy_failed(slot);
	expect_counts(rig.back, VSCSI_REJECT_GRANT, 1);
	const auto response = rig.finish(slot);
	EXPECT_EQ(response.rslt, host_error);
	EXPECT_EQ(response.residual_len, 4096u);
	expect_counts(rig.back, VSCSI_REJECT_GRANT, 1);
}

TEST(Request, ZeroLengthSegments)
{
	for (const u32 nonzero : {0u, 13u, 25u, 99u}) {
		auto r = command(9, VSCSI_TO_DEVICE);
		r.nr_segments = 26;
		for (auto &segment : r.seg)
			segment = {100, 4095, 0};
		if (nonzero < 26)
			r.seg[nonzero] = {200, 100, 77};
		Rig rig;
		const u32 slot = rig.start(r);
		const auto c = rig.back.command(slot);
		EXPECT_EQ(c.data_bytes, nonzero < 26 ? 77u : 0u);
		EXPECT_EQ(c.direction, static_cast<u32>(nonzero < 26 ? VSCSI_TO_DEVICE : VSCSI_NO_DATA));
		vscsi_cursor at{};
		vscsi_copy copy[26];
		const u32 count = vscsi_data_copies(rig.back.engine(), slot, &at, ~0u, copy, 26);
		ASSERT_EQ(count, nonzero < 26 ? 1u : 0u);
		if (count) {
			EXPECT_EQ(copy[0].grant, 200u);
			EXPECT_EQ(copy[0].length, 77u);
		}
	}
}

TEST(Request, UnknownDevices)
{
	for (const vscsi_address &to :
	     {vscsi_address{0, 0, 1, 4}, vscsi_address{0, 0, 2, 2}, vscsi_address{0, 1, 1, 2},
	      vscsi_address{0, 0xffff, 0xffff, 0xffff}}) {
		expect_rejected(command(9, VSCSI_NO_DATA, to), VSCSI_REJECT_LUN, no_connect);
		expect_rejected(request(VSCSIIF_ACT_SCSI_ABORT, 9, to), VSCSI_REJECT_LUN, task_failed);
		expect_rejected(request(VSCSIIF_ACT_SCSI_RESET, 9, to), VSCSI_REJECT_LUN, task_failed);
	}
}

TEST(Request, DevicesAreFoundAtTheirAddress)
{
	Rig rig;
	EXPECT_EQ(rig.back.command(rig.start(command(1, VSCSI_NO_DATA, disk_at))).device, disk);
	EXPECT_EQ(rig.back.command(rig.start(command(2, VSCSI_NO_DATA, tape_at))).device, tape);
}

TEST(Request, RqidInFlight)
{
	Rig rig;
	const u32 first = rig.start(command(9));
	for (const u8 action : std::initializer_list<u8>{VSCSIIF_ACT_SCSI_CDB, VSCSIIF_ACT_SCSI_ABORT,
							 VSCSIIF_ACT_SCSI_RESET}) {
		auto r = command(9);
		r.act = static_cast<u8>(action);
		const auto f = rig.fetch(r);
		EXPECT_EQ(f.what, VSCSI_FETCH_REJECT);
		EXPECT_NE(f.slot, first);
		const auto response = rig.finish(f.slot);
		EXPECT_EQ(response.rqid, 9);
		EXPECT_EQ(response.rslt, action == VSCSIIF_ACT_SCSI_CDB ? host_error : task_failed);
	}
	expect_counts(rig.back, VSCSI_REJECT_RQID, 3);
	EXPECT_EQ(rig.finish(first).rqid, 9);
	EXPECT_EQ(rig.finish(rig.start(command(9))).rqid, 9) << "free again";
}

// Neither an answered one nor the stale ids in unused slots count.
TEST(Request, RqidsOfFreeSlotsAreForgotten)
{
	Rig rig;
	EXPECT_EQ(rig.fetch(command(0)).what, VSCSI_FETCH_COMMAND);
	for (u16 i = 1; i < 16; i++)
		(void)rig.start(command(i));
	for (u32 slot = 0; slot < 16; slot++)
		(void)rig.finish(slot);
	for (u16 i = 16; i > 0; i--)
		(void)rig.start(command(static_cast<u16>(i - 1)));
	expect_counts(rig.back, -1, 0);
}

// A rejected request must not take the rest of its batch with it.
TEST(Request, TheRingGoesOnAfterEachReject)
{
	Rig rig;
	for (u16 i = 0; i < 16; i++) {
		auto r = command(i);
		if (i % 2)
			r.act = 77;
		rig.guest.put(r);
	}
	rig.guest.push();
	for (u16 i = 0; i < 16; i++) {
		const auto f = rig.fetch();
		EXPECT_EQ(f.what, i % 2 ? VSCSI_FETCH_REJECT : VSCSI_FETCH_COMMAND);
		rig.back.respond(f.slot);
	}
	(void)rig.back.publish();
	for (u16 i = 0; i < 16; i++) {
		const auto response = rig.guest.take();
		EXPECT_EQ(response.rqid, i);
		EXPECT_EQ(response.rslt, i % 2 ? host_error : 0);
	}
	expect_counts(rig.back, VSCSI_REJECT_ACTION, 8);
}

// Random requests: no sanitizer may complain, and every one is answered.
TEST(Request, Noise)
{
	Random random{42};
	Rig rig;
	for (u32 round = 0; round < 20000; round++) {
		vscsiif_request r;
		auto *bytes = reinterpret_cast<u8 *>(&r);
		for (std::size_t i = 0; i < sizeof r; i++)
			bytes[i] = static_cast<u8>(random.next() >> 56);
		if (!random.one_in(4)) { // likely enough to pass the first checks
			r.act = static_cast<u8>(random.between(1, 3));
			r.cmd_len = static_cast<u8>(random.between(1, 16));
			r.sc_data_direction = static_cast<u8>(random.between(1, 3));
			r.channel = 0;
			r.id = 1;
			r.lun = static_cast<u16>(random.between(2, 3));
			r.nr_segments = static_cast<u8>(random.below(2) << 7 | random.below(29));
			for (auto &segment : r.seg) {
				segment.offset = static_cast<u16>(random.below(4096));
				segment.length = static_cast<u16>(8 * random.below(6));
				if (random.one_in(200))
					segment.length = 0xffff;
			}
		}
		auto f = rig.fetch(r);
		if (f.what == VSCSI_FETCH_LIST) {
			vscsi_copy copies[VSCSI_LIST_COPIES];
			const u32 count =
				vscsi_list_copies(rig.back.engine(), f.slot, copies, VSCSI_LIST_COPIES);
			for (u32 i = 0; i < count; i++)
				ASSERT_LE(copies[i].page * VSCSI_PAGE_BYTES + copies[i].page_offset +
						  copies[i].length,
					  VSCSI_LONG_LIST_BYTES);
			for (u32 i = 0; i < VSCSI_LONG_LIST_BYTES; i++)
				rig.back.list(f.slot)[i] = static_cast<u8>(random.next() >> 56) & 0x0f;
			f.what = rig.back.lists_done(f.slot, !random.one_in(8));
		}
		ASSERT_TRUE(f.what == VSCSI_FETCH_COMMAND || f.what == VSCSI_FETCH_TASK ||
			    f.what == VSCSI_FETCH_REJECT);
		if (f.what == VSCSI_FETCH_COMMAND) {
			const auto c = rig.back.command(f.slot);
			ASSERT_LE(c.pages, VSCSI_MAX_SEGMENTS);
			ASSERT_LE(c.first_offset + c.data_bytes, c.pages * VSCSI_PAGE_BYTES);
			vscsi_cursor at{};
			vscsi_copy copy;
			u32 moved = 0;
			while (vscsi_data_copies(rig.back.engine(), f.slot, &at, ~0u, &copy, 1))
				moved += copy.length;
			ASSERT_EQ(moved, c.data_bytes);
		}
		ASSERT_EQ(rig.finish(f.slot).rqid, r.rqid);
	}
	const auto counters = rig.back.counters();
	u64 rejected = 0;
	for (const u64 kind : counters.rejected)
		rejected += kind;
	EXPECT_EQ(counters.requests, 20000u);
	EXPECT_EQ(counters.responses, 20000u);
	EXPECT_GT(rejected, 4000u);
	EXPECT_LT(rejected, 16000u);
}

} // namespace
