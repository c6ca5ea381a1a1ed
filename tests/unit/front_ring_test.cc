// SPDX-License-Identifier: GPL-2.0 OR MIT
// The frontend's engine, and on the other side a backend on Xen's own ring macros that may lie.
#include <map>
#include <set>

#include "model.hpp"
#include <vscsi/front.h>

namespace
{

using namespace model;

// Xen's macro narrows what is no constant.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
void attach(vscsiif_back_ring &back, vscsiif_sring *shared, std::size_t bytes)
{
	BACK_RING_INIT(&back, shared, bytes);
}
#pragma GCC diagnostic pop

class FrontRig
{
public:
	explicit FrontRig(u32 order = 0)
	    : pages_{allocate(VSCSI_PAGE_BYTES, std::size_t{VSCSI_PAGE_BYTES} << order)},
	      memory_{allocate(64, vscsi_front_bytes())}, front{vscsi_front_init(memory_.get(), pages_.get(),
										 order)}
	{
		attach(back, shared(), std::size_t{VSCSI_PAGE_BYTES} << order);
	}
	vscsiif_sring *shared() { return static_cast<vscsiif_sring *>(pages_.get()); }

	int claim(bool task = false)
	{
		u32 slot = 0;
		return vscsi_front_claim(front, task, &slot) ? static_cast<int>(slot) : -1;
	}
	void send(u32 slot, u32 kind = VSCSI_FRONT_COMMAND, u32 bytes = 0, u32 aborted = 0)
	{
		vscsi_front_request request{};
		request.kind = kind;
		request.cdb = cdb;
		request.cdb_bytes = 6;
		request.direction = bytes ? VSCSI_FROM_DEVICE : VSCSI_NO_DATA;
		request.bytes = bytes;
		request.aborted = aborted;
		vscsi_front_send(front, slot, &request);
	}
	u32 start(u32 bytes = 0)
	{
		const int slot = claim();
		EXPECT_GE(slot, 0);
		send(static_cast<u32>(slot), VSCSI_FRONT_COMMAND, bytes);
		(void)vscsi_front_push(front);
		return static_cast<u32>(slot);
	}
	// The backend's.
	bool waiting() { return RING_HAS_UNCONSUMED_REQUESTS(&back); }
	vscsiif_request fetch()
	{
		vscsiif_request request{};
		if (!waiting()) {
			ADD_FAILURE() << "no request";
			return request;
		}
		RING_COPY_REQUEST(&back, back.req_cons, &request);
		back.req_cons++;
		return request;
	}
	void answer(u16 rqid, i32 result = 0, u32 residual = 0, u8 sense_bytes = 0)
	{
		vscsiif_response response;
		std::memset(&response, junk, sizeof response);
		response.rqid = rqid;
		response.rslt = result;
		response.residual_len = residual;
		response.sense_len = sense_bytes;
		*RING_GET_RESPONSE(&back, back.rsp_prod_pvt) = response;
		back.rsp_prod_pvt++;
		bool notify;
		RING_PUSH_RESPONSES_AND_CHECK_NOTIFY(&back, notify);
		notified += notify;
	}
	int take() { return vscsi_front_take(front, &got); }

	const u8 cdb[16] = {0x08, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
	vscsi_front_answer got{};
	vscsiif_back_ring back;
	u32 notified = 0;

private:
	Memory pages_;
	Memory memory_;

public:
	vscsi_front_engine *front;
};

} // namespace

TEST(FrontRing, RequestsAreAsTheWireHasThem)
{
	FrontRig rig;
	vscsi_segment segments[VSCSI_DIRECT_SEGMENTS];
	for (u32 i = 0; i < VSCSI_DIRECT_SEGMENTS; i++)
		segments[i] = {1000 + i, static_cast<u16>(8 * i), static_cast<u16>(512 + i)};
	for (u32 count : {0u, 1u, 26u}) {
		for (bool listed : {false, true}) {
			const int slot = rig.claim();
			ASSERT_GE(slot, 0);
			vscsi_front_request request{};
			request.kind = VSCSI_FRONT_COMMAND;
			request.cdb = rig.cdb;
			request.cdb_bytes = 10;
			request.timeout = 70000;
			request.channel = 1;
			request.id = 2;
			request.lun = 16383;
			request.direction = VSCSI_TO_DEVICE;
			request.bytes = 100;
			request.segment = segments;
			request.segments = count;
			request.listed = listed;
			vscsi_front_send(rig.front, static_cast<u32>(slot), &request);
			ASSERT_FALSE(rig.waiting()) << "shown before it is pushed";
			EXPECT_TRUE(vscsi_front_push(rig.front));
			const auto r = rig.fetch();
			EXPECT_EQ(r.act, VSCSIIF_ACT_SCSI_CDB);
			EXPECT_EQ(r.cmd_len, 10);
			EXPECT_EQ(std::memcmp(r.cmnd, rig.cdb, 10), 0);
			EXPECT_EQ(r.cmnd[10], 0) << "what is beyond the CDB is not sent";
			EXPECT_EQ(r.timeout_per_command, 65535);
			EXPECT_EQ(r.channel, 1);
			EXPECT_EQ(r.id, 2);
			EXPECT_EQ(r.lun, 16383);
			EXPECT_EQ(r.sc_data_direction, 1);
			EXPECT_EQ(r.nr_segments, count | (listed ? VSCSIIF_SG_GRANT : 0));
			EXPECT_EQ(std::memcmp(r.seg, segments, count * sizeof *segments), 0);
			rig.back.sring->req_event = rig.back.req_cons + 1;
		}
	}
}

TEST(FrontRing, TheBackendIsNotifiedWhenItAsks)
{
	FrontRig rig;
	(void)rig.start();
	rig.send(static_cast<u32>(rig.claim()));
	EXPECT_FALSE(vscsi_front_push(rig.front)) << "it looks anyway";
	EXPECT_FALSE(vscsi_front_push(rig.front)) << "nothing new";
	(void)rig.fetch();
	(void)rig.fetch();
	bool more;
	RING_FINAL_CHECK_FOR_REQUESTS(&rig.back, more);
	EXPECT_FALSE(more);
	rig.send(static_cast<u32>(rig.claim()));
	EXPECT_TRUE(vscsi_front_push(rig.front));
}

TEST(FrontRing, AnswersComeWithWhatTheyHave)
{
	FrontRig rig;
	const u32 slot = rig.start(4096);
	rig.answer(rig.fetch().rqid, 0x0e0002, 4000, 18);
	EXPECT_EQ(rig.notified, 1u);
	ASSERT_EQ(rig.take(), VSCSI_FRONT_ANSWER);
	EXPECT_EQ(rig.got.slot, slot);
	EXPECT_EQ(rig.got.host, 14u);
	EXPECT_EQ(rig.got.status, 2u);
	EXPECT_EQ(rig.got.residual, 4000u);
	EXPECT_EQ(rig.got.sense_bytes, 18u);
	EXPECT_EQ(rig.got.sense[17], junk);
	EXPECT_EQ(rig.take(), VSCSI_FRONT_EMPTY);
	EXPECT_FALSE(vscsi_front_more(rig.front));
}

TEST(FrontRing, HostResultsThatLinuxDoesNotKnowAreErrors)
{
	FrontRig rig;
	for (u32 host = 0; host < 256; host++) {
		(void)rig.start();
		rig.answer(rig.fetch().rqid, static_cast<i32>(0x7f000000 | host << 16));
		ASSERT_EQ(rig.take(), VSCSI_FRONT_ANSWER);
		EXPECT_EQ(rig.got.host, host < 16 || host == 20 ? host : VSCSI_HOST_ERROR);
	}
}

TEST(FrontRing, NoAnswerHasMoreThanTheRequest)
{
	FrontRig rig;
	(void)rig.start(512);
	rig.answer(rig.fetch().rqid, 0, 513, 255);
	ASSERT_EQ(rig.take(), VSCSI_FRONT_ANSWER);
	EXPECT_EQ(rig.got.host, VSCSI_HOST_ERROR) << "more is left than there was";
	EXPECT_LE(rig.got.residual, 512u);
	EXPECT_EQ(rig.got.sense_bytes, 96u);
	(void)rig.start(512);
	rig.answer(rig.fetch().rqid, 0, 512);
	ASSERT_EQ(rig.take(), VSCSI_FRONT_ANSWER);
	EXPECT_EQ(rig.got.host, 0u);
	EXPECT_EQ(rig.got.residual, 512u);
}

TEST(FrontRing, AnAnswerTwiceIsOne)
{
	FrontRig rig;
	(void)rig.start();
	(void)rig.start();
	const u16 first = rig.fetch().rqid;
	(void)rig.fetch();
	rig.answer(first);
	rig.answer(first);
	EXPECT_EQ(rig.take(), VSCSI_FRONT_ANSWER);
	EXPECT_EQ(rig.take(), VSCSI_FRONT_STALE);
	// The slot's next request has another id.
	for (u32 i = 0; i < 200; i++) {
		(void)rig.start();
		const u16 rqid = rig.fetch().rqid;
		ASSERT_NE(rqid, first) << i;
		rig.answer(rqid);
		if (rig.take() != VSCSI_FRONT_ANSWER)
			break;
	}
}

TEST(FrontRing, NoIdButThoseInFlightIsBelieved)
{
	for (u32 id = 0; id <= 0xffff; id = id == 1100 ? 0xfe00 : id + 1) {
		FrontRig rig{2};
		(void)rig.start();
		const u16 rqid = rig.fetch().rqid;
		rig.answer(static_cast<u16>(id));
		ASSERT_EQ(rig.take(), id == rqid ? VSCSI_FRONT_ANSWER : VSCSI_FRONT_STALE) << id;
	}
}

TEST(FrontRing, AnIndexThatCannotBeIsTheEnd)
{
	for (const u32 jump : {2u, 17u, 0x80000000u, 0xffffffffu}) {
		FrontRig rig;
		(void)rig.start();
		(void)rig.fetch();
		rig.shared()->rsp_prod = jump;
		EXPECT_EQ(rig.take(), VSCSI_FRONT_BROKEN) << jump;
		EXPECT_TRUE(vscsi_front_more(rig.front));
		rig.shared()->rsp_prod = 1;
		EXPECT_EQ(rig.take(), VSCSI_FRONT_BROKEN) << "it stays so";
	}
}

// An answer of something that was claimed and not sent is none.
TEST(FrontRing, WhatIsNotSentHasNoAnswer)
{
	FrontRig rig;
	const int claimed = rig.claim();
	(void)rig.start();
	(void)rig.fetch();
	rig.answer(static_cast<u16>(claimed));
	EXPECT_EQ(rig.take(), VSCSI_FRONT_STALE);
	vscsi_front_unclaim(rig.front, static_cast<u32>(claimed));
}

TEST(FrontRing, TheLastPlaceIsForTasks)
{
	for (u32 order = 0; order <= VSCSI_FRONT_MOST_PAGE_ORDER; order++) {
		FrontRig rig{order};
		const u32 slots = vscsi_front_slots(rig.front);
		ASSERT_EQ(slots, 16u << order);
		ASSERT_EQ(slots, RING_SIZE(&rig.back));
		std::set<int> used;
		for (u32 i = 1; i < slots; i++)
			used.insert(static_cast<int>(rig.start()));
		EXPECT_EQ(used.size(), slots - 1);
		EXPECT_EQ(rig.claim(), -1);
		const int task = rig.claim(true);
		ASSERT_GE(task, 0);
		EXPECT_EQ(rig.claim(true), -1);
		vscsi_front_unclaim(rig.front, static_cast<u32>(task));
		EXPECT_EQ(rig.claim(), -1) << "an unclaimed place is still the task's";
		ASSERT_EQ(rig.claim(true), task);
		rig.send(static_cast<u32>(task), VSCSI_FRONT_ABORT, 0, 3);
		(void)vscsi_front_push(rig.front);
		std::vector<vscsiif_request> sent;
		while (rig.waiting())
			sent.push_back(rig.fetch());
		ASSERT_EQ(sent.size(), slots);
		EXPECT_EQ(sent.back().act, VSCSIIF_ACT_SCSI_ABORT);
		EXPECT_EQ(sent.back().ref_rqid, sent[3].rqid);
		rig.answer(sent.back().rqid, 0x2002, 77);
		ASSERT_EQ(rig.take(), VSCSI_FRONT_TASK);
		EXPECT_EQ(rig.got.slot, static_cast<u32>(task));
		EXPECT_TRUE(rig.got.succeeded);
	}
}

TEST(FrontRing, WhatIsForgottenIsNotAnswered)
{
	FrontRig rig;
	const u32 slot = rig.start();
	const u16 rqid = rig.fetch().rqid;
	vscsi_front_forget(rig.front, slot);
	vscsi_front_forget(rig.front, slot);
	EXPECT_EQ(rig.start(), slot);
	const u16 next = rig.fetch().rqid;
	EXPECT_NE(next, rqid);
	rig.answer(rqid);
	EXPECT_EQ(rig.take(), VSCSI_FRONT_STALE);
	rig.answer(next, 0x2003);
	EXPECT_EQ(rig.take(), VSCSI_FRONT_ANSWER);
	// A place in the ring that is never answered stays lost.
	const u32 lost = rig.start();
	(void)rig.fetch();
	vscsi_front_forget(rig.front, lost);
	for (u32 i = 1; i < 15; i++)
		(void)rig.start();
	EXPECT_EQ(rig.claim(), -1);
}

// Any order, any ring, lies in between: each command has its answer once, and nothing else has.
TEST(FrontRing, AtRandom)
{
	Random random{23};
	for (u32 order : {0u, 1u, 4u}) {
		FrontRig rig{order};
		std::map<u16, std::pair<u32, u32>> flying; // by id: slot and bytes
		std::vector<u16> done;
		for (u32 round = 0; round < 40000; round++) {
			if (random.one_in(2)) {
				const int slot = rig.claim();
				if (slot < 0)
					continue;
				const u32 bytes = random.below(3) * 512;
				rig.send(static_cast<u32>(slot), VSCSI_FRONT_COMMAND, bytes);
				(void)vscsi_front_push(rig.front);
				const auto r = rig.fetch();
				ASSERT_FALSE(flying.count(r.rqid));
				flying[r.rqid] = {static_cast<u32>(slot), bytes};
			} else if (!flying.empty()) {
				auto it = flying.begin();
				std::advance(it, random.below(static_cast<u32>(flying.size())));
				const auto [rqid, what] = *it;
				const u32 residual = random.below(what.second + 1);
				rig.answer(rqid, 0, residual);
				ASSERT_EQ(rig.take(), VSCSI_FRONT_ANSWER);
				ASSERT_EQ(rig.got.slot, what.first);
				ASSERT_EQ(rig.got.residual, residual);
				flying.erase(it);
			}
		}
	}
}
