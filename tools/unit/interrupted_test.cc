// SPDX-License-Identifier: GPL-2.0
// Commands that a signal ends, or that die, while the guest goes on.
#include <gtest/gtest.h>

#include <csignal>
#include <fstream>

#include "act/attach.hpp"
#include "act/detach.hpp"
#include "act/guests.hpp"
#include "act/recovery.hpp"
#include "core/failure.hpp"
#include "os/files.hpp"
#include "os/interrupt.hpp"
#include "unit/fake_host.hpp"

namespace vscsi
{
namespace
{

struct InterruptedTest : testing::Test {
	FakeHost fake;

	InterruptedTest()
	{
		fake.add_scsi({2, 0, 0, 0}, 0, "sdb", 16);
		fake.add_scsi({2, 0, 1, 0}, 0, "sdc", 32);
	}
	AttachRequest request(const std::string &pdev) const
	{
		return {fake.guest, pdev, {}, {}, 0, std::chrono::seconds{5}, false};
	}
	// As if it were killed while it waited.
	void die_while_waiting(const std::string &pdev)
	{
		const auto answers = fake.store.peer;
		fake.store.peer = [] { throw Killed{}; };
		EXPECT_THROW(attach(fake.host, request(pdev)), Killed);
		fake.store.peer = answers;
	}
	std::string devices()
	{
		std::string text;
		for (const Controller &controller :
		     read_guest(fake.store, Txn::none, fake.guest, 0).controllers)
			for (const Device &device : controller.devices)
				text += fmt::format("{} {}\n", device.pdev, static_cast<int>(device.state));
		return text;
	}
	std::size_t luns() const
	{
		std::size_t count = 0;
		for (const Tpg &tpg : fake.configfs.read().tpgs)
			count += tpg.luns.size();
		return count;
	}
};

TEST_F(InterruptedTest, ASignalEndsTheWaitAndTakesAllBack)
{
	const std::string config = fake.configfs.snapshot();
	const auto nodes = fake.store.nodes;
	for (const int number : {SIGINT, SIGTERM, SIGHUP}) {
		struct sigaction before {
		};
		// As a shell starts it, however this test was started.
		std::signal(number, SIG_DFL);
		sigaction(number, nullptr, &before);
		note_interrupts();
		fake.peer.deaf.insert(1);
		bool sent = false;
		fake.store.peer = [&] {
			if (!sent)
				std::raise(number);
			sent = true;
			fake.peer.step();
		};
		try {
			attach(fake.host, request("/dev/sdb"));
			ADD_FAILURE() << "not interrupted";
		} catch (const Failure &failure) {
			EXPECT_EQ(failure.code(), Exit::interrupted) << failure.what();
			EXPECT_NE(std::string{failure.what()}.find("taken back"), std::string::npos)
				<< failure.what();
		}
		EXPECT_EQ(fake.configfs.snapshot(), config);
		EXPECT_EQ(fake.store.nodes, nodes);
		// A second one would end it.
		struct sigaction after {
		};
		sigaction(number, nullptr, &after);
		EXPECT_EQ(after.sa_handler, SIG_DFL);
	}
}

TEST_F(InterruptedTest, WhatIsIgnoredAtTheStartStaysIgnored)
{
	std::signal(SIGHUP, SIG_IGN);
	note_interrupts();
	struct sigaction now {
	};
	sigaction(SIGHUP, nullptr, &now);
	EXPECT_EQ(now.sa_handler, SIG_IGN);
	for (const int number : {SIGINT, SIGTERM, SIGHUP})
		std::signal(number, SIG_DFL);
}

TEST_F(InterruptedTest, WhatTheGuestHasByThenStays)
{
	die_while_waiting("/dev/sdb");
	for (int step = 0; step < 5; ++step)
		fake.peer.step();
	const std::string had = devices();
	EXPECT_NE(had.find(" 4\n"), std::string::npos) << had;
	attach(fake.host, request("/dev/sdc"));
	EXPECT_EQ(luns(), 2U);
	EXPECT_EQ(devices().find(had), 0U) << devices();
}

TEST_F(InterruptedTest, WhatItDoesNotHaveIsTakenBackByTheNextCommandForAnyGuest)
{
	const std::string config = fake.configfs.snapshot();
	const auto nodes = fake.store.nodes;
	die_while_waiting("/dev/sdb");
	EXPECT_EQ(luns(), 1U);
	const Domain g2 = fake.store.add_domain(2, "g2");
	AttachRequest what = request("/dev/sdc");
	what.domain = g2;
	attach(fake.host, what);
	EXPECT_EQ(devices(), "");
	detach(fake.host, {"g2", "0:0:0:0", 0, std::chrono::seconds{2}, false, false});
	fake.store.remove_domain(2);
	EXPECT_EQ(fake.configfs.snapshot(), config);
	EXPECT_EQ(fake.store.nodes, nodes);
}

TEST_F(InterruptedTest, AnUnboundLunAsWell)
{
	fake.configfs.add_lun(fake.configfs.add_tpg("naa.5", 1), 0,
			      fake.configfs.add_store("rd_mcp_0", "ram"));
	const auto nodes = fake.store.nodes;
	die_while_waiting("naa.5:0");
	EXPECT_NE(devices(), "");
	const Recovery done = recover(fake.host);
	EXPECT_EQ(done.done.size(), 1U);
	EXPECT_EQ(fake.store.nodes, nodes);
	EXPECT_EQ(luns(), 1U);
	EXPECT_TRUE(recover(fake.host).done.empty());
}

TEST_F(InterruptedTest, AGuestThatDoesNotLetGoKeepsItsLunUntilItDoes)
{
	// It has a controller, so it is asked; and is in the midst of taking the device.
	attach(fake.host, request("/dev/sdc"));
	die_while_waiting("/dev/sdb");
	fake.peer.stubborn = true;
	const std::string dev = "/local/domain/0/backend/vscsi/1/0/vscsi-devs/dev-1/state";
	for (int round = 0; round < 3; ++round) {
		EXPECT_EQ(recover(fake.host).complaints.size(), 1U);
		EXPECT_EQ(luns(), 2U);
	}
	EXPECT_NE(fake.store.value(dev), "4");
}

struct JournalTest : testing::Test {
	TemporaryFolder folder;
	Journal journal{folder.path() / "1.journal"};
};

// Power or space may end within a line.
TEST_F(JournalTest, HalfALineUndoesNothing)
{
	journal.add(RemoveTpg{{"naa.1", 1}});
	const auto whole = std::filesystem::file_size(journal.file());
	journal.add(RemoveLun{{"naa.5", 1}, 12});
	const auto all = std::filesystem::file_size(journal.file());
	for (auto size = whole; size < all; ++size) {
		std::string text = read_file(journal.file()).value_or("");
		std::filesystem::resize_file(journal.file(), size);
		// Not LUN 1.
		ASSERT_EQ(journal.pending().size(), 1u) << size << " of " << all << " bytes";
		EXPECT_TRUE(std::holds_alternative<RemoveTpg>(journal.pending().front()));
		std::ofstream{journal.file()} << text;
	}
}

TEST_F(JournalTest, HalfALineTakesNoDevice)
{
	journal.add(Given{0, {1, "web2", ""}, {0, 0, 0, 1}, {"naa.5", 1, 12}});
	std::filesystem::resize_file(journal.file(), std::filesystem::file_size(journal.file()) - 2);
	EXPECT_TRUE(journal.given().empty());
}

TEST_F(JournalTest, HalfALineDoesNotSpoilTheNext)
{
	journal.add(BindTpg{{"naa.1", 1}, "web2", {}});
	std::filesystem::resize_file(journal.file(), std::filesystem::file_size(journal.file()) - 2);
	journal.add(RemoveTpg{{"naa.7", 3}});
	ASSERT_EQ(journal.pending().size(), 1u);
	EXPECT_EQ(to_line(journal.pending().front()), to_line(RemoveTpg{{"naa.7", 3}}));
}

TEST_F(JournalTest, NamesMayHaveBlanks)
{
	const Given given{0, {1, "my guest", ""}, {0, 0, 0, 1}, {"my disk", {}, 3}};
	journal.add(given);
	ASSERT_EQ(journal.given().size(), 1u);
	EXPECT_EQ(journal.given().front().pdev, given.pdev);
	EXPECT_EQ(journal.given().front().domain.name, "my guest");
	EXPECT_EQ(journal.given().front().domain.uuid, "");
}

} // namespace
} // namespace vscsi
