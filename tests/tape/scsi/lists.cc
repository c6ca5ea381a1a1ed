// SPDX-License-Identifier: GPL-2.0 OR MIT
#include "scsi/lists.hpp"

namespace scsi
{
namespace
{

// Items of a header, which ends with the length of the value, and the value.
std::optional<std::vector<Parameter>> parameters(Bytes left, std::size_t header, std::size_t length_size)
{
	std::vector<Parameter> found;
	while (!left.empty()) {
		if (left.size() < header)
			return {};
		const auto size =
			static_cast<std::size_t>(big_endian(left, header - length_size, length_size));
		if (left.size() < header + size)
			return {};
		const Bytes value = left.subspan(header, size);
		found.push_back(
			{static_cast<std::uint16_t>(big_endian(left, 0, 2)), {value.begin(), value.end()}});
		left = left.subspan(header + size);
	}
	return found;
}

std::optional<Bytes> log_content(Bytes data, std::uint8_t code)
{
	if (data.size() < 4 || (data[0] & 0x3f) != code)
		return {};
	const auto size = static_cast<std::size_t>(big_endian(data, 2, 2));
	if (data.size() < 4 + size)
		return {};
	return data.subspan(4, size);
}

} // namespace

std::optional<Inquiry> parse_inquiry(Bytes data)
{
	if (data.size() < 36)
		return {};
	return Inquiry{.qualifier = static_cast<std::uint8_t>(data[0] >> 5),
		       .type = static_cast<std::uint8_t>(data[0] & 0x1f),
		       .removable = (data[1] & 0x80) != 0,
		       .version = data[2],
		       .format = static_cast<std::uint8_t>(data[3] & 0x0f),
		       .claimed = data[4] + std::size_t{5},
		       .vendor = text(part(data, 8, 8)),
		       .product = text(part(data, 16, 16))};
}

std::optional<Bytes> vpd_page(Bytes data, std::uint8_t code)
{
	if (data.size() < 4 || data[1] != code)
		return {};
	const auto size = static_cast<std::size_t>(big_endian(data, 2, 2));
	if (data.size() < 4 + size)
		return {};
	return data.subspan(4, size);
}

std::optional<std::vector<Designator>> parse_designators(Bytes page)
{
	std::vector<Designator> found;
	while (!page.empty()) {
		if (page.size() < 4 || page.size() < 4U + page[3])
			return {};
		const Bytes value = page.subspan(4, page[3]);
		found.push_back({static_cast<std::uint8_t>(page[0] & 0x0f),
				 static_cast<std::uint8_t>(page[1] >> 4 & 3),
				 static_cast<std::uint8_t>(page[1] & 0x0f),
				 {value.begin(), value.end()}});
		page = page.subspan(4 + value.size());
	}
	return found;
}

std::optional<std::vector<Parameter>> parse_log_page(Bytes data, std::uint8_t code)
{
	const auto content = log_content(data, code);
	if (!content)
		return {};
	return parameters(*content, 4, 1);
}

std::optional<Buffer> parse_log_list(Bytes data)
{
	const auto content = log_content(data, 0);
	if (!content)
		return {};
	return Buffer{content->begin(), content->end()};
}

std::optional<std::vector<Parameter>> parse_attributes(Bytes data)
{
	if (data.size() < 4)
		return {};
	const auto size = static_cast<std::size_t>(big_endian(data, 0, 4));
	if (data.size() < 4 + size)
		return {};
	return parameters(data.subspan(4, size), 5, 2);
}

} // namespace scsi
