// SPDX-License-Identifier: GPL-2.0 OR MIT
// What a bad cable does to FCoE frames; FIP's are spared.
#pragma once
#include <deque>
#include <functional>

#include "fabric/ports.hpp"
#include "frames/bytes.hpp"

namespace fabric
{

class Impairment
{
public:
	using Send = std::function<void(LinkId, frames::Bytes)>;

	// Of a thousand frames that come.
	unsigned drop_permille = 0;
	// Of each that goes.
	Time delay{0};

	// Whether this one is lost; the same ones are in each run.
	bool loses(frames::Bytes ethernet);
	// True: it will go later.
	bool delays(LinkId link, frames::Bytes ethernet, Time now);
	void pass(Time now, const Send &send);
	Time due() const { return queue_.empty() ? Time::max() : queue_.front().due; }
	std::uint64_t lost() const { return lost_; }

private:
	struct Delayed {
		Time due;
		LinkId link;
		frames::Buffer ethernet;
	};

	std::uint64_t lost_ = 0;
	std::uint64_t random_ = 0x9e3779b97f4a7c15;
	std::deque<Delayed> queue_;
};

} // namespace fabric
