// SPDX-License-Identifier: GPL-2.0 OR MIT
// The LUN map, and REPORT LUNS of what is in it, beside a std::map.
#include <array>
#include <map>
#include <vector>
#include <vscsi/engine.h>

#include "harness.hpp"

namespace fuzz
{
namespace
{

using Address = std::array<u32, 3>; // channel, id, lun
using Reference = std::map<Address, u32>;
constexpr u32 entry = 8;
constexpr u32 well_known_lun = 0xc101;

Address address(Input &input)
{
	constexpr u32 luns[] = {0, 1, 255, 256, 16382, 16383, 0xc101, 0xffff};
	const u8 where = input.take<u8>();
	return {where & 1u, where >> 1 & 1u, where & 0x80 ? input.take<u16>() : luns[where >> 2 & 7]};
}

std::vector<u8> reference_answer(const Reference &all, u32 channel, u32 id, u8 select)
{
	std::vector<u32> luns;
	if (select != 0)
		luns.push_back(well_known_lun);
	if (select != 1)
		for (const auto &[at, device] : all)
			if (at[0] == channel && at[1] == id)
				luns.push_back(at[2] < 256 || at[2] == well_known_lun ? at[2]
										      : at[2] | 0x4000);
	std::vector<u8> answer(entry);
	for (u32 i = 0; i < 4; i++)
		answer[i] = static_cast<u8>(luns.size() * entry >> (24 - 8 * i));
	for (const u32 lun : luns) {
		answer.push_back(static_cast<u8>(lun >> 8));
		answer.push_back(static_cast<u8>(lun));
		answer.insert(answer.end(), 6, 0);
	}
	return answer;
}

void report(Input &input, const vscsi_lun_map *map, const Reference &all)
{
	constexpr u8 junk = 0xa5;
	Exact cdb{VSCSI_CDB_BYTES};
	std::memset(cdb.data(), 0, cdb.size());
	const u8 how = input.take<u8>();
	cdb.data()[0] = 0xa0;
	cdb.data()[2] = how & 0x40 ? input.take<u8>() : how & 3;
	const bool valid = vscsi_report_luns_valid(cdb.data());
	expect(valid == (cdb.data()[2] <= 2), "a SELECT REPORT that is none");
	if (!valid)
		return;
	const u32 offset = how & 0x20 ? input.below(4096) * entry : input.below(8) * entry;
	Exact out{input.below(64)};
	std::memset(out.data(), junk, out.size());
	const u32 channel = how >> 2 & 1, id = how >> 3 & 1;
	const u32 total = vscsi_report_luns(map, channel, id, cdb.data(), offset, out.data(),
					    static_cast<u32>(out.size()));
	const auto answer = reference_answer(all, channel, id, cdb.data()[2]);
	expect(total == answer.size(), "another length");
	for (u32 i = 0; i < out.size(); i++)
		expect(out.data()[i] == (offset + i < answer.size() ? answer[offset + i] : junk),
		       "another answer, or one that goes on behind its end");
}

// What the well known logical unit says to anything else.
void well_known(Input &input)
{
	Exact cdb{VSCSI_CDB_BYTES};
	input.fill(cdb.data(), cdb.size());
	Exact out{VSCSI_WELL_KNOWN_BYTES};
	u32 bytes = ~0u;
	vscsi_result result;
	std::memset(&result, 0xa5, sizeof result);
	vscsi_well_known_answer(cdb.data(), out.data(), &bytes, &result);
	expect(bytes <= VSCSI_WELL_KNOWN_BYTES && result.host == VSCSI_HOST_OK && !result.residual,
	       "more than there is");
	expect(result.status == 0 || (result.status == 2 && !bytes), "data, and a refusal");
	expect((result.status == 2) == (result.sense != nullptr && result.sense_bytes == 18),
	       "sense without a refusal, or none with it");
}

} // namespace

void luns(Input input)
{
	const u32 capacity = input.below(12);
	Exact memory{vscsi_luns_bytes(capacity)};
	vscsi_lun_map *map = vscsi_luns_init(memory.data(), capacity);
	Reference all;
	while (!input.empty()) {
		const u8 what = input.take<u8>() % 8;
		if (what == 7) {
			well_known(input);
			continue;
		}
		if (what >= 5) {
			report(input, map, all);
			continue;
		}
		const Address at = address(input);
		const vscsi_address place{input.take<u8>(), at[0], at[1], at[2]};
		const bool there = all.contains(at);
		u32 device = 0x5a5a5a5a;
		switch (what) {
		case 0:
		case 1: {
			const u32 wanted = input.take<u16>();
			const int bad = vscsi_luns_add(map, &place, wanted);
			expect(bad == (there                    ? VSCSI_LUNS_TAKEN
				       : all.size() == capacity ? VSCSI_LUNS_FULL
								: 0),
			       "an address is taken, or not");
			if (!bad)
				all[at] = wanted;
			break;
		}
		case 2:
			expect(vscsi_luns_remove(map, &place) == there, "what was there is not removed");
			all.erase(at);
			break;
		case 3:
			expect(vscsi_luns_find(map, &place, &device) == there, "what is there is not found");
			expect(device == (there ? all[at] : 0x5a5a5a5a), "another device");
			break;
		default: {
			const u32 more = capacity + input.below(3);
			Exact next{vscsi_luns_bytes(more)};
			vscsi_lun_map *to = vscsi_luns_init(next.data(), more);
			vscsi_luns_move(to, map);
			for (const auto &[key, handle] : all) {
				const vscsi_address one{0, key[0], key[1], key[2]};
				expect(vscsi_luns_find(to, &one, &device) && device == handle,
				       "lost on the move");
			}
			report(input, to, all);
		}
		}
	}
}

} // namespace fuzz
