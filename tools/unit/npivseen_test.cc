// SPDX-License-Identifier: GPL-2.0
// How guests' own ports on a fabric are shown: list, status, top, since when and why; what the name server
// says.
#include <algorithm>
#include <ctime>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "act/guests.hpp"
#include "act/npiv.hpp"
#include "act/survey.hpp"
#include "command/output.hpp"
#include "command/topjson.hpp"
#include "command/toptext.hpp"
#include "command/vporttext.hpp"
#include "core/failure.hpp"
#include "daemon/daemon.hpp"
#include "os/files.hpp"
#include "unit/fake_fabric.hpp"

namespace vscsi
{
namespace
{

constexpr Wwn seen_port{0x500163ef00000052};
constexpr Wwn seen_array{0x5000000000000a11};

bool contains(const std::string &text, std::string_view part)
{
	return text.find(part) != std::string::npos;
}

struct NpivSeen : testing::Test {
	FakeHost fake;
	FakeFabric san{fake};

	NpivSeen() { san.add_hba(5, Wwn{0x2000000000000a01}, Wwn{0x10000000000000fa}); }

	Daemon daemon() const
	{
		return {fake.host,
			DaemonSettings{[](DomId, bool) { return true; }, std::chrono::milliseconds{2000}}};
	}
	void run(Daemon &one, int rounds)
	{
		for (int round = 0; round < rounds; ++round) {
			one.pass();
			fake.peer.step();
			fake.store.pass_time(std::chrono::milliseconds{300});
		}
	}
	VportRequest request() const
	{
		VportRequest wanted{.domain = fake.guest,
				    .parent = {VportParent::By::fabric, Wwn{0x10000000000000fa}}};
		wanted.port = seen_port;
		return wanted;
	}
	void make() { create_vport(fake.host, request()); }
	VportStatus now() const { return vports(fake.host, fake.guest).at(0); }
};

TEST_F(NpivSeen, SinceWhenAndWhatWentWrongLast)
{
	san.shown[seen_port] = {{seen_array, 0, "5000000000000001"}};
	make();
	Daemon one = daemon();
	run(one, 10);
	VportStatus status = now();
	EXPECT_EQ(status.history.state, "Active");
	EXPECT_LE(std::time(nullptr) - status.history.since, 60);
	EXPECT_TRUE(status.history.cause.empty());
	EXPECT_TRUE(contains(vports_text({status}), "Active for "));
	// While it logs in there is nothing to be told; if that takes long, there is.
	san.becomes(seen_port, "Initializing");
	run(one, 2);
	EXPECT_EQ(now().history.state, "Initializing");
	EXPECT_TRUE(now().history.cause.empty());
	run(one, 60);
	EXPECT_TRUE(contains(now().history.cause, "FDISC")) << now().history.cause;
	san.becomes(seen_port, "Active");
	run(one, 4);
	status = now();
	EXPECT_EQ(status.history.state, "Active");
	EXPECT_TRUE(contains(status.history.cause, "FDISC")) << "what went wrong last is kept";
	EXPECT_TRUE(contains(vports_text({status}), "ago it was not: the fabric has not taken its login"));
	// One that nobody has written of yet is not as old as the last state.
	san.becomes(seen_port, "Linkdown");
	EXPECT_FALSE(contains(vports_text({now()}), "Linkdown for"));
	// Its guest goes.
	fake.store.remove_domain(1);
	run(one, 60);
	EXPECT_EQ(vport_history(fake.host, seen_port).state, logged_out);
}

TEST_F(NpivSeen, ListAndStatusHaveIt)
{
	EXPECT_FALSE(contains(list_text(survey(fake.host, {})), "vport")) << "no column without one";
	san.shown[seen_port] = {{seen_array, 0, "5000000000000001"}};
	make();
	Daemon one = daemon();
	run(one, 20);
	san.count(seen_port, "tx_frames", "0x2a");
	san.count(seen_port, "rx_frames", "0x10");
	san.count(seen_port, "error_frames", "0xffffffffffffffff");
	const std::vector<ListedGuest> listed = survey(fake.host, {});
	const std::string text = list_text(listed);
	EXPECT_TRUE(contains(text, "vport\n")) << text;
	EXPECT_TRUE(contains(text, "500163ef00000052\n")) << text;
	EXPECT_FALSE(contains(text, " \n")) << "no line ends with a blank";
	const auto json = nlohmann::json::parse(list_json(listed))[0]["controllers"][0]["vport"];
	EXPECT_EQ(json["wwpn"], "50:01:63:ef:00:00:00:52");
	EXPECT_EQ(json["parent"], "fabric:10:00:00:00:00:00:00:fa");
	EXPECT_EQ(json["hba"], "20:00:00:00:00:00:0a:01");
	EXPECT_EQ(json["n-port-id"], "0x010101");
	EXPECT_EQ(json["state"], "Active");
	EXPECT_TRUE(json["since"].is_number());
	EXPECT_EQ(json["counters"]["tx_frames"], 42);
	EXPECT_TRUE(json["counters"]["error_frames"].is_null()) << "this driver does not count them";
	EXPECT_TRUE(json["counters"]["dumped_frames"].is_null());
	EXPECT_TRUE(contains(vports_text({now()}), "frames: 42 sent, 16 received; in error -"))
		<< vports_text({now()});
	san.becomes(seen_port, "Linkdown");
	EXPECT_TRUE(
		contains(list_text(survey(fake.host, {})), "\n    vport 50:01:63:ef:00:00:00:52: Linkdown"));
	const Status whole = status(fake.host);
	EXPECT_TRUE(contains(status_text(whole), "  vport: Linkdown, fabric ")) << status_text(whole);
	EXPECT_EQ(nlohmann::json::parse(status_json(whole))["tpgs"][0]["vport-status"]["state"], "Linkdown");
}

TEST_F(NpivSeen, APortWithoutALunIsListedOnceItsControllerIsThere)
{
	san.shown[seen_port] = {{seen_array, 0, "5000000000000001"}};
	make();
	ListedGuest guest{fake.guest, true, {}, {}};
	guest.controllers.push_back(
		{Controller{0, 0, State::connected, State::connected, true, {}}, {}, now()});
	const std::string text = list_text({guest});
	EXPECT_TRUE(contains(text, "vport 50:01:63:ef:00:00:00:52 is shown no LUN")) << text;
}

TEST_F(NpivSeen, ANameThatTheFabricHasIsRefusedByItsHoldersName)
{
	san.elsewhere[seen_port] = {"0x010203", Wwn{0x2000000000000c01}, "fcoe over eth1 : web", "otherhost"};
	const std::string before = fake.configfs.snapshot();
	const auto refused = [&](const char *what) {
		const Failure failure = failure_of([&] { create_vport(fake.host, request()); });
		EXPECT_EQ(failure.code(), Exit::in_use) << what;
		for (const char *part :
		     {"0x010203", "20:00:00:00:00:00:0c:01", "fcoe over eth1 : web", "otherhost"})
			EXPECT_TRUE(contains(failure.what(), part)) << what << ": " << failure.what();
		EXPECT_EQ(fake.configfs.snapshot(), before) << what;
		EXPECT_TRUE(vport_memory(fake.host).all().empty()) << what;
		EXPECT_TRUE(san.written.empty()) << what;
	};
	refused("by the HBA's node");
	// As lpfc has it: the directory server is a remote port.
	san.server = FakeFabric::Reached::by_remote_port;
	const std::filesystem::path server = fake.folder.path() / "sys/class/fc_remote_ports/rport-5:0-0";
	put(server / "port_id", "0xfffffc\n");
	refused("by the server's node");
	EXPECT_EQ(san.asked.back().name, "rport-5:0-0");
	VportRequest wanted = request();
	wanted.login = false;
	create_vport(fake.host, wanted);
	EXPECT_EQ(failure_of([&] { login_vport(fake.host, fake.guest, {}, std::chrono::seconds{5}); }).code(),
		  Exit::in_use);
	EXPECT_FALSE(login_asked(fake.host, seen_port));
	san.elsewhere.clear();
	login_vport(fake.host, fake.guest, {}, std::chrono::seconds{5});
	EXPECT_EQ(san.logged_in(), std::vector{seen_port});
}

TEST_F(NpivSeen, AFabricThatDoesNotTellIsNoRefusal)
{
	san.elsewhere[seen_port] = {"0x010203", {}, {}, {}};
	san.server = FakeFabric::Reached::no;
	const VportResult made = create_vport(fake.host, request());
	EXPECT_TRUE(std::ranges::any_of(made.steps, [](const std::string &step) {
		return contains(step, "no answer from the name server");
	}));
	EXPECT_EQ(san.logged_in(), std::vector{seen_port});
}

// A question may take seconds.
TEST_F(NpivSeen, WhoAsksTheFabricHoldsNobodyUp)
{
	unsigned asked = 0;
	bool free = true;
	bool left_alone = true;
	Daemon one = daemon();
	fake.host.ask_fabric = [&, answer = fake.host.ask_fabric](const BsgNode &node,
								  const CtBytes &request) {
		++asked;
		free &= Lock::attempt(fake.host.config_lock()).has_value();
		one.pass();
		left_alone &= san.logged_in().empty();
		return answer(node, request);
	};
	VportRequest wanted = request();
	for (const bool at_once : {true, false}) {
		asked = 0;
		wanted.login = at_once;
		create_vport(fake.host, wanted);
		if (!at_once)
			login_vport(fake.host, fake.guest, {}, std::chrono::seconds{5});
		EXPECT_NE(asked, 0U);
		EXPECT_TRUE(free) << "the lock of the configuration";
		EXPECT_TRUE(left_alone) << "the daemon logs in what is asked about";
		EXPECT_EQ(san.logged_in(), std::vector{seen_port});
		delete_vport(fake.host, fake.guest, {}, std::chrono::seconds{5}, true, false);
	}
}

// libfc says Initializing for ever; the name server knows more.
TEST_F(NpivSeen, WhoHasTheNameOfAVportThatDoesNotGetIn)
{
	create_vport(fake.host, request());
	san.becomes(seen_port, "Initializing");
	EXPECT_FALSE(now().holder);
	san.elsewhere[seen_port] = {"0x020304", Wwn{0x2000000000000c01}, {}, {}};
	const VportStatus stuck = now();
	EXPECT_EQ(stuck.holder.value().id, "0x020304");
	EXPECT_TRUE(contains(vports_text({stuck}), "the fabric has that WWPN already: N_Port_ID 0x020304"));
	const Failure failure =
		failure_of([&] { login_vport(fake.host, fake.guest, {}, std::chrono::seconds{2}); });
	EXPECT_EQ(failure.code(), Exit::in_use);
	EXPECT_TRUE(contains(failure.what(), "0x020304")) << failure.what();
	san.becomes(seen_port, "Active");
	EXPECT_FALSE(now().holder);
}

TEST(NpivNameServer, AnswersOfAnyKindAreRead)
{
	const auto with = [](std::optional<CtBytes> bytes) {
		return look_up(seen_port, [bytes](const CtBytes &) { return bytes; });
	};
	EXPECT_FALSE(with(std::nullopt).answered);
	for (std::size_t size = 0; size < 16; ++size)
		EXPECT_FALSE(with(CtBytes(size, 0xff)).answered) << size;
	CtBytes said(16, 0);
	said[8] = 0x80;
	said[9] = 0x02;
	EXPECT_FALSE(with(said).answered) << "accepted, without an N_Port_ID";
	said.insert(said.end(), {0, 1, 2, 3});
	EXPECT_EQ(with(said).port.value().id, "0x010203");
	EXPECT_TRUE(with(said).port.value().port_text.empty()) << "an answer without a text";
	said[9] = 0x01;
	said[13] = 0x09;
	said[14] = 0x02;
	EXPECT_TRUE(with(said).answered);
	EXPECT_FALSE(with(said).port);
	said[14] = 0x10; // access denied
	EXPECT_FALSE(with(said).answered);
}

TEST(NpivTop, StatesAndFrames)
{
	TopView view;
	view.load.seconds = 2;
	view.vports.push_back({seen_port, "g1", "Active", {}, {}});
	view.vports[0].since.tx_frames = 200;
	view.vports[0].now.tx_frames = 1000;
	view.vports.push_back({Wwn{0x500163ef00000053}, "g2", "Initializing", {}, {}});
	const std::string text = top_text(view);
	EXPECT_TRUE(
		contains(text, "vport 50:01:63:ef:00:00:00:52  g1  Active  frames/s sent 100  received -"))
		<< text;
	EXPECT_LT(text.find("Initializing"), text.find("Active")) << "what is wrong comes first";
	for (unsigned rows = 3; rows < 8; ++rows) {
		const std::string cut = top_text(view, TopOrder::address, {rows, 60});
		EXPECT_LE(std::ranges::count(cut, '\n'), rows) << cut;
	}
	const auto json = nlohmann::json::parse(top_json(view))["vports"];
	EXPECT_EQ(json[0]["wwpn"], "50:01:63:ef:00:00:00:52");
	EXPECT_EQ(json[0]["per-second"]["tx_frames"], 100.0);
	EXPECT_EQ(json[0]["total"]["tx_frames"], 1000);
	EXPECT_TRUE(json[0]["per-second"]["rx_frames"].is_null());
	EXPECT_EQ(json[1]["state"], "Initializing");
}

TEST(NpivAge, TheUnitThatSaysMost)
{
	EXPECT_EQ(age_text(-5), "0 s");
	EXPECT_EQ(age_text(179), "179 s");
	EXPECT_EQ(age_text(180), "3 min");
	EXPECT_EQ(age_text(3 * 3600 - 1), "179 min");
	EXPECT_EQ(age_text(5 * 3600 + 1800), "5 h");
	EXPECT_EQ(age_text(4 * 86400), "4 d");
}

} // namespace
} // namespace vscsi
