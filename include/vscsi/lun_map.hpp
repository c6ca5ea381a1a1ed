// SPDX-License-Identifier: GPL-2.0 OR MIT
// Virtual address (channel, id, lun) to device handle: a sorted table in
// memory of the caller's.
#pragma once
#include <vscsi/engine.h>
#include <vscsi/types.hpp>

namespace vscsi
{

class LunMap
{
public:
	struct Entry {
		u64 key;
		u32 device;
	};

	explicit LunMap(u32 capacity) noexcept : capacity_{capacity} {}

	[[nodiscard]] static constexpr std::size_t bytes(u32 capacity) noexcept
	{
		return sizeof(LunMap) + capacity * sizeof(Entry);
	}
	[[nodiscard]] static constexpr u64 key(u32 channel, u32 id, u32 lun) noexcept
	{
		return u64{channel} << 32 | u64{id} << 16 | lun;
	}
	[[nodiscard]] static constexpr u64 key(const vscsi_address &a) noexcept
	{
		return key(a.channel, a.id, a.lun);
	}

	[[nodiscard]] const Entry *find(u64 key) const noexcept
	{
		const auto entries = used();
		const u32 at = position(key);
		return at < count_ && entries[at].key == key ? &entries[at] : nullptr;
	}

	[[nodiscard]] int add(u64 key, u32 device) noexcept
	{
		if (find(key))
			return VSCSI_LUNS_TAKEN;
		if (count_ == capacity_)
			return VSCSI_LUNS_FULL;
		const u32 at = position(key);
		Entry *table = storage();
		__builtin_memmove(table + at + 1, table + at, (count_ - at) * sizeof(Entry));
		table[at] = {key, device};
		count_++;
		return 0;
	}

	[[nodiscard]] bool remove(u64 key) noexcept
	{
		if (!find(key))
			return false;
		const u32 at = position(key);
		Entry *table = storage();
		count_--;
		__builtin_memmove(table + at, table + at + 1, (count_ - at) * sizeof(Entry));
		return true;
	}

	// The entries of one target, by LUN.
	[[nodiscard]] Span<const Entry> of_target(u32 channel, u32 id) const noexcept
	{
		constexpr u32 last_lun = 0xffff;
		const auto entries = used();
		const u32 begin = position(key(channel, id, 0));
		u32 end = position(key(channel, id, last_lun));
		if (end < count_ && entries[end].key == key(channel, id, last_lun))
			end++;
		return {entries.begin() + begin, end - begin};
	}

	void take_from(const LunMap &other) noexcept
	{
		if (other.count_ > capacity_) [[unlikely]]
			__builtin_trap();
		__builtin_memcpy(storage(), other.used().begin(), other.count_ * sizeof(Entry));
		count_ = other.count_;
	}

private:
	[[nodiscard]] Entry *storage() noexcept { return reinterpret_cast<Entry *>(this + 1); }
	[[nodiscard]] Span<const Entry> used() const noexcept
	{
		return {reinterpret_cast<const Entry *>(this + 1), count_};
	}
	// Index of the first entry not below key.
	[[nodiscard]] u32 position(u64 key) const noexcept
	{
		const auto entries = used();
		u32 low = 0;
		u32 high = count_;
		while (low < high) {
			const u32 middle = low + (high - low) / 2;
			if (entries[middle].key < key)
				low = middle + 1;
			else
				high = middle;
		}
		return low;
	}

	u32 capacity_;
	u32 count_{};
};
static_assert(sizeof(LunMap) % alignof(LunMap::Entry) == 0);

} // namespace vscsi
