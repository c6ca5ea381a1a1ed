// SPDX-License-Identifier: GPL-2.0 OR MIT
#pragma once
#include <optional>

#include "scsi/bytes.hpp"

namespace scsi
{

// READ POSITION's service actions.
constexpr std::uint8_t short_form = 0x00;
constexpr std::uint8_t long_form = 0x06;

struct Position {
	bool beginning = false;
	bool early_warning = false;
	std::uint32_t partition = 0;
	// Nothing if the drive says that it does not know.
	std::optional<std::uint64_t> block;
	std::optional<std::uint64_t> file; // long form only
};

std::optional<Position> parse_short_position(Bytes data);
std::optional<Position> parse_long_position(Bytes data);

} // namespace scsi
