// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <gtest/gtest.h>

#include "capture.hpp"
#include "frames/ct.hpp"
#include "frames/els.hpp"
#include "frames/fip.hpp"

namespace
{

using namespace frames;

constexpr Mac enode{{0x02, 0, 0, 0, 0, 0x10}};
constexpr Mac forwarder{{0x02, 0xfc, 0, 0, 0, 0x01}};

bool is_fcoe(const Buffer &ethernet)
{
	Reader reader{ethernet};
	return read_ethernet(reader).type == static_cast<unsigned>(EtherType::fcoe);
}

// Frames of the kernel that are told by FIP.
std::vector<Fip> fip_of_kernel(const std::vector<test::Captured> &all)
{
	std::vector<Fip> result;
	for (const auto &[time, ethernet] : all)
		if (const auto decoded = decode_fip(ethernet);
		    decoded && decoded->ethernet.source != forwarder)
			result.push_back(*decoded);
	return result;
}

TEST(Names, AllFormsOfAWwnAreRead)
{
	constexpr Wwn name{0x500163e000000001};
	for (const char *form :
	     {"500163e000000001", "50:01:63:e0:00:00:00:01", "0x500163E000000001", "naa.500163e000000001"})
		EXPECT_EQ(parse_wwn(form), name) << form;
	for (const char *form :
	     {"", "500163e00000000", "500163e0000000010", "500163e00000000g", "50-01-63-e0-00-00-00-01",
	      "50:01:63:e0:00:00:00:0", "5:0016:3e:00:00:00:00:1"})
		EXPECT_EQ(parse_wwn(form), std::nullopt) << form;
	EXPECT_EQ(text(name), "50:01:63:e0:00:00:00:01");
	EXPECT_EQ(text(PortId{0x10203}), "010203");
	EXPECT_EQ(text(fabric_provided(PortId{0x10203})), "0e:fc:00:01:02:03");
}

TEST(Captured, EveryFrameIsUnderstood)
{
	const auto all = test::capture("npiv.pcap");
	ASSERT_GT(all.size(), 200U);
	for (std::size_t at = 0; at < all.size(); at++)
		EXPECT_TRUE(decode_fip(all[at].ethernet) || decode_fcoe(all[at].ethernet)) << "frame " << at;
}

TEST(Captured, FcoeOfTheKernelIsMadeAgainToTheByte)
{
	unsigned count = 0;
	for (const auto &[time, ethernet] : test::capture("npiv.pcap")) {
		if (!is_fcoe(ethernet))
			continue;
		const auto frame = decode_fcoe(ethernet);
		ASSERT_TRUE(frame);
		EXPECT_TRUE(frame->crc_good);
		Reader reader{ethernet};
		const Ethernet head = read_ethernet(reader);
		EXPECT_EQ(encode_fcoe(head.destination, head.source, frame->header, frame->payload),
			  ethernet);
		count++;
	}
	EXPECT_GT(count, 150U);
}

TEST(Captured, OneWrongBitSpoilsTheCrc)
{
	for (auto [time, ethernet] : test::capture("npiv.pcap")) {
		if (!is_fcoe(ethernet))
			continue;
		for (std::size_t at = 28; at < ethernet.size() - 8; at += 7) {
			ethernet[at] ^= 0x10U;
			EXPECT_FALSE(decode_fcoe(ethernet)->crc_good);
			ethernet[at] ^= 0x10U;
		}
		return;
	}
}

TEST(Captured, FipOfTheKernelSaysWhatItSays)
{
	const auto all = test::capture("npiv.pcap");
	const auto found = fip_of_kernel(all);
	unsigned solicitations = 0;
	std::vector<Wwn> logins;
	std::vector<Wwn> virtual_logins;
	std::vector<PortId> logouts;
	for (const Fip &fip : found) {
		if (fip.operation == FipOperation::discovery) {
			EXPECT_EQ(fip.subcode, fip_solicitation);
			EXPECT_EQ(fip.frame_size, 2158);
			EXPECT_EQ(fip.mac, fip.ethernet.source);
			solicitations++;
		} else if (fip.service == Descriptor::logo) {
			logouts.push_back(fip.header.source);
		} else if (fip.service) {
			const auto login = decode_login(fip.payload);
			ASSERT_TRUE(login);
			EXPECT_EQ(fip.header.destination, fabric_port);
			EXPECT_EQ(fip.header.source, PortId{});
			(fip.service == Descriptor::flogi ? logins : virtual_logins).push_back(login->port);
			EXPECT_EQ(login->service, fip.service == Descriptor::flogi ? Els::flogi : Els::fdisc);
		}
	}
	EXPECT_EQ(solicitations, 3U);
	EXPECT_EQ(logins,
		  (std::vector{Wwn{0x2000020000000012}, Wwn{0x2000020000000010}, Wwn{0x2000020000000011}}));
	EXPECT_EQ(virtual_logins, (std::vector{Wwn{0x500163e000000001}, Wwn{0x500163e000000002}}));
	EXPECT_EQ(logouts, std::vector{PortId{0x010202}});
}

TEST(Captured, KeepAlivesNameTheirNode)
{
	unsigned count = 0;
	const auto all = test::capture("refused.pcap");
	for (const Fip &fip : fip_of_kernel(all)) {
		if (fip.operation != FipOperation::control)
			continue;
		EXPECT_EQ(fip.subcode, fip_keep_alive);
		EXPECT_EQ(fip.mac, fip.ethernet.source);
		EXPECT_FALSE(fip.vn_port);
		count++;
	}
	EXPECT_EQ(count, 3U);
}

TEST(Captured, NameServerIsAskedInOrder)
{
	std::vector<Ask> asked;
	for (const auto &[time, ethernet] : test::capture("npiv.pcap")) {
		const auto frame = decode_fcoe(ethernet);
		if (!frame || frame->header.source != PortId{0x010201} ||
		    frame->header.type != Type::common_transport)
			continue;
		const auto request = decode_ct(frame->payload);
		ASSERT_TRUE(request);
		EXPECT_TRUE(is_name_server(*request));
		asked.push_back(request->ask);
	}
	EXPECT_EQ(asked,
		  (std::vector{Ask::register_node_name, Ask::register_node_text, Ask::register_port_text,
			       Ask::register_types, Ask::register_features, Ask::port_names_of_type}));
}

TEST(Fip, AdvertisementIsPaddedAsAskedFor)
{
	const Forwarder self{forwarder, Wwn{1}, Wwn{2}, 8000};
	EXPECT_EQ(advertisement(self, enode, true, 2158).size(), 2172U);
	EXPECT_EQ(advertisement(self, enode, true, 0).size(), 72U);
}

TEST(Fip, ClearVirtualLinksNamesPorts)
{
	const VnPort port{fabric_provided(PortId{0x010201}), PortId{0x010201}, Wwn{3}};
	const Forwarder self{forwarder, Wwn{1}, Wwn{2}, 8000};
	const Buffer ethernet = clear_virtual_links(self, enode, std::span{&port, 1});
	const auto decoded = decode_fip(ethernet);
	ASSERT_TRUE(decoded && decoded->vn_port);
	EXPECT_EQ(decoded->operation, FipOperation::control);
	EXPECT_EQ(decoded->subcode, fip_clear_links);
	EXPECT_EQ(decoded->vn_port->id, port.id);
	EXPECT_EQ(decoded->vn_port->name, port.name);
	EXPECT_EQ(decoded->vn_port->address, port.address);
	EXPECT_EQ(decoded->mac, forwarder);
}

TEST(Fc, PayloadIsFilledUpToWords)
{
	const Buffer odd(5, 0xff);
	const Buffer ethernet = encode_fcoe(enode, forwarder, {}, odd);
	const auto frame = decode_fcoe(ethernet);
	ASSERT_TRUE(frame);
	EXPECT_TRUE(frame->crc_good);
	EXPECT_EQ(frame->payload.size(), 8U);
}

TEST(Fc, CrcIsThatOfTheStandard)
{
	const std::string text = "123456789";
	EXPECT_EQ(crc32(Buffer{text.begin(), text.end()}), 0xcbf43926U);
}

} // namespace
