// SPDX-License-Identifier: GPL-2.0
/*
 * UNMAP, WRITE SAME and SYNCHRONIZE CACHE of iblock backstores.  Target core checks and
 * parses them, and ends them; iblock would make one word of all that a device can answer:
 * no room on a thin store, another host's reservation, a bad block.
 */
#include "private.h"
#include "block.h"

#include <linux/blkdev.h>
#include <linux/highmem.h>
#include <linux/string.h>

#include <scsi/scsi_proto.h>
#include <target/target_core_backend.h>

static sense_reason_t vscsi_block_done(struct vscsi_io *io, int err)
{
	io->execution.error = -err;
	return err ? TCM_LOGICAL_UNIT_COMMUNICATION_FAILURE : TCM_NO_SENSE;
}

static sense_reason_t vscsi_block_unmap(struct se_cmd *cmd, sector_t lba, sector_t blocks)
{
	struct vscsi_io *io = to_vscsi_io(cmd);

	return vscsi_block_done(io, blkdev_issue_discard(io->execution.bdev,
							 target_to_linux_sector(cmd->se_dev, lba),
							 target_to_linux_sector(cmd->se_dev, blocks),
							 GFP_NOIO));
}

/* All that target core's own parsing calls later. */
static struct exec_cmd_ops vscsi_block_ops = {
	.execute_unmap	= vscsi_block_unmap,
};

/* So many sectors at a time: between two of these it may become unwanted. */
#define VSCSI_ZERO_SECTORS (64u << (20 - SECTOR_SHIFT))

static int vscsi_block_zero(struct vscsi_io *io, sector_t sector, sector_t sectors)
{
	sector_t count;
	int err = 0;

	for (; sectors && !err && !vscsi_io_unwanted(io); sector += count, sectors -= count) {
		count = min_t(sector_t, sectors, VSCSI_ZERO_SECTORS);
		err = blkdev_issue_zeroout(io->execution.bdev, sector, count, GFP_NOIO,
					   BLKDEV_ZERO_NOUNMAP);
	}
	return err;
}

/* One block, again and again, as many times as go into a bio. */
static int vscsi_block_repeat(struct vscsi_io *io, sector_t sector, sector_t sectors)
{
	u32 block = io->data.sgl->length, count;
	struct bio *bio;
	int err = 0;

	while (sectors && !err && !vscsi_io_unwanted(io)) {
		bio = bio_alloc(io->execution.bdev, BIO_MAX_VECS, REQ_OP_WRITE | REQ_SYNC, GFP_NOIO);
		bio->bi_iter.bi_sector = sector;
		for (count = 0; count < BIO_MAX_VECS && sectors; count++) {
			__bio_add_page(bio, sg_page(io->data.sgl), block, io->data.sgl->offset);
			sector += block >> SECTOR_SHIFT;
			sectors -= block >> SECTOR_SHIFT;
		}
		err = submit_bio_wait(bio);
		bio_put(bio);
	}
	return err;
}

static bool vscsi_block_is_zero(struct vscsi_io *io)
{
	void *data = vscsi_io_first_page(io);
	bool zero = !memchr_inv(data, 0, io->data.sgl->length);

	kunmap_local(data);
	return zero;
}

void vscsi_block_resume(struct vscsi_io *io)
{
	struct se_cmd *cmd = &io->cmd;
	sector_t sectors = target_to_linux_sector(cmd->se_dev, sbc_get_write_same_sectors(cmd));
	sector_t sector = target_to_linux_sector(cmd->se_dev, cmd->t_task_lba);
	int err = vscsi_block_is_zero(io) ? vscsi_block_zero(io, sector, sectors) :
					    vscsi_block_repeat(io, sector, sectors);

	vscsi_block_done(io, err);
	target_complete_cmd(cmd, err ? SAM_STAT_CHECK_CONDITION : SAM_STAT_GOOD);
}

/* It may last: not in target core's submission work, which others of the device share. */
static sense_reason_t vscsi_block_write_same(struct se_cmd *cmd)
{
	struct vscsi_io *io = to_vscsi_io(cmd);

	if (cmd->t_data_nents != 1 || io->data.sgl->length != cmd->se_dev->dev_attrib.block_size)
		return TCM_INVALID_CDB_FIELD;
	io->execution.writes_same = true;
	vscsi_io_block(io, VSCSI_BLOCKED_LONG);
	return TCM_NO_SENSE;
}

/* Any context. */
static void vscsi_block_flushed(struct bio *bio)
{
	struct vscsi_io *io = bio->bi_private;
	int err = blk_status_to_errno(bio->bi_status);

	bio_uninit(bio);
	vscsi_block_done(io, err);
	target_complete_cmd(&io->cmd, err ? SAM_STAT_CHECK_CONDITION : SAM_STAT_GOOD);
}

static sense_reason_t vscsi_block_sync_cache(struct se_cmd *cmd)
{
	struct vscsi_io *io = to_vscsi_io(cmd);
	struct bio *bio = &io->execution.bio;

	bio_init(bio, io->execution.bdev, NULL, 0, REQ_OP_WRITE | REQ_PREFLUSH);
	bio->bi_end_io = vscsi_block_flushed;
	bio->bi_private = io;
	submit_bio(bio);
	return TCM_NO_SENSE;
}

/* Who asks for it at once hears of no error. */
static bool vscsi_block_is_immediate(const struct se_cmd *cmd)
{
	return cmd->t_task_cdb[1] & 2;
}

void vscsi_block_take(struct vscsi_io *io)
{
	struct se_cmd *cmd = &io->cmd;
	const struct exec_cmd_ops *ops = cmd->protocol_data;

	if (!ops || cmd->prot_op)
		return;
	if (cmd->execute_cmd == ops->execute_write_same)
		cmd->execute_cmd = vscsi_block_write_same;
	else if (cmd->execute_cmd == ops->execute_sync_cache && !vscsi_block_is_immediate(cmd))
		cmd->execute_cmd = vscsi_block_sync_cache;
	else if (io->cdb[0] == UNMAP || io->cdb[0] == WRITE_SAME || io->cdb[0] == WRITE_SAME_16)
		cmd->protocol_data = &vscsi_block_ops;
}
