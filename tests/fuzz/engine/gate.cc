// SPDX-License-Identifier: GPL-2.0 OR MIT
// A gate on long histories: of the model that the unit tests search, which knows what the
// device makes of each command; and of any CDB that passed, with any outcome.
#include <vector>
#include <vscsi/cdb.hpp>

#include "gate_rules.hpp"
#include "harness.hpp"

namespace fuzz
{
namespace
{

void model(Input &input)
{
	gates::State start{};
	start.room = gates::most_slots;
	gates::World w{start};
	while (!input.empty()) {
		const u8 what = input.take<u8>();
		const u32 nexus = what % gates::nexuses;
		const u32 slot = (what >> 4) % gates::most_slots;
		const auto command = static_cast<u8>(1 + (what >> 4) % (gates::commands - 1));
		switch (input.take<u8>() % 13) {
		case 0:
		case 1:
		case 2:
			w.sends(nexus, command);
			break;
		case 3:
			if (gates::is_reserving(command) || gates::is_keying(command) ||
			    command == gates::to_allow)
				w.insists(nexus, command);
			break;
		case 4:
		case 5:
			w.executes(slot);
			break;
		case 6:
		case 7:
			w.ends(slot);
			break;
		case 8:
			w.fails(slot);
			break;
		case 9:
			w.session_ends(nexus);
			break;
		case 10:
			w.host_pays();
			break;
		case 11:
			w.is_lost(slot);
			break;
		default:
			what & 0x80 ? w.gets_reset() : w.loses_all();
		}
		gates::the_gate_counts(w);
		gates::what_was_told_lasts(w);
		expect(!w.fault, w.fault);
	}
	gates::check(w);
	expect(!w.fault, w.fault);
}

struct Passed {
	u32 nexus;
	u8 cdb[VSCSI_CDB_BYTES];
};

class Any
{
public:
	explicit Any(Input &input) : in_{input} {}

	void go()
	{
		while (!in_.empty()) {
			const u8 what = in_.take<u8>();
			switch (what % 8) {
			case 0:
			case 1:
			case 2:
				enter(2 * (what >> 3) + 7);
				break;
			case 3:
			case 4:
				leave();
				break;
			case 5:
				ends(2 * (what >> 3) + 7);
				break;
			case 6:
				vscsi_gate_paid(&gate_, vscsi_gate_due(&gate_));
				break;
			default:
				other(what >> 3);
			}
			check();
		}
		while (!passed_.empty())
			leave();
		check();
		expect(!gate_.reserving.nexus && !gate_.keying.nexus && !gate_.allowing,
		       "something is in flight when nothing is");
	}

private:
	void cdb(u8 *to)
	{
		constexpr u8 opcodes[] = {0x16, 0x17, 0x56, 0x57, 0x5f, 0x5e, 0x1e, 0x1e,
					  0x0a, 0x08, 0x12, 0x00, 0x5f, 0x28, 0xb5, 0x03};
		std::memset(to, 0, VSCSI_CDB_BYTES);
		const u8 what = in_.take<u8>();
		to[0] = what & 0x80 ? in_.take<u8>() : opcodes[what & 15];
		to[1] = in_.take<u8>() & 0x97; // the persistent service actions, mostly
		to[2] = in_.take<u8>() & 0xf;
		to[4] = what >> 4 & 3;
		if (to[0] == 0xb5 && what & 1) {
			to[1] = 0x20;
			to[2] = 0;
			to[3] = 0x10;
		}
	}
	void enter(u32 nexus)
	{
		Passed command{nexus, {}};
		cdb(command.cdb);
		vscsi_gate before = gate_;
		const int verdict = vscsi_gate_enter(&gate_, nexus, command.cdb);
		expect(verdict >= VSCSI_GATE_PASS && verdict <= VSCSI_GATE_IGNORE, "a verdict that is none");
		if (verdict == VSCSI_GATE_PASS) {
			passed_.push_back(command);
			return;
		}
		vscsi_gate after = gate_;
		before.reserving.turn = after.reserving.turn = before.keying.turn = after.keying.turn = {};
		before.preventing = after.preventing = {};
		before.absent = after.absent = 0;
		if (verdict == VSCSI_GATE_IGNORE)
			std::memcpy(before.preventers, after.preventers, sizeof before.preventers);
		expect(!std::memcmp(&before, &after, sizeof before), "a refusal changes something");
	}
	void leave()
	{
		if (passed_.empty())
			return;
		const std::size_t at =
			in_.below(static_cast<u32>(passed_.size() < 256 ? passed_.size() : 256));
		const Passed command = passed_[at];
		passed_.erase(passed_.begin() + static_cast<std::ptrdiff_t>(at));
		Exact data{in_.below(25)};
		in_.fill(data.data(), data.size());
		constexpr u16 attentions[] = {0, 0, 0, 0x2900, 0x2a03, 0x2a04, 0x2a05, 0x2800};
		const vscsi_gate_outcome outcome{data.size() ? data.data() : nullptr,
						 static_cast<u32>(data.size()),
						 attentions[in_.below(8)],
						 in_.below(3),
						 gate_.resets - in_.flag(),
						 in_.flag()};
		vscsi_gate_leave(&gate_, command.nexus, command.cdb, &outcome);
		vscsi_gate_paid(&gate_, vscsi_keys_note(&keys_, command.nexus, command.cdb, &outcome));
	}
	void ends(u32 nexus)
	{
		for (const Passed &command : passed_)
			if (command.nexus == nexus)
				return;
		const int owed = vscsi_gate_session_ended(&gate_, nexus);
		expect(!(static_cast<u32>(owed) & ~gate_.owed), "the gate forgets what is owed");
		vscsi_gate_owe(&gate_, vscsi_keys_ended(&keys_, nexus, in_.flag()));
		expect(!vscsi_keys_ended(&keys_, nexus, true), "who is gone has a key");
		for (const auto &preventer : gate_.preventers)
			expect(preventer.nexus != nexus, "who is gone prevents");
		expect(gate_.holder != nexus || (gate_.registered && gate_.absent), "who is gone holds it");
		if (in_.flag())
			expect(!vscsi_gate_comes_back(&gate_, nexus) || !vscsi_gate_comes_back(&gate_, nexus),
			       "a nexus hears of its loss twice");
		expect(!vscsi_gate_comes_back(&gate_, 0), "nobody hears of a loss");
	}
	void other(u32 what)
	{
		switch (what % 4) {
		case 0: {
			const int owed = vscsi_gate_reset(&gate_);
			expect(!(static_cast<u32>(owed) & ~gate_.owed) && !gate_.reserved,
			       "a reset leaves something");
			break;
		}
		case 1:
			vscsi_gate_hear(&gate_, in_.flag() ? u16{0x2900} : in_.take<u16>());
			break;
		case 2: {
			const vscsi_gate before = gate_;
			vscsi_gate_inherit(&gate_, in_.take<u8>() & 7, in_.flag());
			if (before.reserving.nexus || (before.holder && before.holder != VSCSI_GATE_UNKNOWN))
				expect(!std::memcmp(&before, &gate_, sizeof before),
				       "what a guest has was inherited");
			break;
		}
		default:
			vscsi_gate_owe(&gate_, in_.take<u8>() & 15);
		}
	}
	void check()
	{
		u32 reserving = 0, keying = 0, allowing = 0;
		for (const Passed &command : passed_) {
			reserving += vscsi::cdb_reserving(command.cdb) != vscsi::Reserving::none;
			keying += command.cdb[0] == 0xb5 && command.cdb[1] == 0x20 && !command.cdb[2] &&
				  command.cdb[3] == 0x10;
			allowing += command.cdb[0] == 0x1e && !(command.cdb[4] & 3);
		}
		expect((gate_.reserving.nexus != 0) == reserving, "reserving is miscounted");
		expect((gate_.keying.nexus != 0) == keying, "setting keys is miscounted");
		expect(gate_.allowing == allowing, "ALLOW is miscounted");
		expect(gate_.holder || !(gate_.reserved || gate_.registered || gate_.type),
		       "nobody has it, and yet it is reserved");
		expect(!(static_cast<u32>(vscsi_gate_due(&gate_)) & ~gate_.owed), "more is due than is owed");
	}

	Input &in_;
	vscsi_gate gate_{};
	vscsi_keys keys_{};
	std::vector<Passed> passed_;
};

} // namespace

void gate(Input input)
{
	if (input.flag())
		return model(input);
	Any{input}.go();
}

} // namespace fuzz
