// SPDX-License-Identifier: GPL-2.0 OR MIT
#include "scsi/bytes.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace scsi
{

std::uint64_t big_endian(Bytes data, std::size_t at, std::size_t count)
{
	std::uint64_t value = 0;
	for (std::size_t i = at; i < at + count; i++)
		value = value << 8 | byte_at(data, i);
	return value;
}

void put_big_endian(std::span<std::uint8_t> data, std::size_t at, std::size_t count, std::uint64_t value)
{
	for (std::size_t i = count; i-- > 0; value >>= 8)
		data[at + i] = static_cast<std::uint8_t>(value);
}

Bytes part(Bytes data, std::size_t at, std::size_t count)
{
	if (at >= data.size())
		return {};
	return data.subspan(at, std::min(count, data.size() - at));
}

std::string text(Bytes data)
{
	std::string found;
	for (const auto byte : data)
		if (byte >= ' ' && byte < 0x7f)
			found += static_cast<char>(byte);
	found.erase(found.find_last_not_of(' ') + 1);
	return found;
}

std::string hex(Bytes data, std::size_t most)
{
	std::string found;
	for (const auto byte : part(data, 0, most))
		found += fmt::format("{}{:02x}", found.empty() ? "" : " ", byte);
	return data.size() > most ? found + " ..." : found;
}

} // namespace scsi
