// SPDX-License-Identifier: GPL-2.0 OR MIT
// Copy plans, carried out on simulated pages and compared with a byte-wise reference.
#include <map>

#include "model.hpp"

using namespace model;

namespace
{

using Page = std::array<u8, VSCSI_PAGE_BYTES>;
using Segments = std::vector<scsiif_request_segment>;

// Guest pages by grant; each grant is its own page.
class GuestMemory
{
public:
	Page &page(u32 grant) { return pages_[grant]; }
	void scribble(Random &random)
	{
		for (auto &[grant, page] : pages_)
			random.fill(page.data(), page.size());
	}
	bool operator==(const GuestMemory &) const = default;

private:
	std::map<u32, Page> pages_;
};

Segments random_segments(Random &random, u32 most)
{
	Segments segments(random.between(1, most));
	const u32 style = random.below(5);
	u32 grant = random.below(1000);
	for (auto &segment : segments) {
		u32 offset = 0, length = VSCSI_PAGE_BYTES;
		switch (style) {
		case 0: // anything
			offset = random.below(VSCSI_PAGE_BYTES);
			length = random.between(0, VSCSI_PAGE_BYTES - offset);
			break;
		case 1: // tiny, mostly empty
			offset = random.below(VSCSI_PAGE_BYTES);
			length = std::min(random.below(3), VSCSI_PAGE_BYTES - offset);
			break;
		case 2: // sectors
			offset = 512 * random.below(8);
			length = 512 * random.between(0, 8 - offset / 512);
			break;
		case 3: // one buffer cut at pages, from the middle of a page on
			offset = &segment == &segments.front() ? 512 * random.below(8) : 0;
			length = VSCSI_PAGE_BYTES - offset;
			break;
		default: // whole pages
			break;
		}
		segment = {grant++, static_cast<u16>(offset), static_cast<u16>(length)};
	}
	if (style == 3 && segments.back().offset == 0)
		segments.back().length = static_cast<u16>(random.between(1, VSCSI_PAGE_BYTES));
	return segments;
}

vscsiif_request direct(const Segments &segments, u8 direction)
{
	auto r = command(1, direction);
	r.nr_segments = static_cast<u8>(segments.size());
	for (std::size_t i = 0; i < segments.size(); i++)
		r.seg[i] = segments[i];
	return r;
}

// The segments in list pages, cut at random.
vscsiif_request indirect(Random &random, GuestMemory &memory, const Segments &segments, u8 direction)
{
	auto r = command(1, direction);
	u32 lists = 0;
	for (std::size_t at = 0; at < segments.size();) {
		const u32 most = std::min(static_cast<u32>(segments.size() - at), VSCSI_PAGE_BYTES / 8);
		// The last ones have room for all.
		const u32 count = lists >= VSCSIIF_SG_TABLESIZE - 6 ? most : random.between(1, most);
		const u32 bytes = count * 8;
		const u32 grant = 100000 + lists;
		const u32 offset = random.below(VSCSI_PAGE_BYTES - bytes + 1);
		std::memcpy(memory.page(grant).data() + offset, &segments[at], bytes);
		r.seg[lists++] = {grant, static_cast<u16>(offset), static_cast<u16>(bytes)};
		at += count;
	}
	r.nr_segments = static_cast<u8>(VSCSIIF_SG_GRANT | lists);
	return r;
}

void bring_lists(Rig &rig, u32 slot, GuestMemory &memory)
{
	vscsi_copy copies[VSCSI_LIST_COPIES];
	const u32 count = vscsi_list_copies(rig.back.engine(), slot, copies, VSCSI_LIST_COPIES);
	ASSERT_GE(count, 1u);
	for (u32 i = 0; i < count; i++) {
		const auto &c = copies[i];
		ASSERT_LE(u32{c.grant_offset} + c.length, VSCSI_PAGE_BYTES);
		ASSERT_LE(u32{c.page_offset} + c.length, VSCSI_PAGE_BYTES);
		const u32 at = c.page * VSCSI_PAGE_BYTES + c.page_offset;
		ASSERT_LE(at + c.length, VSCSI_LONG_LIST_BYTES);
		std::memcpy(rig.back.list(slot) + at, memory.page(c.grant).data() + c.grant_offset, c.length);
	}
}

u32 total(const Segments &segments)
{
	u32 bytes = 0;
	for (const auto &segment : segments)
		bytes += segment.length;
	return bytes;
}

// A whole plan up to limit, in calls with random room.
std::vector<vscsi_copy> plan(Random &random, Rig &rig, u32 slot, u32 limit)
{
	std::vector<vscsi_copy> all;
	vscsi_cursor at{};
	for (;;) {
		std::vector<vscsi_copy> some(random.between(1, 9));
		const u32 count = vscsi_data_copies(rig.back.engine(), slot, &at, limit, some.data(),
						    static_cast<u32>(some.size()));
		EXPECT_LE(count, some.size());
		all.insert(all.end(), some.begin(), some.begin() + count);
		if (count == 0)
			return all;
	}
}

struct Case {
	Rig rig;
	GuestMemory memory;
	Segments segments;
	u32 slot;
	u32 bytes;
	vscsi_command command;

	Case(Random &random, u8 direction)
	{
		const bool lists = random.one_in(2);
		segments = random_segments(random, lists ? random.one_in(16) ? VSCSI_MAX_SEGMENTS : 128 : 26);
		bytes = total(segments);
		for (const auto &segment : segments)
			(void)memory.page(segment.gref);
		memory.scribble(random);
		const auto f = rig.fetch(lists ? indirect(random, memory, segments, direction)
					       : direct(segments, direction));
		slot = f.slot;
		if (lists) {
			EXPECT_EQ(f.what, VSCSI_FETCH_LIST);
			bring_lists(rig, slot, memory);
			EXPECT_EQ(rig.back.lists_done(slot, true), VSCSI_FETCH_COMMAND);
		} else {
			EXPECT_EQ(f.what, VSCSI_FETCH_COMMAND);
		}
		command = rig.back.command(slot);
	}
};

void check_layout(const Case &c)
{
	ASSERT_EQ(c.command.data_bytes, c.bytes);
	if (c.bytes == 0) {
		ASSERT_EQ(c.command.pages, 0u);
		ASSERT_EQ(c.command.direction, u32{VSCSI_NO_DATA});
		return;
	}
	const u32 first = c.segments[0].offset;
	ASSERT_EQ(c.command.first_offset % 512, 0u);
	const bool keep = first % 512 == 0 && first + c.bytes <= VSCSI_PAGE_BYTES;
	ASSERT_EQ(c.command.first_offset, keep ? first : 0u);
	ASSERT_EQ(c.command.pages,
		  (c.command.first_offset + c.bytes + VSCSI_PAGE_BYTES - 1) / VSCSI_PAGE_BYTES);
	ASSERT_LE(c.command.pages, c.segments.size()) << "never more pages than the guest has";
}

void check_bounds(const Case &c, const std::vector<vscsi_copy> &copies)
{
	for (const auto &copy : copies) {
		ASSERT_GT(copy.length, 0);
		ASSERT_LE(u32{copy.grant_offset} + copy.length, VSCSI_PAGE_BYTES);
		ASSERT_LE(u32{copy.page_offset} + copy.length, VSCSI_PAGE_BYTES);
		ASSERT_LT(copy.page, c.command.pages);
	}
}

constexpr u32 rounds = 2000;

TEST(CopyPlan, ToDeviceEqualsReference)
{
	for (u64 seed = 1; seed <= rounds; seed++) {
		Random random{seed};
		Case c{random, VSCSI_TO_DEVICE};
		ASSERT_NO_FATAL_FAILURE(check_layout(c));
		const auto copies = plan(random, c.rig, c.slot, c.bytes);
		ASSERT_NO_FATAL_FAILURE(check_bounds(c, copies));

		std::vector<u8> expected(c.command.first_offset);
		for (const auto &s : c.segments)
			expected.insert(expected.end(), c.memory.page(s.gref).begin() + s.offset,
					c.memory.page(s.gref).begin() + s.offset + s.length);
		expected.resize(c.command.pages * VSCSI_PAGE_BYTES);

		std::vector<u8> pages(c.command.pages * VSCSI_PAGE_BYTES);
		u32 moved = 0;
		for (const auto &copy : copies) {
			std::memcpy(pages.data() + copy.page * VSCSI_PAGE_BYTES + copy.page_offset,
				    c.memory.page(copy.grant).data() + copy.grant_offset, copy.length);
			moved += copy.length;
		}
		ASSERT_EQ(moved, c.bytes) << "nothing twice, nothing missing; seed " << seed;
		ASSERT_EQ(pages, expected) << "seed " << seed;
	}
}

// What the device transferred goes to the guest, and not a byte more.
TEST(CopyPlan, FromDeviceEqualsReferenceUpToALimit)
{
	for (u64 seed = 1; seed <= rounds; seed++) {
		Random random{seed + 1000000};
		Case c{random, VSCSI_FROM_DEVICE};
		ASSERT_NO_FATAL_FAILURE(check_layout(c));
		const u32 limit = random.between(0, c.bytes);
		const auto copies = plan(random, c.rig, c.slot, limit);
		ASSERT_NO_FATAL_FAILURE(check_bounds(c, copies));

		std::vector<u8> pages(c.command.pages * VSCSI_PAGE_BYTES);
		random.fill(pages.data(), pages.size());

		GuestMemory expected = c.memory;
		u32 done = 0;
		for (const auto &s : c.segments)
			for (auto *byte = expected.page(s.gref).data() + s.offset, *end = byte + s.length;
			     byte < end && done < limit; done++)
				*byte++ = pages[c.command.first_offset + done];

		u32 moved = 0;
		for (const auto &copy : copies) {
			std::memcpy(c.memory.page(copy.grant).data() + copy.grant_offset,
				    pages.data() + copy.page * VSCSI_PAGE_BYTES + copy.page_offset,
				    copy.length);
			moved += copy.length;
		}
		ASSERT_EQ(moved, limit) << "seed " << seed;
		ASSERT_TRUE(c.memory == expected) << "seed " << seed;
	}
}

TEST(CopyPlan, AnyRoomGivesTheSamePlan)
{
	for (u64 seed = 1; seed <= 300; seed++) {
		Random random{seed + 2000000};
		Case c{random, VSCSI_FROM_DEVICE};
		std::vector<vscsi_copy> whole(2 * VSCSI_MAX_SEGMENTS);
		vscsi_cursor at{};
		whole.resize(vscsi_data_copies(c.rig.back.engine(), c.slot, &at, ~0u, whole.data(),
					       static_cast<u32>(whole.size())));
		EXPECT_EQ(at.moved, c.bytes) << "a limit beyond the data ends with the data";
		const auto pieces = plan(random, c.rig, c.slot, c.bytes);
		ASSERT_EQ(pieces.size(), whole.size());
		EXPECT_EQ(std::memcmp(pieces.data(), whole.data(), whole.size() * sizeof whole[0]), 0);
		// The shim sizes its array by this.
		EXPECT_LE(whole.size(), c.segments.size() + c.command.pages);
	}
}

TEST(CopyPlan, NoRoomNoProgress)
{
	Rig rig;
	const u32 slot = rig.start(transfer(1, VSCSI_TO_DEVICE));
	vscsi_cursor at{};
	EXPECT_EQ(vscsi_data_copies(rig.back.engine(), slot, &at, ~0u, nullptr, 0), 0u);
	EXPECT_EQ(at.segment + at.done + at.moved, 0u);
}

TEST(CopyPlan, LimitCanGrowBetweenCalls)
{
	Rig rig;
	const u32 slot = rig.start(transfer(1, VSCSI_FROM_DEVICE, 1000));
	vscsi_cursor at{};
	vscsi_copy copy;
	ASSERT_EQ(vscsi_data_copies(rig.back.engine(), slot, &at, 300, &copy, 1), 1u);
	EXPECT_EQ(copy.length, 300);
	ASSERT_EQ(vscsi_data_copies(rig.back.engine(), slot, &at, 300, &copy, 1), 0u);
	ASSERT_EQ(vscsi_data_copies(rig.back.engine(), slot, &at, 1000, &copy, 1), 1u);
	EXPECT_EQ(copy.grant_offset, 300);
	EXPECT_EQ(copy.page_offset, 300);
	EXPECT_EQ(copy.length, 700);
}

struct AlignmentCase {
	Segments segments;
	u32 first_offset, pages;
};

TEST(CopyPlan, FirstOffset)
{
	const AlignmentCase cases[] = {
		{{{1, 0, 4096}}, 0, 1},
		{{{1, 512, 3584}}, 512, 1},
		{{{1, 3584, 512}}, 3584, 1},
		{{{1, 511, 100}}, 0, 1},
		{{{1, 513, 100}}, 0, 1},
		{{{1, 4, 4092}}, 0, 1},
		// Beyond a page each piece is a whole one, of as many blocks of any device as fit.
		{{{1, 512, 3584}, {2, 0, 4096}, {3, 0, 1024}}, 0, 3},
		{{{1, 3584, 4}, {2, 0, 4096}, {3, 0, 4096}, {4, 0, 1}}, 0, 3},
		{{{1, 3584, 512}, {2, 0, 4096}, {3, 0, 4096}}, 0, 3},
		{{{1, 2048, 0}, {2, 0, 4096}, {3, 0, 4096}}, 0, 2},
		// What fits into one page stays in one: WRITE SAME takes one piece only.
		{{{1, 512, 3584}, {2, 0, 4096}, {3, 0, 512}}, 0, 2},
		{{{1, 512, 1024}, {2, 0, 4096}}, 0, 2},
		{{{1, 2048, 1024}, {2, 0, 1024}}, 2048, 1},
		{{{1, 2048, 2048}, {2, 0, 1}, {3, 0, 4095}}, 0, 2},
		{{{1, 2048, 2048}, {2, 0, 2048}}, 0, 1},
		{{{1, 3584, 512}, {2, 0, 3584}}, 0, 1},
		{{{1, 3584, 512}, {2, 0, 3585}}, 0, 2},
		{{{1, 2048, 0}, {2, 0, 4096}}, 0, 1},
		{{{1, 3584, 0}}, 0, 0},
	};
	for (const auto &expected : cases) {
		Rig rig;
		const auto c = rig.back.command(rig.start(direct(expected.segments, VSCSI_TO_DEVICE)));
		EXPECT_EQ(c.first_offset, expected.first_offset);
		EXPECT_EQ(c.pages, expected.pages);
	}
}

TEST(CopyPlan, AlignedBuffersNeedOneCopyAPage)
{
	Rig rig;
	Segments segments;
	for (u32 i = 1; i <= 26; i++)
		segments.push_back({i, 0, 4096});
	const u32 slot = rig.start(direct(segments, VSCSI_TO_DEVICE));
	vscsi_cursor at{};
	vscsi_copy copies[64];
	EXPECT_EQ(vscsi_data_copies(rig.back.engine(), slot, &at, ~0u, copies, 64), 26u);
}

TEST(CopyPlan, ListsDoNotMeet)
{
	Rig rig;
	GuestMemory memory;
	Random random{7};
	const Segments segments(128, {9, 0, 32});
	auto r = indirect(random, memory, segments, VSCSI_TO_DEVICE);
	for (u16 i = 0; i < 16; i++) {
		r.rqid = i;
		const auto f = rig.fetch(r);
		ASSERT_EQ(f.what, VSCSI_FETCH_LIST);
		bring_lists(rig, f.slot, memory);
	}
	for (u32 slot = 0; slot < 16; slot++) {
		EXPECT_EQ(rig.back.lists_done(slot, true), VSCSI_FETCH_COMMAND);
		EXPECT_EQ(rig.back.command(slot).data_bytes, 128u * 32);
	}
}

// An indirect request's leftovers must not show in a direct one that follows in its slot.
TEST(CopyPlan, SlotsForgetEarlierLists)
{
	Rig rig;
	GuestMemory memory;
	Random random{8};
	const auto f = rig.fetch(indirect(random, memory, Segments(128, {9, 0, 4096}), VSCSI_TO_DEVICE));
	ASSERT_EQ(f.what, VSCSI_FETCH_LIST);
	bring_lists(rig, f.slot, memory);
	ASSERT_EQ(rig.back.lists_done(f.slot, true), VSCSI_FETCH_COMMAND);
	(void)rig.finish(f.slot);
	const u32 slot = rig.start(direct({{5, 0, 8}}, VSCSI_TO_DEVICE));
	ASSERT_EQ(slot, f.slot);
	vscsi_copy copies[26];
	EXPECT_EQ(vscsi_list_copies(rig.back.engine(), slot, copies, 26), 0u);
	vscsi_cursor at{};
	ASSERT_EQ(vscsi_data_copies(rig.back.engine(), slot, &at, ~0u, copies, 26), 1u);
	EXPECT_EQ(copies[0].grant, 5u);
	EXPECT_EQ(copies[0].length, 8);
	(void)rig.finish(slot);
	EXPECT_EQ(rig.back.command(rig.start(command(2))).data_bytes, 0u);
}

} // namespace
