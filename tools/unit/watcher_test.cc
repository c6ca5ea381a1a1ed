// SPDX-License-Identifier: GPL-2.0
// `xl-vscsi top`: whose numbers it shows, in dom0 and in a driver domain.
#include <algorithm>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "command/options.hpp"
#include "command/top.hpp"
#include "command/toptext.hpp"
#include "command/watcher.hpp"
#include "core/failure.hpp"
#include "unit/refusal.hpp"
#include "unit/statistics_tree.hpp"

namespace vscsi
{
namespace
{

LunCounters busy(std::uint64_t requests)
{
	LunCounters lun;
	lun.requests = lun.reads = requests;
	return lun;
}

struct Watched {
	FakeHost fake;
	StatisticsTree tree;
	Sysfs sysfs{tree.sysfs()};
	Host host{fake.store, fake.configfs, sysfs, fake.folder.path(), fake.host.state, fake.host.random};

	void serve(const std::string &controller, std::uint64_t requests = 0) const
	{
		tree.set(controller, ControllerCounters{.requests = requests});
		tree.set(controller, disk, busy(requests));
	}
	Watcher watcher(std::vector<std::string> names = {}) const
	{
		return {host, tree.sysfs(), std::move(names)};
	}
	// It is in domain 5, which sees its own directory alone.
	void into_driver_domain()
	{
		const std::string home = "/local/domain/5";
		fake.store.add_domain(5, "storage");
		fake.store.set(home + "/domid", "5");
		fake.store.home = home;
		fake.store.denied = [home](const std::string &path) {
			return path != home && !path.starts_with(home + '/');
		};
	}
	void tell(DomId guest, unsigned controller, const std::string &name, const std::string &uuid)
	{
		const std::string path = backend_path(5, guest, controller);
		fake.store.set(path + "/state", "4");
		fake.store.set(path + "/domain-name", name);
		fake.store.set(path + "/domain-uuid", uuid);
	}
};

// Domains that there are rows of.
std::vector<DomId> shown(const TopView &view)
{
	std::vector<DomId> ids;
	for (const auto &[key, controller] : view.load.since)
		ids.push_back(key.domain);
	EXPECT_EQ(view.load.since.size(), view.load.now.size());
	return ids;
}

std::string failure_of(const Watched &watched, const std::string &name)
{
	return refusal([&] { watched.watcher({name}); }, Exit::not_found, {});
}

TEST(Watcher, OnlyThisProjectsModuleHasStatistics)
{
	Watched watched;
	const std::filesystem::path module = watched.tree.sysfs() / "module/xen_scsiback";
	EXPECT_NO_THROW(watched.watcher());
	std::filesystem::remove(module / "parameters/max_pool_pages");
	refusal([&] { watched.watcher(); }, Exit::environment, {"not this project's"});
	std::filesystem::remove_all(module);
	EXPECT_THROW(watched.watcher(), Failure);
}

TEST(Watcher, ADriverDomainKnowsItsGuestsByItsOwnDirectory)
{
	Watched watched;
	watched.into_driver_domain();
	watched.serve("vscsi-1-0");
	watched.serve("vscsi-1-1");
	watched.serve("vscsi-2-0");
	watched.serve("vscsi-3-0");
	watched.tell(1, 1, "g1", "u1");
	watched.tell(2, 0, "g2", "u2");
	const TopView view = watched.watcher().look();
	EXPECT_EQ(shown(view), (std::vector<DomId>{1, 1, 2, 3}));
	EXPECT_EQ(view.domains.at(1).name, "g1");
	EXPECT_EQ(view.domains.at(1).uuid, "u1");
	EXPECT_EQ(view.domains.at(2).name, "g2");
	EXPECT_EQ(view.domains.at(3).id, 3U);
	EXPECT_EQ(view.domains.at(3).name, "") << "nobody said it";
	EXPECT_NE(top_text(view).find("\n(3) "), std::string::npos);
}

TEST(Watcher, InADriverDomainAsWellItTakesNamesIdsAndUuids)
{
	Watched watched;
	watched.into_driver_domain();
	const std::string uuid = "aabbccdd-0000-0000-0000-000000000002";
	watched.serve("vscsi-1-0");
	watched.serve("vscsi-2-0");
	watched.tell(1, 0, "g1", "u1");
	watched.tell(2, 0, "g2", uuid);
	for (const std::string &typed : {std::string{"g2"}, std::string{"2"}, uuid})
		EXPECT_EQ(shown(watched.watcher({typed}).look()), std::vector<DomId>{2}) << typed;
	EXPECT_EQ(shown(watched.watcher({"1", "g2"}).look()), (std::vector<DomId>{1, 2}));
	// Its device may still be on its way.
	watched.tell(7, 0, "g7", "u7");
	EXPECT_TRUE(shown(watched.watcher({"g7"}).look()).empty());
	EXPECT_NE(failure_of(watched, "g8").find("'g8'"), std::string::npos);
	EXPECT_NE(failure_of(watched, "8").find("'8'"), std::string::npos);
}

TEST(Watcher, ANameIsFollowedToTheNextDomain)
{
	Watched watched;
	watched.serve("vscsi-1-0", 100);
	Watcher watcher = watched.watcher({"g1"});
	EXPECT_EQ(shown(watcher.look()), std::vector<DomId>{1});
	// It reboots.
	watched.fake.store.remove_domain(1);
	watched.tree.remove("vscsi-1-0");
	EXPECT_TRUE(shown(watcher.look()).empty());
	watched.fake.store.add_domain(4, "g1");
	watched.fake.store.add_domain(6, "g6");
	watched.serve("vscsi-4-0", 7);
	watched.serve("vscsi-6-0", 7);
	const TopView view = watcher.look();
	EXPECT_EQ(shown(view), std::vector<DomId>{4});
	EXPECT_EQ(view.load.since.at({4, 0}).counters.requests, 7U);
}

TEST(Watcher, ADomainThatGetsTheNameDoesNotBringItsPast)
{
	Watched watched;
	watched.fake.store.add_domain(4, "other");
	watched.serve("vscsi-4-0", 1'000'000);
	Watcher watcher = watched.watcher({"g1"});
	EXPECT_TRUE(shown(watcher.look()).empty());
	watched.fake.store.set("/local/domain/1/name", "g1-old");
	watched.fake.store.set("/local/domain/4/name", "g1");
	watched.serve("vscsi-4-0", 1'000'005);
	const TopView view = watcher.look();
	ASSERT_EQ(shown(view), std::vector<DomId>{4});
	EXPECT_EQ(view.load.since.at({4, 0}).counters.requests, 5U);
}

TEST(Watcher, ANameThatNobodyHasIsAnErrorAtTheStart)
{
	Watched watched;
	EXPECT_NE(failure_of(watched, "nobody").find("'nobody'"), std::string::npos);
	EXPECT_NE(failure_of(watched, "77").find("'77'"), std::string::npos);
	EXPECT_NE(failure_of(watched, "").find("''"), std::string::npos);
	// One that runs without a device is none.
	EXPECT_TRUE(shown(watched.watcher({"g1"}).look()).empty());
}

TEST(Watcher, AsksOnceForAllDomains)
{
	Watched watched;
	watched.fake.store.add_domain(2, "g2");
	for (const char *controller : {"vscsi-1-0", "vscsi-1-1", "vscsi-1-2", "vscsi-2-0", "vscsi-2-1"})
		watched.serve(controller);
	Watcher watcher = watched.watcher();
	watched.fake.store.reads = watched.fake.store.rounds = 0;
	watcher.look();
	EXPECT_EQ(watched.fake.store.rounds, 1U);
	EXPECT_EQ(watched.fake.store.reads, 4U) << "name and UUID of two";
}

TEST(Watcher, ThatXenstoreIsGoneIsNotHidden)
{
	Watched watched;
	watched.serve("vscsi-1-0");
	Watcher watcher = watched.watcher();
	watched.fake.store.broken = true;
	EXPECT_THROW(watcher.look(), Failure);
}

TEST(Top, PrintsAsOftenAsItIsAsked)
{
	const Watched watched;
	Options options;
	options.sysfs = watched.tree.sysfs().string();
	options.batch = true;
	options.count = 2;
	options.delay = 0.1;
	testing::internal::CaptureStdout();
	top(watched.host, options);
	options.json = true;
	options.names = {"g1"};
	top(watched.host, options);
	const std::string text = testing::internal::GetCapturedStdout();
	EXPECT_EQ(std::ranges::count(text, '\n'), 2 * 3 + 2) << text;
	options.names = {"nobody"};
	EXPECT_THROW(top(watched.host, options), Failure);
}

} // namespace
} // namespace vscsi
