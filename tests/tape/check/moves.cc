// SPDX-License-Identifier: GPL-2.0 OR MIT
// A media changer moves cartridges; each ends where it was.
#include <exception>

#include "check/test.hpp"
#include "scsi/lists.hpp"

namespace check
{
namespace
{

namespace cdb = scsi::cdb;
using scsi::ElementType;

constexpr unsigned moving = changer | moves;
constexpr unsigned with_drive = moving | drive;

std::string tag(const Changer &changer, std::uint16_t address)
{
	return changer.element(address).volume_tag;
}

// Puts a cartridge back when a test ends early; no complaint, the test has its own.
class Way
{
public:
	Way(const Changer &changer, std::uint16_t from, std::uint16_t to)
	    : changer_{changer}, from_{from}, to_{to}
	{
	}
	Way(const Way &) = delete;
	Way &operator=(const Way &) = delete;
	~Way()
	{
		try {
			if (changer_.full(to_) && !changer_.full(from_))
				changer_.move(to_, from_);
		} catch (const Failed &) {
			return;
		} catch (const Skipped &) {
			return;
		} catch (const std::exception &) {
			return;
		}
	}

private:
	const Changer &changer_;
	std::uint16_t from_, to_;
};

void slot_to_slot(const Bench &bench)
{
	const Changer &changer = *bench.changer;
	const auto from = changer.any(ElementType::slot, true);
	const auto to = changer.any(ElementType::slot, false);
	const Way way{changer, from, to};
	const std::string before = tag(changer, from);
	changer.must_move(from, to);
	want_equal("volume tag at the destination", tag(changer, to), before);
	changer.must_move(to, from);
	want_equal("volume tag back at the source", tag(changer, from), before);
}

void from_empty(const Bench &bench)
{
	const Changer &changer = *bench.changer;
	const auto from = changer.any(ElementType::slot, false);
	for (const auto &item : changer.elements(ElementType::slot)) {
		if (item.full || item.address == from)
			continue;
		const Reply reply = changer.move(from, item.address);
		want(reply.is(Key::illegal_request, scsi::code::source_empty),
		     "MOVE MEDIUM from an empty slot", "ILLEGAL REQUEST 3b/0e", reply.text());
		return;
	}
	throw Skipped{"the changer has no two empty slots"};
}

void to_full(const Bench &bench)
{
	const Changer &changer = *bench.changer;
	const auto from = changer.any(ElementType::slot, true);
	for (const auto &item : changer.elements()) {
		if (!item.full || item.address == from)
			continue;
		const Reply reply = changer.move(from, item.address);
		want(reply.is(Key::illegal_request, scsi::code::destination_full),
		     "MOVE MEDIUM to a full element", "ILLEGAL REQUEST 3b/0d", reply.text());
		want(changer.full(from), "element status of the source", "still full", "empty");
		return;
	}
	throw Skipped{"the changer has no two full elements"};
}

void from_nowhere(const Bench &bench)
{
	const Changer &changer = *bench.changer;
	const auto nowhere = changer.layout().nowhere();
	const Reply reply = changer.move(nowhere, changer.any(ElementType::slot, false));
	want(reply.is(Key::illegal_request, scsi::code::no_such_element), "MOVE MEDIUM from no element",
	     "ILLEGAL REQUEST 21/01", reply.text());
}

void to_nowhere(const Bench &bench)
{
	const Changer &changer = *bench.changer;
	const auto from = changer.any(ElementType::slot, true);
	const Reply reply = changer.move(from, changer.layout().nowhere());
	want(reply.is(Key::illegal_request, scsi::code::no_such_element), "MOVE MEDIUM to no element",
	     "ILLEGAL REQUEST 21/01", reply.text());
	want(changer.full(from), "element status of the source", "still full", "empty");
}

void position(const Bench &bench)
{
	const scsi::ElementLayout layout = bench.changer->layout();
	bench.changer->good(cdb::position_to_element(layout.pickers.first, layout.slots.first));
}

void position_nowhere(const Bench &bench)
{
	const scsi::ElementLayout layout = bench.changer->layout();
	bench.changer->refused(cdb::position_to_element(layout.pickers.first, layout.nowhere()),
			       Key::illegal_request, scsi::code::no_such_element);
}

// Two cartridges change places, and again.
void exchange(const Bench &bench)
{
	const Changer &changer = *bench.changer;
	auto full = changer.elements(ElementType::slot);
	std::erase_if(full, [](const scsi::Element &item) { return !item.full; });
	if (full.size() < 2)
		throw Skipped{"the changer has no two full slots"};
	const auto picker = changer.layout().pickers.first;
	const Cdb command = cdb::exchange_medium(picker, full[0].address, full[1].address, full[0].address);
	changer.good(command);
	want_equal("volume tag at the destination", tag(changer, full[1].address), full[0].volume_tag);
	want_equal("volume tag at the source", tag(changer, full[0].address), full[1].volume_tag);
	changer.good(command);
	want_equal("volume tag after the way back", tag(changer, full[0].address), full[0].volume_tag);
}

std::string serial(const Drive &drive)
{
	Buffer data(252);
	const Reply reply = drive.run(cdb::inquiry_page(0x80, 252), Direction::in, data);
	data.resize(reply.moved);
	const auto page = scsi::vpd_page(data, 0x80);
	return reply.good() && page ? scsi::text(*page) : std::string{};
}

// Where the cartridge in the drive can go.
std::uint16_t home(const Changer &changer, std::uint16_t element)
{
	const scsi::Element item = changer.element(element);
	if (!item.full)
		throw Skipped{"the changer says that the drive is empty"};
	if (item.source && changer.layout().type_of(*item.source) == ElementType::slot &&
	    !changer.full(*item.source))
		return *item.source;
	return changer.any(ElementType::slot, false);
}

// The cartridge out of the drive and in again; between, the drive has none.
void out_and_in(const Bench &bench)
{
	const Changer &changer = *bench.changer;
	const Drive &drive = *bench.drive;
	const auto element = changer.drive_element(serial(drive));
	const auto slot = home(changer, element);
	drive.start();
	drive.rewind();
	const Block before = drive.read_whole();
	drive.rewind();
	const Way way{changer, element, slot};
	drive.good(cdb::load_unload(false));
	changer.must_move(element, slot);
	const Reply empty = drive.run(cdb::test_unit_ready());
	changer.must_move(slot, element);
	drive.run(cdb::load_unload(true));
	const Reply full = drive.run(cdb::test_unit_ready());
	want(empty.sense && empty.sense->key == Key::not_ready && empty.sense->code.asc == 0x3a,
	     "TEST UNIT READY without a cartridge", "NOT READY 3a/xx", empty.text());
	want(full.good(), "TEST UNIT READY with the cartridge again", "GOOD", full.text());
	drive.start();
	drive.rewind();
	const Block after = drive.read_whole();
	want(after.data == before.data, "the cartridge's first block", "that from before", "another");
}

// The cartridge goes and comes back, so that the drive has a unit attention to tell.
void exchange(const Changer &changer, const Drive &drive)
{
	const auto element = changer.drive_element(serial(drive));
	const auto slot = home(changer, element);
	const Way way{changer, element, slot};
	drive.good(cdb::load_unload(false));
	changer.must_move(element, slot);
	drive.run(cdb::test_unit_ready());
	changer.must_move(slot, element);
}

void attention(const Bench &bench)
{
	const Changer &changer = *bench.changer;
	const Drive &drive = *bench.drive;
	exchange(changer, drive);
	const Reply first = drive.once(cdb::test_unit_ready());
	drive.run(cdb::load_unload(true));
	const Reply second = drive.run(cdb::test_unit_ready());
	want(first.is(Key::unit_attention, scsi::code::medium_changed),
	     "first TEST UNIT READY after a new cartridge", "UNIT ATTENTION 28/00", first.text());
	want(second.good(), "TEST UNIT READY after that", "GOOD", second.text());
}

// INQUIRY and REPORT LUNS leave a unit attention for others to see.
void attention_kept(const Bench &bench)
{
	const Changer &changer = *bench.changer;
	const Drive &drive = *bench.drive;
	exchange(changer, drive);
	Buffer data(36);
	const Reply inquiry = drive.once(cdb::inquiry(36), Direction::in, data);
	const Reply first = drive.once(cdb::test_unit_ready());
	drive.run(cdb::load_unload(true));
	want(inquiry.good(), "INQUIRY with a unit attention pending", "GOOD", inquiry.text());
	want(first.sense && first.sense->key == Key::unit_attention, "TEST UNIT READY after it",
	     "UNIT ATTENTION", first.text());
}

constexpr Test tests[] = {
	{"smc.move.slot-to-slot", "SMC-3 MOVE MEDIUM", moving, slot_to_slot},
	{"smc.move.from-empty", "SMC-3 MOVE MEDIUM", moving, from_empty},
	{"smc.move.to-full", "SMC-3 MOVE MEDIUM", moving, to_full},
	{"smc.move.from-nowhere", "SMC-3 MOVE MEDIUM", moving, from_nowhere},
	{"smc.move.to-nowhere", "SMC-3 MOVE MEDIUM", moving, to_nowhere},
	{"smc.move.drive-out-and-in", "SMC-3 MOVE MEDIUM", with_drive | medium, out_and_in},
	{"smc.exchange", "SMC-3 EXCHANGE MEDIUM", moving, exchange},
	{"smc.position", "SMC-3 POSITION TO ELEMENT", moving, position},
	{"smc.position.nowhere", "SMC-3 POSITION TO ELEMENT", moving, position_nowhere},
	{"spc.attention.new-medium", "SPC-4 Unit attention, 28h", with_drive | medium, attention},
	{"spc.attention.kept-by-inquiry", "SPC-4 INQUIRY, unit attention", with_drive | medium,
	 attention_kept},
};

} // namespace

Tests move_tests()
{
	return tests;
}

std::vector<Test> all_tests()
{
	std::vector<Test> all;
	for (const Tests part :
	     {inquiry_tests(), mode_tests(), list_tests(), reserve_tests(), transfer_tests(), length_tests(),
	      mark_tests(), space_tests(), position_tests(), medium_tests(), driver_tests(), changer_tests(),
	      move_tests()})
		all.insert(all.end(), part.begin(), part.end());
	return all;
}

} // namespace check
