// SPDX-License-Identifier: GPL-2.0 OR MIT
#include "scsi/guard.hpp"

#include <set>

#include <gtest/gtest.h>

#include "scsi/pattern.hpp"

using namespace scsi;

namespace
{

Buffer block(std::string_view text)
{
	return {text.begin(), text.end()};
}

const TapeStart blank{Start::blank, {}, {}};
const TapeStart ours{Start::block, make_label(), {}};
const TapeStart foreign{Start::block, block("VOL1PAYROL\n and more"), {}};
const TapeStart binary{Start::block, {0, 1, 2, 3}, {}};
const TapeStart filemark{Start::filemark, {}, {}};
const TapeStart unreadable{Start::unreadable, {}, "MEDIUM ERROR 11/00"};

TEST(Label, IsKnownAgain)
{
	EXPECT_EQ(make_label().size(), label_size);
	EXPECT_TRUE(is_label(make_label()));
	Buffer other = make_label();
	other.back() = 0;
	EXPECT_FALSE(is_label(other));
	EXPECT_FALSE(is_label({}));
	other = make_label();
	other.push_back(' ');
	EXPECT_FALSE(is_label(other));
	EXPECT_FALSE(is_label(Bytes{other}.first(100)));
}

TEST(Label, BeginningOfATape)
{
	EXPECT_EQ(beginning_of(foreign.block), "VOL1PAYROL");
	EXPECT_EQ(beginning_of(binary.block), "");
	EXPECT_EQ(beginning_of(block("a b   \0c")), "a b");
	EXPECT_EQ(beginning_of(Buffer(80, 'x')).size(), 32U);
}

TEST(Guard, ReadOnlyUnlessAsked)
{
	for (const auto &tape : {blank, ours, foreign, binary, filemark, unreadable}) {
		const Decision found = decide(tape, {});
		EXPECT_FALSE(found.write);
		EXPECT_EQ(found.refusal, "");
	}
}

TEST(Guard, OverwritesOnlyBlankAndOurOwn)
{
	const Permission permission{.overwrite = true, .force = false, .destroy = {}};
	for (const auto &tape : {blank, ours})
		EXPECT_TRUE(decide(tape, permission).write);
	for (const auto &tape : {foreign, binary, filemark, unreadable}) {
		const Decision found = decide(tape, permission);
		EXPECT_FALSE(found.write);
		EXPECT_NE(found.refusal.find("say --"), std::string::npos) << found.refusal;
	}
	EXPECT_NE(decide(foreign, permission).refusal.find("--yes-destroy 'VOL1PAYROL'"), std::string::npos);
	EXPECT_NE(decide(unreadable, permission).refusal.find("MEDIUM ERROR"), std::string::npos);
}

TEST(Guard, NameOfTheTapeMustMatch)
{
	Permission permission{.overwrite = true, .force = false, .destroy = "VOL1PAYROL"};
	EXPECT_TRUE(decide(foreign, permission).write);
	for (const auto &tape : {binary, filemark, unreadable})
		EXPECT_FALSE(decide(tape, permission).write);
	for (const char *other : {"", "VOL1", "VOL1PAYROLL"}) {
		permission.destroy = other;
		EXPECT_FALSE(decide(foreign, permission).write) << other;
	}
	permission.destroy = "";
	EXPECT_FALSE(decide(binary, permission).write);
}

TEST(Guard, Force)
{
	const Permission permission{.overwrite = true, .force = true, .destroy = {}};
	for (const auto &tape : {blank, ours, foreign, binary, filemark, unreadable})
		EXPECT_TRUE(decide(tape, permission).write);
}

TEST(Pattern, TellsWhichBlock)
{
	EXPECT_EQ(pattern(5, 1000), pattern(5, 1000));
	std::set<Buffer> seen;
	for (std::uint64_t number = 0; number < 1000; number++)
		EXPECT_TRUE(seen.insert(pattern(number, 8)).second);
	// No part of a block is another part of it.
	const Buffer data = pattern(1, 8000);
	seen.clear();
	for (std::size_t at = 0; at < data.size(); at += 8)
		EXPECT_TRUE(seen.insert({data.begin() + static_cast<std::ptrdiff_t>(at),
					 data.begin() + static_cast<std::ptrdiff_t>(at + 8)})
				    .second);
	EXPECT_EQ(pattern(3, 13).size(), 13U);
	EXPECT_TRUE(pattern(3, 0).empty());
}

TEST(Pattern, Wildcards)
{
	EXPECT_TRUE(matches("*", ""));
	EXPECT_TRUE(matches("ssc.read.*", "ssc.read.filemark"));
	EXPECT_FALSE(matches("ssc.read.*", "ssc.readfilemark"));
	EXPECT_TRUE(matches("*filemark*", "ssc.read.filemark-twice"));
	EXPECT_TRUE(matches("s?c", "smc"));
	EXPECT_FALSE(matches("s?c", "sc"));
	EXPECT_FALSE(matches("ssc", "ssc.x"));
}

} // namespace
