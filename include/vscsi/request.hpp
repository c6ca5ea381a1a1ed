// SPDX-License-Identifier: GPL-2.0 OR MIT
// What makes a request valid.  Pure functions over private copies.
#pragma once
#include <vscsi/engine.h>
#include <vscsi/types.hpp>
#include <vscsi/wire.hpp>

namespace vscsi
{

enum class Reject : i32 {
	none = -1,
	action = VSCSI_REJECT_ACTION,
	cdb_length = VSCSI_REJECT_CDB_LENGTH,
	direction = VSCSI_REJECT_DIRECTION,
	segments = VSCSI_REJECT_SEGMENTS,
	list = VSCSI_REJECT_LIST,
	segment = VSCSI_REJECT_SEGMENT,
	lun = VSCSI_REJECT_LUN,
	rqid = VSCSI_REJECT_RQID,
	grant = VSCSI_REJECT_GRANT,
};

// How the data of a request lies in the slot's own pages.
struct DataLayout {
	Reject reject;
	u32 bytes;
	u32 pages;
	u32 first_offset;
};

inline constexpr u8 variable_length_cdb = 0x7f;
inline constexpr u32 sector_bytes = 512;

// SPC-4 4.3.3: a variable length CDB says in byte 7 how much follows its first 8.
// More than the wire's 16 bytes must not reach target core, which would read on.
[[nodiscard]] constexpr bool cdb_too_long(const wire::RequestHead &head) noexcept
{
	return head.cdb[0] == variable_length_cdb && 8u + head.cdb[7] > head.cdb_length;
}

// vscsiif.h counts the same results as the host adapters' drivers do.
[[nodiscard]] constexpr u32 host_result(u32 host) noexcept
{
	constexpr u32 last_on_wire = 20;
	if (host == VSCSI_HOST_TIME_OUT)
		return VSCSI_HOST_RESET;
	return host <= last_on_wire ? host : u32{VSCSI_HOST_ERROR};
}

constexpr void protect_mode_sense(const u8 *cdb, Span<u8> data) noexcept
{
	constexpr u8 mode_sense6 = 0x1a;
	constexpr u8 mode_sense10 = 0x5a;
	constexpr u8 write_protected = 0x80;
	if (cdb[0] == mode_sense6 && data.size() > 2)
		data[2] |= write_protected;
	else if (cdb[0] == mode_sense10 && data.size() > 3)
		data[3] |= write_protected;
}

[[nodiscard]] constexpr Reject check_head(const wire::RequestHead &head) noexcept
{
	switch (static_cast<wire::Action>(head.action)) {
	case wire::Action::abort:
	case wire::Action::reset:
		return Reject::none;
	case wire::Action::command:
		break;
	default:
		return Reject::action;
	}
	if (head.cdb_length == 0 || head.cdb_length > wire::cdb_bytes || cdb_too_long(head))
		return Reject::cdb_length;
	switch (static_cast<wire::Direction>(head.direction)) {
	case wire::Direction::to_device:
	case wire::Direction::from_device:
		break;
	case wire::Direction::none:
		return Reject::none; // stale segments of a request without data do not count
	default:
		return Reject::direction;
	}
	if ((head.segments & ~u32{wire::indirect_flag}) > wire::direct_segments)
		return Reject::segments;
	return Reject::none;
}

// Segments in the list pages, or why not.
struct ListCount {
	Reject reject;
	u32 segments;
};

[[nodiscard]] constexpr ListCount count_lists(Span<const wire::Segment> lists) noexcept
{
	u32 bytes = 0;
	for (const auto &list : lists) {
		if (list.length == 0 || list.length % sizeof(wire::Segment) != 0 ||
		    u32{list.offset} + list.length > wire::page_bytes)
			return {Reject::list, 0};
		bytes += list.length;
	}
	if (bytes > VSCSI_MAX_SEGMENTS * sizeof(wire::Segment))
		return {Reject::segments, 0};
	return {Reject::none, static_cast<u32>(bytes / sizeof(wire::Segment))};
}

// The data is packed without holes, from the start of a page, so that each piece
// is as many blocks of a device as fit: 4096 bytes and more are some devices'
// smallest, and may not be cut (dm-crypt).  Data that fits one page keeps the place
// that it has in the guest's, which saves splitting its copy in two, but only
// sector-aligned: block drivers complain about other buffers.
[[nodiscard]] constexpr DataLayout lay_out(Span<const wire::Segment> segments) noexcept
{
	u32 bytes = 0;
	for (const auto &segment : segments) {
		if (segment.offset >= wire::page_bytes ||
		    u32{segment.offset} + segment.length > wire::page_bytes)
			return {Reject::segment, 0, 0, 0};
		bytes += segment.length;
	}
	if (bytes == 0)
		return {Reject::none, 0, 0, 0};
	u32 first = segments[0].offset;
	if (first % sector_bytes != 0 || first + bytes > wire::page_bytes)
		first = 0;
	return {Reject::none, bytes, (first + bytes + wire::page_bytes - 1) / wire::page_bytes, first};
}

} // namespace vscsi
