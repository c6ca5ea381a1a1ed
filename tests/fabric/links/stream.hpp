// SPDX-License-Identifier: GPL-2.0 OR MIT
// A virtual machine's network adapter, by QEMU's `-netdev stream,server=off,addr.type=unix,addr.path=...`:
// frames with their length, in 4 bytes, before them.
#pragma once
#include <deque>
#include <vector>

#include "links/link.hpp"
#include "links/poller.hpp"

namespace links
{

// Cuts frames out of a stream.
class Framing
{
public:
	static constexpr std::size_t largest_frame = 65535;

	// False: that is no such stream.
	bool feed(std::span<const std::uint8_t> data, const Link::Frame &frame);
	void reset() { data_.clear(); }

private:
	std::vector<std::uint8_t> data_;
};

// Listens on a path, where one machine at a time connects.
class StreamLink : public Link
{
public:
	StreamLink(Poller &poller, const std::string &name, const std::string &path, Frame frame,
		   State state);
	~StreamLink() override;

	void send(std::span<const std::uint8_t> ethernet) override;
	// There is none: up to the switch to hear and say nothing.
	void carrier(bool on) override;

private:
	void accept();
	void receive(std::uint32_t events);
	void flush();
	void disconnect();

	Poller &poller_;
	std::string path_;
	File listener_;
	File connection_;
	bool carrier_ = true;
	Framing framing_;
	std::deque<std::vector<std::uint8_t>> queue_;
	std::size_t queued_ = 0;
	// Of the first in the queue.
	std::size_t sent_ = 0;
};

// Of a path, for listening; what was left there by an earlier run is removed.
File listen_on(const std::string &path);
File connect_to(const std::string &path);

} // namespace links
