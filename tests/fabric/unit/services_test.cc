// SPDX-License-Identifier: GPL-2.0 OR MIT
// Forwarding, zoning, name server.
#include <gtest/gtest.h>

#include "fabric/impairment.hpp"
#include "world.hpp"

namespace
{

using namespace test;
using frames::Ask;
using frames::CtReject;

constexpr Wwn vport{0x500163e000000001};

Buffer id_body(PortId id)
{
	return Writer{}.u8(0).u24(id.value).take();
}

bool accepted(const Buffer &answer)
{
	return answer.size() >= frames::ct_size && answer[8] == 0x80 && answer[9] == 0x02;
}

CtReject why(const Buffer &answer)
{
	if (answer.size() < frames::ct_size || answer[9] != 0x01)
		return {};
	return {answer[13], answer[14]};
}

Buffer body(const Buffer &answer)
{
	return {answer.begin() + frames::ct_size, answer.end()};
}

class Services : public testing::Test
{
protected:
	void SetUp() override
	{
		for (Hba *one : {&hba, &other, &target}) {
			ASSERT_TRUE(one->flogi()->accepted());
			one->join(one->id());
		}
		ASSERT_TRUE(hba.fdisc(vport)->accepted());
		hba.join(vport_id);
	}

	void peer_zone()
	{
		world.fabric.rezone([&](fabric::Zoning &zoning) {
			zoning.set("lab", {{target.name()}, {}, true});
		});
	}

	// Ids of an answer to GPN_FT.
	std::vector<PortId> seen_by(Hba &who, PortId id)
	{
		const Buffer answer = who.ask(id, Ask::port_names_of_type, Writer{}.u24(0).u8(8).view());
		std::vector<PortId> result;
		frames::Reader reader{answer};
		reader.skip(frames::ct_size);
		while (reader.left() >= 16) {
			const bool last = reader.u8() == 0x80;
			result.push_back(PortId{reader.u24()});
			reader.skip(12);
			EXPECT_EQ(last, reader.left() < 16);
		}
		return result;
	}

	// Whether a frame of FCP's gets there.
	bool reaches(Hba &from, PortId source, const Hba &to, PortId destination)
	{
		world.take();
		from.send(from.fcoe(source, destination, frames::Routing::unsolicited_control,
				    frames::Type::fcp, Buffer(32, 7)));
		const auto sent = world.take();
		if (sent.empty())
			return false;
		EXPECT_EQ(sent.size(), 1U);
		EXPECT_EQ(sent[0].link, to.link());
		frames::Reader reader{sent[0].ethernet};
		const frames::Ethernet head = frames::read_ethernet(reader);
		EXPECT_EQ(head.destination, frames::fabric_provided(destination));
		EXPECT_EQ(head.source, world.fabric.forwarder().address);
		EXPECT_TRUE(frames::decode_fcoe(sent[0].ethernet)->crc_good);
		return true;
	}

	World world;
	Hba hba{world, 0};
	Hba other{world, 1};
	Hba target{world, 2};
	const PortId vport_id{0x010101};
};

TEST_F(Services, FramesAreForwardedByTheirDestination)
{
	EXPECT_TRUE(reaches(hba, hba.id(), target, target.id()));
	EXPECT_TRUE(reaches(target, target.id(), hba, vport_id));
	// Back out of the link that it came from.
	EXPECT_TRUE(reaches(hba, vport_id, hba, hba.id()));
	EXPECT_EQ(world.fabric.counts().forwarded, 3U);
	EXPECT_FALSE(reaches(hba, hba.id(), target, PortId{0x010900}));
	EXPECT_EQ(world.fabric.counts().unknown_destination, 1U);
}

TEST_F(Services, NobodySpeaksForOthers)
{
	EXPECT_FALSE(reaches(other, hba.id(), target, target.id()));
	EXPECT_FALSE(reaches(hba, PortId{0x010105}, target, target.id()));
	EXPECT_EQ(world.fabric.counts().unknown_source, 2U);
}

TEST_F(Services, AZoneOfPeersHidesThemFromEachOther)
{
	peer_zone();
	EXPECT_EQ(seen_by(hba, vport_id), (std::vector{vport_id, target.id()}));
	EXPECT_EQ(seen_by(target, target.id()), (std::vector{hba.id(), vport_id, other.id(), target.id()}));
	EXPECT_TRUE(reaches(hba, vport_id, target, target.id()));
	EXPECT_FALSE(reaches(hba, vport_id, other, other.id()));
	EXPECT_EQ(world.fabric.counts().not_zoned, 1U);
	EXPECT_EQ(why(hba.ask(vport_id, Ask::port_name, id_body(other.id()))), frames::ct_no_such_id);
	EXPECT_TRUE(accepted(hba.ask(vport_id, Ask::port_name, id_body(target.id()))));
	EXPECT_EQ(why(hba.ask(vport_id, Ask::id_of_port_name, Writer{}.u64(other.name().value).view())),
		  frames::ct_no_such_port_name);
}

TEST_F(Services, ZoningIsToldOf)
{
	world.take();
	world.fabric.rezone([&](fabric::Zoning &zoning) {
		zoning.set("one", {{}, {vport, target.name()}, false});
	});
	// The two no longer see those that are in no zone.
	EXPECT_EQ(changes(world, hba.link(), vport_id), (std::vector{hba.id(), other.id()}));
	EXPECT_EQ(changes(world, other.link(), other.id()), (std::vector{vport_id, target.id()}));
	EXPECT_EQ(seen_by(hba, vport_id), (std::vector{vport_id, target.id()}));
	EXPECT_EQ(seen_by(hba, hba.id()), (std::vector{hba.id(), other.id()}));
	world.take();
	world.fabric.rezone([](fabric::Zoning &zoning) { zoning.remove("one"); });
	EXPECT_EQ(changes(world, hba.link(), vport_id), (std::vector{hba.id(), other.id()}));
	world.take();
	world.fabric.rezone([](fabric::Zoning &zoning) { zoning.permit_unzoned = false; });
	EXPECT_EQ(seen_by(hba, hba.id()), std::vector{hba.id()});
	EXPECT_FALSE(reaches(hba, hba.id(), target, target.id()));
}

TEST(Zoning, MembersOfZones)
{
	fabric::Zoning zoning;
	constexpr Wwn a{1}, b{2}, c{3}, d{4};
	EXPECT_TRUE(zoning.together(a, b));
	zoning.set("x", {{}, {a, b}, false});
	zoning.set("y", {{b}, {c, d}, true});
	EXPECT_TRUE(zoning.together(a, b));
	EXPECT_TRUE(zoning.together(b, c));
	EXPECT_TRUE(zoning.together(c, b));
	EXPECT_FALSE(zoning.together(c, d));
	EXPECT_FALSE(zoning.together(a, c));
	EXPECT_FALSE(zoning.together(a, Wwn{9}));
	EXPECT_TRUE(zoning.together(Wwn{8}, Wwn{9}));
	EXPECT_TRUE(zoning.together(c, c));
	EXPECT_FALSE(zoning.remove("z"));
}

TEST_F(Services, RegistrationIsToldOfToThoseWhoAsked)
{
	peer_zone();
	const auto reply = hba.fdisc(Wwn{5});
	const PortId id = reply->header.destination;
	// Not before it can be asked for.
	EXPECT_EQ(seen_by(target, target.id()).size(), 4U);
	Writer types;
	types.u8(0).u24(id.value).u32(0x100).zeros(28);
	EXPECT_TRUE(accepted(hba.ask(id, Ask::register_types, types.view())));
	EXPECT_EQ(changes(world, target.link(), target.id()), std::vector{id});
	EXPECT_TRUE(changes(world, other.link(), other.id()).empty());
	// The same once more is no news.
	hba.ask(id, Ask::register_types, types.view());
	EXPECT_TRUE(changes(world, target.link(), target.id()).empty());
	world.take();
	hba.logo(id);
	EXPECT_EQ(changes(world, target.link(), target.id()), std::vector{id});
	EXPECT_EQ(why(target.ask(target.id(), Ask::port_name, id_body(id))), frames::ct_no_such_id);
}

TEST_F(Services, NamesAreKeptAndTold)
{
	const Buffer text = Writer{}.u8(0).u24(vport_id.value).u8(5).text("guest").take();
	EXPECT_TRUE(accepted(hba.ask(vport_id, Ask::register_port_text, text)));
	EXPECT_EQ(body(target.ask(target.id(), Ask::symbolic_port_name, id_body(vport_id))),
		  Writer{}.u8(5).text("guest").zeros(2).take());
	EXPECT_EQ(body(target.ask(target.id(), Ask::port_name, id_body(vport_id))),
		  Writer{}.u64(vport.value).take());
	EXPECT_TRUE(accepted(hba.ask(vport_id, Ask::register_node_name,
				     Writer{}.u8(0).u24(vport_id.value).u64(0x77).view())));
	EXPECT_EQ(body(target.ask(target.id(), Ask::node_name, id_body(vport_id))),
		  Writer{}.u64(0x77).take());
	EXPECT_EQ(body(target.ask(target.id(), Ask::id_of_port_name, Writer{}.u64(vport.value).view())),
		  id_body(vport_id));
	EXPECT_TRUE(accepted(
		hba.ask(vport_id, Ask::register_node_text, Writer{}.u64(0x77).u8(4).text("dom0").view())));
	EXPECT_EQ(world.fabric.ports().find(vport_id)->node_text, "dom0");
	EXPECT_EQ(body(target.ask(target.id(), Ask::symbolic_node_name, Writer{}.u64(0x77).view())),
		  Writer{}.u8(4).text("dom0").zeros(3).take());
	EXPECT_EQ(why(target.ask(target.id(), Ask::symbolic_node_name, Writer{}.u64(0x78).view())),
		  frames::ct_no_such_node_name);
	EXPECT_EQ(why(hba.ask(vport_id, Ask::register_node_text, Writer{}.u64(0x78).u8(1).text("x").view())),
		  frames::ct_no_such_node_name);
}

TEST_F(Services, NobodyRegistersForOthers)
{
	EXPECT_EQ(why(other.ask(other.id(), Ask::register_port_text,
				Writer{}.u8(0).u24(vport_id.value).u8(1).text("x").view())),
		  frames::ct_access_denied);
	EXPECT_EQ(world.fabric.ports().find(vport_id)->port_text, "");
}

TEST_F(Services, WhatIsNotThereIsRejected)
{
	const Buffer no_id = id_body(PortId{0x010900});
	EXPECT_EQ(why(hba.ask(vport_id, Ask::port_name, no_id)), frames::ct_no_such_id);
	EXPECT_EQ(why(hba.ask(vport_id, Ask::register_types, Writer{}.u8(0).u24(0x010900).zeros(32).view())),
		  frames::ct_no_such_id);
	EXPECT_EQ(why(hba.ask(vport_id, Ask::ids_of_type, Writer{}.u24(0).u8(0x28).view())),
		  frames::ct_no_such_type);
	EXPECT_EQ(why(hba.ask(vport_id, Ask{0x0100}, no_id)), frames::ct_not_supported);
	for (const Ask ask :
	     {Ask::port_name, Ask::id_of_port_name, Ask::symbolic_node_name, Ask::port_names_of_type,
	      Ask::register_types, Ask::register_features, Ask::register_port_text, Ask::register_node_text})
		EXPECT_EQ(why(hba.ask(vport_id, ask, {})), frames::ct_invalid_size)
			<< static_cast<unsigned>(ask);
}

TEST_F(Services, ALongAnswerTakesSeveralFrames)
{
	constexpr std::size_t count = 200;
	for (unsigned number = 1; number < count; number++) {
		const auto reply = other.fdisc(Wwn{0x1000 + number});
		other.join(reply->header.destination);
	}
	EXPECT_EQ(seen_by(target, target.id()).size(), count + 3);
	std::vector<frames::Frame> parts;
	for (const auto &sent : world.sent)
		parts.push_back(*frames::decode_fcoe(sent.ethernet));
	ASSERT_EQ(parts.size(), 2U);
	EXPECT_EQ(parts[0].payload.size(), frames::largest_payload);
	EXPECT_EQ(parts[0].header.count, 0);
	EXPECT_EQ(parts[1].header.count, 1);
	EXPECT_EQ(parts[0].header.sequence, parts[1].header.sequence);
	EXPECT_EQ(parts[0].header.f_ctl & frames::f_ctl_end_of_sequence, 0U);
	EXPECT_EQ(parts[1].header.f_ctl, frames::f_ctl_reply);
	// SOF and EOF.
	EXPECT_EQ(world.sent[0].ethernet[27], 0x2e);
	EXPECT_EQ(world.sent[1].ethernet[27], 0x36);
	EXPECT_EQ(world.sent[0].ethernet[world.sent[0].ethernet.size() - 4], 0x41);
	EXPECT_EQ(world.sent[1].ethernet[world.sent[1].ethernet.size() - 4], 0x42);
}

TEST_F(Services, OtherLinkServices)
{
	const auto answer_to = [&](PortId to, const Buffer &payload) {
		world.take();
		hba.els(vport_id, to, payload);
		EXPECT_EQ(world.sent.size(), 1U);
		const auto frame = frames::decode_fcoe(world.sent.at(0).ethernet);
		EXPECT_EQ(frame->header.source, to);
		EXPECT_EQ(frame->header.destination, vport_id);
		EXPECT_EQ(frame->header.originator, 9);
		return Reply{frame->header, {frame->payload.begin(), frame->payload.end()}, {}};
	};
	const Buffer plogi = login_payload(frames::Els::plogi, vport, vport);
	EXPECT_TRUE(answer_to(frames::directory_server, plogi).accepted());
	EXPECT_EQ(answer_to(frames::management_server, plogi).why(), frames::not_supported);
	EXPECT_EQ(answer_to(frames::directory_server, Buffer{3, 0, 0, 0}).why(), frames::invalid_length);
	EXPECT_TRUE(answer_to(frames::directory_server, Buffer{5, 0, 0, 0}).accepted());
	EXPECT_EQ(answer_to(frames::directory_server, Buffer{0x0e, 0, 0, 0}).why(), frames::not_supported);
	EXPECT_EQ(answer_to(frames::directory_server, Buffer{0x62, 0, 0, 0, 0, 0, 0, 3}).why(),
		  frames::not_supported);
}

TEST_F(Services, AnAbortIsAccepted)
{
	world.take();
	hba.send(hba.fcoe(vport_id, frames::directory_server, frames::Routing::abort_sequence,
			  frames::Type::basic, {}));
	ASSERT_EQ(world.sent.size(), 1U);
	const auto frame = frames::decode_fcoe(world.sent[0].ethernet);
	EXPECT_EQ(frame->header.routing, frames::Routing::basic_accept);
	EXPECT_EQ(frame->payload.size(), 12U);
	frames::Reader reader{frame->payload};
	reader.skip(4);
	EXPECT_EQ(reader.u16(), 9);
}

TEST_F(Services, ASpoiledRequestIsNotAnswered)
{
	world.take();
	Buffer ethernet = hba.fcoe(vport_id, frames::directory_server, frames::Routing::els_request,
				   frames::Type::els, Buffer{5, 0, 0, 0});
	ethernet[54] ^= 1U;
	hba.send(ethernet);
	EXPECT_TRUE(world.sent.empty());
	EXPECT_EQ(world.fabric.counts().bad_crc, 1U);
}

TEST(Impairment, LosesAPart)
{
	const Buffer fcoe = frames::encode_fcoe({}, {}, {}, {});
	const Buffer fip = frames::advertisement({}, {}, false, 0);
	fabric::Impairment cable;
	EXPECT_FALSE(cable.loses(fcoe));
	cable.drop_permille = 100;
	unsigned lost = 0;
	for (unsigned count = 0; count < 10000; count++) {
		lost += cable.loses(fcoe) ? 1 : 0;
		EXPECT_FALSE(cable.loses(fip));
	}
	EXPECT_NEAR(lost, 1000, 150);
	EXPECT_EQ(cable.lost(), lost);
	cable.drop_permille = 1000;
	EXPECT_TRUE(cable.loses(fcoe));
}

TEST(Impairment, DelaysInOrder)
{
	const Buffer fcoe = frames::encode_fcoe({}, {}, {}, {});
	fabric::Impairment cable;
	EXPECT_FALSE(cable.delays(LinkId{0}, fcoe, Time{0}));
	cable.delay = Time{50};
	EXPECT_TRUE(cable.delays(LinkId{1}, fcoe, Time{0}));
	cable.delay = Time{0};
	EXPECT_TRUE(cable.delays(LinkId{2}, fcoe, Time{10}));
	EXPECT_EQ(cable.due(), Time{50});
	std::vector<LinkId> order;
	const auto note = [&](LinkId link, Bytes) { order.push_back(link); };
	cable.pass(Time{49}, note);
	EXPECT_TRUE(order.empty());
	cable.pass(Time{50}, note);
	EXPECT_EQ(order, (std::vector{LinkId{1}, LinkId{2}}));
	EXPECT_FALSE(cable.delays(LinkId{0}, fcoe, Time{60}));
}

} // namespace
