// SPDX-License-Identifier: GPL-2.0 OR MIT
#include "frames/els.hpp"

namespace frames
{

namespace
{

constexpr std::uint16_t feature_f_port = 0x1000;
constexpr std::uint16_t feature_npiv = 0x2000;
constexpr std::uint16_t feature_continuous_offset = 0x8000;
constexpr std::uint32_t resource_timeout_ms = 10000;
constexpr std::uint32_t error_timeout_ms = 2000;
constexpr std::uint16_t version = 0x2020;
constexpr std::uint16_t credits = 16;
constexpr std::uint16_t sequences = 255;
constexpr std::size_t class_size = 16;
constexpr std::size_t vendor_size = 16;

// Of classes 1 to 4 there is class 3.
void write_classes(Writer &writer)
{
	writer.zeros(2 * class_size);
	writer.u16(0x8800).u16(0).u16(0).u16(largest_payload).u16(sequences).u16(0).u8(0).u8(1).u16(0);
	writer.zeros(class_size).zeros(vendor_size);
}

} // namespace

Els service_of(Bytes payload)
{
	return static_cast<Els>(Reader{payload}.u8());
}

std::optional<Login> decode_login(Bytes payload)
{
	Reader reader{payload};
	Login login;
	login.service = static_cast<Els>(reader.u8());
	reader.skip(3 + 16);
	login.port = Wwn{reader.u64()};
	login.node = Wwn{reader.u64()};
	reader.skip(4 * class_size + vendor_size);
	if (!reader.good())
		return std::nullopt;
	return login;
}

bool wants_changes(Bytes payload)
{
	Reader reader{payload};
	reader.skip(7);
	const std::uint8_t function = reader.u8();
	return function == 2 || function == 3;
}

Buffer accept_fabric_login(Wwn f_port, Wwn fabric, bool npiv)
{
	Writer writer;
	writer.u8(static_cast<std::uint8_t>(Els::accept)).zeros(3);
	writer.u16(version).u16(credits).u16(feature_f_port | (npiv ? feature_npiv : 0)).u16(largest_payload);
	writer.u32(resource_timeout_ms).u32(error_timeout_ms).u64(f_port.value).u64(fabric.value);
	write_classes(writer);
	return writer.take();
}

Buffer accept_port_login(Wwn port, Wwn node)
{
	Writer writer;
	writer.u8(static_cast<std::uint8_t>(Els::accept)).zeros(3);
	writer.u16(version).u16(credits).u16(feature_continuous_offset).u16(largest_payload);
	writer.u16(sequences).u16(0).u32(error_timeout_ms).u64(port.value).u64(node.value);
	write_classes(writer);
	return writer.take();
}

Buffer accept_plain()
{
	return Writer{}.u8(static_cast<std::uint8_t>(Els::accept)).zeros(3).take();
}

Buffer reject(Reject why)
{
	Writer writer;
	writer.u8(static_cast<std::uint8_t>(Els::reject)).zeros(4);
	return writer.u8(why.reason).u8(why.explanation).u8(0).take();
}

Buffer state_change(std::span<const PortId> ports)
{
	Writer writer;
	writer.u8(static_cast<std::uint8_t>(Els::rscn)).u8(4).u16(4 + 4 * ports.size());
	for (const PortId port : ports)
		writer.u8(0).u24(port.value);
	return writer.take();
}

} // namespace frames
