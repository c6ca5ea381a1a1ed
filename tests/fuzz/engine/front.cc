// SPDX-License-Identifier: GPL-2.0 OR MIT
// The frontend's engine and a backend that writes what it likes, also while it is read.
#include <map>
#include <vector>
#include <vscsi/front.h>
#include <vscsi/read_once.hpp>
#include <vscsi/wire.hpp>

#include "harness.hpp"
#include "loads.hpp"

namespace fuzz
{
namespace
{

using namespace vscsi;

constexpr u32 first_entry = offsetof(wire::Page, entry) / 4;
constexpr u32 entry_words = sizeof(wire::Entry) / 4;

// Each word is read once in a call, and may be another at the next read.
class Shared final : public Reader
{
public:
	explicit Shared(u32 order) : bytes_{std::size_t{wire::page_bytes} << order}
	{
		watched = {bytes_.data(), bytes_.size(), this};
	}
	Shared(const Shared &) = delete;
	Shared &operator=(const Shared &) = delete;
	~Shared() { watched = {}; }

	u8 *data() { return bytes_.data(); }
	[[nodiscard]] u32 words() const { return static_cast<u32>(bytes_.size() / 4); }
	u32 word(u32 index)
	{
		u32 value;
		std::memcpy(&value, bytes_.data() + 4 * index, 4);
		return value;
	}
	void set(u32 index, u32 value) { std::memcpy(bytes_.data() + 4 * index, &value, 4); }
	void begin(u32 scramble)
	{
		seen_.clear();
		scramble_ = scramble;
	}
	void reads(std::size_t from, std::size_t size) override
	{
		expect(from % 4 == 0 && size == 4, "a read that is no word of the ring");
		const auto index = static_cast<u32>(from / 4);
		if (scramble_ && seen_.size() % 8 == scramble_ % 8)
			set(index, word(index) ^ scramble_);
		// The producer index is looked at again after the event is set.
		expect(index < first_entry || !seen_.count(index), "a word of a response is read twice");
		seen_[index] = word(index);
	}
	// Of what was read in this call; -1: nothing.
	[[nodiscard]] long long rqid(u32 entry) const
	{
		const auto found = seen_.find(first_entry + entry * entry_words);
		return found == seen_.end() ? -1 : found->second & 0xffff;
	}

private:
	Exact bytes_;
	std::map<u32, u32> seen_;
	u32 scramble_{};
};

struct Flight {
	u32 slot, bytes;
	bool task;
};

class Front
{
public:
	explicit Front(Input &input)
	    : in_{input}, order_{input.below(VSCSI_FRONT_MOST_PAGE_ORDER + 1)}, shared_{order_},
	      memory_{vscsi_front_bytes()}, engine_{vscsi_front_init(memory_.data(), shared_.data(), order_)},
	      slots_{vscsi_front_slots(engine_)}
	{
		expect(slots_ == 16u << order_, "another number of slots");
		expect((first_entry + slots_ * entry_words) <= shared_.words(), "a ring that has no room");
	}

	void go()
	{
		for (u32 step = 0; step < 300 && !in_.empty(); step++) {
			const u8 what = in_.take<u8>();
			shared_.begin(what & 8 ? in_.take<u32>() : 0);
			switch (what & 7) {
			case 0:
			case 1:
				send(what >> 4);
				break;
			case 2:
			case 3:
				answer(what >> 4);
				break;
			case 4:
				shared_.set(in_.below(shared_.words()), in_.take<u32>());
				break;
			case 5:
				forget();
				break;
			default:
				take();
			}
			expect(flying_.size() <= slots_, "more in flight than there is room for");
		}
	}

private:
	void send(u32 how)
	{
		u32 slot = ~0u;
		const bool task = how & 1;
		if (!vscsi_front_claim(engine_, task, &slot)) {
			const i32 outstanding = static_cast<i32>(flying_.size()) + lost_;
			expect(flying_.size() == slots_ || outstanding + !task >= static_cast<i32>(slots_),
			       "there was room");
			return;
		}
		expect(slot < slots_, "a slot that is none");
		for (const auto &[rqid, flight] : flying_)
			expect(flight.slot != slot, "a slot in use is given once more");
		if (how & 2) {
			vscsi_front_unclaim(engine_, slot);
			return;
		}
		std::vector<vscsi_segment> segments(in_.below(27));
		const u8 cdb[16] = {1, 2, 3};
		vscsi_front_request request{};
		request.kind = task ? VSCSI_FRONT_RESET : VSCSI_FRONT_COMMAND;
		request.cdb = cdb;
		request.cdb_bytes = in_.below(20);
		request.bytes = in_.take<u16>();
		request.segment = segments.data();
		request.segments = static_cast<u32>(segments.size());
		const u32 entry = sent_++ % slots_;
		vscsi_front_send(engine_, slot, &request);
		const u32 rqid = shared_.word(first_entry + entry * entry_words) & 0xffff;
		expect(flying_.emplace(rqid, Flight{slot, task ? 0 : request.bytes, task}).second,
		       "an id that is in flight");
		(void)vscsi_front_push(engine_);
	}

	// Of one that is in flight, or of none.
	void answer(u32 how)
	{
		const u32 entry = answered_ % slots_, at = first_entry + entry * entry_words;
		u32 rqid = in_.take<u16>();
		if (how & 1 && !flying_.empty()) {
			auto it = flying_.begin();
			std::advance(it, rqid % flying_.size());
			rqid = it->first;
		}
		shared_.set(at, rqid | u32{in_.take<u16>()} << 16);
		shared_.set(at + 25, in_.take<u32>());
		shared_.set(at + 26, in_.take<u32>());
		if (how & 2)
			shared_.set(2, ++answered_);
	}

	void take()
	{
		vscsi_front_answer got{};
		const int what = vscsi_front_take(engine_, &got);
		expect(!broken_ || what == VSCSI_FRONT_BROKEN, "a broken ring goes on");
		switch (what) {
		case VSCSI_FRONT_EMPTY:
			(void)vscsi_front_more(engine_);
			return;
		case VSCSI_FRONT_BROKEN:
			broken_ = true;
			return;
		}
		const long long rqid = shared_.rqid(taken_++ % slots_);
		expect(rqid >= 0, "an answer that was not read");
		const auto found = flying_.find(static_cast<u32>(rqid));
		if (what == VSCSI_FRONT_STALE) {
			expect(found == flying_.end(), "the answer of what is in flight is dropped");
			lost_--;
			return;
		}
		expect(found != flying_.end(), "an answer of nothing");
		const Flight flight = found->second;
		flying_.erase(found);
		expect(got.slot == flight.slot, "the answer of another");
		expect((what == VSCSI_FRONT_TASK) == flight.task, "a task is a command, or the reverse");
		expect(got.residual <= flight.bytes || flight.task, "more is left than there was");
		expect(got.sense_bytes <= VSCSI_SENSE_BYTES, "more sense data than there is room for");
		expect(got.host <= 15 || got.host == 20, "a host result that is none");
	}

	void forget()
	{
		if (flying_.empty())
			return;
		auto it = flying_.begin();
		std::advance(it, in_.below(256) % flying_.size());
		vscsi_front_forget(engine_, it->second.slot);
		flying_.erase(it);
		lost_++;
	}

	Input &in_;
	u32 order_;
	Shared shared_;
	Exact memory_;
	vscsi_front_engine *engine_;
	u32 slots_;
	std::map<u32, Flight> flying_;
	u32 sent_{}, answered_{}, taken_{};
	i32 lost_{}; // places of what is forgotten, less answers of nothing
	bool broken_{};
};

} // namespace

void front(Input input)
{
	Front{input}.go();
}

} // namespace fuzz
