// SPDX-License-Identifier: GPL-2.0 OR MIT
// Breadth first through all states that events lead to, so that a failure comes
// with a shortest history.
#pragma once
#include <bit>
#include <cstring>
#include <functional>
#include <string>
#include <type_traits>
#include <vector>

#include "control_world.hpp"

namespace control
{

struct Event {
	std::string name;
	// Somebody has to do this sooner or later; the others may never happen.
	bool due;
	std::function<bool(World &)> happens;
};

class Search
{
public:
	// In every state; and where nothing is due.
	using Check = std::function<void(World &)>;

	Search(std::vector<Event> events, Check always, Check at_rest)
	    : events_{std::move(events)}, always_{std::move(always)}, at_rest_{std::move(at_rest)}
	{
		counts_.resize(events_.size());
		slots_.assign(1u << 16, none);
	}

	// Empty, or a history that ends badly.
	std::string run(const std::vector<State> &starts)
	{
		for (const State &start : starts)
			visit(start, none, none);
		for (u32 at = 0; at < nodes_.size(); at++) {
			const auto bad = expand(at);
			if (!bad.empty())
				return bad;
		}
		return endless();
	}

	[[nodiscard]] std::size_t states() const { return nodes_.size(); }
	[[nodiscard]] u64 transitions() const { return transitions_; }
	[[nodiscard]] std::size_t rests() const { return rests_; }
	// Of each event, how often.
	[[nodiscard]] const std::vector<u64> &counts() const { return counts_; }
	[[nodiscard]] const std::vector<Event> &events() const { return events_; }

private:
	static constexpr u32 none = ~0u;
	struct Node {
		State state;
		u32 parent, event;
	};
	struct Edge {
		u32 from, to;
	};
	static_assert(std::has_unique_object_representations_v<State>);

	std::vector<Event> events_;
	Check always_, at_rest_;
	std::vector<Node> nodes_;
	std::vector<u32> slots_; // open addressing
	std::vector<Edge> due_;
	std::vector<u64> counts_;
	u64 transitions_{};
	std::size_t rests_{};

	static u64 hash(const State &s)
	{
		u64 words[(sizeof(State) + 7) / 8]{};
		std::memcpy(words, &s, sizeof s);
		u64 sum = 0;
		for (const u64 word : words)
			sum = std::rotl((sum ^ word) * 0x9e3779b97f4a7c15ULL, 29);
		return sum * 0x2545f4914f6cdd1dULL >> 20;
	}
	u32 &slot(const State &s)
	{
		for (auto at = hash(s);; at++) {
			u32 &found = slots_[at & (slots_.size() - 1)];
			if (found == none || !std::memcmp(&nodes_[found].state, &s, sizeof s))
				return found;
		}
	}
	u32 visit(const State &s, u32 parent, u32 event)
	{
		u32 &found = slot(s);
		if (found != none)
			return found;
		const u32 number = found = static_cast<u32>(nodes_.size());
		nodes_.push_back({s, parent, event});
		if (nodes_.size() * 2 > slots_.size()) {
			slots_.assign(slots_.size() * 2, none);
			for (u32 i = 0; i < nodes_.size(); i++)
				slot(nodes_[i].state) = i;
		}
		return number;
	}
	std::string expand(u32 at)
	{
		bool rests = true;
		for (u32 e = 0; e < events_.size(); e++) {
			World w{nodes_[at].state};
			if (!events_[e].happens(w))
				continue;
			transitions_++;
			counts_[e]++;
			if (!w.fault)
				always_(w);
			if (w.fault)
				return history(at) + events_[e].name + "\n  " + describe(w.s) + "\n" +
				       w.fault;
			const u32 to = visit(w.s, at, e);
			if (!events_[e].due)
				continue;
			rests = false;
			due_.push_back({at, to});
		}
		if (!rests)
			return {};
		rests_++;
		World w{nodes_[at].state};
		at_rest_(w);
		return w.fault ? history(at) + w.fault + ", at rest" : std::string{};
	}
	// What is due comes to an end: those events alone make no circle.
	std::string endless()
	{
		std::vector<u32> waits(nodes_.size()), first(nodes_.size() + 1), ready;
		for (const auto &edge : due_) {
			waits[edge.to]++;
			first[edge.from + 1]++;
		}
		for (std::size_t i = 1; i < first.size(); i++)
			first[i] += first[i - 1];
		// due_ is sorted by where it comes from.
		for (u32 i = 0; i < nodes_.size(); i++)
			if (!waits[i])
				ready.push_back(i);
		for (std::size_t i = 0; i < ready.size(); i++)
			for (u32 e = first[ready[i]]; e < first[ready[i] + 1]; e++)
				if (!--waits[due_[e].to])
					ready.push_back(due_[e].to);
		for (u32 i = 0; i < nodes_.size(); i++)
			if (waits[i])
				return history(i) + "no end to what is due";
		return {};
	}
	[[nodiscard]] std::string history(u32 at) const
	{
		const auto &node = nodes_[at];
		if (node.parent == none)
			return "\n  " + describe(node.state) + "\n";
		return history(node.parent) + events_[node.event].name + "\n  " + describe(node.state) + "\n";
	}
};

} // namespace control
