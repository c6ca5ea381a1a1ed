// SPDX-License-Identifier: GPL-2.0 OR MIT
// The FCoE Initialization Protocol: discovery, login, keep-alive.
#pragma once
#include <optional>
#include <span>

#include "frames/fc.hpp"

namespace frames
{

enum class FipOperation : std::uint16_t { discovery = 1, link_service = 2, control = 3 };

// Their meaning depends on the operation.
constexpr std::uint8_t fip_solicitation = 1;
constexpr std::uint8_t fip_advertisement = 2;
constexpr std::uint8_t fip_request = 1;
constexpr std::uint8_t fip_reply = 2;
constexpr std::uint8_t fip_keep_alive = 1;
constexpr std::uint8_t fip_clear_links = 2;

enum class Descriptor : std::uint8_t {
	priority = 1,
	mac = 2,
	name = 4,
	fabric = 5,
	size = 6,
	flogi = 7,
	fdisc = 8,
	logo = 9,
	vn_port = 11,
	keep_alive = 12,
};

// A VN_Port as keep-alives and Clear Virtual Links name it.
struct VnPort {
	Mac address;
	PortId id;
	Wwn name;
};

// What one of the operations that an ENode sends can have.
struct Fip {
	Ethernet ethernet;
	FipOperation operation{};
	std::uint8_t subcode = 0;
	std::uint16_t flags = 0;
	std::optional<Mac> mac;
	// Largest FCoE frame of the ENode.
	std::uint16_t frame_size = 0;
	// The encapsulated link service, and in which descriptor it was.
	std::optional<Descriptor> service;
	Header header;
	Bytes payload;
	std::optional<VnPort> vn_port;
};

// Nothing if it is malformed.
std::optional<Fip> decode_fip(Bytes ethernet);

struct Forwarder {
	Mac address;
	Wwn name;
	Wwn fabric;
	std::uint32_t keep_alive_ms = 8000;
	std::uint8_t priority = 128;
};

constexpr Mac all_enodes{{0x01, 0x10, 0x18, 0x01, 0x00, 0x01}};

// An unsolicited one is multicast. pad_to: size of the FCoE payload that it has to prove.
Buffer advertisement(const Forwarder &forwarder, const Mac &destination, bool solicited, std::size_t pad_to);
// granted: MAC address of the VN_Port, none in a reject.
Buffer service_reply(const Forwarder &forwarder, const Mac &destination, Descriptor service,
		     const Header &header, Bytes payload, const std::optional<Mac> &granted);
// Without ports: all of the ENode.
Buffer clear_virtual_links(const Forwarder &forwarder, const Mac &destination, std::span<const VnPort> ports);

} // namespace frames
