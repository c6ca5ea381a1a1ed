// SPDX-License-Identifier: GPL-2.0 OR MIT
#include "fetch.hpp"

namespace sim
{
namespace
{

// Grants that a guest does not have, or takes away.
bool is_granted(u32 grant)
{
	return grant % 61 != 60;
}

} // namespace

int verdict_of_head(const wire::RequestHead &head)
{
	constexpr u8 command = 1, abort = 2, reset = 3;
	if (head.action == abort || head.action == reset)
		return accepted;
	if (head.action != command)
		return VSCSI_REJECT_ACTION;
	if (!head.cdb_length || head.cdb_length > 16 ||
	    (head.cdb[0] == 0x7f && head.cdb[7] + 8u > head.cdb_length))
		return VSCSI_REJECT_CDB_LENGTH;
	if (head.direction == VSCSI_NO_DATA)
		return accepted;
	if (head.direction != VSCSI_TO_DEVICE && head.direction != VSCSI_FROM_DEVICE)
		return VSCSI_REJECT_DIRECTION;
	return (head.segments & 0x7f) > 26 ? VSCSI_REJECT_SEGMENTS : accepted;
}

Lun *find_lun(Guest &guest, u32 channel, u32 id, u32 lun)
{
	for (Lun *mapped : guest.mapped)
		if (mapped && mapped->address.channel == channel && mapped->address.id == id &&
		    mapped->address.lun == lun)
			return mapped;
	return nullptr;
}

bool is_well_known(const Guest &guest, const wire::RequestHead &head)
{
	for (const Lun *mapped : guest.mapped)
		if (mapped && mapped->address.channel == head.channel && mapped->address.id == head.id)
			return head.lun == well_known_lun;
	return false;
}

int verdict_of_lists(const wire::Request &request)
{
	u32 bytes = 0;
	for (u32 i = 0; i < (request.head.segments & 0x7fu); i++) {
		const auto &list = request.segment[i];
		if (!list.length || list.length % 8 || list.offset + list.length > 4096)
			return VSCSI_REJECT_LIST;
		bytes += list.length;
	}
	return bytes > VSCSI_MAX_SEGMENTS * 8 ? VSCSI_REJECT_SEGMENTS : accepted;
}

int verdict_of_segments(const Request &request)
{
	for (u32 i = 0; i < request.segments; i++) {
		const auto &segment = request.segment[i];
		if (segment.offset > 4095 || segment.offset + segment.length > 4096)
			return VSCSI_REJECT_SEGMENT;
	}
	return accepted;
}

void check_layout(World &world, const Request &request, const vscsi_command &command)
{
	u32 bytes = 0;
	for (u32 i = 0; i < request.segments; i++)
		bytes += request.segment[i].length;
	const u32 first = command.first_offset;
	world.expect(command.data_bytes == bytes, "a request has more or less data than its segments");
	world.expect(command.pages == (first + bytes + 4095) / 4096,
		     "data has more or fewer pages than it needs");
	world.expect(command.direction == (bytes ? request.direction : u32{VSCSI_NO_DATA}),
		     "data goes another way than was asked for");
	if (!first)
		return;
	world.expect(first == request.segment[0].offset && first % 512 == 0 && first + bytes <= 4096,
		     "data begins where it should not");
}

bool copy_lists(World &world, Ring &ring, Request &request, const wire::Request &shared)
{
	std::array<vscsi_copy, VSCSI_LIST_COPIES> copies;
	const u32 count = vscsi_list_copies(ring.engine, request.slot, copies.data(), copies.size());
	const u32 wanted = shared.head.segments & 0x7fu;
	u32 at = 0, named = 0, done = 0;
	bool good = true;
	for (u32 i = 0; i < count; i++) {
		const auto &copy = copies[i];
		if (!world.expect(named < wanted, "there are more lists than the guest named"))
			return false;
		const auto &list = shared.segment[named];
		world.expect(copy.grant == list.grant && copy.grant_offset == list.offset + done &&
				     done + copy.length <= list.length &&
				     copy.page * 4096u + copy.page_offset == at &&
				     copy.page_offset + copy.length <= 4096,
			     "a list is not the one that the guest named");
		world.expect(at + copy.length <= VSCSI_LONG_LIST_BYTES, "a list overflows its memory");
		if (world.fault)
			return false;
		u8 *to = request.list.data() + at;
		at += copy.length;
		done += copy.length;
		if (done == list.length) {
			named++;
			done = 0;
		}
		const u32 page = copy.grant - 1;
		if (page >= list_pages || copy.grant_offset + copy.length > VSCSI_LIST_BYTES) {
			good = false;
			continue;
		}
		std::memcpy(to, ring.guest->list[page].data() + copy.grant_offset, copy.length);
	}
	if (!world.expect(named == wanted, "lists are left out"))
		return false;
	world.figures[Figure::copies] += count;
	request.segments = at / 8;
	std::memcpy(request.segment.data(), request.list.data(), at);
	return good;
}

bool copy_data(World &world, Ring &ring, Request &request, u32 bytes, Random &random)
{
	std::array<vscsi_copy, 32> copies;
	const u32 room = random.one_in(4) ? 1 + random.below(3) : static_cast<u32>(copies.size());
	const u32 limit = std::min(bytes, request.bytes);
	vscsi_cursor cursor{};
	u32 segment = 0, done = 0, moved = 0, count;
	bool good = true;
	do {
		count = vscsi_data_copies(ring.engine, request.slot, &cursor, bytes, copies.data(), room);
		world.figures[Figure::copies] += count;
		for (u32 i = 0; i < count; i++) {
			const auto &copy = copies[i];
			while (segment < request.segments && done == request.segment[segment].length) {
				segment++;
				done = 0;
			}
			if (!world.expect(segment < request.segments, "more is copied than the guest named"))
				return false;
			const auto &from = request.segment[segment];
			const u32 place = request.first_offset + moved;
			world.expect(copy.grant == from.grant && copy.grant_offset == from.offset + done,
				     "memory that the guest did not name is copied");
			world.expect(copy.length && copy.length <= from.length - done,
				     "a copy goes beyond a segment");
			world.expect(copy.page == place / 4096 && copy.page_offset == place % 4096 &&
					     copy.page_offset + copy.length <= 4096 &&
					     copy.page < request.held_pages,
				     "a copy goes to or from another place than the data's");
			if (world.fault)
				return false;
			good &= is_granted(copy.grant);
			done += copy.length;
			moved += copy.length;
		}
	} while (count == room);
	world.expect(moved == limit, "not all data is copied, or more than there is");
	return good;
}

void check_report(World &world, Guest &guest, const Request &request)
{
	std::array<u8, 64> list;
	list.fill(0xa5);
	const u32 bytes = vscsi_report_luns(guest.map, 0, 0, request.cdb.data(), 0, list.data(), list.size());
	u32 at = 8;
	const u8 select = request.cdb[2];
	if (select)
		at += 8;
	if (select != 1)
		for (const Lun *lun : guest.mapped) {
			if (!lun || lun->address.id)
				continue;
			const u32 number = lun->address.lun;
			const u32 field = number < 256 ? number : 0x4000 | number;
			world.expect(list[at] == field >> 8 && list[at + 1] == (field & 0xff) &&
					     !list[at + 2],
				     "a guest is told of another LUN than it has");
			at += 8;
		}
	world.expect(bytes == at && get_be(list.data(), 0, 4) == at - 8,
		     "the list of LUNs has another length");
}

} // namespace sim
