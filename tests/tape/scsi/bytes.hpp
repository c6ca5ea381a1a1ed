// SPDX-License-Identifier: GPL-2.0 OR MIT
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace scsi
{

using Bytes = std::span<const std::uint8_t>;
using Buffer = std::vector<std::uint8_t>;

// A device may send less than it ought to: what is missing reads as zero.
std::uint64_t big_endian(Bytes data, std::size_t at, std::size_t count);
void put_big_endian(std::span<std::uint8_t> data, std::size_t at, std::size_t count, std::uint64_t value);

inline std::uint8_t byte_at(Bytes data, std::size_t at)
{
	return at < data.size() ? data[at] : 0;
}

// As much of the wanted part as there is.
Bytes part(Bytes data, std::size_t at, std::size_t count);

// Padding at the end and what is not printable left out.
std::string text(Bytes data);
std::string hex(Bytes data, std::size_t most = 64);

} // namespace scsi
