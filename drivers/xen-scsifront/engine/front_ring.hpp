// SPDX-License-Identifier: GPL-2.0 OR MIT
// The frontend's end of a shared ring of one or more pages: indices, barriers and
// notification rules of Xen's public/io/ring.h.  The backend's index is never trusted.
#pragma once
#include <vscsi/read_once.hpp>
#include <vscsi/types.hpp>
#include <vscsi/wire.hpp>

namespace vscsi
{

class FrontRing
{
public:
	enum class Peek { empty, response, broken };

	// The largest power of two of entries that these pages hold.
	[[nodiscard]] static constexpr u32 entries_of(u32 page_order) noexcept
	{
		const std::size_t room =
			(std::size_t{wire::page_bytes} << page_order) - offsetof(wire::Page, entry);
		u32 count = 1;
		while (count * 2 * sizeof(wire::Entry) <= room)
			count *= 2;
		return count;
	}

	FrontRing(void *shared, u32 page_order) noexcept
	    : page_{static_cast<wire::Page *>(shared)}, entry_{reinterpret_cast<wire::Entry *>(
								static_cast<u8 *>(shared) +
								offsetof(wire::Page, entry))},
	      entries_{entries_of(page_order)}
	{
		__builtin_memset(shared, 0, std::size_t{wire::page_bytes} << page_order);
		page_->request_event = 1;
		page_->response_event = 1;
	}

	[[nodiscard]] u32 entries() const noexcept { return entries_; }
	// Requests that have no response yet, sent or about to be.
	[[nodiscard]] u32 outstanding() const noexcept { return produced_ - consumed_; }

	[[nodiscard]] wire::Request &next() noexcept { return at(produced_++).request; }

	// Shows all requests so far; true if the backend asked to be told.
	[[nodiscard]] bool publish() noexcept
	{
		const u32 before = published_;
		if (produced_ == before)
			return false;
		published_ = produced_;
		__atomic_store_n(&page_->request_producer, published_, __ATOMIC_RELEASE);
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
		const u32 event = __atomic_load_n(&page_->request_event, __ATOMIC_RELAXED);
		return published_ - event < published_ - before;
	}

	// Reads the producer index anew only when the responses seen so far are used up.
	[[nodiscard]] Peek peek() noexcept
	{
		if (broken_)
			return Peek::broken;
		if (seen_ != consumed_)
			return Peek::response;
		const u32 producer = __atomic_load_n(&page_->response_producer, __ATOMIC_ACQUIRE);
		if (producer - consumed_ > published_ - consumed_) {
			broken_ = true;
			return Peek::broken;
		}
		seen_ = producer;
		return seen_ == consumed_ ? Peek::empty : Peek::response;
	}

	// After peek() said response.
	[[nodiscard]] const wire::Response &take() noexcept { return at(consumed_++).response; }

	// True if there is more, be it a broken index; else the backend will notify of the next.
	[[nodiscard]] bool more() noexcept
	{
		if (peek() != Peek::empty)
			return true;
		__atomic_store_n(&page_->response_event, consumed_ + 1, __ATOMIC_RELAXED);
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
		return peek() != Peek::empty;
	}

private:
	[[nodiscard]] wire::Entry &at(u32 index) noexcept { return entry_[index % entries_]; }

	wire::Page *page_; // the first one; the entries go on where it ends
	wire::Entry *entry_;
	u32 entries_;
	u32 produced_{};
	u32 published_{};
	u32 consumed_{};
	u32 seen_{};
	bool broken_{};
};

} // namespace vscsi
