// SPDX-License-Identifier: GPL-2.0 OR MIT
// Breadth first through all states that events lead to, so that a failure comes
// with a shortest history.  A world is a State of bytes in s, a fault, and what
// describe() says of the state.
#pragma once
#include <bit>
#include <cstdint>
#include <cstring>
#include <functional>
#include <string>
#include <type_traits>
#include <vector>

namespace search
{

template <typename World>
struct Event {
	std::string name;
	// False if it cannot happen now.
	std::function<bool(World &)> happens;
};

template <typename World>
class Search
{
public:
	using State = decltype(World::s);
	// Of every state that is new.
	using Check = std::function<void(World &)>;

	Search(std::vector<Event<World>> events, Check check)
	    : events_{std::move(events)}, check_{std::move(check)}
	{
		counts_.resize(events_.size());
		table_.assign(1u << 16, none);
	}

	// Empty, or a history that ends badly.
	std::string run(const std::vector<State> &starts)
	{
		for (const State &start : starts) {
			World w{start};
			if (visit(start, none, none))
				check_(w);
			if (w.fault)
				return describe(start) + "\n" + w.fault;
		}
		for (std::uint32_t at = 0; at < nodes_.size(); at++) {
			const auto bad = expand(at);
			if (!bad.empty())
				return bad;
		}
		return {};
	}

	[[nodiscard]] std::size_t states() const { return nodes_.size(); }
	[[nodiscard]] std::uint64_t transitions() const { return transitions_; }
	// Of each event, how often.
	[[nodiscard]] const std::vector<std::uint64_t> &counts() const { return counts_; }
	[[nodiscard]] const std::vector<Event<World>> &events() const { return events_; }

private:
	static constexpr std::uint32_t none = ~0u;
	struct Node {
		State state;
		std::uint32_t parent, event;
	};
	static_assert(std::has_unique_object_representations_v<State>);

	std::vector<Event<World>> events_;
	Check check_;
	std::vector<Node> nodes_;
	std::vector<std::uint32_t> table_; // open addressing
	std::vector<std::uint64_t> counts_;
	std::uint64_t transitions_{};

	static std::uint64_t hash(const State &s)
	{
		std::uint64_t words[(sizeof(State) + 7) / 8]{};
		std::memcpy(words, &s, sizeof s);
		std::uint64_t sum = 0;
		for (const auto word : words)
			sum = std::rotl((sum ^ word) * 0x9e3779b97f4a7c15ULL, 29);
		return sum * 0x2545f4914f6cdd1dULL >> 20;
	}
	std::uint32_t &place(const State &s)
	{
		for (auto at = hash(s);; at++) {
			auto &found = table_[at & (table_.size() - 1)];
			if (found == none || !std::memcmp(&nodes_[found].state, &s, sizeof s))
				return found;
		}
	}
	// True if it is new.
	bool visit(const State &s, std::uint32_t parent, std::uint32_t event)
	{
		auto &found = place(s);
		if (found != none)
			return false;
		found = static_cast<std::uint32_t>(nodes_.size());
		nodes_.push_back({s, parent, event});
		if (nodes_.size() * 2 > table_.size()) {
			table_.assign(table_.size() * 2, none);
			for (std::uint32_t i = 0; i < nodes_.size(); i++)
				place(nodes_[i].state) = i;
		}
		return true;
	}
	std::string expand(std::uint32_t at)
	{
		for (std::uint32_t e = 0; e < events_.size(); e++) {
			World w{nodes_[at].state};
			if (!events_[e].happens(w))
				continue;
			transitions_++;
			counts_[e]++;
			if (!w.fault && visit(w.s, at, e))
				check_(w);
			if (w.fault)
				return history(at) + events_[e].name + "\n  " + describe(w.s) + "\n" +
				       w.fault;
		}
		return {};
	}
	[[nodiscard]] std::string history(std::uint32_t at) const
	{
		const auto &node = nodes_[at];
		if (node.parent == none)
			return "\n  " + describe(node.state) + "\n";
		return history(node.parent) + events_[node.event].name + "\n  " + describe(node.state) + "\n";
	}
};

} // namespace search
