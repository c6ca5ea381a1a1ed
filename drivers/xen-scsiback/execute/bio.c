// SPDX-License-Identifier: GPL-2.0
/*
 * Reads and writes of iblock backstores, as one bio from the ring's thread.
 * Target core does all that comes before: LUN, access, unit attentions, ALUA,
 * reservations, task attributes.
 *
 * The ring's thread does not wait for a device: what would have had to, or might, is
 * started by a work item (blocked.c).
 */
#include "private.h"

#include <linux/blkdev.h>
#include <linux/major.h>
#include <linux/slab.h>

#include <scsi/scsi_proto.h>
#include <target/target_core_backend.h>

#include "block.h"
#include "limits.h"

/* A guest waits for its writes, so no throttle for what is written back holds them. */
#define VSCSI_WRITE (REQ_OP_WRITE | REQ_SYNC | REQ_IDLE)

/* iblock tells its device in words only. */
static dev_t vscsi_bio_device(struct se_device *dev)
{
	unsigned int major, minor;
	dev_t number = 0;
	char *text, *at;

	if (strcmp(dev->transport->name, "iblock"))
		return 0;
	text = (char *)get_zeroed_page(GFP_KERNEL);
	if (!text)
		return 0;
	dev->transport->show_configfs_dev_params(dev, text);
	at = strstr(text, "Major: ");
	if (at && sscanf(at, "Major: %u Minor: %u", &major, &minor) == 2)
		number = MKDEV(major, minor);
	free_page((unsigned long)text);
	return number;
}

/* If the device cannot be had, iblock does the work. */
static int vscsi_bio_link(struct vscsi_backing *backing, struct se_device *dev)
{
	dev_t number = vscsi_bio_device(dev);
	struct block_device *bdev;

	if (!number)
		return -ENODEV;
	/* iblock keeps it open for as long as a LUN or a command needs it. */
	bdev = vscsi_bdev_find(number);
	if (IS_ERR(bdev))
		return -ENODEV;
	backing->bdev = bdev;
	return 0;
}

static bool vscsi_bio_find(struct vscsi_io *io, const struct vscsi_backing *backing)
{
	io->execution.bdev = backing->bdev;
	io->execution.searched = false;
	io->execution.writes_same = false;
	return true;
}

/* Any context. */
static void vscsi_bio_ended(struct bio *bio)
{
	struct vscsi_io *io = bio->bi_private;

	io->execution.bio_status = bio->bi_status;
	io->times.done = ktime_get_ns();
	bio_uninit(bio);
	vscsi_execute_up->ended(io);
}

/* SBC-3 5.37: what is verified is on the medium. */
static bool vscsi_writes_and_verifies(const struct se_cmd *cmd)
{
	return cmd->t_task_cdb[0] == WRITE_VERIFY || cmd->t_task_cdb[0] == WRITE_VERIFY_16;
}

/* Where a device with a volatile cache knows no FUA, the block layer flushes after the write. */
static blk_opf_t vscsi_bio_operation(const struct se_cmd *cmd)
{
	if (cmd->data_direction == DMA_FROM_DEVICE)
		return REQ_OP_READ;
	if (cmd->se_cmd_flags & SCF_FUA || vscsi_writes_and_verifies(cmd))
		return VSCSI_WRITE | REQ_FUA;
	return VSCSI_WRITE;
}

static void vscsi_bio_submit(struct vscsi_io *io, blk_opf_t flags)
{
	struct block_device *bdev = io->execution.bdev;
	struct bio *bio = &io->execution.bio;
	struct se_cmd *cmd = &io->cmd;
	u32 count = cmd->t_data_nents;

	bio_init(bio, bdev, io->data.vecs, count, vscsi_bio_operation(cmd) | flags);
	bio->bi_iter.bi_sector = target_to_linux_sector(cmd->se_dev, cmd->t_task_lba);
	bio->bi_end_io = vscsi_bio_ended;
	bio->bi_private = io;
	vscsi_data_add_to(&io->data, bio, 0, cmd->data_length);
	submit_bio(bio);
}

/*
 * Whether the device says at once that it would have to wait, and nothing else comes of it.
 * Not what is stacked on others: Linux' mirrors, from 6.12 stable kernels on and for some
 * time, pass REQ_NOWAIT to their legs, and take for written or for broken what had to wait.
 */
static bool vscsi_bio_may_try(struct block_device *bdev)
{
	return queue_is_mq(bdev_get_queue(bdev)) || MAJOR(bdev->bd_dev) == RAMDISK_MAJOR;
}

/* A bio that may not wait cannot be split either. */
static blk_opf_t vscsi_bio_patience(const struct vscsi_io *io)
{
	struct block_device *bdev = io->execution.bdev;
	struct request_queue *queue = bdev_get_queue(bdev);
	bool whole = io->cmd.data_length <= queue_max_sectors(queue) << SECTOR_SHIFT &&
		     io->cmd.t_data_nents <= queue_max_segments(queue);

	return whole && bdev_nowait(bdev) ? REQ_NOWAIT : 0;
}

/* All of target core's checks are passed; mostly the ring's thread. */
static sense_reason_t vscsi_bio_execute(struct se_cmd *cmd)
{
	struct vscsi_io *io = to_vscsi_io(cmd);

	if (vscsi_io_unwanted(io))
		return TCM_LOGICAL_UNIT_COMMUNICATION_FAILURE;
	if (vscsi_bio_may_try(io->execution.bdev))
		vscsi_bio_submit(io, vscsi_bio_patience(io));
	else
		vscsi_io_block(io, VSCSI_BLOCKED);
	return TCM_NO_SENSE;
}

/*
 * Whatever is unusual (protection information, a COMPARE AND WRITE, more pages than bios of
 * the block layer's own have) is left to iblock.
 */
static bool vscsi_bio_take(struct vscsi_io *io)
{
	struct se_cmd *cmd = &io->cmd;

	if (!vscsi_direct_wanted() || !(cmd->se_cmd_flags & SCF_SCSI_DATA_CDB) ||
	    !cmd->t_data_nents || cmd->t_data_nents > BIO_MAX_VECS || cmd->prot_op ||
	    cmd->transport_complete_callback ||
	    !vscsi_cdb_is_plain(io->cdb, io->command.direction, io->execution.device_type)) {
		vscsi_block_take(io);
		return false;
	}
	io->execution.ender = VSCSI_ENDS_RING;
	cmd->execute_cmd = vscsi_bio_execute;
	return true;
}

static bool vscsi_bio_waits(struct vscsi_io *io, bool first)
{
	return false;
}

bool vscsi_bio_again(struct vscsi_io *io)
{
	blk_status_t status = io->execution.bio_status;

	/* A device below a stacked one may know no bios that do not wait. */
	bool waits = (status == BLK_STS_AGAIN || status == BLK_STS_NOTSUPP) &&
		     io->execution.bio.bi_opf & REQ_NOWAIT;

	if (!waits && !vscsi_search_wanted(io))
		return false;
	io->times.done = 0;
	vscsi_io_block(io, waits ? VSCSI_BLOCKED : VSCSI_BLOCKED_LONG);
	return true;
}

/* What had to wait; meanwhile it may have become unwanted. */
static void vscsi_bio_resume(struct vscsi_io *io)
{
	bool unwanted = vscsi_io_unwanted(io);

	if (io->execution.writes_same) {
		vscsi_block_resume(io);
		return;
	}
	if (!unwanted && !vscsi_search_wanted(io)) {
		vscsi_bio_submit(io, 0);
		return;
	}
	if (unwanted)
		io->execution.bio_status = BLK_STS_OK;
	else
		vscsi_search(io);
	io->times.done = ktime_get_ns();
	vscsi_execute_up->ended(io);
}

const struct vscsi_executor vscsi_bio_executor = {
	.link		= vscsi_bio_link,
	.find		= vscsi_bio_find,
	.take		= vscsi_bio_take,
	.waits		= vscsi_bio_waits,
	.amend		= vscsi_limits_amend,
	.resume		= vscsi_bio_resume,
	.comes_back	= true,
};
