// SPDX-License-Identifier: GPL-2.0 OR MIT
// What a CDB may do, against the standards as they are written down here.
#include <algorithm>
#include <array>
#include <gtest/gtest.h>
#include <optional>
#include <set>
#include <sstream>
#include <string_view>
#include <utility>
#include <vector>
#include <vscsi/engine.h>

namespace
{

using namespace std::literals;

using u8 = vscsi_u8;
using u32 = vscsi_u32;
using Cdb = std::array<u8, VSCSI_CDB_BYTES>;

constexpr u32 block = 512;
constexpr u32 variable_length = 0x7f;
constexpr u32 directions[] = {VSCSI_TO_DEVICE, VSCSI_FROM_DEVICE, VSCSI_NO_DATA};

// d: disks, t: tapes, m: medium changers, c: CD and the like, o: other devices.
constexpr std::string_view classes = "dtmco";
constexpr std::string_view class_of_type = "dtoodcodmooooodooooodooooooooooo";

u32 type_of(char device)
{
	return static_cast<u32>(class_of_type.find(device));
}

/*
 * Data of a command, a letter for each operation code, sixteen in a word:
 *   . not defined, or of either direction    n none    i in
 *   o out, as long as the CDB says           O out, always
 *   f out if FMTDATA                         v out, as long as the CDB says, if BYTCHK or BYTCMP
 *   s out unless NDOB                        a as the service action is; see below
 */
struct Commands {
	char device;
	std::array<std::string_view, 12> data;
};

constexpr Commands commands[] = {
	{'d',
	 {"nn.if..Oi.On....", "..i..oono.inion.", ".....i..i.on..ov", "ooonnnni.oooiOio", //
	  "oOo.....a...oi..", "ooio.ooo..i...io", "................", "................", //
	  "oooaa.ioioooioov", "nnnsaa....oio.aa", "i.iaan.ni.oan.ov", "ooonio.ii......."}},
	{'t',
	 {"nn.ioi..i.on...i", "nnivioononinion.", "...........n....", "....i....oooi...", //
	  "o...i...a...oi..", ".....ooo..i...io", "................", "................", //
	  "ninaa.ioi.o.io.v", ".nnn.......i....", "i.iaan.n...a....", "....io..i......."}},
	{'m',
	 {"nn.i...n........", "..i..oon..inion.", "...........n....", ".......n...oi...", //
	  "o...i...a...oi..", ".....ooo..i...io", "................", "................", //
	  "...aa.io....io..", "...........i..a.", "i.iaann....a....", ".....io.i......."}},
	{'c',
	 {"nn.if...i..n....", "..i..oono.inion.", "...i.i..i.onn.ov", "ooon.n...oooi...", //
	  "o.iiinina.inoin.", ".iinoooon.inioio", "................", "................", //
	  "...aa.io....io..", "...........i....", "inioinnni.oaii..", ".....oo.iinn.iio"}},
	{'o',
	 {"n..i............", "..i..oon..i.ion.", "................", "...........oi...", //
	  "o.......a...oi..", ".....ooo..i...io", "................", "................", //
	  "...aa.io....io..", "...........i....", "i.iaa......a....", ".....o.........."}},
};

// The same by service action.
struct Actions {
	std::string_view devices;
	u8 opcode;
	std::string_view data;
};

constexpr Actions actions[] = {
	{"dtmco", 0x48, ".onn...........................n"}, // SANITIZE
	{"dtmco", 0x83, "oo..............oo..........n..."}, // third-party copy OUT
	{"dtmco", 0x84, "ii.iiiiii......................."}, // third-party copy IN
	{"d", 0x94, ".nnnn...........n..............."},     // ZBC OUT
	{"d", 0x95, "i.....iiii......................"},     // ZBC IN
	{"d", 0x9e, "................iiiiiniinnn....."},     // SERVICE ACTION IN(16)
	{"m", 0x9e, "................i..............."},
	{"d", 0x9f, ".................oo............."},     // SERVICE ACTION OUT(16)
	{"dtmo", 0xa3, ".....i....iiiiiii..............."},  // MAINTENANCE IN
	{"dtmo", 0xa4, "......o...ooo.ooo..............."},  // MAINTENANCE OUT
	{"dtmco", 0xab, ".i.............................."}, // SERVICE ACTION IN(12)
};

char data_of(char device, u32 opcode, u32 action)
{
	char data = '.';
	for (const auto &list : commands)
		if (list.device == device && opcode < 0xc0)
			data = list.data[opcode / 16][opcode % 16];
	if (data != 'a')
		return data;
	for (const auto &list : actions)
		if (list.opcode == opcode && list.devices.find(device) != list.devices.npos)
			return list.data[action];
	ADD_FAILURE() << "no service actions of " << opcode << " for " << device;
	return '?';
}

// Where the length field is, and of how many bytes.
struct Length {
	std::string_view devices;
	std::vector<u8> opcodes;
	u32 at, bytes;
};

const Length lengths[] = {
	{"dtmco", {0x15}, 4, 1},
	{"dtmco", {0x16, 0x1d}, 3, 2},
	{"dtmco", {0x3b}, 6, 3},
	{"dtmco", {0x40}, 8, 1},
	{"dtmco", {0x48, 0x4c, 0x55, 0x56, 0x57}, 7, 2},
	{"dtmco", {0x5f}, 5, 4},
	{"dtmco", {0x83, 0x87, 0x8d}, 10, 4},
	{"dtmo", {0xa4}, 6, 4},
	{"dtco", {0xb5}, 6, 4},
	{"dtc", {0x18}, 2, 3},
	{"dtc", {0x39, 0x3a}, 3, 3},
	{"dc", {0x2a, 0x2e, 0x2f, 0x30, 0x31, 0x32}, 7, 2},
	{"dc", {0xaa}, 6, 4},
	{"d", {0x3f, 0x42, 0x50, 0x51, 0x53}, 7, 2},
	{"d", {0x89}, 13, 1},
	{"d", {0x80, 0x81, 0x82, 0x8a, 0x8b, 0x8e, 0x8f}, 10, 4},
	{"d", {0x9a, 0x9c}, 12, 2},
	{"d", {0xae, 0xaf, 0xb0, 0xb1, 0xb2}, 6, 4},
	{"t", {0x04}, 3, 2},
	{"t", {0x0a, 0x13}, 2, 3},
	{"t", {0x8a, 0x8f}, 12, 3},
	{"m", {0xb6}, 8, 2},
	{"c", {0x54}, 7, 2},
	{"c", {0x5d}, 6, 3},
	{"c", {0xa3, 0xbf}, 8, 2},
	{"c", {0xb6}, 9, 2},
};

std::optional<std::pair<u32, u32>> length_of(char device, u32 opcode, u32 action)
{
	if (opcode == 0x9f) // WRITE LONG(16), WRITE SCATTERED(16)
		return action == 0x11 ? std::pair{12u, 2u} : std::pair{10u, 4u};
	for (const auto &length : lengths)
		for (const u32 candidate : length.opcodes)
			if (candidate == opcode && length.devices.find(device) != length.devices.npos)
				return std::pair{length.at, length.bytes};
	return {};
}

// SBC-3, SSC-3, SPC-4, SAT-3, ZBC, MMC-6: these change the medium, or may, ...
const std::set<u32> writing{0x04, 0x07, 0x0a, 0x0b, 0x10, 0x18, 0x19, 0x2a, 0x2c, 0x2e, 0x38,
			    0x3a, 0x3d, 0x3f, 0x41, 0x42, 0x48, 0x50, 0x51, 0x53, 0x54, 0x58,
			    0x5b, 0x7e, 0x80, 0x81, 0x82, 0x85, 0x89, 0x8a, 0x8b, 0x8d, 0x8e,
			    0x93, 0x94, 0x9a, 0x9c, 0xa1, 0xaa, 0xac, 0xae, 0xbf};
// ... by service action, ...
const std::set<std::pair<u32, u32>> writing_actions{{0x83, 0x00}, {0x83, 0x01}, {0x83, 0x11},
						    {0x95, 0x08}, {0x9f, 0x11}, {0x9f, 0x12}};
// ... and are another command on these devices: INITIALIZE ELEMENT STATUS,
// SEEK(6), READ SUB-CHANNEL, READ DISC INFORMATION, READ REVERSE(16), GET PERFORMANCE.
const std::set<std::pair<char, u32>> harmless{{'m', 0x07}, {'d', 0x0b}, {'c', 0x0b}, {'c', 0x42},
					      {'c', 0x51}, {'t', 0x81}, {'c', 0xac}};

bool changes_medium(char device, u32 opcode, u32 action)
{
	if (device == 'd' && opcode == 0x9e)
		return action >= 0x18 && action <= 0x1a; // of elements
	if (harmless.count({device, opcode}))
		return false;
	return writing.count(opcode) || writing_actions.count({opcode, action});
}

// What was taken to change the medium, on any device, before there was a table.
bool changed_medium_before(const Cdb &cdb)
{
	static const std::set<u32> list{0x04, 0x07, 0x0a, 0x0b, 0x10, 0x19, 0x2a, 0x2c, 0x2e, 0x3f, 0x41,
					0x42, 0x48, 0x50, 0x51, 0x53, 0x58, 0x5b, 0x80, 0x82, 0x85, 0x89,
					0x8a, 0x8b, 0x8d, 0x8e, 0x93, 0x94, 0x9c, 0xa1, 0xaa, 0xac, 0xae};
	return list.count(cdb[0]) || (cdb[0] == 0x9f && (cdb[1] & 0x1f) == 0x11);
}

struct Asked {
	char device = 'd';
	u32 direction = VSCSI_NO_DATA;
	bool emulated = false;
	bool read_only = false;
};

int verdict(const Cdb &cdb, const Asked &asked)
{
	const vscsi_cdb_view view{cdb.data(),
				  asked.direction,
				  asked.direction == VSCSI_NO_DATA ? 0 : block,
				  type_of(asked.device),
				  asked.emulated,
				  asked.read_only};
	return vscsi_cdb_verdict(&view);
}

// fields: what all bytes behind the first two are.
Cdb command(u32 opcode, u32 action, u8 fields = 0)
{
	Cdb cdb;
	cdb.fill(fields);
	cdb[0] = static_cast<u8>(opcode);
	cdb[1] = static_cast<u8>(action);
	return cdb;
}

bool says_data(char data, const Cdb &cdb)
{
	const bool length = cdb[2];
	switch (data) {
	case 'o':
		return length;
	case 'O':
		return true;
	case 'f':
		return cdb[1] & 0x10;
	case 'v':
		return length && (cdb[1] & 2);
	case 's':
		return !(cdb[1] & 1);
	default:
		return false;
	}
}

bool fits(char data, u32 direction, const Cdb &cdb)
{
	if (direction == VSCSI_FROM_DEVICE)
		return data == '.' || data == 'i';
	if (direction == VSCSI_TO_DEVICE)
		return data == '.' || "oOfvs"sv.find(data) != ""sv.npos;
	return !says_data(data, cdb);
}

int expected(char data, const Asked &asked, const Cdb &cdb)
{
	if (asked.emulated && (cdb[0] == 0x83 || cdb[0] == 0x84))
		return VSCSI_CDB_UNSUPPORTED;
	if (asked.read_only && changes_medium(asked.device, cdb[0], cdb[1] & 0x1f))
		return VSCSI_CDB_WRITE_PROTECTED;
	if (asked.emulated && asked.device != 'c' && cdb[0] == 0xa4 && (cdb[1] & 0x1f) == 0x0a)
		return VSCSI_CDB_INVALID_FIELD;
	if (asked.emulated && data == 's' && (cdb[1] & 1))
		return VSCSI_CDB_INVALID_FIELD;
	return fits(data, asked.direction, cdb) ? VSCSI_CDB_PASS : VSCSI_CDB_INVALID_FIELD;
}

template <typename Check>
void each_command(const Check &check)
{
	for (const char device : classes)
		for (u32 opcode = 0; opcode < 256; opcode++)
			for (u32 action = 0; action < 32 && opcode != variable_length; action++)
				if (!::testing::Test::HasFailure())
					check(device, opcode, action);
}

std::string name(char device, u32 opcode, u32 action)
{
	std::ostringstream text;
	text << device << std::hex << " opcode " << opcode << " action " << action;
	return text.str();
}

// Every way to ask the device.
std::vector<Asked> ways(char device)
{
	std::vector<Asked> all;
	for (const u32 direction : directions)
		for (const bool emulated : {false, true})
			for (const bool read_only : {false, true})
				all.push_back({device, direction, emulated, read_only});
	return all;
}

std::ostream &operator<<(std::ostream &out, const Asked &asked)
{
	return out << asked.device << " direction " << asked.direction << " emulated " << asked.emulated
		   << " read-only " << asked.read_only;
}

TEST(Cdb, EachIsWhatTheStandardsSay)
{
	each_command([](char device, u32 opcode, u32 action) {
		const char data = data_of(device, opcode, action);
		for (const Cdb &cdb : {command(opcode, action), command(opcode, action | 0xe0, 0xff)})
			for (const Asked &asked : ways(device))
				ASSERT_EQ(verdict(cdb, asked), expected(data, asked, cdb))
					<< name(device, opcode, action) << " fields " << int{cdb[2]} << ' '
					<< asked;
	});
}

TEST(Cdb, DataIsExpectedWhereItsLengthIsNotZero)
{
	constexpr u8 bits[] = {0x01, 0x80};
	each_command([&](char device, u32 opcode, u32 action) {
		const char data = data_of(device, opcode, action);
		if (data != 'o' && data != 'v')
			return;
		const auto length = length_of(device, opcode, action);
		ASSERT_TRUE(length) << name(device, opcode, action);
		for (u32 at = 2; at < VSCSI_CDB_BYTES; at++)
			for (const u8 bit : bits) {
				Cdb cdb = command(opcode, data == 'v' ? action | 2 : action);
				cdb[at] = bit;
				const bool within =
					at >= length->first && at < length->first + length->second;
				ASSERT_EQ(verdict(cdb, {device}),
					  within ? VSCSI_CDB_INVALID_FIELD : VSCSI_CDB_PASS)
					<< name(device, opcode, action) << " byte " << at;
			}
	});
}

TEST(Cdb, NothingThatWasProtectedIsUnprotectedButWhereItIsAnotherCommand)
{
	each_command([](char device, u32 opcode, u32 action) {
		const Cdb cdb = command(opcode, action);
		if (!changed_medium_before(cdb) || harmless.count({device, opcode}))
			return;
		for (const u32 direction : directions)
			for (const bool emulated : {false, true})
				ASSERT_EQ(verdict(cdb, {device, direction, emulated, true}),
					  VSCSI_CDB_WRITE_PROTECTED)
					<< name(device, opcode, action);
	});
}

// Target core refuses by itself what else goes out to a read-only LUN.
TEST(Cdb, WriteProtectionIsOfTheMedium)
{
	for (const u32 opcode : {0x15, 0x1d, 0x3b, 0x4c, 0x55, 0x5f, 0x87, 0xb5})
		EXPECT_EQ(verdict(command(opcode, 0, 1), {'d', VSCSI_TO_DEVICE, true, true}), VSCSI_CDB_PASS);
	for (const u32 opcode : {0x08, 0x25, 0x28, 0x88, 0xa8})
		EXPECT_EQ(verdict(command(opcode, 0), {'d', VSCSI_FROM_DEVICE, true, true}), VSCSI_CDB_PASS);
}

struct Variable {
	u32 action;
	char data;
	bool writes;
};

// V: VERIFY(32), whose BYTCHK is in byte 10; S: WRITE SAME(32), whose NDOB is.
constexpr Variable variables[] = {
	{0x0000, '.', false}, {0x0001, 'O', true},  {0x0002, 'O', true},  {0x0003, 'i', false},
	{0x0004, 'O', true},  {0x0005, 'O', true},  {0x0006, 'O', true},  {0x0007, 'O', true},
	{0x0008, 'O', true},  {0x0009, 'i', false}, {0x000a, 'V', false}, {0x000b, 'O', true},
	{0x000c, 'O', true},  {0x000d, 'S', true},  {0x000e, 'O', true},  {0x000f, 'O', true},
	{0x0010, 'O', true},  {0x0011, 'O', true},  {0x0012, 'i', false}, {0x0013, '.', false},
	{0x0109, '.', false}, {0x0d00, '.', false}, {0x1800, 'i', false}, {0x1ff0, '.', true},
	{0x8805, '.', false}, {0xffff, '.', false}};

bool variable_says_data(const Variable &variable, u8 flags)
{
	return variable.data == 'O' || (variable.data == 'V' && (flags & 2)) ||
	       (variable.data == 'S' && !(flags & 1));
}

int variable_expected(const Variable &variable, u8 flags, const Asked &asked)
{
	if (asked.read_only && variable.writes)
		return VSCSI_CDB_WRITE_PROTECTED;
	if (asked.emulated && variable.data == 'S' && (flags & 1))
		return VSCSI_CDB_INVALID_FIELD;
	const bool out = "OVS"sv.find(variable.data) != ""sv.npos;
	bool fit = variable.data == '.';
	if (asked.direction == VSCSI_TO_DEVICE)
		fit = fit || out;
	else if (asked.direction == VSCSI_FROM_DEVICE)
		fit = fit || variable.data == 'i';
	else
		fit = !variable_says_data(variable, flags);
	return fit ? VSCSI_CDB_PASS : VSCSI_CDB_INVALID_FIELD;
}

Cdb variable_command(const Variable &variable, u8 flags)
{
	Cdb cdb = command(variable_length, static_cast<u8>(~flags)); // CONTROL
	cdb[8] = static_cast<u8>(variable.action >> 8);
	cdb[9] = static_cast<u8>(variable.action);
	cdb[10] = flags;
	return cdb;
}

TEST(Cdb, VariableLengthOnesGoByBytesEightAndNine)
{
	for (const auto &variable : variables)
		for (const char device : classes)
			for (u32 flags = 0; flags < 256 && !HasFailure(); flags++)
				for (const Asked &asked : ways(device)) {
					const Cdb cdb = variable_command(variable, static_cast<u8>(flags));
					ASSERT_EQ(verdict(cdb, asked),
						  variable_expected(variable, cdb[10], asked))
						<< "action " << variable.action << " flags " << flags << ' '
						<< asked;
				}
}

TEST(Cdb, AWriteSameThatClaimsToReadOrToHaveNoBlock)
{
	const Cdb same10 = command(0x41, 0);
	const Cdb same16 = command(0x93, 0);
	const Cdb unmapping10 = command(0x41, 0x08);
	const Cdb unmapping16 = command(0x93, 0x08);
	for (const auto &cdb : {same10, same16, unmapping10, unmapping16}) {
		EXPECT_EQ(verdict(cdb, {'d', VSCSI_FROM_DEVICE, true}), VSCSI_CDB_INVALID_FIELD);
		EXPECT_EQ(verdict(cdb, {'d', VSCSI_NO_DATA, true}), VSCSI_CDB_INVALID_FIELD);
		EXPECT_EQ(verdict(cdb, {'d', VSCSI_TO_DEVICE, true}), VSCSI_CDB_PASS);
		EXPECT_EQ(verdict(cdb, {'d', VSCSI_FROM_DEVICE, true, true}), VSCSI_CDB_WRITE_PROTECTED);
	}
	const Cdb no_block = command(0x93, 0x01);
	EXPECT_EQ(verdict(no_block, {'d', VSCSI_NO_DATA, false}), VSCSI_CDB_PASS);
	for (const u32 direction : directions)
		EXPECT_EQ(verdict(no_block, {'d', direction, true}), VSCSI_CDB_INVALID_FIELD);
}

TEST(Cdb, SetTargetPortGroupsIsNotForOneGuestToSend)
{
	const Cdb set = command(0xa4, 0x0a);
	for (const u32 direction : directions)
		EXPECT_EQ(verdict(set, {'d', direction, true}), VSCSI_CDB_INVALID_FIELD);
	EXPECT_EQ(verdict(set, {'d', VSCSI_TO_DEVICE, false}), VSCSI_CDB_PASS);
	EXPECT_EQ(verdict(command(0xa3, 0x0a), {'d', VSCSI_FROM_DEVICE, true}), VSCSI_CDB_PASS);
}

TEST(Cdb, AListOfNoLengthNeedsNoData)
{
	for (const u32 opcode : {0x15, 0x42, 0x55, 0x5f, 0x2a, 0x8a, 0xaa})
		for (const bool emulated : {false, true})
			EXPECT_EQ(verdict(command(opcode, 0), {'d', VSCSI_NO_DATA, emulated}), VSCSI_CDB_PASS)
				<< opcode;
}

// SBC-2: no blocks in the CDB are 256 blocks; SSC-3: they are none.
TEST(Cdb, AWrite6OfNoBlocksHasDataOnDisksOnly)
{
	for (const bool emulated : {false, true}) {
		EXPECT_EQ(verdict(command(0x0a, 0), {'d', VSCSI_NO_DATA, emulated}), VSCSI_CDB_INVALID_FIELD);
		EXPECT_EQ(verdict(command(0x0a, 0), {'d', VSCSI_TO_DEVICE, emulated}), VSCSI_CDB_PASS);
	}
	EXPECT_EQ(verdict(command(0x0a, 0), {'t', VSCSI_NO_DATA}), VSCSI_CDB_PASS);
}

// Any direction with no data at all is none.
TEST(Cdb, ADirectionWithoutDataIsNone)
{
	for (const u32 direction : {0u, 1u, 2u, 3u, 4u})
		for (const u32 bytes : {0u, block}) {
			const bool data = bytes && (direction == 1 || direction == 2);
			const Cdb ready = command(0x00, 0);
			const Cdb write = command(0x2a, 0, 1);
			vscsi_cdb_view view{ready.data(), direction, bytes, 0, true, false};
			EXPECT_EQ(vscsi_cdb_verdict(&view), data ? VSCSI_CDB_INVALID_FIELD : VSCSI_CDB_PASS);
			view.cdb = write.data();
			EXPECT_EQ(vscsi_cdb_verdict(&view), data && direction == VSCSI_TO_DEVICE
								    ? VSCSI_CDB_PASS
								    : VSCSI_CDB_INVALID_FIELD);
		}
}

TEST(Cdb, DeviceTypes)
{
	const Cdb read = command(0x28, 0);
	const auto refuses = [](u32 opcode, u32 direction, u32 type) {
		const Cdb cdb = command(opcode, 0);
		const vscsi_cdb_view view{cdb.data(), direction, block, type, false, false};
		return vscsi_cdb_verdict(&view) == VSCSI_CDB_INVALID_FIELD;
	};
	for (const u32 type : {0x20u, 0x7fu, 0x100u, ~0u}) {
		EXPECT_FALSE(vscsi_cdb_is_plain(read.data(), VSCSI_FROM_DEVICE, type));
		EXPECT_FALSE(refuses(0x05, VSCSI_TO_DEVICE, type));
	}
	for (u32 type = 0; type < class_of_type.size(); type++) {
		const char device = class_of_type[type];
		EXPECT_EQ(vscsi_cdb_is_plain(read.data(), VSCSI_FROM_DEVICE, type), device == 'd') << type;
		EXPECT_EQ(refuses(0x05, VSCSI_TO_DEVICE, type), device == 't') << type;
		EXPECT_EQ(refuses(0x37, VSCSI_FROM_DEVICE, type), device == 'm') << type;
		EXPECT_EQ(refuses(0x43, VSCSI_TO_DEVICE, type), device == 'c') << type;
	}
}

TEST(Cdb, PlainAreReadsAndWritesOfDisks)
{
	const std::set<u32> reads{0x08, 0x28, 0x88, 0xa8};
	const std::set<u32> writes{0x0a, 0x2a, 0x8a, 0xaa, 0x2e, 0x8e};
	each_command([&](char device, u32 opcode, u32 action) {
		const Cdb cdb = command(opcode, action);
		const auto plain = [&](u32 direction) {
			return vscsi_cdb_is_plain(cdb.data(), direction, type_of(device));
		};
		ASSERT_EQ(plain(VSCSI_FROM_DEVICE), device == 'd' && reads.count(opcode));
		ASSERT_EQ(plain(VSCSI_TO_DEVICE), device == 'd' && writes.count(opcode));
		ASSERT_FALSE(plain(VSCSI_NO_DATA));
	});
}

u32 limit(char device, u32 opcode, u32 said, u32 action = 0)
{
	return vscsi_cdb_time_limit(command(opcode, action).data(), type_of(device), said);
}

// 16 bits of seconds on the wire: a limit of 65,600 s arrives as 64.
TEST(Cdb, NoTimeLimitCutsAFormatOrAnEraseShort)
{
	constexpr u32 day = 24 * 3600;
	const std::set<std::pair<char, u32>> lasting{
		{'d', 0x04}, {'c', 0x04}, {'t', 0x04}, {'t', 0x19}, {'t', 0x93}, {'d', 0x93},
		{'d', 0x41}, {'d', 0x48}, {'t', 0x0b}, {'t', 0x13}, {'t', 0x8f}, {'c', 0xa1},
	};
	for (const auto &[device, opcode] : lasting)
		for (const u32 said : {u32{0}, u32{64}, u32{65'535}})
			EXPECT_GE(limit(device, opcode, said), day) << device << ' ' << opcode;
	for (const u32 opcode : {0x08u, 0x0au, 0x28u, 0x00u, 0x11u}) {
		EXPECT_EQ(limit('t', opcode, 0), 900u);
		EXPECT_EQ(limit('t', opcode, 1), 1u);
		EXPECT_EQ(limit('t', opcode, 64'999), 64'999u);
		EXPECT_GE(limit('t', opcode, 65'000), day) << "as good as without one";
		EXPECT_GE(limit('t', opcode, 65'535), day);
	}
}

TEST(Cdb, AllButReadsAndWritesOfDisksMayWait)
{
	const std::set<u32> prompt{0x08, 0x28, 0x88, 0xa8, 0x0a, 0x2a, 0x8a, 0xaa, 0x2e, 0x8e, 0xae};
	each_command([&](char device, u32 opcode, u32 action) {
		const Cdb cdb = command(opcode, action);
		ASSERT_EQ(vscsi_cdb_may_wait(cdb.data(), type_of(device)),
			  device != 'd' || !prompt.count(opcode))
			<< name(device, opcode, action);
	});
	EXPECT_TRUE(vscsi_cdb_may_wait(command(variable_length, 0).data(), 0));
}

TEST(Cdb, Lengths)
{
	for (u32 opcode = 0; opcode < 256; opcode++)
		for (const u32 said : {0u, 1u, 5u, 6u, 7u, 10u, 12u, 15u, 16u, 17u, ~0u}) {
			u32 bytes = std::max(6u, std::min(16u, said));
			if (opcode < 0x20)
				bytes = 6;
			else if (opcode < 0x60)
				bytes = 10;
			else if (opcode < 0x7f)
				bytes = 12;
			else if (opcode >= 0x80 && opcode < 0xa0)
				bytes = 16;
			else if (opcode >= 0xa0 && opcode < 0xc0)
				bytes = 12;
			EXPECT_EQ(vscsi_cdb_bytes(command(opcode, 0).data(), said), bytes)
				<< opcode << " said " << said;
		}
}

} // namespace
