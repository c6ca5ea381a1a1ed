// SPDX-License-Identifier: GPL-2.0 OR MIT
// The commands, in the order of their codes.  Beside each one is the standard
// that defines it, or did: SPC-4 and SBC-3 with the clause, SSC-3 with the group
// of clauses (5 explicit address, 6 implicit address, 7 common).
#include <vscsi/cdb.hpp>

namespace vscsi
{
namespace
{

using enum DeviceClass;
using enum Trait;

constexpr DeviceClass not_cd = disk | tape | changer | other;
constexpr DeviceClass not_changer = disk | tape | cd | other;
constexpr DeviceClass all = not_cd | cd;

constexpr Beside nothing = Beside::nothing;
constexpr Beside beside_we = Beside::write_exclusive;
constexpr Beside beside_pr = Beside::any_persistent;
constexpr Beside always = Beside::always;

constexpr u16 any = any_action;

constexpr CdbData none{};
constexpr CdbData in{.way = Way::in};
constexpr CdbData either{.way = Way::either};
constexpr CdbData out_always{.way = Way::out};

// The length field is of so many bytes.
constexpr CdbData out(u8 at, u8 bytes) noexcept
{
	return {.way = Way::out, .length_at = at, .length_bytes = bytes};
}

constexpr CdbData if_set(u8 at, u8 bit, CdbData data) noexcept
{
	data.flag_at = at;
	data.flag = bit;
	return data;
}

constexpr CdbData unless_set(u8 at, u8 bit, CdbData data) noexcept
{
	data = if_set(at, bit, data);
	data.without_data = true;
	return data;
}

constexpr CdbData format = if_set(1, 0x10, out_always);      // FMTDATA
constexpr CdbData same16 = unless_set(1, 0x01, out_always);  // NDOB
constexpr CdbData same32 = unless_set(10, 0x01, out_always); // NDOB
constexpr CdbData verify32 = if_set(10, 0x02, out_always);   // BYTCHK
// BYTCHK of disks, where 10b means nothing; BYTCMP of tapes.
constexpr CdbData verify(u8 at, u8 bytes) noexcept
{
	return if_set(1, 0x02, out(at, bytes));
}

// A variable length CDB has its length field behind what the wire carries.
constexpr CdbRow rows[] = {
	{0x00, any, all, none, {}, beside_pr},                        // TEST UNIT READY, SPC-4 6.47
	{0x01, any, disk | tape | changer | cd, none},                // REZERO UNIT, SBC-2; REWIND, SSC-3 7
	{0x03, any, all, in, {}, always},                             // REQUEST SENSE, SPC-4 6.39
	{0x04, any, disk | cd, format, writes | lasting},             // FORMAT UNIT, SBC-3 5.3, MMC-6
	{0x04, any, tape, out(3, 2), writes | lasting},               // FORMAT MEDIUM, SSC-3 7
	{0x05, any, tape, in, {}, beside_pr},                         // READ BLOCK LIMITS, SSC-3 7
	{0x07, any, disk, out_always, writes},                        // REASSIGN BLOCKS, SBC-3 5.21
	{0x07, any, changer, none},                                   // INITIALIZE ELEMENT STATUS, SMC-3
	{0x08, any, disk, in, plain | prompt, beside_we},             // READ(6), SBC-2
	{0x08, any, tape | cd, in, {}, beside_we},                    // READ(6), SSC-3 6, SCSI-2
	{0x0a, any, disk, out_always, writes | plain | prompt},       // WRITE(6), SBC-2: 0 is 256 blocks
	{0x0a, any, tape, out(2, 3), writes},                         // WRITE(6), SSC-3 6
	{0x0b, any, disk | cd, none},                                 // SEEK(6), SBC-2
	{0x0b, any, tape, none, writes | lasting},                    // SET CAPACITY, SSC-3 7
	{0x0f, any, tape, in},                                        // READ REVERSE(6), SSC-3 6
	{0x10, any, tape, none, writes},                              // WRITE FILEMARKS(6), SSC-3 6
	{0x11, any, tape, none},                                      // SPACE(6), SSC-3 6
	{0x12, any, all, in, {}, always},                             // INQUIRY, SPC-4 6.6
	{0x13, any, tape, verify(2, 3), lasting},                     // VERIFY(6), SSC-3 6
	{0x14, any, tape, in},                                        // RECOVER BUFFERED DATA, SSC-3 7
	{0x15, any, all, out(4, 1)},                                  // MODE SELECT(6), SPC-4 6.11
	{0x16, any, all, out(3, 2), {}, nothing, Reserving::reserve}, // RESERVE(6), SPC-2
	{0x17, any, all, none, {}, nothing, Reserving::release},      // RELEASE(6), SPC-2
	{0x18, any, disk | tape | cd, out(2, 3), writes},             // COPY, SPC-2
	{0x19, any, tape, none, writes | lasting},                    // ERASE(6), SSC-3 6
	{0x1a, any, all, in, {}, beside_we},                          // MODE SENSE(6), SPC-4 6.13
	// START STOP UNIT, SBC-3 5.25, MMC-6; LOAD UNLOAD, SSC-3 7;
	// OPEN/CLOSE IMPORT/EXPORT ELEMENT, SMC-3
	{0x1b, any, disk | tape | changer | cd, none},
	{0x1c, any, all, in, {}, beside_we},                 // RECEIVE DIAGNOSTIC RESULTS, SPC-4 6.28
	{0x1d, any, all, out(3, 2), lasting},                // SEND DIAGNOSTIC, SPC-4 6.42
	{0x1e, any, all, none, {}, Beside::always_to_allow}, // PREVENT ALLOW MEDIUM REMOVAL, SBC-3 5.10

	{0x23, any, cd, in},                                   // READ FORMAT CAPACITIES, MMC-6
	{0x25, any, disk | cd, in, {}, beside_pr},             // READ CAPACITY(10), SBC-3 5.15
	{0x28, any, disk, in, plain | prompt, beside_we},      // READ(10), SBC-3 5.11
	{0x28, any, cd, in, {}, beside_we},                    // READ(10), MMC-6
	{0x2a, any, disk, out(7, 2), writes | plain | prompt}, // WRITE(10), SBC-3 5.33
	{0x2a, any, cd, out(7, 2), writes},                    // WRITE(10), MMC-6
	// SEEK(10), SBC-2, MMC-6; LOCATE(10), SSC-3 6; POSITION TO ELEMENT, SMC-3
	{0x2b, any, disk | tape | changer | cd, none},
	{0x2c, any, disk, either, writes | lasting},           // ERASE(10), SBC; vendor specific
	{0x2c, any, cd, none, writes | lasting},               // ERASE(10), MMC-3
	{0x2e, any, disk, out(7, 2), writes | plain | prompt}, // WRITE AND VERIFY(10), SBC-3 5.37
	{0x2e, any, cd, out(7, 2), writes},                    // WRITE AND VERIFY(10), MMC-6
	{0x2f, any, disk | cd, verify(7, 2), lasting},         // VERIFY(10), SBC-3 5.29, MMC-6
	{0x30, any, disk | cd, out(7, 2)},                     // SEARCH DATA HIGH(10), SCSI-2
	{0x31, any, disk | cd, out(7, 2)},                     // SEARCH DATA EQUAL(10), SCSI-2
	{0x32, any, disk | cd, out(7, 2)},                     // SEARCH DATA LOW(10), SCSI-2
	{0x33, any, disk | cd, none},                          // SET LIMITS(10), SBC
	{0x34, any, disk, none, {}, beside_we},                // PRE-FETCH(10), SBC-3 5.8
	{0x34, any, tape, in, {}, beside_we},                  // READ POSITION, SSC-3 7
	{0x35, any, disk | cd, none},                          // SYNCHRONIZE CACHE(10), SBC-3 5.26
	{0x36, any, disk, none},                               // LOCK UNLOCK CACHE(10), SBC-2
	{0x37, any, disk, in},                                 // READ DEFECT DATA(10), SBC-3 5.17
	{0x37, any, changer, none},                            // INITIALIZE ELEMENT STATUS WITH RANGE, SMC-3
	{0x38, any, disk, either, writes | lasting},      // MEDIUM SCAN, SBC; FORMAT WITH PRESET SCAN, SBC-5
	{0x39, any, disk | tape | cd, out(3, 3)},         // COMPARE, SPC-2
	{0x3a, any, disk | tape | cd, out(3, 3), writes}, // COPY AND VERIFY, SPC-2
	{0x3b, any, all, out(6, 3)},                      // WRITE BUFFER, SPC-4 6.49
	{0x3c, any, all, in, {}, beside_we},              // READ BUFFER, SPC-4 6.18
	{0x3d, any, disk, out_always, writes},            // UPDATE BLOCK, SBC
	{0x3e, any, disk, in},                            // READ LONG(10), SBC-3 5.19
	{0x3f, any, disk, out(7, 2), writes},             // WRITE LONG(10), SBC-3 5.41
	{0x40, any, all, out(8, 1)},                      // CHANGE DEFINITION, SPC-2
	{0x41, any, disk, out_always, writes | lasting},  // WRITE SAME(10), SBC-3 5.43
	{0x42, any, disk, out(7, 2), writes},             // UNMAP, SBC-3 5.28
	{0x42, any, cd, in},                              // READ SUB-CHANNEL, MMC-3
	{0x43, any, cd, in},                              // READ TOC/PMA/ATIP, MMC-6
	// REPORT DENSITY SUPPORT, SSC-3 7; REPORT VOLUME TYPES SUPPORTED, SMC-3; READ HEADER, MMC-2
	{0x44, any, tape | changer | cd, in, {}, beside_we},
	{0x45, any, cd, none},                          // PLAY AUDIO(10), MMC-3
	{0x46, any, cd, in},                            // GET CONFIGURATION, MMC-6
	{0x47, any, cd, none},                          // PLAY AUDIO MSF, MMC-3
	{0x48, 0x01, all, out(7, 2), writes | lasting}, // SANITIZE, OVERWRITE, SBC-3 5.24
	{0x48, 0x02, all, none, writes | lasting},      // SANITIZE, BLOCK ERASE, SBC-3 5.24
	{0x48, 0x03, all, none, writes | lasting},      // SANITIZE, CRYPTOGRAPHIC ERASE, SBC-3 5.24
	{0x48, 0x1f, all, none, writes | lasting},      // SANITIZE, EXIT FAILURE MODE, SBC-3 5.24
	{0x48, any, all, either, writes | lasting},     // SANITIZE, SBC-3 5.24
	{0x4a, any, cd, in},                            // GET EVENT STATUS NOTIFICATION, MMC-6
	{0x4b, any, cd, none},                          // PAUSE/RESUME, MMC-3
	{0x4c, any, all, out(7, 2)},                    // LOG SELECT, SPC-4 6.7
	{0x4d, any, all, in, {}, beside_pr},            // LOG SENSE, SPC-4 6.8
	{0x4e, any, cd, none},                          // STOP PLAY/SCAN, MMC-3
	{0x50, any, disk, out(7, 2), writes},           // XDWRITE(10), SBC-2
	{0x51, any, disk, out(7, 2), writes},           // XPWRITE(10), SBC-3 5.49
	{0x51, any, cd, in},                            // READ DISC INFORMATION, MMC-6
	{0x52, any, disk, in},                          // XDREAD(10), SBC-2
	{0x52, any, cd, in},                            // READ TRACK INFORMATION, MMC-6
	{0x53, any, disk, out(7, 2), writes},           // XDWRITEREAD(10), SBC-3 5.47
	{0x53, any, cd, none, writes},                  // RESERVE TRACK, MMC-6
	{0x54, any, cd, out(7, 2), writes},             // SEND OPC INFORMATION, MMC-6
	{0x55, any, all, out(7, 2)},                    // MODE SELECT(10), SPC-4 6.12
	{0x56, any, all, out(7, 2), {}, nothing, Reserving::reserve}, // RESERVE(10), SPC-2
	{0x57, any, all, out(7, 2), {}, nothing, Reserving::release}, // RELEASE(10), SPC-2
	{0x58, any, cd, none, writes},                                // REPAIR TRACK, MMC-6
	{0x5a, any, all, in, {}, beside_we},                          // MODE SENSE(10), SPC-4 6.14
	{0x5b, any, cd, none, writes},                                // CLOSE TRACK SESSION, MMC-6
	{0x5c, any, cd, in},                                          // READ BUFFER CAPACITY, MMC-6
	{0x5d, any, cd, out(6, 3)},                                   // SEND CUE SHEET, MMC-6
	{0x5e, any, all, in, {}, beside_pr},                          // PERSISTENT RESERVE IN, SPC-4 6.15
	// PERSISTENT RESERVE OUT, SPC-4 6.16
	{0x5f, any, all, out(5, 4), {}, nothing, Reserving::persistent_out},

	{0x7e, any, all, either, writes},              // extended CDB, SPC-4 4.3.4: has another within
	{0x7f, 0x0001, all, out_always, writes},       // REBUILD(32), SBC-2
	{0x7f, 0x0002, all, out_always, writes},       // REGENERATE(32), SBC-2
	{0x7f, 0x0003, all, in},                       // XDREAD(32), SBC-2
	{0x7f, 0x0004, all, out_always, writes},       // XDWRITE(32), SBC-2
	{0x7f, 0x0005, all, out_always, writes},       // XDWRITE EXTENDED(32), SBC-2
	{0x7f, 0x0006, all, out_always, writes},       // XPWRITE(32), SBC-3 5.50
	{0x7f, 0x0007, all, out_always, writes},       // XDWRITEREAD(32), SBC-3 5.48
	{0x7f, 0x0008, all, out_always, writes},       // XDWRITE EXTENDED(64), SBC-2
	{0x7f, 0x0009, all, in},                       // READ(32), SBC-3 5.14
	{0x7f, 0x000a, all, verify32, lasting},        // VERIFY(32), SBC-3 5.32
	{0x7f, 0x000b, all, out_always, writes},       // WRITE(32), SBC-3 5.36
	{0x7f, 0x000c, all, out_always, writes},       // WRITE AND VERIFY(32), SBC-3 5.40
	{0x7f, 0x000d, all, same32, writes | lasting}, // WRITE SAME(32), SBC-3 5.45
	{0x7f, 0x000e, all, out_always, writes},       // ORWRITE(32), SBC-3 5.6
	{0x7f, 0x000f, all, out_always, writes},       // WRITE ATOMIC(32), SBC-4
	{0x7f, 0x0010, all, out_always, writes},       // WRITE STREAM(32), SBC-4
	{0x7f, 0x0011, all, out_always, writes},       // WRITE SCATTERED(32), SBC-4
	{0x7f, 0x0012, all, in},                       // GET LBA STATUS(32), SBC-4
	{0x7f, 0x1800, all, in},                       // RECEIVE CREDENTIAL, SPC-4 6.27
	{0x7f, 0x1ff0, all, either, writes},           // ATA PASS-THROUGH(32), SAT-4

	{0x80, any, disk, out(10, 4), writes}, // XDWRITE EXTENDED(16), SBC-2
	{0x80, any, tape, none, writes},       // WRITE FILEMARKS(16), SSC-3 5
	{0x81, any, disk, out(10, 4), writes}, // REBUILD(16), SBC-2
	{0x81, any, tape, in},                 // READ REVERSE(16), SSC-3 5
	{0x82, any, disk, out(10, 4), writes}, // REGENERATE(16), SBC-2
	{0x82, any, tape, none, writes},       // ALLOW OVERWRITE, SSC-4
	// It reaches every LUN of the portal group, also those that the guest was not given.
	{0x83, 0x00, all, out(10, 4), writes | unsupported}, // EXTENDED COPY(LID1), SPC-4 6.5
	{0x83, 0x01, all, out(10, 4), writes | unsupported}, // EXTENDED COPY(LID4), SPC-4 6.4
	{0x83, 0x10, all, out(10, 4), unsupported},          // POPULATE TOKEN, SBC-3 5.7
	{0x83, 0x11, all, out(10, 4), writes | unsupported}, // WRITE USING TOKEN, SBC-3 5.46
	{0x83, 0x1c, all, none, unsupported},                // COPY OPERATION ABORT, SPC-4 6.3
	{0x83, any, all, either, unsupported},               // Third-party Copy OUT, SPC-4 E.3.1
	{0x84, 0x00, all, in, unsupported},                  // RECEIVE COPY STATUS(LID1), SPC-4 6.25
	{0x84, 0x01, all, in, unsupported},                  // RECEIVE COPY DATA(LID1), SPC-4 6.21
	{0x84, 0x03, all, in, unsupported},                  // RECEIVE COPY OPERATING PARAMETERS, SPC-4 6.23
	{0x84, 0x04, all, in, unsupported},                  // RECEIVE COPY FAILURE DETAILS(LID1), SPC-4 6.22
	{0x84, 0x05, all, in, unsupported},                  // RECEIVE COPY STATUS(LID4), SPC-4 6.24
	{0x84, 0x06, all, in, unsupported},                  // RECEIVE COPY DATA(LID4), SPC-4 6.20
	{0x84, 0x07, all, in, unsupported},                  // RECEIVE ROD TOKEN INFORMATION, SPC-4 6.26
	{0x84, 0x08, all, in, unsupported},                  // REPORT ALL ROD TOKENS, SPC-4 6.31
	{0x84, any, all, either, unsupported},               // Third-party Copy IN, SPC-4 E.3.1
	{0x85, any, all, either, writes},                    // ATA PASS-THROUGH(16), SAT-3 12.2
	{0x86, any, all, in},                                // ACCESS CONTROL IN, SPC-4 8.3.2
	{0x87, any, all, out(10, 4)},                        // ACCESS CONTROL OUT, SPC-4 8.3.3
	{0x88, any, disk, in, plain | prompt, beside_we},    // READ(16), SBC-3 5.13
	{0x88, any, tape, in, {}, beside_we},                // READ(16), SSC-3 5
	{0x89, any, disk, out(13, 1), writes},               // COMPARE AND WRITE, SBC-3 5.2
	{0x8a, any, disk, out(10, 4), writes | plain | prompt}, // WRITE(16), SBC-3 5.35
	{0x8a, any, tape, out(12, 3), writes},                  // WRITE(16), SSC-3 5
	{0x8b, any, disk, out(10, 4), writes},                  // ORWRITE(16), SBC-3 5.5
	{0x8c, any, all, in, {}, beside_we},                    // READ ATTRIBUTE, SPC-4 6.17
	{0x8d, any, all, out(10, 4), writes},                   // WRITE ATTRIBUTE, SPC-4 6.48
	{0x8e, any, disk, out(10, 4), writes | plain | prompt}, // WRITE AND VERIFY(16), SBC-3 5.39
	{0x8f, any, disk, verify(10, 4), lasting},              // VERIFY(16), SBC-3 5.31
	{0x8f, any, tape, verify(12, 3), lasting},              // VERIFY(16), SSC-3 5
	{0x90, any, disk, none},                                // PRE-FETCH(16), SBC-3 5.9
	{0x91, any, disk | tape, none},              // SYNCHRONIZE CACHE(16), SBC-3 5.27; SPACE(16), SSC-3 7
	{0x92, any, disk | tape, none},              // LOCK UNLOCK CACHE(16), SBC-2; LOCATE(16), SSC-3 7
	{0x93, any, disk, same16, writes | lasting}, // WRITE SAME(16), SBC-3 5.44
	{0x93, any, tape, none, writes | lasting},   // ERASE(16), SSC-3 5
	{0x94, 0x01, disk, none, writes},            // CLOSE ZONE, ZBC
	{0x94, 0x02, disk, none, writes},            // FINISH ZONE, ZBC
	{0x94, 0x03, disk, none, writes},            // OPEN ZONE, ZBC
	{0x94, 0x04, disk, none, writes},            // RESET WRITE POINTER, ZBC
	{0x94, 0x10, disk, none, writes},            // SEQUENTIALIZE ZONE, ZBC-2
	{0x94, any, all, either, writes},            // ZBC OUT, ZBC
	{0x95, 0x00, disk, in},                      // REPORT ZONES, ZBC
	{0x95, 0x06, disk, in},                      // REPORT REALMS, ZBC-2
	{0x95, 0x07, disk, in},                      // REPORT ZONE DOMAINS, ZBC-2
	{0x95, 0x08, disk, in, writes},              // ZONE ACTIVATE, ZBC-2
	{0x95, 0x09, disk, in},                      // ZONE QUERY, ZBC-2
	{0x9a, any, disk, out(12, 2), writes},       // WRITE STREAM(16), SBC-4
	{0x9b, any, all, in},                        // READ BUFFER(16), SPC-5
	{0x9c, any, disk, out(12, 2), writes},       // WRITE ATOMIC(16), SBC-4
	// READ CAPACITY(16), SBC-3 5.16; REPORT ELEMENT INFORMATION, SMC-3
	{0x9e, 0x10, disk | changer, in, {}, beside_pr},
	{0x9e, 0x11, disk, in, {}, beside_we},                 // READ LONG(16), SBC-3 5.20
	{0x9e, 0x12, disk, in, {}, beside_we},                 // GET LBA STATUS, SBC-3 5.4
	{0x9e, 0x13, disk, in, {}, beside_pr},                 // REPORT REFERRALS, SBC-3 5.23
	{0x9e, 0x14, disk, in, {}, beside_we},                 // STREAM CONTROL, SBC-4
	{0x9e, 0x15, disk, none, {}, beside_we},               // BACKGROUND CONTROL, SBC-4
	{0x9e, 0x16, disk, in, {}, beside_we},                 // GET STREAM STATUS, SBC-4
	{0x9e, 0x17, disk, in, {}, beside_we},                 // GET PHYSICAL ELEMENT STATUS, SBC-4
	{0x9e, 0x18, disk, none, writes | lasting, beside_we}, // REMOVE ELEMENT AND TRUNCATE, SBC-4
	{0x9e, 0x19, disk, none, writes | lasting, beside_we}, // RESTORE ELEMENTS AND REBUILD, SBC-4
	{0x9e, 0x1a, disk, none, writes | lasting, beside_we}, // REMOVE ELEMENT AND MODIFY ZONES, ZBC-2
	{0x9e, any, all, either, {}, beside_we},               // SERVICE ACTION IN(16), SPC-4 E.3.4
	{0x9f, 0x11, disk, out(12, 2), writes},                // WRITE LONG(16), SBC-3 5.42
	{0x9f, 0x12, disk, out(10, 4), writes},                // WRITE SCATTERED(16), SBC-4

	{0xa0, any, all, in, {}, always},          // REPORT LUNS, SPC-4 6.33
	{0xa1, any, not_cd, either, writes},       // ATA PASS-THROUGH(12), SAT-3 12.2
	{0xa1, any, cd, none, writes | lasting},   // BLANK, MMC-6
	{0xa2, any, all, in},                      // SECURITY PROTOCOL IN, SPC-4 6.40
	{0xa3, any, cd, out(8, 2), {}, beside_we}, // SEND KEY, MMC-6
	{0xa3, 0x05, not_cd, in, {}, beside_pr},   // REPORT IDENTIFYING INFORMATION, SPC-4 6.32
	{0xa3, 0x0a, not_cd, in, {}, beside_pr},   // REPORT TARGET PORT GROUPS, SPC-4 6.37
	{0xa3, 0x0b, not_cd, in, {}, beside_pr},   // REPORT ALIASES, SPC-4 6.30
	{0xa3, 0x0c, not_cd, in, {}, beside_we},   // REPORT SUPPORTED OPERATION CODES, SPC-4 6.35
	// REPORT SUPPORTED TASK MANAGEMENT FUNCTIONS, SPC-4 6.36
	{0xa3, 0x0d, not_cd, in, {}, beside_we},
	{0xa3, 0x0e, not_cd, in, {}, beside_pr},    // REPORT PRIORITY, SPC-4 6.34
	{0xa3, 0x0f, not_cd, in, {}, beside_pr},    // REPORT TIMESTAMP, SPC-4 6.38
	{0xa3, 0x10, not_cd, in, {}, beside_we},    // MANAGEMENT PROTOCOL IN, SPC-4 6.9
	{0xa3, any, not_cd, either, {}, beside_we}, // MAINTENANCE IN, SPC-4 E.3.3
	{0xa4, any, cd, in},                        // REPORT KEY, MMC-6
	{0xa4, 0x06, not_cd, out(6, 4)},            // SET IDENTIFYING INFORMATION, SPC-4 6.43
	// By one guest's SET TARGET PORT GROUPS every other guest could lose the LUN.
	{0xa4, 0x0a, not_cd, out(6, 4), refused},         // SET TARGET PORT GROUPS, SPC-4 6.45
	{0xa4, 0x0b, not_cd, out(6, 4)},                  // CHANGE ALIASES, SPC-4 6.2
	{0xa4, 0x0c, not_cd, out(6, 4)},                  // REMOVE I_T NEXUS, SPC-4 6.29
	{0xa4, 0x0e, not_cd, out(6, 4)},                  // SET PRIORITY, SPC-4 6.44
	{0xa4, 0x0f, not_cd, out(6, 4)},                  // SET TIMESTAMP, SPC-4 6.46
	{0xa4, 0x10, not_cd, out(6, 4)},                  // MANAGEMENT PROTOCOL OUT, SPC-4 6.10
	{0xa5, any, disk | tape | changer | cd, none},    // MOVE MEDIUM, SMC-3; PLAY AUDIO(12), MMC-3
	{0xa6, any, changer | cd, none},                  // EXCHANGE MEDIUM, SMC-3; LOAD/UNLOAD MEDIUM, MMC-6
	{0xa7, any, disk | tape | cd, none},              // MOVE MEDIUM ATTACHED, SMC; SET READ AHEAD, MMC-6
	{0xa8, any, disk, in, plain | prompt, beside_we}, // READ(12), SBC-3 5.12
	{0xa8, any, cd, in, {}, beside_we},               // READ(12), MMC-6
	{0xaa, any, disk, out(6, 4), writes | plain | prompt},      // WRITE(12), SBC-3 5.34
	{0xaa, any, cd, out(6, 4), writes},                         // WRITE(12), MMC-6
	{0xab, 0x01, all, in, {}, beside_pr},                       // READ MEDIA SERIAL NUMBER, SPC-4 6.19
	{0xab, any, all, either, {}, beside_pr},                    // SERVICE ACTION IN(12), SPC-4 E.3.4
	{0xac, any, disk, none, writes | lasting},                  // ERASE(12), SBC
	{0xac, any, cd, in},                                        // GET PERFORMANCE, MMC-6
	{0xad, any, cd, in},                                        // READ DISC STRUCTURE, MMC-6
	{0xae, any, disk, out(6, 4), writes | prompt},              // WRITE AND VERIFY(12), SBC-3 5.38
	{0xaf, any, disk, verify(6, 4), lasting},                   // VERIFY(12), SBC-3 5.30
	{0xb0, any, disk, out(6, 4)},                               // SEARCH DATA HIGH(12), SCSI-2
	{0xb1, any, disk, out(6, 4)},                               // SEARCH DATA EQUAL(12), SCSI-2
	{0xb2, any, disk, out(6, 4)},                               // SEARCH DATA LOW(12), SCSI-2
	{0xb3, any, disk, none},                                    // SET LIMITS(12), SBC
	{0xb4, any, disk | tape, in},                               // READ ELEMENT STATUS ATTACHED, SMC
	{0xb5, any, not_changer, out(6, 4)},                        // SECURITY PROTOCOL OUT, SPC-4 6.41
	{0xb5, any, changer, in},                                   // REQUEST VOLUME ELEMENT ADDRESS, SMC-3
	{0xb6, any, changer, out(8, 2)},                            // SEND VOLUME TAG, SMC-3
	{0xb6, any, cd, out(9, 2)},                                 // SET STREAMING, MMC-6
	{0xb7, any, disk, in},                                      // READ DEFECT DATA(12), SBC-3 5.18
	{0xb8, any, disk | tape | changer | cd, in, {}, beside_we}, // READ ELEMENT STATUS, SMC-3
	{0xb9, any, cd, in},                                        // READ CD MSF, MMC-6
	{0xba, any, cd, none},                                      // SCAN, MMC-3
	{0xbb, any, cd, none},                                      // SET CD SPEED, MMC-6
	{0xbd, any, cd, in},                                        // MECHANISM STATUS, MMC-6
	{0xbe, any, cd, in},                                        // READ CD, MMC-6
	{0xbf, any, cd, out(8, 2), writes},                         // SEND DISC STRUCTURE, MMC-6
};

constexpr u32 count = sizeof rows / sizeof rows[0];

constexpr CdbRow unknown{0, any, all, either};
// A command that some device class has, and changes the medium there.
constexpr CdbRow unknown_writing{0, any, all, either, writes};

// Where each operation code's rows begin.
constexpr Array<u16, 257> make_index() noexcept
{
	Array<u16, 257> index{};
	u32 row = 0;
	for (u32 opcode = 0; opcode < index.size(); opcode++) {
		while (row < count && rows[row].opcode < opcode)
			row++;
		index[opcode] = static_cast<u16>(row);
	}
	return index;
}

constexpr Array<u16, 257> first_row = make_index();

constexpr bool is_sorted() noexcept
{
	for (u32 i = 1; i < count; i++)
		if (rows[i].opcode < rows[i - 1].opcode)
			return false;
	return true;
}
static_assert(is_sorted());

constexpr bool hides(const CdbRow &earlier, const CdbRow &later) noexcept
{
	return earlier.opcode == later.opcode && have_common(earlier.classes, later.classes) &&
	       (earlier.action == any || earlier.action == later.action);
}

constexpr bool is_each_found() noexcept
{
	for (u32 i = 0; i < count; i++)
		for (u32 j = i + 1; j < count && rows[j].opcode == rows[i].opcode; j++)
			if (hides(rows[i], rows[j]))
				return false;
	return true;
}
static_assert(is_each_found());

constexpr u16 action_of(const u8 *cdb) noexcept
{
	constexpr u8 variable_length = 0x7f;
	if (cdb[0] == variable_length)
		return static_cast<u16>(cdb[8] << 8 | cdb[9]);
	return cdb[1] & 0x1f;
}

constexpr bool has_action(const CdbRow &row, const u8 *cdb) noexcept
{
	return row.action == any || row.action == action_of(cdb);
}

// The row that says what reservations do to a command, whatever the device is.
constexpr const CdbRow &reservation_row(const u8 *cdb) noexcept
{
	const CdbRow *found = &unknown;
	for (u32 i = first_row[cdb[0]]; i < first_row[cdb[0] + 1u]; i++) {
		if (rows[i].action != any && has_action(rows[i], cdb))
			return rows[i];
		if (rows[i].action == any && found == &unknown)
			found = &rows[i];
	}
	return *found;
}

// Of rows that differ only in their device classes.
constexpr bool reservations_go_by_action() noexcept
{
	for (u32 i = 1; i < count; i++)
		for (u32 j = i; j-- > 0 && rows[j].opcode == rows[i].opcode;)
			if (rows[i].action == rows[j].action &&
			    (rows[i].beside != rows[j].beside || rows[i].reserving != rows[j].reserving))
				return false;
	return true;
}
static_assert(reservations_go_by_action());

[[gnu::noinline]] const CdbRow &row_of_unknown(const u8 *cdb) noexcept
{
	for (u32 i = first_row[cdb[0]]; i < first_row[cdb[0] + 1u]; i++)
		if (rows[i].is(writes) && has_action(rows[i], cdb))
			return unknown_writing;
	return unknown;
}

} // namespace

const CdbRow &cdb_row(const u8 *cdb, DeviceClass of) noexcept
{
	const CdbRow *const end = rows + first_row[cdb[0] + 1u];
	for (const CdbRow *row = rows + first_row[cdb[0]]; row != end; row++)
		if (have_common(row->classes, of) && has_action(*row, cdb))
			return *row;
	return row_of_unknown(cdb);
}

const CdbRow &cdb_reservation_row(const u8 *cdb) noexcept
{
	return reservation_row(cdb);
}

} // namespace vscsi
