// SPDX-License-Identifier: GPL-2.0 OR MIT
#include "links/packet.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <vector>

#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "frames/fc.hpp"

namespace links
{

namespace
{

// Fibre Channel loses nothing on its way, and its users count on it.
constexpr int buffer_size = 64 << 20;
constexpr std::size_t largest_frame = 9216;
constexpr unsigned batch = 32;

File open_socket(int family, int type, int protocol, const std::string &what)
{
	File file{socket(family, type | SOCK_CLOEXEC, protocol)};
	if (!file.open())
		throw Failure::last(what);
	return file;
}

ifreq request_of(const std::string &interface)
{
	ifreq request{};
	std::copy_n(interface.begin(), std::min(interface.size(), sizeof request.ifr_name - 1),
		    request.ifr_name);
	return request;
}

} // namespace

PacketLink::PacketLink(Poller &poller, const std::string &interface, Frame frame, State state)
    : Link{interface, std::move(frame), std::move(state)}, poller_{poller},
      index_{static_cast<int>(if_nametoindex(interface.c_str()))}
{
	if (index_ == 0)
		throw Failure{interface + ": no such network interface (`ip link` shows them)"};
	news_ = open_socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK, NETLINK_ROUTE, "netlink");
	sockaddr_nl address{};
	address.nl_family = AF_NETLINK;
	address.nl_groups = RTMGRP_LINK;
	if (bind(news_.number(), reinterpret_cast<sockaddr *>(&address), sizeof address) != 0)
		throw Failure::last("netlink");
	poller_.watch(news_.number(), EPOLLIN, [this](std::uint32_t) { receive_news(); });
	plug();
}

PacketLink::~PacketLink()
{
	unplug();
	poller_.forget(news_.number());
}

void PacketLink::plug()
{
	sockets_[0] = open(static_cast<std::uint16_t>(frames::EtherType::fip));
	sockets_[1] = open(static_cast<std::uint16_t>(frames::EtherType::fcoe));
	for (const File &file : sockets_)
		poller_.watch(file.number(), EPOLLIN,
			      [this, number = file.number()](std::uint32_t) { receive(number); });
	became((flags() & IFF_RUNNING) != 0);
}

void PacketLink::unplug()
{
	for (File &file : sockets_) {
		if (file.open())
			poller_.forget(file.number());
		file = File{};
	}
}

// The interface has gone, and another one has its name now: a virtual machine's that was started anew.
void PacketLink::look_for_another()
{
	const int found = static_cast<int>(if_nametoindex(name().c_str()));
	if (found == 0 || found == index_)
		return;
	became(false);
	unplug();
	index_ = found;
	try {
		plug();
	} catch (const Failure &) {
		// It has gone again already; the news of the next one are to come.
		unplug();
	}
}

File PacketLink::open(std::uint16_t type)
{
	File file = open_socket(AF_PACKET, SOCK_RAW, 0,
				name() + ": raw socket (needs CAP_NET_RAW, as root has it)");
	for (const int option : {SO_RCVBUFFORCE, SO_SNDBUFFORCE})
		if (setsockopt(file.number(), SOL_SOCKET, option, &buffer_size, sizeof buffer_size) != 0)
			throw Failure::last(name() + ": socket buffer of 64 MiB (needs CAP_NET_ADMIN)");
	// Frames are addressed to the switch, not to the interface.
	packet_mreq membership{};
	membership.mr_ifindex = index_;
	membership.mr_type = PACKET_MR_PROMISC;
	if (setsockopt(file.number(), SOL_PACKET, PACKET_ADD_MEMBERSHIP, &membership, sizeof membership) != 0)
		throw Failure::last(name() + ": promiscuous mode");
	sockaddr_ll address{};
	address.sll_family = AF_PACKET;
	address.sll_protocol = htons(type);
	address.sll_ifindex = index_;
	if (bind(file.number(), reinterpret_cast<sockaddr *>(&address), sizeof address) != 0)
		throw Failure::last(name());
	return file;
}

unsigned PacketLink::flags() const
{
	ifreq request = request_of(name());
	if (!sockets_[0].open() || ioctl(sockets_[0].number(), SIOCGIFFLAGS, &request) != 0)
		return 0;
	return static_cast<unsigned>(request.ifr_flags);
}

void PacketLink::carrier(bool on)
{
	if (!sockets_[0].open())
		throw Failure{name() + ": there is no such network interface now"};
	ifreq request = request_of(name());
	const unsigned wanted = on ? flags() | IFF_UP : flags() & ~static_cast<unsigned>(IFF_UP);
	request.ifr_flags = static_cast<short>(wanted);
	if (ioctl(sockets_[0].number(), SIOCSIFFLAGS, &request) != 0)
		throw Failure::last(name() + ": up or down (needs CAP_NET_ADMIN)");
}

// Errors tell that the interface is down, which news tell too.
void PacketLink::receive(int file)
{
	static std::vector<std::array<std::uint8_t, largest_frame>> frames(batch);
	std::array<iovec, batch> parts{};
	std::array<mmsghdr, batch> messages{};
	for (std::size_t at = 0; at < batch; at++) {
		parts[at] = {frames[at].data(), largest_frame};
		messages[at].msg_hdr.msg_iov = &parts[at];
		messages[at].msg_hdr.msg_iovlen = 1;
	}
	const int count = recvmmsg(file, messages.data(), batch, MSG_DONTWAIT, nullptr);
	for (int at = 0; at < count; at++) {
		const auto number = static_cast<std::size_t>(at);
		arrived(std::span{frames[number]}.first(messages[number].msg_len));
	}
}

void PacketLink::send(std::span<const std::uint8_t> ethernet)
{
	const ssize_t done = ::send(sockets_[0].number(), ethernet.data(), ethernet.size(), 0);
	if (done < 0)
		lost();
	else
		left(ethernet.size());
}

void PacketLink::receive_news()
{
	alignas(nlmsghdr) std::array<char, 16384> data{};
	for (;;) {
		const ssize_t size = recv(news_.number(), data.data(), data.size(), 0);
		// Some may have been lost: how it is now is told by its flags.
		if (size < 0 && errno == ENOBUFS) {
			became((flags() & IFF_RUNNING) != 0);
			continue;
		}
		if (size <= 0)
			return look_for_another();
		auto left = static_cast<unsigned>(size);
		for (auto *header = reinterpret_cast<nlmsghdr *>(data.data()); NLMSG_OK(header, left);
		     header = NLMSG_NEXT(header, left)) {
			const auto *info = static_cast<const ifinfomsg *>(NLMSG_DATA(header));
			if (info->ifi_index != index_)
				continue;
			if (header->nlmsg_type == RTM_DELLINK)
				became(false);
			else if (header->nlmsg_type == RTM_NEWLINK)
				became((info->ifi_flags & IFF_RUNNING) != 0);
		}
	}
}

} // namespace links
