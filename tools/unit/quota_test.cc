// SPDX-License-Identifier: GPL-2.0
// xenstore's quota of nodes, which a guest reaches before anybody else says so.
#include <cerrno>

#include <gtest/gtest.h>

#include "act/attach.hpp"
#include "core/failure.hpp"
#include "core/quota.hpp"
#include "unit/fake_host.hpp"

namespace vscsi
{
namespace
{

TEST(Quota, WhatXenstoreRefusesForItIsExplained)
{
	for (const int error : {ENOSPC, EDQUOT})
		EXPECT_NE(quota_refusal(error).find("--entry-nb"), std::string::npos);
	// Of oxenstored that is not sure.
	EXPECT_EQ(quota_refusal(EINVAL).find("If this is oxenstored's"), 0U);
	for (const int error : {EACCES, EIO, E2BIG, ENOENT})
		EXPECT_EQ(quota_refusal(error), "");
}

TEST(Quota, IsThoughtOfBeforeItIsReached)
{
	EXPECT_EQ(quota_hint(1), "");
	EXPECT_EQ(quota_hint(399), "");
	EXPECT_NE(quota_hint(400).find("about 480 devices a guest"), std::string::npos);
}

struct QuotaTest : testing::Test {
	FakeHost fake;
	TpgId tpg = fake.configfs.add_tpg("naa.5", 1);
	StoreId store = fake.configfs.add_store("rd_mcp_0", "ram");

	// In one controller, 200 to a target.
	void give(std::size_t count)
	{
		const std::string back = "/local/domain/0/backend/vscsi/1/0";
		const std::string front = "/local/domain/1/device/vscsi/0";
		fake.store.set(front + "/state", "4");
		fake.store.set(front + "/backend", back);
		fake.store.set(front + "/backend-id", "0");
		fake.store.set(back + "/state", "4");
		fake.store.set(back + "/online", "1");
		for (std::size_t at = 0; at < count; ++at) {
			const std::string dev = fmt::format("{}/vscsi-devs/dev-{}", back, at);
			fake.store.set(dev + "/p-dev", fmt::format("naa.9:{}", at));
			fake.store.set(dev + "/v-dev", fmt::format("0:0:{}:{}", at / 200, at % 200));
			fake.store.set(dev + "/state", "4");
		}
		fake.peer.most = count;
	}
	std::string said(std::size_t count)
	{
		give(count);
		fake.configfs.add_lun(tpg, 0, store);
		const Failure failure = failure_of([&] {
			attach(fake.host, {fake.guest, "naa.5:0", "0:0:9:0", {}, 0, std::chrono::seconds{2}});
		});
		EXPECT_EQ(failure.code(), Exit::timed_out);
		return failure.what();
	}
};

TEST_F(QuotaTest, AGuestThatTakesNoFurtherDeviceMayHaveReachedIt)
{
	const std::string text = said(480);
	EXPECT_NE(text.find("has not taken the device"), std::string::npos) << text;
	EXPECT_NE(text.find("It has 481 devices, so this may be xenstore's quota"), std::string::npos)
		<< text;
}

TEST_F(QuotaTest, OneWithFewDevicesHasAnotherReason)
{
	const std::string text = said(3);
	EXPECT_NE(text.find("has not taken the device"), std::string::npos) << text;
	EXPECT_EQ(text.find("quota"), std::string::npos) << text;
}

} // namespace
} // namespace vscsi
