// SPDX-License-Identifier: GPL-2.0 OR MIT
#pragma once
#include <cstdint>
#include <functional>
#include <span>
#include <string>

namespace links
{

struct Traffic {
	std::uint64_t frames_in = 0;
	std::uint64_t frames_out = 0;
	std::uint64_t bytes_in = 0;
	std::uint64_t bytes_out = 0;
	// Could not be sent.
	std::uint64_t lost = 0;
};

// A way to an HBA. What comes is told by callbacks.
class Link
{
public:
	using Frame = std::function<void(std::span<std::uint8_t> ethernet)>;
	using State = std::function<void(bool up)>;

	Link(std::string name, Frame frame, State state)
	    : name_{std::move(name)}, frame_{std::move(frame)}, state_{std::move(state)}
	{
	}
	Link(const Link &) = delete;
	Link &operator=(const Link &) = delete;
	virtual ~Link() = default;

	virtual void send(std::span<const std::uint8_t> ethernet) = 0;
	// As the switch's side of a cable does: the other end loses its carrier, if there is such a thing.
	virtual void carrier(bool on) = 0;

	const std::string &name() const { return name_; }
	bool up() const { return up_; }
	const Traffic &traffic() const { return traffic_; }

protected:
	void arrived(std::span<std::uint8_t> ethernet)
	{
		traffic_.frames_in++;
		traffic_.bytes_in += ethernet.size();
		frame_(ethernet);
	}

	void left(std::size_t size)
	{
		traffic_.frames_out++;
		traffic_.bytes_out += size;
	}

	void lost() { traffic_.lost++; }

	void became(bool up)
	{
		if (up == up_)
			return;
		up_ = up;
		state_(up);
	}

private:
	std::string name_;
	Frame frame_;
	State state_;
	bool up_ = false;
	Traffic traffic_;
};

} // namespace links
