// SPDX-License-Identifier: GPL-2.0 OR MIT
// Guest, ring thread and completer at the same time.  Built with
// VSCSI_SANITIZE=thread it checks what the engine says about its threads; in
// any build a lost notification shows as a timeout.
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "model.hpp"

using namespace model;

namespace
{

class Event
{
public:
	void set()
	{
		const std::lock_guard lock{mutex_};
		set_ = true;
		changed_.notify_one();
	}
	bool wait()
	{
		std::unique_lock lock{mutex_};
		const bool in_time = changed_.wait_for(lock, std::chrono::seconds{20}, [&] { return set_; });
		set_ = false;
		return in_time;
	}

private:
	std::mutex mutex_;
	std::condition_variable changed_;
	bool set_{};
};

constexpr u32 total = 40000;

// Xen's macros are not atomic in C++'s sense; this is the same in its words.
class Frontend
{
public:
	Frontend(vscsiif_sring *ring, Event &backend) : ring_{ring}, backend_{backend}
	{
		for (u16 i = 0; i < VSCSI_SLOTS; i++)
			free_.push_back(i);
	}

	void run(Event &wake, u64 seed)
	{
		Random random{seed};
		while (done_ < total && !::testing::Test::HasFailure()) {
			for (u32 n = random.below(17); n && sent_ < total && !free_.empty(); n--)
				send(random);
			publish();
			if (drain() || (sent_ < total && !free_.empty()))
				continue;
			__atomic_store_n(&ring_->rsp_event, consumed_ + 1, __ATOMIC_RELAXED);
			__atomic_thread_fence(__ATOMIC_SEQ_CST);
			if (drain())
				continue;
			ASSERT_TRUE(wake.wait()) << "no event after " << done_ << " responses";
		}
	}

private:
	void send(Random &random)
	{
		const u16 id = free_.back();
		free_.pop_back();
		const bool bad = random.one_in(10);
		auto r = command(id);
		r.act = bad ? 99 : VSCSIIF_ACT_SCSI_CDB;
		r.cmnd[1] = static_cast<u8>(random.next());
		expected_[id] = bad ? VSCSI_HOST_ERROR << 16 : r.cmnd[1];
		std::memcpy(&ring_->ring[producer_ % VSCSI_SLOTS].req, &r, sizeof r);
		producer_++;
		sent_++;
	}
	void publish()
	{
		const u32 old = __atomic_load_n(&ring_->req_prod, __ATOMIC_RELAXED);
		if (old == producer_)
			return;
		__atomic_store_n(&ring_->req_prod, producer_, __ATOMIC_RELEASE);
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
		const u32 event = __atomic_load_n(&ring_->req_event, __ATOMIC_RELAXED);
		if (producer_ - event < producer_ - old)
			backend_.set();
	}
	bool drain()
	{
		const u32 producer = __atomic_load_n(&ring_->rsp_prod, __ATOMIC_ACQUIRE);
		const bool any = producer != consumed_;
		for (; consumed_ != producer; consumed_++, done_++) {
			vscsiif_response r;
			std::memcpy(&r, &ring_->ring[consumed_ % VSCSI_SLOTS].rsp,
				    offsetof(vscsiif_response, reserved));
			expect(r.rqid < VSCSI_SLOTS && expected_[r.rqid] == r.rslt);
			expected_[r.rqid] = -1; // twice would be wrong
			free_.insert(free_.begin(), r.rqid);
		}
		return any;
	}
	static void expect(bool good) { EXPECT_TRUE(good) << "a wrong response"; }

	vscsiif_sring *ring_;
	Event &backend_;
	std::vector<u16> free_;
	i32 expected_[VSCSI_SLOTS]{};
	u32 producer_{}, consumed_{}, sent_{}, done_{};
};

// What the ring thread hands to the completer.
class Queue
{
public:
	void put(u32 slot)
	{
		const std::lock_guard lock{mutex_};
		slots_.push_back(slot);
		changed_.notify_one();
	}
	void close()
	{
		const std::lock_guard lock{mutex_};
		closed_ = true;
		changed_.notify_one();
	}
	// Everything there is; empty once closed.
	std::vector<u32> take()
	{
		std::unique_lock lock{mutex_};
		changed_.wait(lock, [&] { return closed_ || !slots_.empty(); });
		return std::move(slots_);
	}

private:
	std::mutex mutex_;
	std::condition_variable changed_;
	std::vector<u32> slots_;
	bool closed_{};
};

TEST(Stress, ThreeThreads)
{
	for (u64 seed = 1; seed <= 3; seed++) {
		Rig rig;
		Event to_backend, to_guest;
		Queue queue;
		Frontend frontend{rig.guest.shared(), to_backend};

		std::thread guest{[&] { frontend.run(to_guest, seed); }};
		std::thread completer{[&] {
			for (auto slots = queue.take(); !slots.empty(); slots = queue.take()) {
				for (std::size_t i = slots.size(); i > 0; i--)
					rig.back.respond(slots[i - 1]);
				if (rig.back.publish())
					to_guest.set();
			}
		}};

		u32 fetched = 0;
		while (fetched < total && !HasFailure()) {
			const auto f = rig.fetch();
			if (f.what == VSCSI_FETCH_EMPTY) {
				if (!rig.back.more()) {
					EXPECT_TRUE(to_backend.wait()) << "no event after " << fetched;
				}
				continue;
			}
			if (f.what == VSCSI_FETCH_COMMAND)
				rig.back.set_result(f.slot, VSCSI_HOST_OK, rig.back.command(f.slot).cdb[1]);
			else
				EXPECT_EQ(f.what, VSCSI_FETCH_REJECT);
			queue.put(f.slot);
			fetched++;
		}
		guest.join();
		queue.close();
		completer.join();
		EXPECT_EQ(rig.back.in_flight(), 0u);
		EXPECT_EQ(rig.back.counters().responses, total);
	}
}

// Two threads do one thing each at nearly the same time, over and over.
class Duel
{
public:
	static constexpr u32 rounds = 100000;

	void meet(u32 round, u32 delay)
	{
		arrived_.fetch_add(1);
		while (arrived_.load() < 2 * round) {
			if (::testing::Test::HasFailure())
				return;
			std::this_thread::yield();
		}
		for (u32 i = 0; i < delay; i++)
			(void)arrived_.load();
	}

private:
	std::atomic<u32> arrived_{};
};

// Either the backend sees the request, or the guest sees that an event is due.
TEST(Stress, ARequestDuringTheLastLook)
{
	Rig rig;
	Duel start, end;
	auto *ring = rig.guest.shared();
	bool notify = false;
	std::thread guest{[&] {
		Random random{1};
		for (u32 round = 1; round <= Duel::rounds && !HasFailure(); round++) {
			start.meet(round, random.below(20));
			__atomic_store_n(&ring->req_prod, round, __ATOMIC_RELEASE);
			__atomic_thread_fence(__ATOMIC_SEQ_CST);
			notify = round - __atomic_load_n(&ring->req_event, __ATOMIC_RELAXED) < 1;
			end.meet(round, 0);
		}
	}};
	Random random{2};
	for (u32 round = 1; round <= Duel::rounds && !HasFailure(); round++) {
		start.meet(round, random.below(20));
		const bool more = rig.back.more();
		end.meet(round, 0);
		EXPECT_TRUE(more || notify) << "round " << round;
		const auto f = rig.fetch();
		EXPECT_NE(f.what, VSCSI_FETCH_EMPTY);
		rig.back.respond(f.slot);
		(void)rig.back.publish();
	}
	guest.join();
}

// Either the guest sees the response, or the backend sees that an event is due.
TEST(Stress, AResponseDuringTheLastLook)
{
	Rig rig;
	Duel start, end;
	auto *ring = rig.guest.shared();
	bool seen = false;
	std::thread guest{[&] {
		Random random{3};
		for (u32 round = 1; round <= Duel::rounds && !HasFailure(); round++) {
			start.meet(round, random.below(20));
			__atomic_store_n(&ring->rsp_event, round, __ATOMIC_RELAXED);
			__atomic_thread_fence(__ATOMIC_SEQ_CST);
			seen = __atomic_load_n(&ring->rsp_prod, __ATOMIC_ACQUIRE) == round;
			end.meet(round, 0);
		}
	}};
	Random random{4};
	for (u32 round = 1; round <= Duel::rounds && !HasFailure(); round++) {
		__atomic_store_n(&ring->req_prod, round, __ATOMIC_RELEASE);
		const auto f = rig.fetch();
		EXPECT_NE(f.what, VSCSI_FETCH_EMPTY);
		rig.back.respond(f.slot);
		start.meet(round, random.below(20));
		const bool notify = rig.back.publish();
		end.meet(round, 0);
		EXPECT_TRUE(notify || seen) << "round " << round;
	}
	guest.join();
}

} // namespace
