// SPDX-License-Identifier: GPL-2.0 OR MIT
#include "frames/fip.hpp"

namespace frames
{

namespace
{

constexpr std::uint16_t flag_fabric_provided = 0x8000;
constexpr std::uint16_t flag_forwarder = 0x0020;
constexpr std::uint16_t flag_available = 0x0004;
constexpr std::uint16_t flag_solicited = 0x0002;
constexpr std::uint16_t flag_f_port = 0x0001;

constexpr std::size_t word = 4;
constexpr std::size_t smallest_ethernet = 60;

// Header and type of a descriptor that an ENode sends; false if it is too short for what it says.
bool read_descriptor(Fip &fip, Descriptor type, Bytes body)
{
	Reader reader{body};
	switch (type) {
	case Descriptor::mac:
		fip.mac = mac_of(reader.take(6));
		break;
	case Descriptor::size:
		fip.frame_size = reader.u16();
		break;
	case Descriptor::flogi:
	case Descriptor::fdisc:
	case Descriptor::logo:
		if (fip.service)
			return false;
		reader.skip(2);
		fip.service = type;
		fip.header = read_header(reader);
		fip.payload = reader.take(reader.left());
		if (fip.payload.empty())
			return false;
		break;
	case Descriptor::vn_port: {
		VnPort port;
		port.address = mac_of(reader.take(6));
		reader.skip(1);
		port.id = PortId{reader.u24()};
		port.name = Wwn{reader.u64()};
		fip.vn_port = port;
		break;
	}
	default:
		break;
	}
	return reader.good();
}

Writer begin(const Forwarder &forwarder, const Mac &destination, FipOperation operation, std::uint8_t subcode,
	     std::uint16_t flags, Bytes descriptors)
{
	Writer writer;
	write_ethernet(writer, destination, forwarder.address, EtherType::fip);
	writer.u8(0x10).u8(0).u16(static_cast<std::uint16_t>(operation)).u8(0).u8(subcode);
	writer.u16(descriptors.size() / word).u16(flags).bytes(descriptors);
	writer.pad_to(smallest_ethernet);
	return writer;
}

// Length is in words, with this.
Writer &descriptor(Writer &writer, Descriptor type, std::size_t size)
{
	return writer.u8(static_cast<std::uint8_t>(type)).u8(size / word);
}

void mac_descriptor(Writer &writer, const Mac &address)
{
	descriptor(writer, Descriptor::mac, 8).bytes(address.value);
}

void name_descriptor(Writer &writer, Wwn name)
{
	descriptor(writer, Descriptor::name, 12).u16(0).u64(name.value);
}

} // namespace

std::optional<Fip> decode_fip(Bytes ethernet)
{
	Reader reader{ethernet};
	Fip fip;
	fip.ethernet = read_ethernet(reader);
	if (fip.ethernet.type != static_cast<std::uint16_t>(EtherType::fip))
		return std::nullopt;
	const std::uint8_t version = reader.u8();
	reader.skip(1);
	fip.operation = static_cast<FipOperation>(reader.u16());
	reader.skip(1);
	fip.subcode = reader.u8();
	const std::size_t length = reader.u16() * word;
	fip.flags = reader.u16();
	Reader descriptors{reader.take(length)};
	if (!reader.good() || version >> 4U != 1)
		return std::nullopt;
	while (descriptors.left() > 0) {
		const auto type = static_cast<Descriptor>(descriptors.u8());
		const std::size_t size = descriptors.u8() * word;
		if (size < word)
			return std::nullopt;
		const Bytes body = descriptors.take(size - 2);
		if (!descriptors.good() || !read_descriptor(fip, type, body))
			return std::nullopt;
	}
	return fip;
}

Buffer advertisement(const Forwarder &forwarder, const Mac &destination, bool solicited, std::size_t pad_to)
{
	Writer list;
	descriptor(list, Descriptor::priority, 4).u8(0).u8(forwarder.priority);
	mac_descriptor(list, forwarder.address);
	name_descriptor(list, forwarder.name);
	descriptor(list, Descriptor::fabric, 16).u16(0).u8(0).u24(fc_map).u64(forwarder.fabric.value);
	descriptor(list, Descriptor::keep_alive, 8).u16(0).u32(forwarder.keep_alive_ms);
	const std::uint16_t flags = flag_fabric_provided | flag_forwarder | flag_available | flag_f_port |
				    (solicited ? flag_solicited : 0);
	Writer writer =
		begin(forwarder, destination, FipOperation::discovery, fip_advertisement, flags, list.view());
	return writer.pad_to(ethernet_size + pad_to).take();
}

Buffer service_reply(const Forwarder &forwarder, const Mac &destination, Descriptor service,
		     const Header &header, Bytes payload, const std::optional<Mac> &granted)
{
	Writer list;
	descriptor(list, service, word + header_size + payload.size()).u16(0);
	write_header(list, header);
	list.bytes(payload);
	if (granted)
		mac_descriptor(list, *granted);
	const std::uint16_t flags = flag_fabric_provided | flag_forwarder | flag_available | flag_f_port;
	return begin(forwarder, destination, FipOperation::link_service, fip_reply, flags, list.view())
		.take();
}

Buffer clear_virtual_links(const Forwarder &forwarder, const Mac &destination, std::span<const VnPort> ports)
{
	Writer list;
	mac_descriptor(list, forwarder.address);
	name_descriptor(list, forwarder.name);
	for (const VnPort &port : ports) {
		descriptor(list, Descriptor::vn_port, 20).bytes(port.address.value);
		list.u8(0).u24(port.id.value).u64(port.name.value);
	}
	const std::uint16_t flags = flag_fabric_provided | flag_forwarder | flag_f_port;
	return begin(forwarder, destination, FipOperation::control, fip_clear_links, flags, list.view())
		.take();
}

} // namespace frames
