// SPDX-License-Identifier: GPL-2.0 OR MIT
// Sense data, errors of the block layer, and unit attentions for all who share a device.
#include <deque>
#include <vscsi/sharing.h>

#include "harness.hpp"

namespace fuzz
{
namespace
{

constexpr u16 power_on = 0x2900;

void sense_data(Input &input)
{
	static Exact cdb{VSCSI_CDB_BYTES};
	input.fill(cdb.data(), 1);
	Exact data{input.below(VSCSI_SENSE_BYTES + 1)};
	input.fill(data.data(), data.size());
	const auto bytes = static_cast<u32>(data.size());
	const u8 *const from = bytes ? data.data() : nullptr;
	vscsi_sense found{0xff, 0xff, 0xff, true};
	vscsi_sense_of(from, bytes, &found);
	expect(found.key < 16, "a sense key of more than four bits");
	expect(found.valid || !(found.key | found.code | found.qualifier), "something of no sense data");
	// What lies behind it does not matter.
	if (bytes) {
		vscsi_sense shorter{};
		vscsi_sense_of(from, bytes - 1, &shorter);
		expect(!shorter.valid || (found.valid && shorter.key == found.key),
		       "more bytes say another key");
	}
	u16 code = 0x1234;
	if (vscsi_sense_data_attention(cdb.data(), from, bytes, &code)) {
		expect(cdb.data()[0] == 0x03 && found.valid && found.key == 6,
		       "an attention of something else");
		expect(code == (found.code << 8 | found.qualifier), "another code");
	} else {
		expect(code == 0x1234, "no attention, and yet a code");
	}
}

// Known to be all or nothing only where the device says so.
void effect(Input &input)
{
	constexpr u8 statuses[] = {0, 2, 2, 2, 8, 0x18, 0x28, 0x40};
	const u32 host = input.flag() ? 0 : input.below(16);
	const u32 status = statuses[input.below(8)];
	Exact data{input.below(VSCSI_SENSE_BYTES + 1)};
	input.fill(data.data(), data.size());
	const auto bytes = static_cast<u32>(data.size());
	const u8 *const from = bytes ? data.data() : nullptr;
	vscsi_sense found{};
	vscsi_sense_of(from, bytes, &found);
	const u32 had = vscsi_effect_of(host, status, from, bytes);
	expect(had <= VSCSI_EFFECT_UNKNOWN, "an effect that is none");
	expect(had != VSCSI_EFFECT_ALL || (!host && (!status || (status == 2 && found.key == 1))),
	       "a command is carried out that is not");
	expect(!host || had == (host == VSCSI_HOST_NO_CONNECT ? VSCSI_EFFECT_NONE : VSCSI_EFFECT_UNKNOWN),
	       "an adapter knows what a device has done");
	expect(host || status != 2 || !found.valid || found.key != 6 || had == VSCSI_EFFECT_NONE,
	       "a command is carried out beside a unit attention");
}

void block_status(Input &input)
{
	vscsi_block_answer answer;
	const u32 error = input.take<u32>();
	vscsi_block_status(error, input.flag(), &answer);
	expect(!(answer.host && answer.status), "an adapter's fault and a status");
	expect((answer.key != 0) == (answer.status == 0x02),
	       "sense without CHECK CONDITION, or none with it");
	expect((error == 0) == !(answer.host || answer.status), "an error that is none");
	expect(vscsi_host_result(error) <= 20, "a result that the wire does not know");
	expect(vscsi_host_result(error) != VSCSI_HOST_TIME_OUT, "a guest is told of the host's time out");
}

// Three sharers; one who was left behind hears POWER ON in place of what is lost.
void attentions(Input &input)
{
	vscsi_attentions kept{};
	kept.count = input.flag() ? ~0u - input.below(16) : 0;
	u32 told[3] = {kept.count, kept.count, kept.count};
	std::deque<u16> due[3];
	bool lost[3]{};
	while (!input.empty()) {
		const u8 what = input.take<u8>();
		const u32 who = what % 3;
		if (what & 0x80) {
			const u16 code = input.take<u16>();
			vscsi_attention_add(&kept, code);
			for (u32 i = 0; i < 3; i++) {
				due[i].push_back(code ? code : power_on);
				if (due[i].size() > VSCSI_ATTENTIONS_KEPT) {
					due[i].pop_front();
					lost[i] = true;
				}
			}
			continue;
		}
		expect(vscsi_attention_due(&kept, told[who]) == !due[who].empty(),
		       "something is due, or not");
		const u16 next = vscsi_attention_next(&kept, &told[who]);
		if (due[who].empty()) {
			expect(!next, "an attention that nobody told");
		} else if (lost[who]) {
			expect(next == power_on, "what is lost is not told");
			lost[who] = false;
		} else {
			expect(next == due[who].front(), "attentions out of order");
			due[who].pop_front();
		}
	}
}

} // namespace

void sense(Input input)
{
	switch (input.below(4)) {
	case 0:
		return sense_data(input);
	case 1:
		return block_status(input);
	case 2:
		return effect(input);
	default:
		return attentions(input);
	}
}

} // namespace fuzz
