// SPDX-License-Identifier: GPL-2.0 OR MIT
// What takes time: many random requests, memory that changes under the
// backend's eyes, a storm of events.
#pragma once
#include <atomic>
#include <map>
#include <thread>

#include "requests.hpp"

class Mischief
{
public:
	explicit Mischief(Frontend &frontend) : frontend_{frontend} {}

	void fuzz(u64 seed, u32 count, const std::vector<u16> &luns)
	{
		Random random{seed};
		RequestMaker maker{frontend_, random, luns};
		Tally tally;
		u32 made = 0;
		u32 slot = 0;
		while (made < count) {
			for (u32 room = ring_slots - frontend_.outstanding(); room && made < count;
			     room--, made++)
				frontend_.queue(maker.make(slot++ % ring_slots));
			frontend_.push();
			if (!frontend_.collect(1 + random.below(frontend_.outstanding()), patience,
					       std::ref(tally)))
				break;
		}
		finish("fuzz", made, tally);
	}

	// Another processor rewrites requests and lists while the backend reads them.
	void race(u64 seed, u32 seconds, const std::vector<u16> &luns)
	{
		std::atomic<bool> stop{false};
		std::thread other{[&] { scribble(seed + 1, stop); }};
		Random random{seed};
		RequestMaker maker{frontend_, random, luns};
		Tally tally;
		u32 made = 0;
		const auto end = Frontend::Clock::now() + std::chrono::seconds(seconds);
		while (Frontend::Clock::now() < end) {
			for (u32 slot = 0; slot < ring_slots; slot++, made++)
				frontend_.queue(maker.make(slot));
			frontend_.push();
			if (!frontend_.collect(ring_slots, patience, std::ref(tally)))
				break;
		}
		stop = true;
		other.join();
		finish("race", made, tally);
	}

	void storm(u32 seconds)
	{
		u64 sent = 0;
		const auto end = Frontend::Clock::now() + std::chrono::seconds(seconds);
		for (; Frontend::Clock::now() < end; sent += 1000)
			frontend_.notify(1000);
		std::printf("storm of %llu events\n", static_cast<unsigned long long>(sent));
	}

	// All that the backend writes, and the words that tell when to notify.
	void scribble_responses(u64 seed)
	{
		Random random{seed};
		auto &ring = frontend_.ring();
		for (auto &entry : ring.entry)
			random.fill(&entry, sizeof entry);
		random.fill(&ring.request_event, sizeof(u32));
		random.fill(&ring.response_producer, sizeof(u32));
		random.fill(&ring.response_event, sizeof(u32));
		random.fill(ring.padding, sizeof ring.padding);
	}

private:
	static constexpr std::chrono::seconds patience{30};

	struct Tally {
		u32 answers = 0;
		std::map<u32, u32> results;
		void operator()(const Response &response)
		{
			answers++;
			results[static_cast<u32>(response.result)]++;
		}
	};

	void finish(const char *what, u32 made, Tally &tally)
	{
		frontend_.collect(frontend_.outstanding(), patience, std::ref(tally));
		std::printf("%s %u requests %u answers\n", what, made, tally.answers);
		for (const auto &[result, times] : tally.results)
			std::printf("result %#x %u times\n", result, times);
	}

	void scribble(u64 seed, const std::atomic<bool> &stop)
	{
		Random random{seed};
		auto &ring = frontend_.ring();
		while (!stop) {
			auto &request = ring.entry[random.below(ring_slots)].request;
			const auto at = random.below(random.one_in(2) ? 32 : sizeof request);
			const auto junk = static_cast<u8>(random.next());
			// There and back, so that half of what is read is still right.
			auto *byte = reinterpret_cast<volatile u8 *>(&request) + at;
			const u8 old = *byte;
			*byte = junk;
			*byte = old;
			auto *list =
				reinterpret_cast<volatile u32 *>(frontend_.page(random.below(ring_slots)));
			const auto word = random.below(2 * most_segments);
			const u32 was = list[word];
			list[word] = static_cast<u32>(random.next());
			list[word] = was;
		}
	}

	Frontend &frontend_;
};
