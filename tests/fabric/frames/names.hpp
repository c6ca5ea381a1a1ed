// SPDX-License-Identifier: GPL-2.0 OR MIT
// What ports are known by: World Wide Names, N_Port_IDs, MAC addresses.
#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "frames/bytes.hpp"

namespace frames
{

struct Wwn {
	std::uint64_t value = 0;
	bool operator==(const Wwn &) const = default;
	bool operator<(const Wwn &other) const { return value < other.value; }
};

struct PortId {
	std::uint32_t value = 0;
	bool operator==(const PortId &) const = default;
	bool operator<(const PortId &other) const { return value < other.value; }
};

struct Mac {
	std::array<std::uint8_t, 6> value{};
	bool operator==(const Mac &) const = default;
	bool operator<(const Mac &other) const { return value < other.value; }
};

// Well-known addresses.
constexpr PortId fabric_port{0xfffffe};
constexpr PortId fabric_controller{0xfffffd};
constexpr PortId directory_server{0xfffffc};
constexpr PortId management_server{0xfffffa};

constexpr bool well_known(PortId id)
{
	return id.value >= 0xfffff0;
}

constexpr std::uint32_t fc_map = 0x0efc00;

// Of a VN_Port: the fabric's prefix and the N_Port_ID.
Mac fabric_provided(PortId id);
Mac mac_of(Bytes six);

// 16 hexadecimal digits, with colons between bytes or without, 0x or naa. before them or not.
std::optional<Wwn> parse_wwn(std::string_view text);

std::string text(Wwn name);
std::string text(PortId id);
std::string text(const Mac &address);

} // namespace frames
