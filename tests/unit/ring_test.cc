// SPDX-License-Identifier: GPL-2.0 OR MIT
// The shared ring: indices, notifications, and slots from fetch to response.
#include <algorithm>
#include <deque>
#include <set>

#include "model.hpp"
#include <vscsi/ring_engine.hpp>

using namespace model;
using vscsi::BackRing;
using Peek = vscsi::BackRing::Peek;

namespace
{

// Explicit instantiation may name private members: it lets a ring start just
// below 2^32, which no test could reach, without a hook in the engine.
template <typename Tag, auto Member>
struct Reveal {
	friend auto &reveal(Tag, typename Tag::Class &object) { return object.*Member; }
};
#define REVEAL(tag, class_, member)                                                                          \
	struct tag {                                                                                         \
		using Class = class_;                                                                        \
		friend auto &reveal(tag, class_ &);                                                          \
	};                                                                                                   \
	template struct Reveal<tag, &class_::member>
REVEAL(Seen, vscsi::BackRing, seen_);
REVEAL(Consumed, vscsi::BackRing, consumed_);
REVEAL(Answered, vscsi::BackRing, answered_);
REVEAL(Published, vscsi::BackRing, published_);
REVEAL(RingOf, vscsi::RingEngine, ring_);

void start_at(Guest &guest, BackRing &back, u32 index)
{
	auto *shared = guest.shared();
	shared->req_prod = shared->rsp_prod = index;
	shared->req_event = shared->rsp_event = index + 1;
	guest.attach(index);
	reveal(Seen{}, back) = index;
	reveal(Consumed{}, back) = index;
	reveal(Answered{}, back).store(index, vscsi::Order::relaxed);
	reveal(Published{}, back) = index;
}

void start_at(Rig &rig, u32 index)
{
	start_at(rig.guest, reveal(RingOf{}, *reinterpret_cast<vscsi::RingEngine *>(rig.back.engine())),
		 index);
}

BackRing back_ring(Guest &guest)
{
	return BackRing{reinterpret_cast<vscsi::wire::Page *>(guest.shared())};
}

constexpr u32 starts[] = {0, 1, 0x7ffffff8, 0x80000000, 0xfffffff0, 0xfffffff7, 0xffffffff};

TEST(BackRing, RequestsInOrderAndInPlace)
{
	for (const u32 start : starts) {
		Guest guest;
		BackRing back = back_ring(guest);
		start_at(guest, back, start);
		for (u16 i = 0; i < 50; i++) {
			ASSERT_EQ(back.peek(), Peek::empty);
			guest.put(command(i));
			guest.push();
			ASSERT_EQ(back.peek(), Peek::request);
			const auto &request = back.next();
			EXPECT_EQ(&request, reinterpret_cast<const vscsi::wire::Request *>(
						    RING_GET_REQUEST(&guest.ring, start + i)));
			EXPECT_EQ(request.head.rqid, i);
			back.answer().rqid = i;
			EXPECT_EQ(guest.answers(), 0u);
			(void)back.publish();
			EXPECT_EQ(guest.take().rqid, i);
		}
	}
}

// Which producer values a ring takes that has `answered` answers behind it and
// `consumed` requests taken since.
TEST(BackRing, ProducerWindow)
{
	for (const u32 start : starts) {
		for (u32 in_flight = 0; in_flight <= 16; in_flight++) {
			for (i32 distance = -20; distance <= 40; distance++) {
				Guest guest;
				BackRing back = back_ring(guest);
				start_at(guest, back, start);
				guest.shared()->req_prod = start + in_flight;
				for (u32 i = 0; i < in_flight; i++) {
					ASSERT_EQ(back.peek(), Peek::request);
					(void)back.next();
				}
				guest.shared()->req_prod = start + static_cast<u32>(distance);
				const auto expected =
					distance == static_cast<i32>(in_flight) ? Peek::empty
					: distance > static_cast<i32>(in_flight) && distance <= 16
						? Peek::request
						: Peek::broken;
				ASSERT_EQ(back.peek(), expected) << in_flight << ' ' << distance;
				ASSERT_EQ(back.more(), expected != Peek::empty);
			}
		}
	}
}

TEST(BackRing, FarProducersAreBroken)
{
	for (const u32 far : {17u, 18u, 32u, 0x7fffffffu, 0x80000000u, 0xfffffff0u, 0xffffffffu}) {
		Guest guest;
		BackRing back = back_ring(guest);
		guest.shared()->req_prod = far;
		EXPECT_EQ(back.peek(), Peek::broken) << far;
	}
}

TEST(BackRing, ProducerIsReadOncePerBatch)
{
	Guest guest;
	BackRing back = back_ring(guest);
	guest.shared()->req_prod = 3;
	ASSERT_EQ(back.peek(), Peek::request);
	guest.shared()->req_prod = 1; // too late: the window was validated
	for (u32 i = 0; i < 3; i++) {
		ASSERT_EQ(back.peek(), Peek::request);
		(void)back.next();
	}
	EXPECT_EQ(back.peek(), Peek::broken);
}

TEST(BackRing, MoreAsksForTheNextRequest)
{
	for (const u32 start : starts) {
		Guest guest;
		BackRing back = back_ring(guest);
		start_at(guest, back, start);
		guest.shared()->req_event = start - 5;
		EXPECT_FALSE(back.more());
		EXPECT_EQ(guest.shared()->req_event, start + 1);
		guest.put(command(1));
		EXPECT_TRUE(guest.push());
		guest.put(command(2));
		EXPECT_FALSE(guest.push()) << "the backend is awake already";
		const u32 asked = guest.shared()->req_event;
		EXPECT_TRUE(back.more());
		EXPECT_EQ(guest.shared()->req_event, asked) << "no event is wanted while there is work";
		(void)back.next();
		EXPECT_TRUE(back.more());
		(void)back.next();
		EXPECT_FALSE(back.more());
		EXPECT_EQ(guest.shared()->req_event, start + 3);
	}
}

// All placements of the event index against Xen's own macro.
TEST(BackRing, PublishNotifiesAsXenDoes)
{
	for (const u32 start : starts) {
		for (u32 batch = 0; batch <= 16; batch++) {
			for (i32 event = -20; event <= 40; event++) {
				Guest ours, theirs;
				BackRing back = back_ring(ours);
				start_at(ours, back, start);
				vscsiif_back_ring xen{start, start, VSCSI_SLOTS, theirs.shared()};
				theirs.shared()->rsp_prod = start;
				const u32 asked = start + static_cast<u32>(event);
				ours.shared()->rsp_event = theirs.shared()->rsp_event = asked;
				ours.shared()->req_prod = start + batch;
				for (u32 i = 0; i < batch; i++) {
					ASSERT_EQ(back.peek(), Peek::request);
					(void)back.next();
					(void)back.answer();
				}
				xen.rsp_prod_pvt += batch;
				bool expected;
				RING_PUSH_RESPONSES_AND_CHECK_NOTIFY(&xen, expected);
				ASSERT_EQ(back.publish(), expected) << batch << ' ' << event;
				ASSERT_EQ(ours.shared()->rsp_prod, theirs.shared()->rsp_prod);
				ASSERT_FALSE(back.publish()) << "nothing new";
			}
		}
	}
}

TEST(BackRing, GuestCannotMoveOurIndices)
{
	Guest guest;
	BackRing back = back_ring(guest);
	guest.shared()->req_prod = 1;
	ASSERT_EQ(back.peek(), Peek::request);
	(void)back.next();
	guest.shared()->rsp_prod = 0xdead;
	guest.shared()->req_event = 0xdead;
	EXPECT_EQ(&back.answer(), reinterpret_cast<vscsi::wire::Response *>(&guest.shared()->ring[0].rsp));
	(void)back.publish();
	EXPECT_EQ(guest.shared()->rsp_prod, 1u);
	EXPECT_FALSE(back.more());
	EXPECT_EQ(guest.shared()->req_event, 2u);
}

// Who looks for requests anyway spares the frontend its notifications.
TEST(Ring, LookingAsksForNoNotification)
{
	Guest guest;
	BackRing back = back_ring(guest);
	guest.shared()->req_event = 0xdead;
	EXPECT_FALSE(back.has_requests());
	EXPECT_EQ(guest.shared()->req_event, 0xdeadu);
	guest.shared()->req_prod = 1;
	EXPECT_TRUE(back.has_requests());
	guest.shared()->req_prod = 17;
	EXPECT_TRUE(back.has_requests()) << "a broken index is to be read, not slept over";
	EXPECT_EQ(guest.shared()->req_event, 0xdeadu);
}

TEST(Ring, EmptyAtFirst)
{
	Rig rig;
	EXPECT_EQ(rig.fetch().what, VSCSI_FETCH_EMPTY);
	EXPECT_FALSE(rig.back.more());
	EXPECT_FALSE(rig.back.publish());
	EXPECT_EQ(rig.back.in_flight(), 0u);
	EXPECT_EQ(rig.back.counters().requests, 0u);
}

TEST(Ring, AllSixteenInFlightThenBroken)
{
	for (const u32 start : starts) {
		Rig rig;
		start_at(rig, start);
		std::set<u32> slots;
		for (u16 i = 0; i < 16; i++)
			rig.guest.put(command(i));
		EXPECT_TRUE(RING_FULL(&rig.guest.ring));
		rig.guest.push();
		for (u32 i = 0; i < 16; i++) {
			const auto f = rig.fetch();
			ASSERT_EQ(f.what, VSCSI_FETCH_COMMAND);
			ASSERT_LT(f.slot, VSCSI_SLOTS);
			slots.insert(f.slot);
		}
		EXPECT_EQ(slots.size(), 16u);
		EXPECT_EQ(rig.back.in_flight(), 16u);
		EXPECT_EQ(rig.fetch().what, VSCSI_FETCH_EMPTY);
		rig.guest.put(command(16));
		rig.guest.push();
		const auto f = rig.fetch();
		EXPECT_EQ(f.what, VSCSI_FETCH_BROKEN);
		EXPECT_EQ(f.slot, ~0u) << "the slot is not to be touched";
		EXPECT_TRUE(rig.back.more());
		EXPECT_EQ(rig.back.counters().requests, 16u);
	}
}

// A request that comes after one answer was published finds its slot free.
TEST(Ring, FullRingGoesOnAfterOneAnswer)
{
	Rig rig;
	std::deque<u32> running;
	for (u16 i = 0; i < 16; i++)
		running.push_back(rig.start(command(i)));
	for (u16 i = 0; i < 100; i++) {
		EXPECT_EQ(rig.finish(running.front()).rqid, i);
		running.pop_front();
		running.push_back(rig.start(command(static_cast<u16>(16 + i))));
		EXPECT_EQ(rig.back.in_flight(), 16u);
	}
}

TEST(Ring, UnpublishedAnswersFreeTheirSlots)
{
	Rig rig;
	const u32 slot = rig.start(command(1));
	rig.back.respond(slot);
	EXPECT_EQ(rig.back.in_flight(), 0u);
	EXPECT_EQ(rig.guest.answers(), 0u);
	EXPECT_EQ(rig.start(command(2)), slot);
	(void)rig.back.publish();
	EXPECT_EQ(rig.guest.take().rqid, 1);
	EXPECT_EQ(rig.guest.answers(), 0u);
}

// Random order of fetch, answer and publish over several wraps of the ring,
// with the indices passing 2^32 on the way.
TEST(Ring, OutOfOrderOverManyWraps)
{
	for (u64 seed = 1; seed <= 20; seed++) {
		Random random{seed};
		Rig rig;
		start_at(rig, 0u - random.below(1000));
		std::vector<std::pair<u32, u16>> running; // slot, rqid
		std::deque<u16> answered, free_ids;
		for (u16 id = 0; id < 16; id++)
			free_ids.push_back(id);
		u32 outstanding = 0, done = 0;
		while (done < 2000) {
			switch (random.below(4)) {
			case 0:
				for (u32 n = random.between(0, 16 - outstanding); n; n--, outstanding++) {
					rig.guest.put(command(free_ids.front()));
					free_ids.pop_front();
				}
				rig.guest.push();
				break;
			case 1:
				for (u32 n = random.below(17); n; n--) {
					const auto f = rig.fetch();
					if (f.what == VSCSI_FETCH_EMPTY)
						break;
					ASSERT_EQ(f.what, VSCSI_FETCH_COMMAND);
					for (const auto &other : running)
						ASSERT_NE(other.first, f.slot);
					const auto sent = RING_GET_REQUEST(
						&rig.guest.ring,
						rig.guest.ring.req_prod_pvt - outstanding +
							static_cast<u32>(running.size() + answered.size()));
					running.emplace_back(f.slot, sent->rqid);
				}
				break;
			case 2:
				for (u32 n = random.below(17); n && !running.empty(); n--) {
					const auto at = running.begin() +
							random.below(static_cast<u32>(running.size()));
					rig.back.respond(at->first);
					answered.push_back(at->second);
					running.erase(at);
				}
				break;
			case 3:
				(void)rig.back.publish();
				ASSERT_EQ(rig.guest.answers(), answered.size());
				for (; !answered.empty(); answered.pop_front(), outstanding--, done++) {
					ASSERT_EQ(rig.guest.take().rqid, answered.front());
					free_ids.push_back(answered.front());
				}
				break;
			}
			ASSERT_EQ(rig.back.in_flight(), running.size());
		}
		const auto counters = rig.back.counters();
		EXPECT_EQ(counters.responses, done);
		EXPECT_EQ(counters.requests, done + running.size());
	}
}

TEST(Ring, NotificationsAreCountedAndSuppressed)
{
	Rig rig;
	u32 wanted = 0;
	for (u16 i = 0; i < 200; i++) {
		const bool sleep = i % 3 == 0;
		if (sleep) {
			EXPECT_FALSE(rig.guest.more_answers());
		}
		rig.back.respond(rig.start(command(i)));
		EXPECT_EQ(rig.back.publish(), sleep);
		wanted += sleep;
		(void)rig.guest.take();
	}
	EXPECT_EQ(rig.back.counters().notifications, wanted);
}

TEST(Ring, ForgottenSlotsAreFreeAndUnanswered)
{
	Rig rig;
	for (u16 i = 0; i < 16; i++)
		(void)rig.start(command(i));
	const std::vector<u8> before(reinterpret_cast<u8 *>(rig.guest.shared()),
				     reinterpret_cast<u8 *>(rig.guest.shared()) + VSCSI_PAGE_BYTES);
	for (u32 slot = 0; slot < 16; slot++) {
		EXPECT_EQ(rig.back.in_flight(), 16 - slot);
		rig.back.forget(slot);
	}
	EXPECT_EQ(rig.back.in_flight(), 0u);
	EXPECT_FALSE(rig.back.publish());
	EXPECT_TRUE(std::equal(before.begin(), before.end(), reinterpret_cast<u8 *>(rig.guest.shared())));
	EXPECT_EQ(rig.back.counters().responses, 0u);
}

// A guest that guesses a free slot from unpublished answers still stays within 16.
TEST(Ring, ProducerAheadOfPublishedAnswers)
{
	Rig rig;
	for (u16 i = 0; i < 16; i++)
		(void)rig.start(command(i));
	rig.back.respond(3);
	rig.guest.put(command(100));
	rig.guest.push();
	EXPECT_EQ(rig.fetch().what, VSCSI_FETCH_COMMAND);
	EXPECT_EQ(rig.back.in_flight(), 16u);
	rig.guest.put(command(101));
	rig.guest.push();
	EXPECT_EQ(rig.fetch().what, VSCSI_FETCH_BROKEN);
}

// A slot is used once it has memory for segments, and low ones first.
TEST(Ring, ASlotWithoutAListIsAskedFor)
{
	Rig rig;
	for (u32 slot = 0; slot < VSCSI_SLOTS; slot++)
		vscsi_give_list(rig.back.engine(), slot, nullptr);
	for (u16 i = 0; i < 16; i++)
		rig.guest.put(transfer(i, VSCSI_TO_DEVICE, 512));
	rig.guest.push();
	for (u32 slot = 0; slot < VSCSI_SLOTS; slot++) {
		for (int time = 0; time < 2; time++) {
			const auto asked = rig.fetch();
			EXPECT_EQ(asked.what, VSCSI_FETCH_ROOM);
			EXPECT_EQ(asked.slot, slot);
			EXPECT_EQ(rig.back.in_flight(), slot) << "nothing was fetched";
			EXPECT_EQ(rig.back.counters().requests, slot);
			EXPECT_TRUE(rig.back.more());
		}
		vscsi_give_long_list(rig.back.engine(), slot, rig.back.list(slot));
		const auto f = rig.fetch();
		ASSERT_EQ(f.what, VSCSI_FETCH_COMMAND);
		EXPECT_EQ(f.slot, slot);
		EXPECT_EQ(rig.back.command(slot).rqid, slot);
		EXPECT_EQ(rig.back.command(slot).data_bytes, 512u);
	}
}

TEST(Ring, NoListIsAskedForWithoutARequest)
{
	Rig rig;
	vscsi_give_list(rig.back.engine(), 0, nullptr);
	EXPECT_EQ(rig.fetch().what, VSCSI_FETCH_EMPTY);
	vscsi_give_long_list(rig.back.engine(), 0, rig.back.list(0));
	(void)rig.start(command(1));
	vscsi_give_list(rig.back.engine(), 1, nullptr);
	EXPECT_EQ(rig.fetch().what, VSCSI_FETCH_EMPTY);
	(void)rig.finish(0);
	EXPECT_EQ(rig.start(command(2)), 0u) << "the slot that has one is used again";
}

TEST(Ring, ARequestIsCopiedOnce)
{
	Rig rig;
	auto r = transfer(1, VSCSI_TO_DEVICE, 512);
	r.cmnd[0] = 0x0a;
	const u32 slot = rig.start(r);
	std::memset(rig.guest.shared()->ring, 0xff, 16 * sizeof(rig.guest.shared()->ring[0]));
	const auto c = rig.back.command(slot);
	EXPECT_EQ(c.cdb[0], 0x0a);
	EXPECT_EQ(c.device, disk);
	EXPECT_EQ(c.data_bytes, 512u);
	vscsi_cursor at{};
	vscsi_copy copy[2];
	ASSERT_EQ(vscsi_data_copies(rig.back.engine(), slot, &at, 512, copy, 2), 1u);
	EXPECT_EQ(copy[0].grant, 100u);
	EXPECT_EQ(copy[0].length, 512u);
	EXPECT_EQ(rig.finish(slot).rqid, 1);
}

} // namespace
