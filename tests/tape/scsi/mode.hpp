// SPDX-License-Identifier: GPL-2.0 OR MIT
#pragma once
#include <optional>

#include "scsi/bytes.hpp"

namespace scsi
{

// What MODE SENSE returns, whichever header it has.
struct Mode {
	std::size_t claimed = 0; // bytes the device says there are, by MODE DATA LENGTH
	std::uint8_t medium_type = 0;
	std::uint8_t device_specific = 0; // WP, BUFFERED MODE, SPEED
	bool has_descriptor = false;
	std::uint8_t density = 0;
	std::uint32_t block_length = 0;
	Buffer pages;

	bool write_protected() const { return device_specific & 0x80; }
	// The page with its two bytes of header; empty if it is not there.
	Bytes page(std::uint8_t code) const;
};

std::optional<Mode> parse_mode6(Bytes data);
std::optional<Mode> parse_mode10(Bytes data);

// Parameter list of MODE SELECT(6) with a block descriptor and one page or none.
Buffer mode_parameters(const Mode &mode, Bytes page = {});

} // namespace scsi
