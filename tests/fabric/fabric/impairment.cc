// SPDX-License-Identifier: GPL-2.0 OR MIT
#include "fabric/impairment.hpp"

#include "frames/fc.hpp"

namespace fabric
{

namespace
{

bool is_fcoe(frames::Bytes ethernet)
{
	frames::Reader reader{ethernet};
	return frames::read_ethernet(reader).type == static_cast<std::uint16_t>(frames::EtherType::fcoe);
}

} // namespace

bool Impairment::loses(frames::Bytes ethernet)
{
	if (drop_permille == 0 || !is_fcoe(ethernet))
		return false;
	random_ ^= random_ << 13U;
	random_ ^= random_ >> 7U;
	random_ ^= random_ << 17U;
	const bool unlucky = (random_ >> 20U) % 1000 < drop_permille;
	lost_ += unlucky ? 1 : 0;
	return unlucky;
}

bool Impairment::delays(LinkId link, frames::Bytes ethernet, Time now)
{
	// In order, also when the delay is taken away.
	if ((delay == Time{0} && queue_.empty()) || !is_fcoe(ethernet))
		return false;
	const Time last = queue_.empty() ? Time{0} : queue_.back().due;
	queue_.push_back({std::max(last, now + delay), link, {ethernet.begin(), ethernet.end()}});
	return true;
}

void Impairment::pass(Time now, const Send &send)
{
	while (!queue_.empty() && queue_.front().due <= now) {
		send(queue_.front().link, queue_.front().ethernet);
		queue_.pop_front();
	}
}

} // namespace fabric
