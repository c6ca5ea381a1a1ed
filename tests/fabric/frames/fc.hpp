// SPDX-License-Identifier: GPL-2.0 OR MIT
// A Fibre Channel frame, and the Ethernet frame that carries it.
#pragma once
#include <optional>

#include "frames/bytes.hpp"
#include "frames/names.hpp"

namespace frames
{

enum class Routing : std::uint8_t {
	unsolicited_control = 0x02,
	solicited_control = 0x03,
	els_request = 0x22,
	els_reply = 0x23,
	abort_sequence = 0x81,
	basic_accept = 0x84,
};

enum class Type : std::uint8_t { basic = 0x00, els = 0x01, fcp = 0x08, common_transport = 0x20 };

// Of the frames that are made here, each a sequence or the last of one.
constexpr std::uint32_t f_ctl_request = 0x290000;
constexpr std::uint32_t f_ctl_reply = 0x980000;
constexpr std::uint32_t f_ctl_end_of_sequence = 0x080000;
constexpr std::uint32_t f_ctl_sequence_initiative = 0x010000;

constexpr std::uint16_t no_exchange = 0xffff;

struct Header {
	Routing routing{};
	PortId destination;
	PortId source;
	Type type{};
	std::uint32_t f_ctl = 0;
	std::uint8_t sequence = 0;
	std::uint16_t count = 0;
	std::uint16_t originator = no_exchange;
	std::uint16_t responder = no_exchange;
	std::uint32_t parameter = 0;
};

constexpr std::size_t header_size = 24;
// Of one frame's payload.
constexpr std::size_t largest_payload = 2112;

Header read_header(Reader &reader);
void write_header(Writer &writer, const Header &header);

enum class EtherType : std::uint16_t { fcoe = 0x8906, fip = 0x8914 };

struct Ethernet {
	Mac destination;
	Mac source;
	std::uint16_t type = 0;
};

constexpr std::size_t ethernet_size = 14;

Ethernet read_ethernet(Reader &reader);
void write_ethernet(Writer &writer, const Mac &destination, const Mac &source, EtherType type);

// Delimiters: the first of a sequence and those that follow; the last, and the others.
enum class Start : std::uint8_t { initiate = 0x2e, normal = 0x36 };
enum class End : std::uint8_t { normal = 0x41, terminate = 0x42 };

struct Frame {
	Header header;
	Bytes payload;
	bool crc_good = false;
};

std::uint32_t crc32(Bytes data);

// Of a whole Ethernet frame.
std::optional<Frame> decode_fcoe(Bytes ethernet);
Buffer encode_fcoe(const Mac &destination, const Mac &source, const Header &header, Bytes payload,
		   Start start = Start::initiate, End end = End::terminate);

} // namespace frames
