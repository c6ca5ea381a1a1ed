// SPDX-License-Identifier: GPL-2.0 OR MIT
#include "frames/ct.hpp"

namespace frames
{

namespace
{

constexpr std::uint16_t command_reject = 0x8001;
constexpr std::uint16_t command_accept = 0x8002;

// Revision, who asked, service, subtype, options.
Writer begin(const CtRequest &request, std::uint16_t command)
{
	Writer writer;
	writer.bytes(request.head.first(8)).u16(command).u16(0);
	return writer;
}

} // namespace

std::optional<CtRequest> decode_ct(Bytes payload)
{
	Reader reader{payload};
	CtRequest request;
	request.head = payload.first(std::min(payload.size(), ct_size));
	reader.skip(4);
	request.service = reader.u8();
	request.subtype = reader.u8();
	reader.skip(2);
	request.ask = static_cast<Ask>(reader.u16());
	reader.skip(6);
	if (!reader.good())
		return std::nullopt;
	request.body = reader.take(reader.left());
	return request;
}

Buffer ct_accept(const CtRequest &request, Bytes body)
{
	Writer writer = begin(request, command_accept);
	return writer.zeros(4).bytes(body).take();
}

Buffer ct_reject(const CtRequest &request, CtReject why)
{
	Writer writer = begin(request, command_reject);
	return writer.u8(0).u8(why.reason).u8(why.explanation).u8(0).take();
}

} // namespace frames
