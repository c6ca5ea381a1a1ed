// SPDX-License-Identifier: GPL-2.0 OR MIT
// The backend's end of a shared ring: indices, barriers and notification rules
// of Xen's public/io/ring.h.  Guest memory is read once and never trusted.
#pragma once
#include <vscsi/read_once.hpp>
#include <vscsi/types.hpp>
#include <vscsi/wire.hpp>

namespace vscsi
{

class BackRing
{
public:
	enum class Peek { empty, request, broken };

	explicit BackRing(wire::Page *page) noexcept : page_{page} {}

	// (ring) Whether a request can be taken; reads the producer index anew
	// only when the requests seen so far are used up.
	[[nodiscard]] Peek peek() noexcept
	{
		if (seen_ != consumed_)
			return Peek::request;
		const u32 producer = __atomic_load_n(&page_->request_producer, __ATOMIC_ACQUIRE);
		const u32 waiting = producer - consumed_;
		const u32 outstanding = producer - answered_.load(Order::acquire);
		if (waiting > wire::slots || outstanding > wire::slots)
			return Peek::broken;
		seen_ = producer;
		return waiting ? Peek::request : Peek::empty;
	}

	// (ring) After peek() said request.
	[[nodiscard]] const wire::Request &next() noexcept
	{
		return page_->entry[consumed_++ % wire::slots].request;
	}

	// (ring) True if there is more, be it a broken index.
	[[nodiscard]] bool has_requests() noexcept { return peek() != Peek::empty; }

	// (ring) True if there is more; else the frontend will notify of the next.
	[[nodiscard]] bool more() noexcept
	{
		if (has_requests())
			return true;
		__atomic_store_n(&page_->request_event, consumed_ + 1, __ATOMIC_RELAXED);
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
		return has_requests();
	}

	// (completion) The place for the next response.
	[[nodiscard]] wire::Response &answer() noexcept
	{
		const u32 at = answered_.load(Order::relaxed);
		answered_.store(at + 1, Order::release);
		return page_->entry[at % wire::slots].response;
	}

	// (completion) Shows all answers so far; true if the frontend asked to be told.
	[[nodiscard]] bool publish() noexcept
	{
		const u32 before = published_;
		const u32 now = answered_.load(Order::relaxed);
		if (now == before)
			return false;
		published_ = now;
		__atomic_store_n(&page_->response_producer, now, __ATOMIC_RELEASE);
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
		const u32 event = __atomic_load_n(&page_->response_event, __ATOMIC_RELAXED);
		return now - event < now - before;
	}

private:
	wire::Page *page_;
	u32 seen_{};             // ring thread
	u32 consumed_{};         // ring thread
	Atomic<u32> answered_{}; // completer writes, ring thread reads
	u32 published_{};        // completer
};

} // namespace vscsi
