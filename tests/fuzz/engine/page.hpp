// SPDX-License-Identifier: GPL-2.0 OR MIT
// The page that a guest shares, and that changes between two reads of the engine.
#pragma once
#include <array>
#include <vscsi/ring_engine.hpp>

#include "loads.hpp"

namespace fuzz
{

using namespace vscsi;

constexpr u8 junk = 0xa5;
constexpr u32 words = wire::page_bytes / 4;
constexpr std::size_t answer_bytes = offsetof(wire::Response, reserved);

// The page that a guest shares.  During a call of the engine one read may find something
// else than was there, and what was read before it may change after it.
class Page final : public Reader
{
public:
	Page() { watched = {bytes_.data(), bytes_.size(), this}; }
	void begin(u8 fill)
	{
		std::memset(bytes_.data(), fill, bytes_.size());
		std::memset(bytes_.data(), 0, offsetof(wire::Page, entry));
		at(0)->request_event = at(0)->response_event = 1;
		shadow_ = *at(0);
	}
	wire::Page *at(int) { return reinterpret_cast<wire::Page *>(bytes_.data()); }
	u32 word(u32 index)
	{
		u32 value;
		std::memcpy(&value, bytes_.data() + 4 * index, 4);
		return value;
	}
	void set(u32 index, u32 value)
	{
		std::memcpy(bytes_.data() + 4 * index, &value, 4);
		std::memcpy(reinterpret_cast<u8 *>(&shadow_) + 4 * index, &value, 4);
	}
	// What happens to the reads of the next call.
	void hostile(Input &input)
	{
		seen_.fill(0);
		reads_ = 0;
		const u8 how = input.take<u8>();
		changes_at_ = how & 0x40 ? how & 0x3fu : ~0u;
		value_ = how & 0x40 ? input.take<u32>() : 0;
		scrambles_ = how & 0x80;
		last_ = ~0u;
	}
	void reads(std::size_t from, std::size_t size) override
	{
		expect(from % 4 == 0 && size == 4, "a read that is no word of the page");
		const auto index = static_cast<u32>(from / 4);
		if (scrambles_ && last_ != ~0u && last_ != index)
			set(last_, ~word(last_));
		if (reads_++ == changes_at_)
			set(index, value_);
		expect(!seen_[index] || index == 0, "a word of a request is read twice");
		seen_[index]++;
		value_of_[index] = word(index);
		last_ = index;
	}
	[[nodiscard]] bool has_read(u32 index) const { return seen_[index]; }
	[[nodiscard]] u32 value_of(u32 index) const { return value_of_[index]; }
	[[nodiscard]] u32 reads() const { return reads_; }
	// As the engine has read it; what it has not is zero.
	void as_read(u32 entry, wire::Request &out) const
	{
		u32 copy[sizeof(wire::Request) / 4];
		for (u32 i = 0; i < sizeof copy / 4; i++)
			copy[i] = seen_[first_word(entry) + i] ? value_of_[first_word(entry) + i] : 0;
		std::memcpy(&out, copy, sizeof out);
	}
	static constexpr u32 first_word(u32 entry)
	{
		return static_cast<u32>((offsetof(wire::Page, entry) + entry * sizeof(wire::Entry)) / 4);
	}
	// The engine has written where it may, and nowhere else.
	void engine_may_write(std::size_t from, std::size_t size)
	{
		std::memcpy(reinterpret_cast<u8 *>(&shadow_) + from, bytes_.data() + from, size);
		expect(!std::memcmp(&shadow_, bytes_.data(), sizeof shadow_),
		       "something else of the page is written");
	}

private:
	Exact bytes_{wire::page_bytes};
	wire::Page shadow_{};
	std::array<u8, words> seen_{};
	std::array<u32, words> value_of_{};
	u32 reads_{}, changes_at_{}, value_{}, last_{};
	bool scrambles_{};
};

} // namespace fuzz
