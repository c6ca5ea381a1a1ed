// SPDX-License-Identifier: GPL-2.0 OR MIT
// What well-known addresses answer, and what they tell by themselves.
#include "fabric/fabric.hpp"
#include "fabric/nameserver.hpp"
#include "frames/ct.hpp"

namespace fabric
{

using frames::Els;
using frames::Frame;
using frames::Header;
using frames::Routing;
using frames::Writer;

void Fabric::serve(Port &port, frames::Bytes ethernet)
{
	const auto frame = frames::decode_fcoe(ethernet);
	if (!frame) {
		counts_.malformed++;
		return;
	}
	if (!frame->crc_good) {
		counts_.bad_crc++;
		return;
	}
	counts_.for_services++;
	const Header &header = frame->header;
	if (header.routing == Routing::els_request)
		return serve_link_service(port, *frame);
	if (header.routing == Routing::unsolicited_control && header.type == frames::Type::common_transport)
		return serve_names(port, *frame);
	if (header.routing == Routing::abort_sequence) {
		// Nothing is kept of an exchange that could be aborted.
		Header answered = header;
		answered.routing = Routing::basic_accept;
		answered.type = frames::Type::basic;
		Writer body;
		body.u32(0).u16(header.originator).u16(header.responder).u16(0).u16(0xffff);
		std::swap(answered.source, answered.destination);
		answered.f_ctl = frames::f_ctl_reply;
		send_sequence(port, answered, body.view());
	}
}

void Fabric::serve_link_service(Port &port, const Frame &frame)
{
	const PortId asked = frame.header.destination;
	const bool server = asked == frames::directory_server || asked == frames::fabric_controller;
	switch (frames::service_of(frame.payload)) {
	case Els::plogi:
		if (!server)
			break;
		if (!frames::decode_login(frame.payload))
			return answer_service(port, frame.header, frames::reject(frames::invalid_length));
		return answer_service(port, frame.header,
				      frames::accept_port_login(f_port_name(asked), forwarder_.fabric));
	case Els::logo:
		return answer_service(port, frame.header, frames::accept_plain());
	case Els::scr:
		if (asked != frames::fabric_controller)
			break;
		port.wants_changes = frames::wants_changes(frame.payload);
		return answer_service(port, frame.header, frames::accept_plain());
	default:
		break;
	}
	answer_service(port, frame.header, frames::reject(frames::not_supported));
}

void Fabric::serve_names(Port &port, const Frame &frame)
{
	const auto request = frames::decode_ct(frame.payload);
	if (!request) {
		counts_.malformed++;
		return;
	}
	const Answer said = answer(ports_, zoning_, port, *request);
	Header header = frame.header;
	std::swap(header.source, header.destination);
	header.routing = Routing::solicited_control;
	header.f_ctl = frames::f_ctl_reply;
	send_sequence(port, header, said.payload);
	if (said.changed)
		tell_change(port);
}

void Fabric::answer_service(const Port &port, const Header &request, frames::Bytes payload)
{
	Header header = request;
	std::swap(header.source, header.destination);
	header.routing = Routing::els_reply;
	header.type = frames::Type::els;
	header.f_ctl = frames::f_ctl_reply;
	send_sequence(port, header, payload);
}

// In as many frames as it takes.
void Fabric::send_sequence(const Port &port, Header header, frames::Bytes payload)
{
	constexpr std::uint32_t only_last = frames::f_ctl_end_of_sequence | frames::f_ctl_sequence_initiative;
	header.sequence = ++sequence_;
	header.count = 0;
	header.parameter = 0;
	const std::uint32_t f_ctl = header.f_ctl;
	for (;;) {
		const bool last = payload.size() <= frames::largest_payload;
		const frames::Bytes part = payload.first(last ? payload.size() : frames::largest_payload);
		header.f_ctl = last ? f_ctl : f_ctl & ~only_last;
		send_(port.node.link,
		      frames::encode_fcoe(port.address(), forwarder_.address, header, part,
					  header.count == 0 ? frames::Start::initiate : frames::Start::normal,
					  last ? frames::End::terminate : frames::End::normal));
		if (last)
			return;
		payload = payload.subspan(part.size());
		header.count++;
	}
}

void Fabric::tell_change(const Port &changed)
{
	const PortId ids[] = {changed.id};
	for (const auto &[id, port] : ports_.all())
		if (id != changed.id && zoning_.together(port.name, changed.name))
			send_change(port, ids);
}

void Fabric::send_change(const Port &port, std::span<const PortId> changed)
{
	if (!port.wants_changes || changed.empty())
		return;
	Header header;
	header.routing = Routing::els_request;
	header.type = frames::Type::els;
	header.destination = port.id;
	header.source = frames::fabric_controller;
	header.f_ctl = frames::f_ctl_request;
	header.originator = exchange_++ & 0x7fffU;
	counts_.state_changes++;
	send_sequence(port, header, frames::state_change(changed));
}

} // namespace fabric
