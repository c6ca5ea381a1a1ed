// SPDX-License-Identifier: GPL-2.0
/*
 * What the devices do of themselves: enough for sd and st to take them on, a serial
 * number, persistent reservations of the one I_T nexus that they know, the host's, and
 * what is written to the disk, if it is asked to keep it.
 */
#include <linux/kernel.h>
#include <linux/scatterlist.h>
#include <linux/sizes.h>
#include <linux/string.h>
#include <linux/vmalloc.h>

#if __has_include(<linux/unaligned.h>)
#include <linux/unaligned.h>
#else
#include <asm/unaligned.h>
#endif

#include <scsi/scsi_cmnd.h>
#include <scsi/scsi_device.h>
#include <scsi/scsi_proto.h>

#include "scripted.h"

#define FILL 0xa5
#define SERIAL_BYTES 16
#define VENDOR "SCRIPTED"
#define VENDOR_BYTES 8

/* SPC-4 table 197 and 210: service actions of PERSISTENT RESERVE IN and OUT. */
enum {
	IN_READ_KEYS = 0,
	IN_READ_RESERVATION = 1,
	IN_REPORT_CAPABILITIES = 2,
};

enum {
	REGISTER = 0,
	RESERVE_IT = 1,
	RELEASE_IT = 2,
	CLEAR = 3,
	PREEMPT = 4,
	PREEMPT_AND_ABORT = 5,
	REGISTER_AND_IGNORE = 6,
};

#define OUT_BYTES 24
#define BLOCK 512
#define PATTERN_BLOCKS (SZ_1M / BLOCK)
/* Of target port group 1, relative target port 1, which is all that there is. */
#define GROUP_BYTES 12

bool scripted_alua;
u32 scripted_luns = 2;

struct unit {
	char serial[SERIAL_BYTES + 1];
	u32 generation;
	u64 key;			/* 0: not registered */
	u8 type;			/* 0: not reserved */
};

static struct unit units[SCRIPTED_LUNS] = {
	{ .serial = "TAPE0001" },
	{ .serial = "DISK0001" },
	{ .serial = "CHANGER1" },
	{ .serial = "TAPE0002" },
};

static struct {
	u8 *data;			/* NULL: it keeps nothing */
	u32 blocks;
	bool has_bad;
	u64 bad;
} disk = { .blocks = PATTERN_BLOCKS };

static bool is_disk(const struct scsi_cmnd *cmd)
{
	return cmd->device->lun == 1;
}

static u8 type_of(const struct scsi_cmnd *cmd)
{
	static const u8 types[SCRIPTED_LUNS] = { TYPE_TAPE, TYPE_DISK, TYPE_MEDIUM_CHANGER, TYPE_TAPE };

	return types[cmd->device->lun];
}

static struct unit *unit_of(const struct scsi_cmnd *cmd)
{
	return &units[cmd->device->lun];
}

int scripted_set_serial(u32 lun, const char *serial)
{
	if (lun >= SCRIPTED_LUNS)
		return -EINVAL;
	strscpy(units[lun].serial, serial, sizeof(units[lun].serial));
	return 0;
}

int scripted_make_store(u32 megabytes)
{
	if (!megabytes)
		return 0;
	if (megabytes > SZ_2G / SZ_1M)
		return -EINVAL;
	disk.data = vzalloc((size_t)megabytes * SZ_1M);
	if (!disk.data)
		return -ENOMEM;
	disk.blocks = megabytes * (SZ_1M / BLOCK);
	return 0;
}

void scripted_free_store(void)
{
	vfree(disk.data);
}

void scripted_set_bad(u64 block)
{
	disk.has_bad = true;
	disk.bad = block;
}

void scripted_forget_bad(void)
{
	disk.has_bad = false;
}

void scripted_data(struct scsi_cmnd *cmd, const void *data, u32 bytes)
{
	u32 room = scsi_bufflen(cmd);

	bytes = min(bytes, room);
	scsi_sg_copy_from_buffer(cmd, data, bytes);
	scsi_set_resid(cmd, room - bytes);
}

void scripted_fill(struct scsi_cmnd *cmd, u32 bytes)
{
	struct scatterlist *sg;
	u32 i;

	scsi_for_each_sg(cmd, sg, scsi_sg_count(cmd), i) {
		u32 part = min(bytes, sg->length);

		memset(sg_virt(sg), FILL, part);
		bytes -= part;
	}
}

static void refuse(struct scsi_cmnd *cmd, u8 code)
{
	scsi_build_sense(cmd, 0, ILLEGAL_REQUEST, code, 0);
}

/* The blocks that a READ or WRITE names (SBC-3 5.8 to 5.11, 5.31 to 5.34). */
static void extent_of(const u8 *cdb, u64 *block, u32 *count)
{
	switch (cdb[0]) {
	case READ_6:
	case WRITE_6:
		*block = get_unaligned_be24(cdb + 1) & 0x1fffff;
		*count = cdb[4] ? cdb[4] : 256;
		break;
	case READ_12:
	case WRITE_12:
		*block = get_unaligned_be32(cdb + 2);
		*count = get_unaligned_be32(cdb + 6);
		break;
	case READ_16:
	case WRITE_16:
		*block = get_unaligned_be64(cdb + 2);
		*count = get_unaligned_be32(cdb + 10);
		break;
	default:
		*block = get_unaligned_be32(cdb + 2);
		*count = get_unaligned_be16(cdb + 7);
		break;
	}
}

/* The data before the bad block come. */
static void medium_error(struct scsi_cmnd *cmd, u64 block)
{
	u32 before = (disk.bad - block) * BLOCK;

	scsi_sg_copy_from_buffer(cmd, disk.data + block * BLOCK, before);
	scsi_set_resid(cmd, scsi_bufflen(cmd) - before);
	/* UNRECOVERED READ ERROR */
	scsi_build_sense(cmd, 0, MEDIUM_ERROR, 0x11, 0);
	scsi_set_sense_information(cmd->sense_buffer, SCSI_SENSE_BUFFERSIZE, disk.bad);
}

static void transfer(struct scsi_cmnd *cmd)
{
	bool writes = cmd->sc_data_direction == DMA_TO_DEVICE;
	u32 count, bytes = scsi_bufflen(cmd);
	u64 block;

	extent_of(cmd->cmnd, &block, &count);
	if (block > disk.blocks || count > disk.blocks - block) {
		refuse(cmd, 0x21);
		return;
	}
	/* As adapters report it: the CDB and the data do not belong together. */
	if ((u64)count * BLOCK != bytes) {
		cmd->result = DID_ERROR << 16;
		scsi_set_resid(cmd, bytes);
		return;
	}
	if (!writes && disk.has_bad && disk.bad >= block && disk.bad - block < count)
		medium_error(cmd, block);
	else if (writes)
		scsi_sg_copy_to_buffer(cmd, disk.data + block * BLOCK, bytes);
	else
		scsi_sg_copy_from_buffer(cmd, disk.data + block * BLOCK, bytes);
}

static void read_or_write(struct scsi_cmnd *cmd)
{
	if (is_disk(cmd) && disk.data)
		transfer(cmd);
	else if (cmd->cmnd[0] == READ_6 || cmd->cmnd[0] == READ_10)
		scripted_fill(cmd, scsi_bufflen(cmd));
}

static void standard_inquiry(struct scsi_cmnd *cmd)
{
	static const char *const names[SCRIPTED_LUNS] = {
		"tape            1.00", "disk            1.00", "changer         1.00", "tape            1.00"
	};
	u8 data[36] = {};

	data[0] = type_of(cmd);
	data[1] = is_disk(cmd) ? 0 : 0x80;
	data[2] = 6;
	data[3] = 2;
	data[4] = sizeof(data) - 5;
	/* TPGS: implicit asymmetric access. */
	data[5] = is_disk(cmd) && scripted_alua ? 0x10 : 0;
	memcpy(data + 8, VENDOR, VENDOR_BYTES);
	memcpy(data + 16, names[cmd->device->lun], 20);
	scripted_data(cmd, data, sizeof(data));
}

/* Supported pages, unit serial number, device identification with a T10 vendor ID. */
static void vital_product_data(struct scsi_cmnd *cmd)
{
	static const u8 pages[] = { 0x00, 0x80, 0x83 };
	static const u8 designator[] = { 2, 1, 0 };
	/* Relative target port, and target port group. */
	static const u8 ports[] = { 1, 0x14, 0, 4, 0, 0, 0, 1, 1, 0x15, 0, 4, 0, 0, 0, 1 };
	const char *serial = unit_of(cmd)->serial;
	u8 data[4 + 4 + VENDOR_BYTES + SERIAL_BYTES + sizeof(ports)] = {};
	u32 length = strlen(serial);

	data[0] = type_of(cmd);
	data[1] = cmd->cmnd[2];
	switch (cmd->cmnd[2]) {
	case 0x00:
		memcpy(data + 4, pages, sizeof(pages));
		data[3] = sizeof(pages);
		break;
	case 0x80:
		memcpy(data + 4, serial, length);
		data[3] = length;
		break;
	case 0x83:
		memcpy(data + 4, designator, sizeof(designator));
		data[7] = VENDOR_BYTES + length;
		memcpy(data + 8, VENDOR, VENDOR_BYTES);
		memcpy(data + 8 + VENDOR_BYTES, serial, length);
		data[3] = 4 + data[7];
		if (scripted_alua && is_disk(cmd)) {
			memcpy(data + 4 + data[3], ports, sizeof(ports));
			data[3] += sizeof(ports);
		}
		break;
	default:
		refuse(cmd, 0x24);
		return;
	}
	scripted_data(cmd, data, 4 + data[3]);
}

static void persistent_reserve_in(struct scsi_cmnd *cmd)
{
	const struct unit *unit = unit_of(cmd);
	u8 data[24] = {};
	u32 bytes = 8;

	put_unaligned_be32(unit->generation, data);
	switch (cmd->cmnd[1] & 0x1f) {
	case IN_READ_KEYS:
		if (unit->key) {
			put_unaligned_be64(unit->key, data + 8);
			bytes = 16;
		}
		put_unaligned_be32(bytes - 8, data + 4);
		break;
	case IN_READ_RESERVATION:
		if (unit->type) {
			put_unaligned_be64(unit->key, data + 8);
			data[21] = unit->type;
			bytes = 24;
		}
		put_unaligned_be32(bytes - 8, data + 4);
		break;
	case IN_REPORT_CAPABILITIES:
		memset(data, 0, 4);
		data[1] = 8;
		/* The mask is valid: types 1, 3, 5, 6, 7, and 8. */
		data[3] = 0x80;
		data[4] = 0xea;
		data[5] = 0x01;
		break;
	default:
		refuse(cmd, 0x24);
		return;
	}
	scripted_data(cmd, data, bytes);
}

static void register_key(struct unit *unit, u64 key)
{
	unit->key = key;
	if (!key)
		unit->type = 0;
	unit->generation++;
}

static void persistent_reserve_out(struct scsi_cmnd *cmd)
{
	struct unit *unit = unit_of(cmd);
	u8 action = cmd->cmnd[1] & 0x1f, type = cmd->cmnd[2] & 0xf;
	u8 data[OUT_BYTES];

	if (scsi_bufflen(cmd) < OUT_BYTES)
		return;
	scsi_sg_copy_to_buffer(cmd, data, OUT_BYTES);
	if (action != REGISTER_AND_IGNORE &&
	    (get_unaligned_be64(data) != unit->key || (action != REGISTER && !unit->key))) {
		cmd->result = SAM_STAT_RESERVATION_CONFLICT;
		return;
	}
	switch (action) {
	case REGISTER:
	case REGISTER_AND_IGNORE:
		register_key(unit, get_unaligned_be64(data + 8));
		break;
	case RESERVE_IT:
		if (unit->type && unit->type != type)
			cmd->result = SAM_STAT_RESERVATION_CONFLICT;
		else
			unit->type = type;
		break;
	case RELEASE_IT:
		unit->type = 0;
		break;
	case CLEAR:
		register_key(unit, 0);
		break;
	case PREEMPT:
	case PREEMPT_AND_ABORT:
		unit->type = type;
		unit->generation++;
		break;
	default:
		refuse(cmd, 0x24);
		break;
	}
}

/* REPORT TARGET PORT GROUPS (SPC-4 6.37): active, optimised. */
static void report_port_groups(struct scsi_cmnd *cmd)
{
	u8 data[4 + GROUP_BYTES] = {};

	put_unaligned_be32(GROUP_BYTES, data);
	data[5] = 1;
	data[7] = 1;
	data[11] = 1;
	data[15] = 1;
	scripted_data(cmd, data, sizeof(data));
}

void scripted_execute(struct scsi_cmnd *cmd)
{
	static const u8 limits[6] = { 0, 0x7f, 0xff, 0xff, 0, 1 };
	static const u8 no_sense[18] = { 0x70, [7] = 10 };
	u8 data[8 + 8 * SCRIPTED_LUNS] = {};

	switch (cmd->cmnd[0]) {
	case INQUIRY:
		if (cmd->cmnd[1] & 1)
			vital_product_data(cmd);
		else
			standard_inquiry(cmd);
		break;
	case REQUEST_SENSE:
		scripted_data(cmd, no_sense, sizeof(no_sense));
		break;
	case REPORT_LUNS:
		put_unaligned_be32(8 * scripted_luns, data);
		data[17] = 1;
		data[25] = 2;
		data[33] = 3;
		scripted_data(cmd, data, 8 + 8 * scripted_luns);
		break;
	case SERVICE_ACTION_IN_16:
		/* READ CAPACITY(16); sd then takes the short one. */
		refuse(cmd, 0x20);
		break;
	case READ_BLOCK_LIMITS:
		scripted_data(cmd, limits, sizeof(limits));
		break;
	case READ_CAPACITY:
		put_unaligned_be32(disk.blocks - 1, data);
		put_unaligned_be32(BLOCK, data + 4);
		scripted_data(cmd, data, 8);
		break;
	case MODE_SENSE:
		data[0] = 11;
		data[2] = type_of(cmd) == TYPE_TAPE ? 0x10 : 0;
		data[3] = 8;
		scripted_data(cmd, data, 12);
		break;
	case MAINTENANCE_IN:
		report_port_groups(cmd);
		break;
	case READ_6:
	case READ_10:
	case READ_12:
	case READ_16:
	case WRITE_6:
	case WRITE_10:
	case WRITE_12:
	case WRITE_16:
		read_or_write(cmd);
		break;
	case PERSISTENT_RESERVE_IN:
		persistent_reserve_in(cmd);
		break;
	case PERSISTENT_RESERVE_OUT:
		persistent_reserve_out(cmd);
		break;
	}
}
