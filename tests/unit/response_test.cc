// SPDX-License-Identifier: GPL-2.0 OR MIT
// What reaches the guest: status, sense, residual, and nothing of anybody else.
#include <algorithm>

#include "model.hpp"

using namespace model;

namespace
{

std::vector<u8> sense(u8 format, u8 additional, u32 bytes)
{
	std::vector<u8> s(bytes);
	for (u32 i = 0; i < bytes; i++)
		s[i] = static_cast<u8>(0x80 + i);
	if (bytes > 0)
		s[0] = format;
	if (bytes > 7)
		s[7] = additional;
	return s;
}

vscsiif_response answer(u32 status, const std::vector<u8> &s)
{
	Rig rig;
	const u32 slot = rig.start(command(1));
	rig.back.set_result(slot, VSCSI_HOST_OK, status, 0, s);
	return rig.finish(slot);
}

TEST(Response, SuccessByDefault)
{
	Rig rig;
	const auto response = rig.finish(rig.start(transfer(0xbeef, VSCSI_TO_DEVICE)));
	EXPECT_EQ(response.rqid, 0xbeef);
	EXPECT_EQ(response.rslt, 0);
	EXPECT_EQ(response.residual_len, 0u);
	EXPECT_EQ(response.sense_len, 0);
}

TEST(Response, HostAndStatusArePacked)
{
	for (u32 host = 0; host < 256; host += 5) {
		for (u32 status = 0; status < 256; status++) {
			Rig rig;
			const u32 slot = rig.start(command(1));
			rig.back.set_result(slot, host, status);
			const auto response = rig.finish(slot);
			EXPECT_EQ(XEN_VSCSIIF_RSLT_HOST(response.rslt), static_cast<i32>(host));
			EXPECT_EQ(XEN_VSCSIIF_RSLT_STATUS(response.rslt), static_cast<i32>(status));
			EXPECT_EQ(static_cast<u32>(response.rslt) & 0xff00ff00u, 0u);
		}
	}
}

TEST(Response, SenseFormats)
{
	for (u32 format = 0; format < 256; format++) {
		const auto s = sense(static_cast<u8>(format), 10, 96);
		const auto response = answer(0x02, s);
		// SPC: response codes 70h to 7Fh, with or without the VALID bit.
		const bool known = (format & 0x7f) >= 0x70;
		ASSERT_EQ(response.sense_len, known ? 18 : 0) << format;
		EXPECT_EQ(response.rslt, 0x02) << "the status stays, whatever the sense is";
		if (known) {
			EXPECT_EQ(std::memcmp(response.sense_buffer, s.data(), 18), 0);
		}
	}
}

TEST(Response, SenseLengths)
{
	for (const u8 format : std::initializer_list<u8>{0x70, 0x71, 0x72, 0x73, 0xf0}) {
		for (u32 additional = 0; additional < 256; additional++) {
			for (const u32 bytes : {0u, 1u, 7u, 8u, 9u, 17u, 18u, 32u, 95u, 96u, 97u, 252u}) {
				const auto s = sense(format, static_cast<u8>(additional), bytes);
				const auto response = answer(0x02, s);
				const u32 expected =
					bytes < 8 ? 0
						  : std::min({8 + additional, bytes, u32{VSCSI_SENSE_BYTES}});
				ASSERT_EQ(response.sense_len, expected) << additional << ' ' << bytes;
				ASSERT_TRUE(
					std::equal(s.begin(), s.begin() + expected, response.sense_buffer));
				for (u32 i = expected; i < VSCSI_SENSE_BYTES; i++)
					ASSERT_EQ(response.sense_buffer[i], 0);
			}
		}
	}
}

TEST(Response, SenseMayBeNull)
{
	Rig rig;
	const u32 slot = rig.start(command(1));
	const vscsi_result result{VSCSI_HOST_OK, 0x02, 0, 96, nullptr};
	vscsi_set_result(rig.back.engine(), slot, &result);
	const auto response = rig.finish(slot);
	EXPECT_EQ(response.sense_len, 0);
	EXPECT_EQ(response.rslt, 0x02);
}

TEST(Response, ResidualIsAtMostTheData)
{
	for (const u32 residual : {0u, 1u, 511u, 999u, 1000u, 1001u, 0x80000000u, 0xffffffffu}) {
		for (const u8 direction : std::initializer_list<u8>{VSCSI_TO_DEVICE, VSCSI_FROM_DEVICE}) {
			Rig rig;
			const u32 slot = rig.start(transfer(1, direction, 1000));
			rig.back.set_result(slot, VSCSI_HOST_OK, 0, residual);
			const u32 expected = std::min(residual, 1000u);
			EXPECT_EQ(rig.finish(slot).residual_len, expected);
			const auto counters = rig.back.counters();
			EXPECT_EQ(counters.bytes_out, direction == VSCSI_TO_DEVICE ? 1000 - expected : 0);
			EXPECT_EQ(counters.bytes_in, direction == VSCSI_FROM_DEVICE ? 1000 - expected : 0);
		}
	}
	Rig rig;
	const u32 slot = rig.start(command(1));
	rig.back.set_result(slot, VSCSI_HOST_OK, 0, 5);
	EXPECT_EQ(rig.finish(slot).residual_len, 0u) << "no data, no residual";
}

// A tape at a filemark: status, sense and residual together with data.
TEST(Response, CheckConditionWithData)
{
	Rig rig;
	const u32 slot = rig.start(transfer(1, VSCSI_FROM_DEVICE, 4096));
	auto s = sense(0xf0, 10, 18);
	s[2] = 0x80;
	rig.back.set_result(slot, VSCSI_HOST_OK, 0x02, 4096 - 512, s);
	const auto response = rig.finish(slot);
	EXPECT_EQ(response.rslt, 0x02);
	EXPECT_EQ(response.residual_len, 3584u);
	ASSERT_EQ(response.sense_len, 18);
	EXPECT_EQ(std::memcmp(response.sense_buffer, s.data(), 18), 0);
	EXPECT_EQ(rig.back.counters().bytes_in, 512u);
}

TEST(Response, LaterResultReplacesEarlier)
{
	Rig rig;
	const u32 slot = rig.start(transfer(1, VSCSI_FROM_DEVICE, 4096));
	rig.back.set_result(slot, VSCSI_HOST_OK, 0x02, 0, sense(0x70, 10, 18));
	rig.back.set_copy_failed(slot);
	const auto response = rig.finish(slot);
	EXPECT_EQ(response.rslt, VSCSI_HOST_ERROR << 16);
	EXPECT_EQ(response.sense_len, 0);
	for (const u8 byte : response.sense_buffer)
		EXPECT_EQ(byte, 0);
	EXPECT_EQ(response.residual_len, 4096u);
}

// Each response has every byte before `reserved` from this request alone.
TEST(Response, NothingOfEarlierResponses)
{
	Rig rig;
	for (u32 round = 0; round < 64; round++) {
		auto r = command(static_cast<u16>(round));
		std::memset(r.seg, 0xee, sizeof r.seg); // what a response overwrites
		std::memset(r.cmnd, 0xee, sizeof r.cmnd);
		const u32 slot = rig.start(r);
		const bool fails = round % 3 == 0;
		if (fails)
			rig.back.set_result(slot, VSCSI_HOST_BUSY, 0x02, 9, sense(0x70, 88, 96));
		const auto response = rig.finish(slot);
		vscsiif_response expected{};
		expected.rqid = static_cast<u16>(round);
		if (fails) {
			expected.rslt = VSCSI_HOST_BUSY << 16 | 0x02;
			expected.sense_len = 96;
			std::memcpy(expected.sense_buffer, sense(0x70, 88, 96).data(), 96);
		}
		ASSERT_EQ(std::memcmp(&response, &expected, offsetof(vscsiif_response, reserved)), 0);
		// The rest is the guest's own request still: nothing of ours goes there.
		const auto *entry = RING_GET_RESPONSE(&rig.guest.ring, rig.guest.ring.rsp_cons - 1);
		const auto *tail = reinterpret_cast<const u8 *>(entry) + offsetof(vscsiif_response, reserved);
		const auto *sent = reinterpret_cast<const u8 *>(&r) + offsetof(vscsiif_response, reserved);
		ASSERT_EQ(std::memcmp(tail, sent, sizeof response.reserved), 0);
	}
}

TEST(Response, NothingOfTheSlotsEarlierUse)
{
	auto bad = command(2);
	bad.act = 0;
	for (const auto &r : {bad, request(VSCSIIF_ACT_SCSI_RESET, 3), transfer(4, VSCSI_FROM_DEVICE)}) {
		Rig rig;
		const u32 slot = rig.start(transfer(1, VSCSI_FROM_DEVICE));
		rig.back.set_result(slot, VSCSI_HOST_BUSY, 0x02, 77, sense(0x70, 88, 96));
		(void)rig.finish(slot);
		const auto f = rig.fetch(r);
		ASSERT_EQ(f.slot, slot);
		if (f.what == VSCSI_FETCH_TASK)
			rig.back.set_task_result(f.slot, true);
		const auto response = rig.finish(f.slot);
		EXPECT_EQ(response.sense_len, 0);
		EXPECT_EQ(response.residual_len, 0u);
		EXPECT_EQ(response.rslt & 2, f.what == VSCSI_FETCH_TASK ? 2 : 0);
		for (const u8 byte : response.sense_buffer)
			EXPECT_EQ(byte, 0);
	}
}

// Nothing but the answered entry and the indices is ever written.
TEST(Response, OnlyItsOwnEntryIsWritten)
{
	Rig rig;
	auto *bytes = reinterpret_cast<u8 *>(rig.guest.shared());
	const u32 slot = rig.start(command(1));
	const u32 other = rig.start(command(2));
	std::vector<u8> before(bytes, bytes + VSCSI_PAGE_BYTES);
	rig.back.set_result(other, VSCSI_HOST_OK, 0x02, 0, sense(0x70, 255, 96));
	rig.back.respond(other);
	for (u32 i = 0; i < VSCSI_PAGE_BYTES; i++) {
		if (i < 64 || i >= 64 + offsetof(vscsiif_response, reserved)) {
			ASSERT_EQ(bytes[i], before[i]) << i;
		}
	}
	EXPECT_EQ(rig.finish(slot).rqid, 2) << "the first answer stands in the first entry";
	EXPECT_EQ(rig.guest.take().rqid, 1);
}

TEST(HostResult, WhatTheWireHasNoWordForIsAnError)
{
	for (vscsi_u32 host = 0; host <= 20; host++)
		EXPECT_EQ(vscsi_host_result(host), host == VSCSI_HOST_TIME_OUT ? VSCSI_HOST_RESET : host);
	EXPECT_EQ(vscsi_host_result(21), vscsi_u32{VSCSI_HOST_ERROR});
	EXPECT_EQ(vscsi_host_result(255), vscsi_u32{VSCSI_HOST_ERROR});
}

TEST(ModeSense, WriteProtectIsSetWhereThereIsRoom)
{
	using Cdb = std::array<vscsi_u8, VSCSI_CDB_BYTES>;
	constexpr Cdb inquiry{0x12}, mode_sense6{0x1a}, mode_sense10{0x5a};
	std::array<vscsi_u8, 4> data{};
	vscsi_protect_mode_sense(mode_sense6.data(), data.data(), 4);
	EXPECT_EQ(data, (std::array<vscsi_u8, 4>{0, 0, 0x80, 0}));
	data = {};
	vscsi_protect_mode_sense(mode_sense10.data(), data.data(), 4);
	EXPECT_EQ(data, (std::array<vscsi_u8, 4>{0, 0, 0, 0x80}));
	data = {};
	vscsi_protect_mode_sense(mode_sense6.data(), data.data(), 2);
	vscsi_protect_mode_sense(mode_sense10.data(), data.data(), 3);
	vscsi_protect_mode_sense(inquiry.data(), data.data(), 4);
	EXPECT_EQ(data, (std::array<vscsi_u8, 4>{}));
}

} // namespace
