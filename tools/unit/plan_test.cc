// SPDX-License-Identifier: GPL-2.0
#include <algorithm>
#include <functional>

#include <gtest/gtest.h>

#include "core/failure.hpp"
#include "core/steps.hpp"

namespace vscsi
{
namespace
{

const Domain g1{1, "g1", "0123abcd-0000-0000-0000-000000000001"};

Tpg tpg(const std::string &wwn, const std::string &domain, std::vector<std::pair<unsigned, std::string>> luns)
{
	Tpg made{{wwn, 1}, {}, domain, false, true, {}};
	for (const auto &[number, link] : luns)
		made.luns.push_back({number, link, {"rd_mcp_0", "ram"}});
	return made;
}

std::vector<std::string> vdevs(const Assignment &assignment)
{
	std::vector<std::string> all;
	for (const Wanted &wanted : assignment.wanted)
		all.push_back(to_string(wanted.pdev) + " " + to_string(wanted.vdev));
	std::ranges::sort(all);
	return all;
}

Device device(const std::string &dir, const std::string &pdev, const Vdev &vdev, State state,
	      bool managed = true)
{
	return {dir, pdev, pdev, vdev, state, {}, managed};
}

TEST(Domains, BindingIsByNameOrUuid)
{
	EXPECT_TRUE(names_domain("g1", g1));
	EXPECT_TRUE(names_domain("0123ABCD-0000-0000-0000-000000000001", g1));
	EXPECT_FALSE(names_domain(g1.uuid, {2, g1.uuid, "0123abcd-0000-0000-0000-000000000002"}));
	EXPECT_FALSE(names_domain("g", g1));
	EXPECT_FALSE(names_domain("", Domain{1, "", ""}));
	EXPECT_TRUE(names_domain("g1", {7, "g1--incoming", "x"}));
}

TEST(Assign, ControllerForEachPortalGroup)
{
	Lio lio;
	lio.tpgs = {tpg("naa.1", "g1", {{0, "a"}, {1, "b"}}), tpg("naa.2", "g1", {{5, "c"}}),
		    tpg("naa.3", "g2", {{0, "d"}}), tpg("naa.4", "", {{0, "e"}})};
	EXPECT_EQ(vdevs(assign(lio, {g1, {}})),
		  (std::vector<std::string>{"naa.1,1:0 0:0:0:0", "naa.1,1:1 0:0:0:1", "naa.2,1:5 1:0:0:5"}));
}

TEST(Assign, ControllerForEachLunIfAskedFor)
{
	Lio lio;
	lio.tpgs = {tpg("naa.1", "g1", {{0, "a"}, {1, "b"}})};
	lio.tpgs[0].ring_per_lun = true;
	EXPECT_EQ(vdevs(assign(lio, {g1, {}})),
		  (std::vector<std::string>{"naa.1,1:0 0:0:0:0", "naa.1,1:1 1:0:0:1"}));
}

TEST(Assign, LinksAndPresentDevicesComeFirst)
{
	Lio lio;
	lio.tpgs = {tpg("naa.1", "g1", {{0, "a"}, {1, "vdev-0:0:0:0"}, {2, "c"}})};
	const Guest guest{g1,
			  {{0,
			    0,
			    State::connected,
			    State::connected,
			    true,
			    {device("dev-0", "naa.1:2", {0, 0, 3, 3}, State::connected)}}}};
	// LUN 0 cannot have its number: the next free one.
	EXPECT_EQ(vdevs(assign(lio, guest)),
		  (std::vector<std::string>{"naa.1,1:0 0:0:0:1", "naa.1,1:1 0:0:0:0", "naa.1,1:2 0:0:3:3"}));
}

TEST(Assign, LinkDisplacesADeviceThatIsThereByChance)
{
	Lio lio;
	lio.tpgs = {tpg("naa.1", "g1", {{0, "a"}, {1, "vdev-0:0:0:0"}})};
	const Guest guest{g1,
			  {{0,
			    0,
			    State::connected,
			    State::connected,
			    true,
			    {device("dev-0", "naa.1:0", {0, 0, 0, 0}, State::connected)}}}};
	EXPECT_EQ(vdevs(assign(lio, guest)),
		  (std::vector<std::string>{"naa.1,1:0 0:0:0:1", "naa.1,1:1 0:0:0:0"}));
	std::vector<std::string> problems;
	const Aim aim = aim_of(lio, guest, {guest.domain}, problems);
	EXPECT_EQ(aim.drop, (std::vector<Vdev>{{0, 0, 0, 0}}));
}

TEST(Assign, ConflictsAreTold)
{
	Lio lio;
	lio.tpgs = {tpg("naa.1", "g1", {{0, "vdev-0:0:0:0"}, {1, "vdev-0:0:0:0"}})};
	const Assignment assignment = assign(lio, {g1, {}});
	EXPECT_EQ(assignment.wanted.size(), 1U);
	ASSERT_EQ(assignment.problems.size(), 1U);
	EXPECT_NE(assignment.problems[0].find("naa.1,1:1"), std::string::npos);
}

TEST(Assign, HandMadeDevicesKeepTheirAddress)
{
	Lio lio;
	lio.tpgs = {tpg("naa.1", "g1", {{0, "a"}}), tpg("naa.9", "", {{0, "z"}})};
	const Guest guest{g1,
			  {{0,
			    0,
			    State::connected,
			    State::connected,
			    true,
			    {device("dev-0", "naa.9:0", {0, 0, 0, 0}, State::connected, false)}}}};
	EXPECT_EQ(vdevs(assign(lio, guest)), (std::vector<std::string>{"naa.1,1:0 1:0:0:0"}));
	std::vector<std::string> problems;
	EXPECT_TRUE(aim_of(lio, guest, {guest.domain}, problems).drop.empty());
}

TEST(Assign, GreatLunNumbersFindAPlace)
{
	EXPECT_EQ(Taken{}.free_vdev(2, 254), (Vdev{2, 0, 0, 254}));
	EXPECT_EQ(Taken{}.free_vdev(2, 255), (Vdev{2, 0, 0, 0}));
	Taken all;
	for (unsigned target = 0; target < frontend_targets; ++target)
		for (unsigned lun = 0; lun < frontend_luns; ++lun)
			all.insert({0, 0, target, lun});
	EXPECT_THROW(all.free_vdev(0, 0), Failure);
	EXPECT_EQ(all.free_controller(), 1U);
}

std::string plan(const Guest &guest, const Aim &aim)
{
	std::string text;
	for (const Action &action : next_actions(guest, aim))
		text += describe(action, guest.domain) + '\n';
	return text;
}

const Wanted disk{{"naa.1", 1, 0}, "disk", {0, 0, 0, 0}, true};
const Wanted tape{{"naa.1", 1, 1}, "tape", {0, 0, 0, 1}, true};

Guest with(State back, std::vector<Device> devices, bool online = true)
{
	return {g1, {{0, 0, back, State::connected, online, std::move(devices)}}};
}

TEST(Plan, NothingToDoIsNothing)
{
	EXPECT_EQ(plan({g1, {}}, {}), "");
	EXPECT_EQ(plan(with(State::connected, {device("dev-0", "naa.1:0", disk.vdev, State::connected)}),
		       {{disk}, {}}),
		  "");
}

TEST(Plan, FirstDevicesMakeTheController)
{
	const auto actions = next_actions({g1, {}}, {{disk, tape}, {}});
	ASSERT_EQ(actions.size(), 1U);
	EXPECT_EQ(std::get<MakeController>(actions[0]).devices.size(), 2U);
}

TEST(Plan, FurtherDevicesFitTheControllersState)
{
	const std::vector<Device> one{device("dev-0", "naa.1:0", disk.vdev, State::connected)};
	const struct {
		State state;
		std::size_t actions;
		bool reconfigure;
	} cases[] = {
		{State::initialising, 1, false},  {State::init_wait, 1, false},
		{State::initialised, 1, false},   {State::connected, 1, true},
		{State::closing, 1, false},       {State::closed, 1, false},
		{State::reconfiguring, 0, false}, {State::reconfigured, 0, false},
	};
	for (const auto &[state, count, reconfigure] : cases) {
		const auto actions = next_actions(with(state, one), {{disk, tape}, {}});
		ASSERT_EQ(actions.size(), count) << state_name(state);
		if (count) {
			EXPECT_EQ(std::get<AddDevices>(actions[0]).reconfigure, reconfigure)
				<< state_name(state);
		}
	}
}

TEST(Plan, RemovalGoesStepByStep)
{
	const Aim aim{{}, {disk.vdev}};
	const auto in_state = [&](State back, State state) {
		return plan(with(back, {device("dev-0", "naa.1:0", disk.vdev, state)}), aim);
	};
	EXPECT_NE(in_state(State::connected, State::connected).find("let go of dev-0"), std::string::npos);
	EXPECT_EQ(in_state(State::reconfiguring, State::connected), "");
	EXPECT_EQ(in_state(State::connected, State::closing), "");
	EXPECT_NE(in_state(State::connected, State::closed).find("remove dev-0"), std::string::npos);
	// The guest never had it.
	EXPECT_NE(in_state(State::init_wait, State::initialising).find("remove dev-0"), std::string::npos);
	EXPECT_NE(plan(with(State::connected, {}), aim).find("close controller 0"), std::string::npos);
	EXPECT_NE(plan(with(State::init_wait, {}), aim).find("remove controller 0"), std::string::npos);
	EXPECT_EQ(plan(with(State::closing, {}, false), aim), "");
	EXPECT_NE(plan(with(State::closed, {}, false), aim).find("remove controller 0"), std::string::npos);
}

TEST(Plan, NothingIsAddedToAControllerThatGoes)
{
	EXPECT_EQ(plan(with(State::closing, {}, false), {{disk}, {}}), "");
	EXPECT_NE(plan(with(State::closed, {}, false), {{disk}, {}}).find("remove controller"),
		  std::string::npos);
}

TEST(Plan, OneChangeOfDevicesAtATime)
{
	const auto actions = next_actions(
		with(State::connected, {device("dev-0", "naa.1:0", disk.vdev, State::connected)}),
		{{tape}, {disk.vdev}});
	ASSERT_EQ(actions.size(), 1U);
	EXPECT_TRUE(std::holds_alternative<BeginRemoval>(actions[0]));
}

TEST(Plan, WhatTheFrontendOverlookedIsSeen)
{
	const auto controller = [](State back, State state) {
		return with(back, {device("dev-0", "naa.1:0", disk.vdev, state)}).controllers[0];
	};
	EXPECT_TRUE(overlooked(controller(State::connected, State::initialising)));
	EXPECT_TRUE(overlooked(controller(State::connected, State::initialised)));
	EXPECT_TRUE(overlooked(controller(State::connected, State::closing)));
	EXPECT_FALSE(overlooked(controller(State::reconfiguring, State::initialising)));
	EXPECT_FALSE(overlooked(controller(State::connected, State::connected)));
}

TEST(Aim, FollowsTheConfiguration)
{
	Lio lio;
	lio.tpgs = {tpg("naa.1", "g1", {{0, "a"}}), tpg("naa.2", "g2", {{0, "b"}}),
		    tpg("naa.3", "", {{0, "c"}})};
	const Guest guest =
		with(State::connected, {device("dev-0", "naa.1:0", {0, 0, 0, 0}, State::connected),
					device("dev-1", "naa.1:7", {0, 0, 0, 7}, State::connected),
					device("dev-2", "naa.1:8", {0, 0, 0, 8}, State::connected, false),
					device("dev-3", "naa.2:0", {0, 0, 0, 9}, State::connected, false),
					device("dev-4", "naa.3:0", {0, 0, 1, 0}, State::connected, false)});
	std::vector<std::string> problems;
	// The LUN is gone; the LUN is another guest's.  What was made by hand stays.
	EXPECT_EQ(aim_of(lio, guest, {guest.domain}, problems).drop,
		  (std::vector<Vdev>{{0, 0, 0, 7}, {0, 0, 0, 9}}));
}

} // namespace
} // namespace vscsi
