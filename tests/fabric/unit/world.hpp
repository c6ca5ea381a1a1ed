// SPDX-License-Identifier: GPL-2.0 OR MIT
// A fabric whose links end in the test, and HBAs on them that say what tests want.
#pragma once
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "fabric/fabric.hpp"
#include "frames/ct.hpp"

namespace test
{

using fabric::Fabric;
using fabric::LinkId;
using fabric::Time;
using frames::Buffer;
using frames::Bytes;
using frames::Mac;
using frames::PortId;
using frames::Writer;
using frames::Wwn;

constexpr Mac all_forwarders{{0x01, 0x10, 0x18, 0x01, 0x00, 0x02}};

struct World {
	struct Sent {
		LinkId link{};
		Buffer ethernet;
	};

	std::vector<Sent> sent;
	std::vector<std::string> notes;
	Time now{0};
	Fabric fabric{1,
		      [this](LinkId link, Bytes data) {
			      sent.push_back({link, {data.begin(), data.end()}});
		      },
		      [this](const std::string &text) { notes.push_back(text); }};

	void receive(LinkId link, Buffer ethernet) { fabric.receive(link, ethernet, now); }

	// What has been sent since, and forgets it.
	std::vector<Sent> take() { return std::exchange(sent, {}); }

	void pass(Time time)
	{
		now += time;
		fabric.pass(now);
	}
};

struct Reply {
	frames::Header header;
	Buffer payload;
	std::optional<Mac> granted;

	bool accepted() const { return frames::service_of(payload) == frames::Els::accept; }
	frames::Reject why() const { return {payload.at(5), payload.at(6)}; }
};

inline Buffer login_payload(frames::Els service, Wwn port, Wwn node)
{
	Writer writer;
	writer.u8(static_cast<unsigned>(service))
		.zeros(3)
		.zeros(16)
		.u64(port.value)
		.u64(node.value)
		.zeros(80);
	return writer.take();
}

class Hba
{
public:
	Hba(World &world, unsigned link)
	    : world_{world}, link_{link}, mac_{{0x02, 0, 0, 0, 0, static_cast<std::uint8_t>(0x10 + link)}},
	      name_{0x2000020000000010ULL + link}
	{
	}

	Wwn name() const { return name_; }
	LinkId link() const { return link_; }
	const Mac &mac() const { return mac_; }
	PortId id() const { return id_; }

	Buffer fip(frames::FipOperation operation, unsigned subcode, Bytes descriptors, const Mac &to) const
	{
		Writer writer;
		frames::write_ethernet(writer, to, mac_, frames::EtherType::fip);
		writer.u8(0x10).u8(0).u16(static_cast<unsigned>(operation)).u8(0).u8(subcode);
		return writer.u16(descriptors.size() / 4).u16(0x8000).bytes(descriptors).take();
	}

	Buffer service(frames::Descriptor what, PortId source, Bytes payload) const
	{
		frames::Header header;
		header.routing = frames::Routing::els_request;
		header.type = frames::Type::els;
		header.source = source;
		header.destination = frames::fabric_port;
		header.f_ctl = frames::f_ctl_request;
		header.originator = 7;
		Writer list;
		list.u8(static_cast<unsigned>(what))
			.u8((4 + frames::header_size + payload.size()) / 4)
			.u16(0);
		frames::write_header(list, header);
		list.bytes(payload).u8(2).u8(2).zeros(6);
		return fip(frames::FipOperation::link_service, frames::fip_request, list.view(),
			   world_.fabric.forwarder().address);
	}

	void send(Buffer ethernet) { world_.receive(link_, std::move(ethernet)); }

	// The last link service that came back by FIP.
	std::optional<Reply> reply() const
	{
		std::optional<Reply> found;
		for (const auto &[link, ethernet] : world_.sent) {
			const auto decoded = frames::decode_fip(ethernet);
			if (link == link_ && decoded && decoded->service)
				found = Reply{decoded->header,
					      {decoded->payload.begin(), decoded->payload.end()},
					      decoded->mac};
		}
		return found;
	}

	std::optional<Reply> log_in(frames::Els service_code, Wwn port)
	{
		world_.sent.clear();
		const bool is_virtual = service_code == frames::Els::fdisc;
		send(service(is_virtual ? frames::Descriptor::fdisc : frames::Descriptor::flogi, PortId{},
			     login_payload(service_code, port, Wwn{0x1000000000000001})));
		return reply();
	}

	std::optional<Reply> flogi()
	{
		auto found = log_in(frames::Els::flogi, name_);
		if (found && found->accepted())
			id_ = found->header.destination;
		return found;
	}

	std::optional<Reply> fdisc(Wwn port) { return log_in(frames::Els::fdisc, port); }

	void logo(PortId id)
	{
		send(service(frames::Descriptor::logo, id,
			     Writer{}.u8(5).zeros(3).u8(0).u24(id.value).u64(1).view()));
	}

	void keep_alive(std::optional<frames::VnPort> port)
	{
		Writer list;
		list.u8(2).u8(2).bytes(mac_.value);
		if (port) {
			list.u8(11).u8(5).bytes(port->address.value).u8(0);
			list.u24(port->id.value).u64(port->name.value);
		}
		send(fip(frames::FipOperation::control, frames::fip_keep_alive, list.view(),
			 world_.fabric.forwarder().address));
	}

	Buffer fcoe(PortId from, PortId to, frames::Routing routing, frames::Type type, Bytes payload) const
	{
		frames::Header header;
		header.routing = routing;
		header.type = type;
		header.source = from;
		header.destination = to;
		header.originator = 9;
		return frames::encode_fcoe(world_.fabric.forwarder().address, frames::fabric_provided(from),
					   header, payload);
	}

	void els(PortId from, PortId to, Bytes payload)
	{
		send(fcoe(from, to, frames::Routing::els_request, frames::Type::els, payload));
	}

	// What the name server says; nothing if there is no answer.
	Buffer ask(PortId from, frames::Ask what, Bytes body)
	{
		world_.sent.clear();
		Writer writer;
		writer.u8(1)
			.u24(0)
			.u8(0xfc)
			.u8(2)
			.u16(0)
			.u16(static_cast<unsigned>(what))
			.zeros(6)
			.bytes(body);
		send(fcoe(from, frames::directory_server, frames::Routing::unsolicited_control,
			  frames::Type::common_transport, writer.view()));
		Buffer result;
		for (const auto &[link, ethernet] : world_.sent) {
			const auto frame = frames::decode_fcoe(ethernet);
			if (link == link_ && frame &&
			    frame->header.routing == frames::Routing::solicited_control)
				result.insert(result.end(), frame->payload.begin(), frame->payload.end());
		}
		return result;
	}

	// As libfc does after its login: an FCP port that wants to know of others.
	void join(PortId id)
	{
		Writer types;
		types.u8(0).u24(id.value).u32(0x100).zeros(28);
		ask(id, frames::Ask::register_types, types.view());
		els(id, frames::fabric_controller, Writer{}.u8(0x62).zeros(6).u8(3).view());
		world_.sent.clear();
	}

private:
	World &world_;
	LinkId link_;
	Mac mac_;
	Wwn name_;
	PortId id_;
};

// Ports that a link was told of by RSCN.
inline std::vector<PortId> changes(const World &world, LinkId link, PortId to)
{
	std::vector<PortId> result;
	for (const auto &[where, ethernet] : world.sent) {
		const auto frame = frames::decode_fcoe(ethernet);
		if (where != link || !frame || frame->header.destination != to ||
		    frames::service_of(frame->payload) != frames::Els::rscn)
			continue;
		frames::Reader reader{frame->payload};
		reader.skip(4);
		while (reader.left() >= 4) {
			reader.skip(1);
			result.push_back(PortId{reader.u24()});
		}
	}
	return result;
}

} // namespace test
