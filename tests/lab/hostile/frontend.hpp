// SPDX-License-Identifier: GPL-2.0 OR MIT
// The frontend's end of a ring whose page, grants and event channel the module
// vscsi-hostile offers.  Layout: Xen's public/io/vscsiif.h and ring.h.
#pragma once
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <string>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>
#include <vector>

#include "random.hpp"
#include "vscsi-hostile.h"

inline constexpr u32 ring_slots = 16;
inline constexpr u32 page_bytes = 4096;
inline constexpr u32 direct_segments = 26;
inline constexpr u32 most_segments = 128;
inline constexpr u8 indirect = 0x80;

struct Segment {
	u32 grant;
	u16 offset;
	u16 length;
};

struct Request {
	u16 rqid;
	u8 action;
	u8 cdb_length;
	u8 cdb[16];
	u16 timeout;
	u16 channel, id, lun;
	u16 ref;
	u8 direction;
	u8 segments;
	Segment segment[direct_segments];
	u32 reserved[3];
};
static_assert(sizeof(Request) == 252);

struct Response {
	u16 rqid;
	u8 action;
	u8 sense_length;
	u8 sense[96];
	std::int32_t result;
	u32 residual;
	u32 reserved[36];
};
static_assert(sizeof(Response) == 252);

struct Ring {
	u32 request_producer;
	u32 request_event;
	u32 response_producer;
	u32 response_event;
	u8 padding[48];
	union {
		Request request;
		Response response;
	} entry[ring_slots];
};
static_assert(sizeof(Ring) == page_bytes);

[[noreturn]] inline void fail(const std::string &what)
{
	std::printf("fatal: %s\n", what.c_str());
	std::exit(1);
}

class Frontend
{
public:
	using Clock = std::chrono::steady_clock;

	Frontend()
	{
		file_ = open("/dev/" HOSTILE_DEVICE, O_RDWR | O_CLOEXEC);
		if (file_ < 0)
			fail_with("/dev/" HOSTILE_DEVICE);
		void *memory = mmap(nullptr, (1 + HOSTILE_PAGES) * page_bytes, PROT_READ | PROT_WRITE,
				    MAP_SHARED, file_, 0);
		if (memory == MAP_FAILED)
			fail_with("mmap");
		ring_ = static_cast<Ring *>(memory);
		data_ = static_cast<u8 *>(memory) + page_bytes;
		read_grants(0, HOSTILE_PAGES);
		// Whoever used this ring before has waited for all its answers.
		produced_ = pushed_ = consumed_ = load(ring_->request_producer);
		store(ring_->request_event, produced_ + 1);
		store(ring_->response_event, consumed_ + 1);
	}
	~Frontend() { close(file_); }
	Frontend(const Frontend &) = delete;
	Frontend &operator=(const Frontend &) = delete;

	[[nodiscard]] Ring &ring() { return *ring_; }
	[[nodiscard]] u8 *page(u32 number) { return data_ + std::size_t{number} * page_bytes; }
	// Also of a page that is granted no more: what it was last.
	[[nodiscard]] u32 grant(u32 page) const { return grants_.at(page); }
	[[nodiscard]] u32 outstanding() const { return produced_ - consumed_; }

	void change_grant(u32 page, unsigned long how)
	{
		for (int tries = 0; ioctl(file_, how, static_cast<unsigned long>(page)); tries++) {
			if (errno != EBUSY || tries == 1000)
				fail_with("changing a grant");
			usleep(1000);
		}
		if (how != HOSTILE_GRANT_END)
			read_grants(page, 1);
	}

	void queue(const Request &request)
	{
		if (outstanding() == ring_slots)
			fail("more than 16 requests");
		std::memcpy(&ring_->entry[produced_++ % ring_slots].request, &request, sizeof request);
	}

	void push()
	{
		pushed_ = produced_;
		store(ring_->request_producer, produced_);
		notify();
	}

	// Leaves the ring broken: nothing but closing it mends this.
	void jump(u32 distance)
	{
		store(ring_->request_producer, produced_ + distance);
		notify();
	}

	void notify(unsigned long times = 1)
	{
		if (ioctl(file_, HOSTILE_NOTIFY, times))
			fail_with("notify");
	}

	// Takes what is answered; waits for at least wanted answers.
	template <typename Take>
	bool collect(u32 wanted, std::chrono::milliseconds patience, Take take)
	{
		const auto limit = Clock::now() + patience;
		u32 taken = 0;
		for (;;) {
			const u32 answered = load(ring_->response_producer);
			// A value that this program wrote itself, for mischief.
			const bool sane = answered - consumed_ <= pushed_ - consumed_;
			while (sane && consumed_ != answered) {
				Response copy;
				std::memcpy(&copy, &ring_->entry[consumed_ % ring_slots].response,
					    sizeof copy);
				consumed_++;
				taken++;
				take(copy);
			}
			if (taken >= wanted)
				return true;
			if (Clock::now() > limit)
				return false;
			usleep(100);
		}
	}

private:
	[[noreturn]] static void fail_with(const std::string &what)
	{
		fail(what + ": " + std::strerror(errno));
	}
	static u32 load(u32 &shared) { return __atomic_load_n(&shared, __ATOMIC_ACQUIRE); }
	static void store(u32 &shared, u32 value) { __atomic_store_n(&shared, value, __ATOMIC_SEQ_CST); }

	void read_grants(u32 first, u32 count)
	{
		grants_.resize(HOSTILE_PAGES);
		const auto bytes = static_cast<ssize_t>(count * sizeof(u32));
		if (pread(file_, &grants_[first], static_cast<std::size_t>(bytes),
			  static_cast<off_t>(first * sizeof(u32))) != bytes)
			fail_with("reading grants");
	}

	int file_;
	Ring *ring_;
	u8 *data_;
	std::vector<u32> grants_;
	u32 produced_; // queued
	u32 pushed_;   // of these, shown to the backend
	u32 consumed_;
};
