// SPDX-License-Identifier: GPL-2.0 OR MIT
#include "frontend.hpp"

namespace sim
{
namespace
{

bool can_use(const Guest &guest, u32 which)
{
	const auto &s = guest.control.s;
	return s.driver == control::active && !s.paused && which < s.count && s.devices[which].seen &&
	       guest.control.ring_works();
}

Sent *free_sent(Guest &guest)
{
	for (Sent &sent : guest.sent)
		if (!sent.used)
			return &sent;
	return nullptr;
}

Sent *find_sent(Guest &guest, u16 rqid)
{
	for (Sent &sent : guest.sent)
		if (sent.used && sent.rqid == rqid)
			return &sent;
	return nullptr;
}

constexpr u16 lun_of(u32 which)
{
	return which ? 300 : 1;
}

u32 grant_of(Random &random)
{
	return 100 + random.below(random.one_in(4) ? 4096 : 40);
}

// Pieces of so many bytes in all.
u32 cut(std::array<wire::Segment, VSCSI_FEW_SEGMENTS> &out, u32 bytes, u32 most, Random &random)
{
	u32 count = 0;
	while (bytes && count < most) {
		const u32 left = most - count;
		u32 offset = random.one_in(3) ? random.below(4096) : random.below(8) * 512;
		u32 length = 4096 - offset;
		if (length > bytes || left == 1) {
			length = std::min(bytes, 4096u);
			offset = random.below(4096 - length + 1);
		} else if (random.one_in(4)) {
			length = 1 + random.below(length);
		}
		out[count++] = {grant_of(random), static_cast<u16>(offset), static_cast<u16>(length)};
		bytes -= length;
	}
	return count;
}

// Lists of descriptors in pages of their own; a bit for each that is used.
u32 put_lists(Guest &guest, wire::Request &request, const wire::Segment *segment, u32 count, Random &random)
{
	u32 used = 0, lists = 0;
	const u32 parts = count > 1 && random.one_in(2) ? 2 : 1;
	for (u32 part = 0; part < parts; part++) {
		u32 page = 0;
		while (page < list_pages && (guest.lists_used | used) & 1u << page)
			page++;
		if (page == list_pages)
			return 0;
		used |= 1u << page;
		const u32 here = part + 1 == parts ? count : count / 2;
		const u32 offset = random.below((VSCSI_LIST_BYTES - here * 8) / 8 + 1) * 8;
		std::memcpy(guest.list[page].data() + offset, segment, here * 8);
		request.segment[lists++] = {page + 1, static_cast<u16>(offset), static_cast<u16>(here * 8)};
		segment += here;
		count -= here;
	}
	request.head.segments = static_cast<u8>(0x80 | lists);
	return used;
}

u32 bytes_of(Command command, Random &random)
{
	switch (command) {
	case Command::read:
	case Command::write:
		return block_bytes * (random.one_in(6) ? 1 + random.below(200) : 1 + random.below(12));
	case Command::registration:
	case Command::persistent_reserve:
	case Command::clear:
		return 24;
	case Command::set_key:
	case Command::set_key_of_all:
		return 20;
	case Command::inquiry:
	case Command::request_sense:
		return 36;
	case Command::report_luns:
		return 16 + 8 * random.below(20);
	default:
		return 0;
	}
}

// Mostly data.
Command pick(Random &random)
{
	if (random.one_in(2))
		return random.one_in(2) ? Command::read : Command::write;
	return static_cast<Command>(random.below(commands));
}

void put(Guest &guest, const wire::Request &request)
{
	guest.shared().entry[guest.producer++ % slots].request = request;
}

Sent &note(World &world, Guest &guest, const wire::RequestHead &head, u32 which)
{
	Sent &sent = *free_sent(guest);
	sent = {};
	sent.used = true;
	sent.task = head.action != 1;
	sent.abort = head.action == 2;
	sent.rqid = head.rqid;
	sent.ref = head.ref_rqid;
	sent.which = which;
	sent.number = none;
	sent.order = ++world.order;
	return sent;
}

// Before a task's success is read, the answers of what it covers are.
void check_order(World &world, const Guest &guest, const Sent &task)
{
	for (const Sent &sent : guest.sent)
		world.expect(!sent.used || sent.task || sent.order > task.order || sent.number == none ||
				     sent.number != task.number || (task.abort && sent.rqid != task.ref),
			     "a task succeeds before what it covers is answered");
}

void compare(World &world, const Guest &guest, Sent &sent, const wire::Response &response)
{
	const Answer &answer = sent.answer;
	if (!world.expect(sent.expected, "a request is answered that nobody has answered"))
		return;
	world.expect(response.result == answer.result && response.residual == answer.residual,
		     "an answer is another request's");
	world.expect(response.sense_length == answer.sense_bytes &&
			     !std::memcmp(response.sense, answer.sense.data(), answer.sense_bytes),
		     "sense data is another request's");
	if (sent.task && response.result == wire::task_succeeded)
		check_order(world, guest, sent);
}

} // namespace

void new_ring(Guest &guest)
{
	// The backend may still have the page of the one before, or of an earlier one.
	guest.current ^= 1;
	if (guest.ring.live && guest.ring.page == &guest.shared())
		guest.current ^= 1;
	guest.page[guest.current].fill(0);
	guest.shared().request_event = guest.shared().response_event = 1;
	guest.producer = guest.consumer = 0;
	forget_sent(guest);
	guest.open = true;
}

void forget_sent(Guest &guest)
{
	for (Sent &sent : guest.sent)
		sent.used = false;
	guest.lists_used = 0;
	guest.notified = guest.open = false;
}

u32 outstanding(const Guest &guest)
{
	u32 count = 0;
	for (const Sent &sent : guest.sent)
		count += sent.used;
	return count;
}

bool send(World &world, Guest &guest, Random &random)
{
	const u32 which = random.below(2);
	if (!can_use(guest, which) || !free_sent(guest) || guest.producer - guest.consumer >= slots)
		return false;
	const Command command = pick(random);
	wire::Request request{};
	auto &head = request.head;
	u32 bytes = bytes_of(command, random), used = 0;
	head.direction = bytes ? natures[static_cast<u32>(command)].direction : u8{VSCSI_NO_DATA};
	std::array<wire::Segment, VSCSI_FEW_SEGMENTS> segment;
	const bool indirect = bytes && random.one_in(4);
	const u32 count = cut(segment, bytes, indirect ? VSCSI_FEW_SEGMENTS : 26, random);
	u32 there = 0;
	for (u32 i = 0; i < count; i++)
		there += segment[i].length;
	if (there != bytes)
		return false;
	if (indirect) {
		used = put_lists(guest, request, segment.data(), count, random);
		if (!used)
			return false;
	} else {
		std::memcpy(request.segment, segment.data(), count * sizeof segment[0]);
		head.segments = static_cast<u8>(count);
	}
	head.rqid = ++guest.next_rqid;
	head.action = 1;
	head.cdb_length = 16;
	const auto cdb = cdb_of(command, bytes, ++world.next_uid);
	std::memcpy(head.cdb, cdb.data(), 16);
	head.timeout = random.one_in(2) ? static_cast<u16>(random.below(90)) : u16{0};
	head.lun = random.one_in(16) ? well_known_lun : lun_of(which);
	// A claim that is not the CDB's own must come to nothing.
	if (bytes && random.one_in(24))
		head.direction = static_cast<u8>(3 - head.direction);
	put(guest, request);
	note(world, guest, head, which).lists = used;
	guest.lists_used |= used;
	if (!random.one_in(4))
		push(guest);
	return true;
}

bool send_task(World &world, Guest &guest, Random &random)
{
	const u32 which = random.below(2);
	if (!can_use(guest, which) || !free_sent(guest) || guest.producer - guest.consumer >= slots)
		return false;
	wire::Request request{};
	auto &head = request.head;
	head.action = random.one_in(3) ? 3 : 2;
	head.lun = random.one_in(16) ? well_known_lun : lun_of(which);
	const Sent *victim = nullptr;
	const u32 from = random.below(slots);
	for (u32 i = 0; i < slots && !victim; i++) {
		const Sent &sent = guest.sent[(from + i) % slots];
		if (sent.used && !sent.task && (sent.which == which || random.one_in(8)))
			victim = &sent;
	}
	if (head.action == 2)
		head.ref_rqid = victim ? victim->rqid : static_cast<u16>(random.word());
	head.rqid = ++guest.next_rqid;
	put(guest, request);
	note(world, guest, head, which);
	push(guest);
	return true;
}

void push(Guest &guest)
{
	wire::Page &page = guest.shared();
	const u32 before = page.request_producer, now = guest.producer;
	page.request_producer = now;
	if (now - page.request_event < now - before && guest.ring.live)
		guest.ring.kicked = true;
}

void read_answers(World &world, Guest &guest)
{
	if (!guest.notified || !guest.open)
		return;
	guest.notified = false;
	wire::Page &page = guest.shared();
	do {
		while (guest.consumer != page.response_producer && !world.fault) {
			const auto &response = page.entry[guest.consumer++ % slots].response;
			Sent *sent = find_sent(guest, response.rqid);
			if (!world.expect(sent, "an answer to nothing, or the second one"))
				return;
			compare(world, guest, *sent, response);
			guest.lists_used &= ~sent->lists;
			sent->used = false;
		}
		page.response_event = guest.consumer + 1;
	} while (guest.consumer != page.response_producer && !world.fault);
}

void was_fetched(Guest &guest, const Request &request, u32 number)
{
	if (Sent *sent = guest.hostile ? nullptr : find_sent(guest, request.rqid))
		sent->number = number;
}

void expect_answer(World &world, Guest &guest, const Request &request, const Answer &answer)
{
	if (guest.hostile || !guest.ring.live || !guest.control.s.genuine)
		return;
	Sent *sent = find_sent(guest, request.rqid);
	if (!world.expect(sent, "a request is answered that is not there"))
		return;
	sent->expected = true;
	sent->answer = answer;
}

void put_garbage(Guest &guest, Random &random)
{
	wire::Page &page = guest.shared();
	const u32 count = 1 + random.below(4);
	for (u32 i = 0; i < count; i++) {
		auto &request = page.entry[guest.producer++ % slots].request;
		auto &head = request.head;
		const u64 bits = random.next();
		head.rqid = static_cast<u16>(bits & 7);
		head.action = static_cast<u8>(bits >> 3 & 15 ? 1 + (bits >> 3) % 3 : bits >> 8);
		head.cdb_length = static_cast<u8>(bits >> 16 & 15 ? 16 : bits >> 20 & 31);
		const Command command = static_cast<Command>(random.below(commands));
		const auto cdb = cdb_of(command, 512, static_cast<u32>(bits));
		std::memcpy(head.cdb, cdb.data(), 16);
		if (random.one_in(4))
			head.cdb[random.below(16)] = static_cast<u8>(random.word());
		head.timeout = static_cast<u16>(random.word());
		head.channel = random.one_in(16) ? 1 : 0;
		head.id = random.one_in(16) ? 1 : 0;
		head.lun = random.one_in(12)   ? well_known_lun
			   : random.one_in(12) ? 2
					       : lun_of(random.below(2));
		head.ref_rqid = static_cast<u16>(random.below(8));
		head.direction = static_cast<u8>(random.one_in(10) ? random.word() : 1 + random.below(3));
		const u32 segments = random.below(5);
		head.segments = static_cast<u8>(random.one_in(10) ? random.word() : segments);
		const bool lists = random.one_in(4);
		if (lists)
			head.segments |= 0x80;
		for (u32 at = 0; at < segments; at++) {
			auto &segment = request.segment[at];
			const u32 length = random.one_in(8) ? random.below(5000) : 512 * random.below(9);
			const u32 offset = random.one_in(8) ? random.below(5000) : 0;
			segment = {lists ? random.below(6) : grant_of(random), static_cast<u16>(offset),
				   static_cast<u16>(lists ? length & 0x1f8 : length)};
		}
	}
	push(guest);
}

void rewrite_memory(Guest &guest, Random &random)
{
	if (random.one_in(2)) {
		guest.page[guest.current][16 + random.below(4080)] = static_cast<u8>(random.word());
		return;
	}
	auto &list = guest.list[random.below(list_pages)];
	const u32 at = random.below(VSCSI_LIST_BYTES / 8);
	const u64 word =
		random.one_in(4) ? random.next() : (u64{512 * random.below(9)} << 48 | grant_of(random));
	std::memcpy(list.data() + at * 8, &word, 8);
}

void jump_index(Guest &guest, Random &random)
{
	wire::Page &page = guest.shared();
	switch (random.below(4)) {
	case 0:
		guest.producer = page.request_producer += random.one_in(2) ? random.below(40) : random.word();
		guest.ring.kicked = true;
		break;
	case 1:
		page.request_event = random.word();
		break;
	case 2:
		page.response_event = random.word();
		break;
	default:
		page.response_producer = random.word();
	}
}

} // namespace sim
