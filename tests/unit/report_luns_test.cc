// SPDX-License-Identifier: GPL-2.0 OR MIT
// REPORT LUNS and the well known logical unit: what a guest is told it has.
#include "model.hpp"

using namespace model;

namespace
{

using Cdb = std::vector<u8>;
using Bytes = std::vector<u8>;

constexpr u32 well_known_lun = 0xc101;

Cdb report_luns(u8 select)
{
	return {0xa0, 0, select, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 0};
}

u32 piece(Luns &luns, u8 select, u32 offset, u8 *out, u32 bytes)
{
	return vscsi_report_luns(luns.map(), 0, 1, report_luns(select).data(), offset, out, bytes);
}

Bytes whole(Luns &luns, u8 select)
{
	Bytes all(piece(luns, select, 0, nullptr, 0));
	EXPECT_EQ(piece(luns, select, 0, all.data(), static_cast<u32>(all.size())), all.size());
	return all;
}

Bytes list_of(std::initializer_list<u32> fields)
{
	Bytes out(8 + 8 * fields.size());
	out[3] = static_cast<u8>(8 * fields.size());
	std::size_t at = 8;
	for (const u32 field : fields) {
		out[at] = static_cast<u8>(field >> 8);
		out[at + 1] = static_cast<u8>(field);
		at += 8;
	}
	return out;
}

struct Answer {
	Bytes data;
	vscsi_result result;
};

Answer well_known(const Cdb &cdb)
{
	Answer answer{Bytes(VSCSI_WELL_KNOWN_BYTES, junk), {}};
	u32 bytes = ~0u;
	vscsi_well_known_answer(cdb.data(), answer.data.data(), &bytes, &answer.result);
	EXPECT_LE(bytes, VSCSI_WELL_KNOWN_BYTES);
	answer.data.resize(bytes);
	return answer;
}

Cdb cdb_of(std::initializer_list<u8> bytes)
{
	Cdb cdb{bytes};
	cdb.resize(16);
	return cdb;
}

TEST(ReportLuns, EmptyTarget)
{
	Luns luns;
	EXPECT_EQ(whole(luns, 0), list_of({}));
}

TEST(ReportLuns, ThisTargetsLunsInOrder)
{
	Luns luns;
	u32 handle = 0;
	for (const u32 lun : {16383u, 0u, 256u, 255u, 7u})
		EXPECT_EQ(luns.add({0, 0, 1, lun}, handle++), 0);
	for (const auto &other : {vscsi_address{0, 0, 0, 3}, {0, 0, 2, 4}, {0, 1, 1, 5}})
		EXPECT_EQ(luns.add(other, handle++), 0);
	EXPECT_EQ(whole(luns, 0), list_of({0, 7, 255, 0x4100, 0x7fff}));
	EXPECT_EQ(whole(luns, 1), list_of({well_known_lun}));
	EXPECT_EQ(whole(luns, 2), list_of({well_known_lun, 0, 7, 255, 0x4100, 0x7fff}));
}

TEST(ReportLuns, PiecesMakeTheWhole)
{
	constexpr u32 count = 1000;
	Luns luns{count};
	for (u32 lun = 0; lun < count; lun++)
		EXPECT_EQ(luns.add({0, 0, 1, lun * 16}, lun), 0);
	const auto all = whole(luns, 2);
	ASSERT_EQ(all.size(), 8 + 8 * (count + 1));
	for (const u32 step : {8u, 512u, 3584u, 4096u}) {
		Bytes pieces(all.size(), junk);
		for (u32 at = 0; at < all.size(); at += step)
			EXPECT_EQ(piece(luns, 2, at, pieces.data() + at,
					std::min(step, static_cast<u32>(all.size()) - at)),
				  all.size());
		EXPECT_EQ(pieces, all) << step;
	}
}

TEST(ReportLuns, ShortAndLongBuffers)
{
	Luns luns;
	EXPECT_EQ(luns.add({0, 0, 1, 300}, 0), 0);
	const auto all = whole(luns, 0);
	for (u32 room = 0; room < 40; room++) {
		const auto memory = std::make_unique<u8[]>(room); // ASan watches its end
		std::memset(memory.get(), junk, room);
		EXPECT_EQ(piece(luns, 0, 0, memory.get(), room), all.size());
		for (u32 i = 0; i < room; i++)
			EXPECT_EQ(memory[i], i < all.size() ? all[i] : u8{junk}) << room << " " << i;
	}
	u8 beyond[16];
	std::memset(beyond, junk, sizeof beyond);
	EXPECT_EQ(piece(luns, 0, 4096, beyond, sizeof beyond), all.size());
	EXPECT_EQ(beyond[0], u8{junk});
}

TEST(ReportLuns, SelectReport)
{
	for (u32 select = 0; select < 256; select++)
		EXPECT_EQ(vscsi_report_luns_valid(report_luns(static_cast<u8>(select)).data()), select < 3);
}

TEST(WellKnown, Inquiry)
{
	const auto answer = well_known(cdb_of({0x12, 0, 0, 0x01, 0x00}));
	EXPECT_EQ(answer.result.status, 0u);
	ASSERT_EQ(answer.data.size(), 36u);
	EXPECT_EQ(answer.data[0], 0x1e) << "well known logical unit, there";
	EXPECT_EQ(answer.data[4], 31) << "additional length";
	EXPECT_EQ(std::string(answer.data.begin() + 8, answer.data.begin() + 32), "XEN     PV SCSI         ");
	EXPECT_EQ(well_known(cdb_of({0x12, 0, 0, 0, 5})).data.size(), 5u) << "allocation length";
	EXPECT_EQ(well_known(cdb_of({0x12, 1, 0x83, 0, 0xff})).result.sense[12], 0x24) << "no pages";
}

TEST(WellKnown, OtherCommands)
{
	const auto ready = well_known(cdb_of({0x00}));
	EXPECT_EQ(ready.result.status, 0u);
	EXPECT_TRUE(ready.data.empty());

	const auto sense = well_known(cdb_of({0x03, 0, 0, 0, 18}));
	EXPECT_EQ(sense.result.status, 0u);
	ASSERT_EQ(sense.data.size(), 18u);
	EXPECT_EQ(sense.data[2] & 0xf, 0) << "NO SENSE";

	for (const u8 opcode : std::initializer_list<u8>{0x08, 0x28, 0x2a, 0x1a, 0x5e, 0xa3}) {
		const auto refused = well_known(cdb_of({opcode}));
		EXPECT_EQ(refused.result.status, 2u);
		EXPECT_TRUE(refused.data.empty());
		ASSERT_GE(refused.result.sense_bytes, 18u);
		EXPECT_EQ(refused.result.sense[2], 5) << "ILLEGAL REQUEST";
		EXPECT_EQ(refused.result.sense[12], 0x20) << "INVALID COMMAND OPERATION CODE";
	}
	EXPECT_EQ(well_known(cdb_of({0xa0, 0, 0x10})).result.sense[12], 0x24) << "SELECT REPORT";
}

TEST(WellKnown, AtTargetsThatHaveSomething)
{
	Rig rig;
	auto at = disk_at;
	at.lun = well_known_lun;
	const u32 slot = rig.start(command(1, VSCSI_NO_DATA, at));
	const auto found = rig.back.command(slot);
	EXPECT_EQ(found.device, VSCSI_WELL_KNOWN);
	EXPECT_EQ(found.channel, disk_at.channel);
	EXPECT_EQ(found.id, disk_at.id);
	(void)rig.finish(slot);

	for (const auto &nowhere : {vscsi_address{0, 0, disk_at.id + 1, well_known_lun},
				    {0, disk_at.channel + 1, disk_at.id, well_known_lun}})
		EXPECT_EQ(rig.fetch(command(2, VSCSI_NO_DATA, nowhere)).what, VSCSI_FETCH_REJECT);
}

TEST(WellKnown, NoTaskOfAnotherTargetCoversIt)
{
	Rig rig;
	auto here = disk_at;
	here.lun = well_known_lun;
	auto there = here;
	there.id++;
	EXPECT_EQ(rig.luns.add({0, 0, there.id, 0}, 9), 0);
	const u32 slot = rig.start(command(1, VSCSI_NO_DATA, here));
	const auto elsewhere = rig.fetch(request(VSCSIIF_ACT_SCSI_RESET, 2, there));
	ASSERT_EQ(elsewhere.what, VSCSI_FETCH_TASK);
	EXPECT_EQ(rig.back.task(elsewhere.slot).covered, 0u);
	const auto same = rig.fetch(request(VSCSIIF_ACT_SCSI_RESET, 3, here));
	ASSERT_EQ(same.what, VSCSI_FETCH_TASK);
	EXPECT_EQ(rig.back.task(same.slot).covered, 1u << slot);
}

} // namespace
