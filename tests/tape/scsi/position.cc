// SPDX-License-Identifier: GPL-2.0 OR MIT
#include "scsi/position.hpp"

namespace scsi
{

std::optional<Position> parse_short_position(Bytes data)
{
	if (data.size() < 20)
		return {};
	Position position{.beginning = (data[0] & 0x80) != 0,
			  .early_warning = (data[0] & 0x40) != 0,
			  .partition = data[1],
			  .block = {},
			  .file = {}};
	constexpr int unknown = 0x04;
	if (!(data[0] & unknown))
		position.block = big_endian(data, 4, 4);
	return position;
}

std::optional<Position> parse_long_position(Bytes data)
{
	if (data.size() < 32)
		return {};
	Position position{.beginning = (data[0] & 0x80) != 0,
			  .early_warning = (data[0] & 0x40) != 0,
			  .partition = static_cast<std::uint32_t>(big_endian(data, 4, 4)),
			  .block = {},
			  .file = {}};
	constexpr int block_unknown = 0x04;
	constexpr int file_unknown = 0x08;
	if (!(data[0] & block_unknown))
		position.block = big_endian(data, 8, 8);
	if (!(data[0] & file_unknown))
		position.file = big_endian(data, 16, 8);
	return position;
}

} // namespace scsi
