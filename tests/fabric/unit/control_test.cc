// SPDX-License-Identifier: GPL-2.0 OR MIT
// What an operator says, and the sockets it comes by.
#include <gtest/gtest.h>

#include <filesystem>
#include <thread>

#include <sys/socket.h>

#include "control/commands.hpp"
#include "control/server.hpp"
#include "links/stream.hpp"
#include "world.hpp"

namespace
{

using namespace test;
using control::json;

class Commands : public testing::Test
{
protected:
	json say(const std::string &line) { return control::execute(parts, line); }
	std::string error(const std::string &line) { return say(line).value("error", ""); }

	World world;
	Hba hba{world, 0};
	fabric::Impairment impairment;
	std::vector<std::pair<std::size_t, bool>> carriers;
	control::Parts parts{world.fabric, impairment, [this] { return world.now; },
			     [] {
				     return std::vector<control::LinkState>{{"sw0", true}, {"sw1", false}};
			     },
			     [this](std::size_t link, bool on) { carriers.emplace_back(link, on); }};
};

TEST_F(Commands, PortsAndNames)
{
	hba.flogi();
	const json port = say("ports")["ports"].at(0);
	EXPECT_EQ(port["wwpn"], "20:00:02:00:00:00:00:10");
	EXPECT_EQ(port["id"], "010100");
	EXPECT_EQ(port["link"], "sw0");
	EXPECT_EQ(port["virtual"], false);
	EXPECT_TRUE(say("names")["names"].empty());
	hba.join(hba.id());
	hba.ask(hba.id(), frames::Ask::register_port_text,
		Writer{}.u8(0).u24(hba.id().value).u8(3).u8('a').u8(0xff).u8('"').view());
	const json name = say("names")["names"].at(0);
	EXPECT_EQ(name["types"], json::array({8}));
	EXPECT_EQ(name["port_name"], "a?\"");
	EXPECT_EQ(say("counts")["logins"], 1);
	EXPECT_EQ(say("counts")["links"].at(1)["up"], false);
}

TEST_F(Commands, SettingsAreSet)
{
	const fabric::Settings &settings = world.fabric.settings;
	for (const char *line :
	     {"set npiv off", "set vport-limit 3", "set fdisc-reject no-resources",
	      "set fdisc-reject 9/2a 50:01:63:e0:00:00:00:01", "set fdisc-delay 1500", "set duplicate last",
	      "set silent on", "set fka 1000", "drop 10", "delay 20"})
		EXPECT_EQ(say(line), json::object()) << line;
	EXPECT_FALSE(settings.npiv);
	EXPECT_EQ(settings.virtual_port_limit, 3U);
	EXPECT_EQ(settings.fdisc_reject, frames::no_resources);
	EXPECT_EQ(settings.fdisc_rejects.at(Wwn{0x500163e000000001}), (frames::Reject{9, 0x2a}));
	EXPECT_EQ(settings.fdisc_delay, Time{1500});
	EXPECT_EQ(settings.duplicate, fabric::Duplicate::last_wins);
	EXPECT_TRUE(settings.silent);
	EXPECT_EQ(world.fabric.forwarder().keep_alive_ms, 1000U);
	EXPECT_EQ(impairment.drop_permille, 10U);
	EXPECT_EQ(impairment.delay, Time{20});
	for (const char *line : {"set npiv on", "set vport-limit none", "set fdisc-reject none"})
		EXPECT_EQ(say(line), json::object()) << line;
	EXPECT_TRUE(settings.npiv);
	EXPECT_EQ(settings.virtual_port_limit, std::nullopt);
	EXPECT_EQ(settings.fdisc_reject, std::nullopt);
	EXPECT_TRUE(settings.fdisc_rejects.empty());
}

TEST_F(Commands, MistakesAreNamed)
{
	const std::pair<const char *, const char *> mistakes[] = {
		{"", "nothing was said"},
		{"port", "port: no such command"},
		{"set", "say: set npiv"},
		{"set npiv maybe", "maybe: say on or off"},
		{"set vport-limit 256", "256: a number from 0 to 255"},
		{"set vport-limit x", "x: a number"},
		{"set fka 499", "499: less than 500"},
		{"set fdisc-reject because", "because: no reason; say not-supported"},
		{"set fdisc-reject 9/1ff", "1ff: a number"},
		{"set fdisc-reject busy 50", "50: no WWN"},
		{"set npiv on off", "say: set npiv"},
		{"zone", "say: zone add"},
		{"zone add x", "say: zone add"},
		{"zone remove x", "x: no such zone"},
		{"zone default maybe", "maybe: say permit or deny"},
		{"logout 50:01:63:e0:00:00:00:01", "50:01:63:e0:00:00:00:01: not logged in"},
		{"link sw9 up", "sw9: no such link"},
		{"drop 1001", "1001: a number from 0 to 1000"},
		{"power", "say: power on|off"},
		{"set ids old", "old: say kept or new"},
	};
	for (const auto &[line, wanted] : mistakes)
		EXPECT_EQ(error(line).find(wanted), 0U) << line << ": " << error(line);
}

TEST_F(Commands, Zones)
{
	EXPECT_EQ(say("zone peer lab 20:00:00:00:00:00:00:01"), json::object());
	EXPECT_EQ(say("zone add two 0x2000000000000002 2000000000000003"), json::object());
	EXPECT_EQ(say("zone default deny"), json::object());
	const json list = say("zone list");
	EXPECT_EQ(list["default"], "deny");
	EXPECT_EQ(list["zones"].at(0)["principals"], json::array({"20:00:00:00:00:00:00:01"}));
	EXPECT_EQ(list["zones"].at(1)["members"],
		  json::array({"20:00:00:00:00:00:00:02", "20:00:00:00:00:00:00:03"}));
	EXPECT_EQ(say("zone remove two"), json::object());
	EXPECT_EQ(say("zone clear"), json::object());
	EXPECT_TRUE(say("zone list")["zones"].empty());
}

TEST_F(Commands, PowerTakesTheCarrierOfAllLinks)
{
	say("power off");
	EXPECT_FALSE(world.fabric.powered());
	EXPECT_EQ(carriers, (std::vector<std::pair<std::size_t, bool>>{{0, false}, {1, false}}));
	carriers.clear();
	say("power on");
	say("link sw1 down");
	EXPECT_EQ(carriers, (std::vector<std::pair<std::size_t, bool>>{{0, true}, {1, true}, {1, false}}));
}

TEST(Stream, FramesAreCutOutWhateverTheirPieces)
{
	const Buffer stream = Writer{}.u32(3).text("abc").u32(0).u32(2).text("de").take();
	for (std::size_t piece = 1; piece <= stream.size(); piece++) {
		links::Framing framing;
		std::vector<std::string> found;
		for (std::size_t at = 0; at < stream.size(); at += piece)
			EXPECT_TRUE(
				framing.feed(Bytes{stream}.subspan(at, std::min(piece, stream.size() - at)),
					     [&](std::span<std::uint8_t> frame) {
						     found.emplace_back(frame.begin(), frame.end());
					     }));
		EXPECT_EQ(found, (std::vector<std::string>{"abc", "", "de"})) << piece;
	}
	links::Framing framing;
	EXPECT_FALSE(framing.feed(Writer{}.u32(65536).view(), [](std::span<std::uint8_t>) {}));
}

class Sockets : public testing::Test
{
protected:
	std::string path = (std::filesystem::temp_directory_path() / "fcswitch-unit-XXXXXX").string();
	links::Poller poller;

	void SetUp() override { ASSERT_NE(mkdtemp(path.data()), nullptr); }

	void TearDown() override { std::filesystem::remove_all(path); }
};

TEST_F(Sockets, AMachineConnectsAndGoes)
{
	std::vector<std::string> frames;
	std::vector<bool> states;
	links::StreamLink link{
		poller, "vm", path + "/vm",
		[&](std::span<std::uint8_t> data) { frames.emplace_back(data.begin(), data.end()); },
		[&](bool up) { states.push_back(up); }};
	links::File machine = links::connect_to(path + "/vm");
	poller.wait(1000);
	EXPECT_TRUE(link.up());
	const Buffer hello = Writer{}.u32(5).text("hello").take();
	ASSERT_EQ(send(machine.number(), hello.data(), hello.size(), 0), 9);
	poller.wait(1000);
	EXPECT_EQ(frames, std::vector<std::string>{"hello"});
	link.send(Buffer{'o', 'k'});
	Buffer got(6);
	ASSERT_EQ(recv(machine.number(), got.data(), got.size(), MSG_WAITALL), 6);
	EXPECT_EQ(got, Writer{}.u32(2).text("ok").take());
	machine.close();
	poller.wait(1000);
	EXPECT_EQ(states, (std::vector{true, false}));
	link.send(Buffer{'x'});
	EXPECT_EQ(link.traffic().lost, 1U);
}

TEST_F(Sockets, WhatAMachineDoesNotTakeIsKept)
{
	links::StreamLink link{poller, "vm", path + "/vm", [](std::span<std::uint8_t>) {}, [](bool) {}};
	const links::File machine = links::connect_to(path + "/vm");
	poller.wait(1000);
	constexpr std::size_t count = 2000, size = 2000;
	for (std::size_t number = 0; number < count; number++)
		link.send(Buffer(size, static_cast<std::uint8_t>(number)));
	EXPECT_EQ(link.traffic().lost, 0U);
	Buffer got(size + 4);
	for (std::size_t number = 0; number < count; number++) {
		std::size_t have = 0;
		while (have < got.size()) {
			poller.wait(0);
			const ssize_t done = recv(machine.number(), got.data() + have, got.size() - have, 0);
			ASSERT_GT(done, 0);
			have += static_cast<std::size_t>(done);
		}
		ASSERT_EQ(got.back(), static_cast<std::uint8_t>(number));
	}
}

TEST_F(Sockets, LinesAreAnswered)
{
	bool ended = false;
	control::Server server{poller, path + "/control", [&](const std::string &line) {
				       ended = line == "end";
				       return "<" + line + ">";
			       }};
	EXPECT_THROW(links::listen_on(path + "/control"), links::Failure);
	std::string answer;
	std::thread asker{[&] {
		answer = control::ask(path + "/control", "some words");
		answer += control::ask(path + "/control", "end");
	}};
	while (!ended)
		poller.wait(1000);
	asker.join();
	EXPECT_EQ(answer, "<some words>\n<end>\n");
	EXPECT_THROW(control::ask(path + "/nowhere", "x"), links::Failure);
}

} // namespace
