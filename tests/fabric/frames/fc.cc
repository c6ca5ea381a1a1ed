// SPDX-License-Identifier: GPL-2.0 OR MIT
#include "frames/fc.hpp"

namespace frames
{

namespace
{

// Version and reserved bytes, then SOF; CRC, EOF and reserved bytes.
constexpr std::size_t before = 14;
constexpr std::size_t after = 8;

constexpr std::array<std::uint32_t, 256> make_crc_table()
{
	std::array<std::uint32_t, 256> table{};
	for (std::uint32_t at = 0; at < table.size(); at++) {
		std::uint32_t value = at;
		for (int bit = 0; bit < 8; bit++)
			value = value >> 1U ^ (value & 1U ? 0xedb88320U : 0U);
		table[at] = value;
	}
	return table;
}

constexpr auto crc_table = make_crc_table();

} // namespace

std::uint32_t crc32(Bytes data)
{
	std::uint32_t value = ~0U;
	for (const std::uint8_t byte : data)
		value = value >> 8U ^ crc_table[(value ^ byte) & 255U];
	return ~value;
}

Header read_header(Reader &reader)
{
	Header header;
	header.routing = static_cast<Routing>(reader.u8());
	header.destination = PortId{reader.u24()};
	reader.skip(1);
	header.source = PortId{reader.u24()};
	header.type = static_cast<Type>(reader.u8());
	header.f_ctl = reader.u24();
	header.sequence = reader.u8();
	reader.skip(1);
	header.count = reader.u16();
	header.originator = reader.u16();
	header.responder = reader.u16();
	header.parameter = reader.u32();
	return header;
}

void write_header(Writer &writer, const Header &header)
{
	writer.u8(static_cast<std::uint8_t>(header.routing)).u24(header.destination.value);
	writer.u8(0).u24(header.source.value);
	writer.u8(static_cast<std::uint8_t>(header.type)).u24(header.f_ctl);
	writer.u8(header.sequence).u8(0).u16(header.count);
	writer.u16(header.originator).u16(header.responder).u32(header.parameter);
}

Ethernet read_ethernet(Reader &reader)
{
	Ethernet result;
	result.destination = mac_of(reader.take(6));
	result.source = mac_of(reader.take(6));
	result.type = reader.u16();
	return result;
}

void write_ethernet(Writer &writer, const Mac &destination, const Mac &source, EtherType type)
{
	writer.bytes(destination.value).bytes(source.value).u16(static_cast<std::uint16_t>(type));
}

std::optional<Frame> decode_fcoe(Bytes ethernet)
{
	Reader reader{ethernet};
	if (read_ethernet(reader).type != static_cast<std::uint16_t>(EtherType::fcoe))
		return std::nullopt;
	const std::uint8_t version = reader.u8();
	reader.skip(before - 1);
	if (!reader.good() || version >> 4U != 0 || reader.left() < header_size + after)
		return std::nullopt;
	const Bytes inner = reader.take(reader.left() - after);
	// Little endian, unlike everything else.
	std::uint32_t crc = 0;
	for (unsigned at = 0; at < 4; at++)
		crc |= static_cast<std::uint32_t>(reader.u8()) << (8 * at);
	Reader fields{inner};
	Frame frame;
	frame.header = read_header(fields);
	frame.payload = inner.subspan(header_size);
	frame.crc_good = inner.size() % 4 == 0 && crc == crc32(inner);
	return frame;
}

Buffer encode_fcoe(const Mac &destination, const Mac &source, const Header &header, Bytes payload,
		   Start start, End end)
{
	Writer writer;
	write_ethernet(writer, destination, source, EtherType::fcoe);
	writer.zeros(before - 1).u8(static_cast<std::uint8_t>(start));
	const std::size_t begin = writer.size();
	write_header(writer, header);
	writer.bytes(payload).zeros((4 - payload.size() % 4) % 4);
	const std::uint32_t crc = crc32(writer.view().subspan(begin));
	for (unsigned at = 0; at < 4; at++)
		writer.u8(crc >> (8 * at));
	writer.u8(static_cast<std::uint8_t>(end)).zeros(3);
	return writer.take();
}

} // namespace frames
