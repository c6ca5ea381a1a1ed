// SPDX-License-Identifier: GPL-2.0 OR MIT
// A network interface of this host, by raw sockets.
#pragma once
#include <array>

#include "links/link.hpp"
#include "links/poller.hpp"

namespace links
{

class PacketLink : public Link
{
public:
	PacketLink(Poller &poller, const std::string &interface, Frame frame, State state);
	~PacketLink() override;

	void send(std::span<const std::uint8_t> ethernet) override;
	void carrier(bool on) override;

private:
	File open(std::uint16_t type);
	void plug();
	void unplug();
	void look_for_another();
	void receive(int file);
	void receive_news();
	unsigned flags() const;

	Poller &poller_;
	int index_ = 0;
	// Of FIP, which all is sent by, and of FCoE.
	std::array<File, 2> sockets_;
	// What the kernel tells of interfaces.
	File news_;
};

} // namespace links
