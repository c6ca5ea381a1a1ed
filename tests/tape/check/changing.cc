// SPDX-License-Identifier: GPL-2.0 OR MIT
// What a media changer says; nothing is moved.
#include <algorithm>

#include "check/test.hpp"
#include "scsi/lists.hpp"

namespace check
{
namespace
{

namespace cdb = scsi::cdb;
using scsi::ElementType;

constexpr ElementType types[] = {ElementType::picker, ElementType::slot, ElementType::port,
				 ElementType::drive};

void want_whole(const scsi::ElementStatus &found)
{
	want_equal("bytes that came, by BYTE COUNT OF REPORT AVAILABLE", found.came, found.available);
}

void inquiry(const Bench &bench)
{
	const auto found = scsi::parse_inquiry(bench.changer->fetch(cdb::inquiry(96), 96));
	want(found.has_value(), "INQUIRY", "36 bytes or more", "less");
	want_equal("peripheral device type", found->type, scsi::type_changer);
}

void ready(const Bench &bench)
{
	bench.changer->good(cdb::test_unit_ready());
}

void addresses(const Bench &bench)
{
	const scsi::ElementLayout found = bench.changer->layout();
	want(found.slots.count > 0, "storage elements", "one or more", "none");
	want(found.drives.count > 0, "data transfer elements", "one or more", "none");
	std::vector<scsi::ElementRange> ranges;
	for (const auto type : types)
		if (found.of(type).count)
			ranges.push_back(found.of(type));
	std::ranges::sort(ranges, {}, &scsi::ElementRange::first);
	for (std::size_t i = 1; i < ranges.size(); i++)
		want(ranges[i - 1].first + ranges[i - 1].count <= ranges[i].first, "element addresses",
		     "ranges apart", "ranges that overlap");
}

void capabilities(const Bench &bench)
{
	Buffer data(252);
	const Cdb command = cdb::mode_sense6({.code = 0x1f}, 252);
	const Reply reply = bench.changer->run(command, Direction::in, data);
	if (reply.is(Key::illegal_request, scsi::code::field_in_cdb))
		throw Skipped{"the changer has no mode page 1Fh (ILLEGAL REQUEST 24/00)"};
	bench.changer->judge(reply, command);
	data.resize(reply.moved);
	const auto mode = scsi::parse_mode6(data);
	want(mode && mode->page(0x1f).size() >= 14, "mode page 1Fh", "14 bytes or more", "less");
}

void initialize(const Bench &bench)
{
	bench.changer->good(cdb::initialize_element_status());
}

void all(const Bench &bench)
{
	const scsi::ElementLayout layout = bench.changer->layout();
	const scsi::ElementStatus found = bench.changer->status({.volume_tags = true});
	std::size_t total = 0;
	for (const auto type : types) {
		const auto &range = layout.of(type);
		total += range.count;
		for (unsigned i = 0; i < range.count; i++) {
			const scsi::Element *const item =
				found.find(static_cast<std::uint16_t>(range.first + i));
			want(item && item->type == type, fmt::format("{} {}", name(type), i),
			     "its own descriptor", item ? "one of another type" : "none");
		}
	}
	want_whole(found);
	want_equal("elements", found.elements.size(), total);
	want_equal("NUMBER OF ELEMENTS AVAILABLE", std::size_t{found.count}, total);
}

void one_type(const Changer &changer, ElementType type)
{
	const auto range = changer.layout().of(type);
	if (!range.count)
		throw Skipped{fmt::format("the changer has no {}", name(type))};
	const auto found = changer.status({.type = static_cast<std::uint8_t>(type)});
	want_whole(found);
	want_equal("FIRST ELEMENT ADDRESS REPORTED", found.first, range.first);
	want_equal("elements", found.elements.size(), std::size_t{range.count});
	for (const auto &item : found.elements)
		want(item.type == type, "READ ELEMENT STATUS", fmt::format("only {}s", name(type)),
		     name(item.type));
}

template <ElementType Type>
void only(const Bench &bench)
{
	one_type(*bench.changer, Type);
}

void volume_tags(const Bench &bench)
{
	const auto found = bench.changer->status({.volume_tags = true});
	if (!found.tags_announced)
		throw Skipped{"the changer has no volume tags (PVOLTAG 0)"};
	const bool any = std::ranges::any_of(
		found.elements, [](const auto &item) { return item.full && !item.volume_tag.empty(); });
	if (!any)
		throw Skipped{"no cartridge has a volume tag"};
	const auto without = bench.changer->status();
	want(!without.tags_announced, "READ ELEMENT STATUS with VOLTAG 0", "no volume tags", "PVOLTAG 1");
}

void device_ids(const Bench &bench)
{
	constexpr std::uint32_t size = 4096;
	Buffer data(size);
	const Cdb command = cdb::read_element_status(
		{.type = static_cast<std::uint8_t>(ElementType::drive), .device_ids = true}, size);
	const Reply reply = bench.changer->run(command, Direction::in, data);
	if (reply.is(Key::illegal_request, scsi::code::field_in_cdb))
		throw Skipped{"the changer has no DVCID (ILLEGAL REQUEST 24/00)"};
	bench.changer->judge(reply, command);
	data.resize(reply.moved);
	const auto found = scsi::parse_element_status(data);
	want(found && !found->elements.empty(), "READ ELEMENT STATUS with DVCID", "drives", "none");
	want(std::ranges::all_of(found->elements, [](const auto &item) { return !item.identifier.empty(); }),
	     "READ ELEMENT STATUS with DVCID", "an identifier of each drive", "a drive without");
}

void short_length(const Bench &bench)
{
	const scsi::ElementStatus whole = bench.changer->status();
	for (const std::uint32_t size : {8U, 16U, 40U}) {
		const Buffer data = bench.changer->fetch(cdb::read_element_status({}, size), size);
		want(data.size() <= size && data.size() >= 8, "bytes that came",
		     "a header, not more than asked for", std::to_string(data.size()));
		const auto found = scsi::parse_element_status(data);
		want(found.has_value(), "READ ELEMENT STATUS cut short", "a header", "something else");
		want_equal("BYTE COUNT OF REPORT AVAILABLE", found->available, whole.available);
	}
}

void start(const Bench &bench)
{
	const auto slots = bench.changer->layout().slots;
	if (slots.count < 2)
		throw Skipped{"the changer has fewer than two slots"};
	const auto second = static_cast<std::uint16_t>(slots.first + 1);
	const auto found = bench.changer->status(
		{.type = static_cast<std::uint8_t>(ElementType::slot), .first = second});
	want_equal("elements from the second slot on", found.elements.size(), std::size_t{slots.count} - 1U);
	want_equal("FIRST ELEMENT ADDRESS REPORTED", found.first, second);
	want_whole(found);
}

void count(const Bench &bench)
{
	const auto slots = bench.changer->layout().slots;
	const auto found = bench.changer->status(
		{.type = static_cast<std::uint8_t>(ElementType::slot), .first = slots.first, .count = 1});
	want_equal("elements", found.elements.size(), std::size_t{1});
	want_whole(found);
	want_equal("its address", found.elements[0].address, slots.first);
}

void unknown_type(const Bench &bench)
{
	Buffer data(256);
	const Reply reply =
		bench.changer->run(cdb::read_element_status({.type = 0x0f}, 256), Direction::in, data);
	want(reply.is(Key::illegal_request, scsi::code::field_in_cdb), "READ ELEMENT STATUS of type 0Fh",
	     "ILLEGAL REQUEST 24/00", reply.text());
}

void prevent(const Bench &bench)
{
	bench.changer->good(cdb::prevent_removal(true));
	bench.changer->good(cdb::prevent_removal(false));
}

constexpr Test tests[] = {
	{"smc.inquiry", "SPC-4 INQUIRY", changer, inquiry},
	{"smc.test-unit-ready", "SPC-4 TEST UNIT READY", changer, ready},
	{"smc.mode.element-addresses", "SMC-3 Element Address Assignment mode page", changer, addresses},
	{"smc.mode.capabilities", "SMC-3 Device Capabilities mode page", changer, capabilities},
	{"smc.initialize", "SMC-3 INITIALIZE ELEMENT STATUS", changer, initialize},
	{"smc.status.all", "SMC-3 READ ELEMENT STATUS", changer, all},
	{"smc.status.pickers", "SMC-3 READ ELEMENT STATUS", changer, only<ElementType::picker>},
	{"smc.status.slots", "SMC-3 READ ELEMENT STATUS", changer, only<ElementType::slot>},
	{"smc.status.ports", "SMC-3 READ ELEMENT STATUS", changer, only<ElementType::port>},
	{"smc.status.drives", "SMC-3 READ ELEMENT STATUS", changer, only<ElementType::drive>},
	{"smc.status.volume-tags", "SMC-3 READ ELEMENT STATUS, VOLTAG", changer, volume_tags},
	{"smc.status.device-ids", "SMC-3 READ ELEMENT STATUS, DVCID", changer, device_ids},
	{"smc.status.short-length", "SMC-3 READ ELEMENT STATUS", changer, short_length},
	{"smc.status.starting-address", "SMC-3 READ ELEMENT STATUS", changer, start},
	{"smc.status.number-of-elements", "SMC-3 READ ELEMENT STATUS", changer, count},
	{"smc.status.unknown-type", "SMC-3 READ ELEMENT STATUS", changer, unknown_type},
	{"smc.prevent-allow", "SMC-3 PREVENT ALLOW MEDIUM REMOVAL", changer, prevent},
};

} // namespace

Tests changer_tests()
{
	return tests;
}

} // namespace check
