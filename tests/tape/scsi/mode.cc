// SPDX-License-Identifier: GPL-2.0 OR MIT
#include "scsi/mode.hpp"

namespace scsi
{
namespace
{

constexpr std::size_t descriptor_size = 8;

void after_header(Mode &mode, Bytes data, std::size_t header, std::size_t descriptors)
{
	const Bytes valid = part(data, 0, mode.claimed);
	if (descriptors >= descriptor_size && valid.size() >= header + descriptor_size) {
		mode.has_descriptor = true;
		mode.density = valid[header];
		mode.block_length = static_cast<std::uint32_t>(big_endian(valid, header + 5, 3));
	}
	const Bytes pages = part(valid, header + descriptors, valid.size());
	mode.pages.assign(pages.begin(), pages.end());
}

} // namespace

std::optional<Mode> parse_mode6(Bytes data)
{
	if (data.size() < 4)
		return {};
	Mode mode;
	mode.claimed = data[0] + std::size_t{1};
	mode.medium_type = data[1];
	mode.device_specific = data[2];
	after_header(mode, data, 4, data[3]);
	return mode;
}

std::optional<Mode> parse_mode10(Bytes data)
{
	if (data.size() < 8)
		return {};
	Mode mode;
	mode.claimed = static_cast<std::size_t>(big_endian(data, 0, 2)) + 2;
	mode.medium_type = data[2];
	mode.device_specific = data[3];
	after_header(mode, data, 8, static_cast<std::size_t>(big_endian(data, 6, 2)));
	return mode;
}

Bytes Mode::page(std::uint8_t code) const
{
	Bytes left = pages;
	while (left.size() >= 2) {
		const bool sub = left[0] & 0x40;
		const std::size_t size = sub ? 4 + big_endian(left, 2, 2) : 2U + left[1];
		const Bytes item = part(left, 0, size);
		if ((item[0] & 0x3f) == code && !sub)
			return item;
		left = left.subspan(item.size());
	}
	return {};
}

Buffer mode_parameters(const Mode &mode, Bytes page)
{
	Buffer out(4 + descriptor_size);
	// MODE DATA LENGTH and WP are reserved here; BUFFERED MODE and SPEED are kept.
	out[1] = mode.medium_type;
	out[2] = mode.device_specific & 0x7f;
	out[3] = descriptor_size;
	out[4] = mode.density;
	put_big_endian(out, 9, 3, mode.block_length);
	if (!page.empty()) {
		out.insert(out.end(), page.begin(), page.end());
		// PS is reserved in MODE SELECT.
		out[4 + descriptor_size] &= 0x7f;
	}
	return out;
}

} // namespace scsi
