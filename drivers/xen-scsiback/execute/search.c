// SPDX-License-Identifier: GPL-2.0
/*
 * Which block of a read is bad.  The block layer merges, splits and completes in
 * pieces, and says of a bio only that it failed: so it is read once more, by one block
 * of the medium after the other, to the first that fails.  What comes before it is then
 * in the command's pages, as it is when a disk says so itself.
 */
#include "private.h"

#include <linux/blkdev.h>

#include <target/target_core_backend.h>

static blk_status_t vscsi_search_read(struct vscsi_io *io, u32 from, u32 bytes)
{
	struct se_cmd *cmd = &io->cmd;
	struct bio bio;

	bio_init(&bio, io->execution.bdev, io->data.vecs, io->data.entries, REQ_OP_READ);
	bio.bi_iter.bi_sector = target_to_linux_sector(cmd->se_dev, cmd->t_task_lba) +
				(from >> SECTOR_SHIFT);
	vscsi_data_add_to(&io->data, &bio, from, bytes);
	submit_bio_wait(&bio);
	bio_uninit(&bio);
	return bio.bi_status;
}

/* To where a block of the medium ends. */
static u32 vscsi_search_piece(const struct vscsi_io *io, u32 from)
{
	u32 block = bdev_physical_block_size(io->execution.bdev);
	u64 at = (target_to_linux_sector(io->cmd.se_dev, io->cmd.t_task_lba) << SECTOR_SHIFT) + from;

	return min(block - (u32)(at & (block - 1)), io->cmd.data_length - from);
}

/* By its guest, or by anybody through target core. */
static bool vscsi_search_unwanted(const struct vscsi_io *io)
{
	return READ_ONCE(io->execution.aborting) ||
	       READ_ONCE(io->cmd.transport_state) & (CMD_T_ABORTED | CMD_T_STOP);
}

bool vscsi_search_wanted(const struct vscsi_io *io)
{
	return io->execution.bio_status == BLK_STS_MEDIUM && !io->execution.searched &&
	       vscsi_io_reads(io);
}

void vscsi_search(struct vscsi_io *io)
{
	struct vscsi_execution *execution = &io->execution;
	u32 from = 0, piece;

	execution->searched = true;
	while (from < io->cmd.data_length && !vscsi_search_unwanted(io)) {
		piece = vscsi_search_piece(io, from);
		execution->bio_status = vscsi_search_read(io, from, piece);
		if (execution->bio_status)
			break;
		from += piece;
	}
	execution->good_bytes = from;
}
