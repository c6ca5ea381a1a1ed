// SPDX-License-Identifier: GPL-2.0 OR MIT
// Layout of the shared ring page and of xenstore's numbers: Xen's
// public/io/vscsiif.h and public/io/ring.h.  All fields are little-endian on
// the architectures Xen runs PV SCSI on.
#pragma once
#include <vscsi/types.hpp>

namespace vscsi::wire
{

inline constexpr u32 slots = 16;
inline constexpr u32 direct_segments = 26;
inline constexpr u32 cdb_bytes = 16;
inline constexpr u32 sense_bytes = 96;
inline constexpr u32 page_bytes = 4096;
inline constexpr u8 indirect_flag = 0x80;

enum class Action : u8 { command = 1, abort = 2, reset = 3 };

enum class Direction : u8 { to_device = 1, from_device = 2, none = 3 };

// rslt of a reset or abort response
inline constexpr i32 task_succeeded = 0x2002;
inline constexpr i32 task_failed = 0x2003;

struct Segment {
	u32 grant;
	u16 offset;
	u16 length;
};
static_assert(sizeof(Segment) == 8);

struct alignas(u32) RequestHead {
	u16 rqid;
	u8 action;
	u8 cdb_length;
	u8 cdb[cdb_bytes];
	u16 timeout;
	u16 channel, id, lun;
	u16 ref_rqid;
	u8 direction;
	u8 segments;
};
static_assert(sizeof(RequestHead) == 32);

struct Request {
	RequestHead head;
	Segment segment[direct_segments];
	u32 reserved[3];
};
static_assert(sizeof(Request) == 252);

struct Response {
	u16 rqid;
	u8 padding;
	u8 sense_length;
	u8 sense[sense_bytes];
	i32 result;
	u32 residual;
	u32 reserved[36];
};
static_assert(sizeof(Response) == 252);

union Entry {
	Request request;
	Response response;
};

struct Page {
	u32 request_producer;
	u32 request_event;
	u32 response_producer;
	u32 response_event;
	u8 padding[48];
	Entry entry[slots];
};
static_assert(offsetof(Page, entry) == 64);
static_assert(sizeof(Page) <= page_bytes);

} // namespace vscsi::wire
