// SPDX-License-Identifier: GPL-2.0 OR MIT
// Extended link services: payloads of requests and replies.
#pragma once
#include <optional>
#include <span>

#include "frames/fc.hpp"

namespace frames
{

enum class Els : std::uint8_t {
	reject = 0x01,
	accept = 0x02,
	plogi = 0x03,
	flogi = 0x04,
	logo = 0x05,
	fdisc = 0x51,
	rscn = 0x61,
	scr = 0x62,
};

struct Reject {
	std::uint8_t reason = 0;
	std::uint8_t explanation = 0;
	bool operator==(const Reject &) const = default;
};

constexpr Reject invalid_length{0x03, 0x2d};
constexpr Reject not_supported{0x0b, 0x2c};
constexpr Reject no_resources{0x09, 0x29};
constexpr Reject invalid_port_name{0x03, 0x0d};
constexpr Reject busy{0x05, 0x00};
constexpr Reject login_required{0x09, 0x1e};

// FLOGI, FDISC, PLOGI.
struct Login {
	Els service{};
	Wwn port;
	Wwn node;
};

Els service_of(Bytes payload);
std::optional<Login> decode_login(Bytes payload);
// Whether an SCR asks for what nodes register, or for everything.
bool wants_changes(Bytes payload);

Buffer accept_fabric_login(Wwn f_port, Wwn fabric, bool npiv);
Buffer accept_port_login(Wwn port, Wwn node);
Buffer accept_plain();
Buffer reject(Reject why);
Buffer state_change(std::span<const PortId> ports);

} // namespace frames
