// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <gtest/gtest.h>

#include "world.hpp"

namespace
{

using namespace test;
using fabric::Duplicate;

constexpr Wwn first{0x500163e000000001};
constexpr Wwn second{0x500163e000000002};

class Login : public testing::Test
{
protected:
	void SetUp() override
	{
		ASSERT_TRUE(hba.flogi()->accepted());
		ASSERT_TRUE(other.flogi()->accepted());
		hba.join(hba.id());
		other.join(other.id());
	}

	const fabric::PortTable &ports() const { return world.fabric.ports(); }
	fabric::Settings &settings() { return world.fabric.settings; }

	std::vector<Wwn> names() const
	{
		std::vector<Wwn> result;
		for (const auto &[id, port] : ports().all())
			result.push_back(port.name);
		return result;
	}

	bool has(Wwn name) const
	{
		const auto all = names();
		return std::find(all.begin(), all.end(), name) != all.end();
	}

	World world;
	Hba hba{world, 0};
	Hba other{world, 1};
};

TEST_F(Login, SolicitationIsAnsweredToItsSender)
{
	Writer list;
	list.u8(2).u8(2).bytes(hba.mac().value).u8(6).u8(1).u16(2158);
	hba.send(hba.fip(frames::FipOperation::discovery, frames::fip_solicitation, list.view(),
			 all_forwarders));
	ASSERT_EQ(world.sent.size(), 1U);
	frames::Reader reader{world.sent[0].ethernet};
	EXPECT_EQ(frames::read_ethernet(reader).destination, hba.mac());
	EXPECT_EQ(world.sent[0].ethernet.size(), 2172U);
}

TEST_F(Login, IdsAreOfTheNode)
{
	EXPECT_EQ(hba.id(), PortId{0x010100});
	EXPECT_EQ(other.id(), PortId{0x010200});
	const auto reply = hba.fdisc(first);
	ASSERT_TRUE(reply && reply->accepted());
	EXPECT_EQ(reply->header.destination, PortId{0x010101});
	EXPECT_EQ(reply->granted, frames::fabric_provided(PortId{0x010101}));
	EXPECT_EQ(reply->header.originator, 7);
}

TEST_F(Login, ANameKeepsItsId)
{
	hba.fdisc(first);
	hba.fdisc(second);
	hba.logo(PortId{0x010101});
	hba.logo(PortId{0x010102});
	EXPECT_EQ(hba.fdisc(second)->header.destination, PortId{0x010102});
	EXPECT_EQ(hba.fdisc(Wwn{77})->header.destination, PortId{0x010103});
	EXPECT_EQ(hba.fdisc(first)->header.destination, PortId{0x010101});
}

TEST_F(Login, OrGetsAnother)
{
	hba.fdisc(first);
	world.fabric.keep_ids(false);
	hba.flogi();
	EXPECT_EQ(hba.id(), PortId{0x010300});
	EXPECT_EQ(hba.fdisc(first)->header.destination, PortId{0x010301});
	world.fabric.keep_ids(true);
	hba.flogi();
	EXPECT_EQ(hba.id(), PortId{0x010300});
}

TEST_F(Login, AnAreaHas255VirtualPorts)
{
	for (unsigned number = 1; number <= 255; number++)
		ASSERT_TRUE(hba.fdisc(Wwn{number})->accepted()) << number;
	EXPECT_EQ(hba.fdisc(Wwn{256})->why(), frames::no_resources);
	hba.logo(PortId{0x010105});
	const auto reply = hba.fdisc(Wwn{256});
	ASSERT_TRUE(reply->accepted());
	EXPECT_EQ(reply->header.destination, PortId{0x010105});
}

TEST_F(Login, NpivIsTold)
{
	const auto features = [](const std::optional<Reply> &reply) { return reply->payload.at(8); };
	EXPECT_EQ(features(hba.flogi()), 0x30);
	settings().npiv = false;
	EXPECT_EQ(features(hba.flogi()), 0x10);
	EXPECT_EQ(hba.fdisc(first)->why(), frames::not_supported);
	EXPECT_EQ(world.fabric.counts().rejected_logins, 1U);
}

TEST_F(Login, WithoutABasePortNoVirtualOne)
{
	Hba stranger{world, 2};
	EXPECT_EQ(stranger.fdisc(first)->why(), frames::login_required);
	EXPECT_FALSE(has(first));
}

TEST_F(Login, NamesOfZeroAreRefused)
{
	EXPECT_EQ(hba.fdisc(Wwn{0})->why(), frames::invalid_port_name);
}

TEST_F(Login, AShortLoginIsRefused)
{
	const Buffer whole = login_payload(frames::Els::fdisc, first, second);
	world.take();
	hba.send(hba.service(frames::Descriptor::fdisc, PortId{}, Bytes{whole}.first(112)));
	EXPECT_EQ(hba.reply()->why(), frames::invalid_length);
}

TEST_F(Login, LimitIsOfEachNode)
{
	settings().virtual_port_limit = 1;
	EXPECT_TRUE(hba.fdisc(first)->accepted());
	EXPECT_EQ(hba.fdisc(second)->why(), frames::no_resources);
	// The same once more is not another.
	EXPECT_TRUE(hba.fdisc(first)->accepted());
	EXPECT_TRUE(other.fdisc(second)->accepted());
	settings().virtual_port_limit = 0;
	EXPECT_EQ(hba.fdisc(Wwn{5})->why(), frames::no_resources);
}

TEST_F(Login, RejectedForAReasonOrByName)
{
	settings().fdisc_rejects[first] = frames::busy;
	EXPECT_EQ(hba.fdisc(first)->why(), frames::busy);
	EXPECT_TRUE(hba.fdisc(second)->accepted());
	settings().fdisc_reject = frames::no_resources;
	EXPECT_EQ(hba.fdisc(first)->why(), frames::busy);
	EXPECT_EQ(hba.fdisc(second)->why(), frames::no_resources);
	// Physical ports are let in.
	EXPECT_TRUE(hba.flogi()->accepted());
}

TEST_F(Login, FirstWins)
{
	hba.fdisc(first);
	EXPECT_EQ(other.fdisc(first)->why(), frames::invalid_port_name);
	EXPECT_EQ(ports().find(PortId{0x010101})->name, first);
	// Nor may it have a physical port's name.
	EXPECT_EQ(other.fdisc(hba.name())->why(), frames::invalid_port_name);
}

TEST_F(Login, LastWins)
{
	settings().duplicate = Duplicate::last_wins;
	hba.fdisc(first);
	hba.join(PortId{0x010101});
	ASSERT_TRUE(other.fdisc(first)->accepted());
	EXPECT_EQ(ports().find(PortId{0x010101}), nullptr);
	EXPECT_EQ(ports().find(PortId{0x010201})->name, first);
	EXPECT_EQ(changes(world, other.link(), other.id()), std::vector{PortId{0x010101}});
	// Who has lost is not sent back in, where the two would go on replacing each other.
	world.take();
	hba.keep_alive(frames::VnPort{frames::fabric_provided(PortId{0x010101}), PortId{0x010101}, first});
	EXPECT_TRUE(world.sent.empty());
	hba.logo(PortId{0x010101});
	EXPECT_TRUE(has(first));
}

TEST_F(Login, AgainFromTheSameNodeIsNoDuplicate)
{
	hba.fdisc(first);
	const auto reply = hba.fdisc(first);
	ASSERT_TRUE(reply->accepted());
	EXPECT_EQ(reply->header.destination, PortId{0x010101});
	EXPECT_EQ(names().size(), 3U);
	// But it is, under the HBA's own name.
	EXPECT_EQ(hba.fdisc(hba.name())->why(), frames::invalid_port_name);
	EXPECT_TRUE(has(hba.name()));
}

TEST_F(Login, PhysicalLoginEndsTheVirtualOnes)
{
	hba.fdisc(first);
	hba.flogi();
	EXPECT_FALSE(has(first));
	EXPECT_TRUE(has(hba.name()));
}

TEST_F(Login, LogoutOfThePhysicalPortTakesAll)
{
	hba.fdisc(first);
	hba.join(PortId{0x010101});
	world.take();
	hba.logo(hba.id());
	EXPECT_EQ(names(), std::vector{other.name()});
	EXPECT_TRUE(hba.reply()->accepted());
	EXPECT_EQ(changes(world, other.link(), other.id()),
		  (std::vector{PortId{0x010100}, PortId{0x010101}}));
}

TEST_F(Login, NobodyLogsOthersOut)
{
	other.logo(hba.id());
	EXPECT_TRUE(has(hba.name()));
}

TEST_F(Login, LinkDownLogsOut)
{
	hba.fdisc(first);
	world.take();
	world.fabric.link_down(hba.link());
	EXPECT_EQ(names(), std::vector{other.name()});
	EXPECT_EQ(changes(world, other.link(), other.id()),
		  (std::vector{PortId{0x010100}, PortId{0x010101}}));
}

TEST_F(Login, AnswerComesLate)
{
	settings().fdisc_delay = Time{3000};
	EXPECT_FALSE(hba.fdisc(first));
	EXPECT_EQ(world.fabric.due(), world.now);
	world.pass(Time{0});
	EXPECT_EQ(world.fabric.due(), Time{3000});
	world.pass(Time{2999});
	EXPECT_FALSE(hba.reply());
	world.pass(Time{1});
	ASSERT_TRUE(hba.reply());
	EXPECT_TRUE(hba.reply()->accepted());
	// What is decided is so when it is answered; whose link is gone gets none.
	hba.fdisc(second);
	settings().npiv = false;
	world.pass(Time{3000});
	EXPECT_EQ(hba.reply()->why(), frames::not_supported);
	settings().npiv = true;
	hba.fdisc(second);
	world.fabric.link_down(hba.link());
	world.take();
	world.pass(Time{3000});
	EXPECT_FALSE(hba.reply());
	EXPECT_FALSE(has(second));
}

TEST_F(Login, LoggedOutByTheSwitch)
{
	hba.fdisc(first);
	hba.fdisc(second);
	world.take();
	EXPECT_FALSE(world.fabric.log_out(Wwn{99}));
	EXPECT_TRUE(world.fabric.log_out(first));
	EXPECT_FALSE(has(first));
	EXPECT_TRUE(has(second));
	std::optional<frames::Fip> cleared;
	for (const auto &[link, ethernet] : world.take())
		if (const auto fip = frames::decode_fip(ethernet); fip && link == hba.link())
			cleared = fip;
	ASSERT_TRUE(cleared && cleared->vn_port);
	EXPECT_EQ(cleared->subcode, frames::fip_clear_links);
	EXPECT_EQ(cleared->vn_port->name, first);
	EXPECT_TRUE(world.fabric.log_out(hba.name()));
	EXPECT_EQ(names(), std::vector{other.name()});
}

TEST_F(Login, AfterAPowerCycleKeepAlivesAreAnsweredByClearing)
{
	hba.fdisc(first);
	world.fabric.power(false, world.now);
	world.take();
	EXPECT_TRUE(ports().all().empty());
	EXPECT_EQ(world.fabric.due(), Time::max());
	hba.keep_alive(std::nullopt);
	EXPECT_FALSE(hba.flogi());
	EXPECT_TRUE(world.take().empty());
	world.fabric.power(true, world.now);
	hba.keep_alive(std::nullopt);
	const auto sent = world.take();
	ASSERT_EQ(sent.size(), 1U);
	const auto fip = frames::decode_fip(sent[0].ethernet);
	EXPECT_EQ(fip->operation, frames::FipOperation::control);
	EXPECT_EQ(fip->subcode, frames::fip_clear_links);
	EXPECT_EQ(fip->ethernet.destination, hba.mac());
	// Once logged in, they are fine.
	hba.flogi();
	world.take();
	hba.keep_alive(std::nullopt);
	EXPECT_TRUE(world.sent.empty());
}

TEST_F(Login, SilenceHearsNothing)
{
	settings().silent = true;
	EXPECT_FALSE(hba.fdisc(first));
	world.pass(Time{60000});
	EXPECT_TRUE(world.sent.empty());
	settings().silent = false;
	EXPECT_TRUE(hba.fdisc(first)->accepted());
}

TEST_F(Login, AdvertisementsComeEveryPeriod)
{
	const auto count = [&] {
		std::size_t found = 0;
		for (const auto &sent : world.take())
			found += sent.ethernet.at(0) & 1U;
		return found;
	};
	world.pass(Time{0});
	count();
	world.pass(Time{7999});
	EXPECT_EQ(count(), 0U);
	world.pass(Time{1});
	EXPECT_EQ(count(), 2U);
	world.fabric.keep_alive(1000, world.now);
	world.pass(Time{0});
	EXPECT_EQ(count(), 2U);
	world.pass(Time{1000});
	EXPECT_EQ(count(), 2U);
	world.fabric.link_down(hba.link());
	world.take();
	world.pass(Time{1000});
	EXPECT_EQ(count(), 1U);
}

} // namespace
