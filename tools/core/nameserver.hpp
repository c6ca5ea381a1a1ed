// SPDX-License-Identifier: GPL-2.0
// A fabric's name server: what is asked of it, by Common Transport (FC-GS), and what it says.
#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/wwn.hpp"

namespace vscsi
{

using CtBytes = std::vector<std::uint8_t>;
// A request and its answer; nothing if there was none.
using CtExchange = std::function<std::optional<CtBytes>(const CtBytes &request)>;

// A port that is logged in to a fabric, as far as that tells of it.
struct FabricPort {
	std::string id; // N_Port_ID, 0x010203
	Wwn node;
	std::string port_text; // its symbolic name, and its node's
	std::string node_text;
};
std::string describe(const FabricPort &port);

struct Lookup {
	bool answered = false; // false: whether there is one is not known
	std::optional<FabricPort> port;
};
// Who has this WWPN; name servers tell of ports that are zoned with the one that asks.
Lookup look_up(const Wwn &port, const CtExchange &ask);

} // namespace vscsi
