// SPDX-License-Identifier: GPL-2.0
/*
 * The end of a command that its executor has reported to the ring.  What target
 * core would do, a work item and with it a context switch for each command, is
 * done here for all that ended together: Documentation/performance.md has what
 * that is worth.
 */
#include "private.h"

#include <linux/blkdev.h>

#include <scsi/scsi_common.h>
#include <scsi/scsi_proto.h>
#include <target/target_core_backend.h>

/* False if target core must end it: somebody wants it back, or it ran alone. */
static bool vscsi_claim(struct se_cmd *cmd)
{
	bool mine;

	spin_lock_irq(&cmd->t_state_lock);
	mine = !(cmd->transport_state & (CMD_T_ABORTED | CMD_T_STOP)) && !vscsi_runs_alone(cmd);
	if (mine) {
		/* From here on an abort passes it over. */
		cmd->t_state = TRANSPORT_COMPLETE;
		cmd->transport_state |= CMD_T_COMPLETE;
		cmd->transport_state &= ~CMD_T_ACTIVE;
	}
	spin_unlock_irq(&cmd->t_state_lock);
	return mine;
}

/* The data before the block that is bad has come, and the guest can use it. */
static void vscsi_note_bad_block(struct vscsi_io *io)
{
	u64 lba = io->cmd.t_task_lba + io->execution.good_bytes / io->cmd.se_dev->dev_attrib.block_size;
	struct vscsi_io_result *result = &io->result;

	result->residual = io->data.bytes - io->execution.good_bytes;
	/* Fixed format has room for 32 bits. */
	memset(result->sense, 0, sizeof(result->sense));
	scsi_build_sense_buffer(lba >> 32 ? 1 : 0, result->sense, MEDIUM_ERROR, 0x11, 0);
	scsi_set_sense_information(result->sense, sizeof(result->sense), lba);
}

static void vscsi_note_bio_error(struct vscsi_io *io)
{
	vscsi_io_note_error(io, -blk_status_to_errno(io->execution.bio_status));
	if (io->execution.bio_status == BLK_STS_MEDIUM && io->execution.searched)
		vscsi_note_bad_block(io);
}

static void vscsi_note_end(struct vscsi_io *io)
{
	/* The guest's own abort needs no help of target core's, so nobody else says so. */
	if (!io->execution.device && vscsi_io_unwanted(io))
		return;
	if (io->execution.bio_status)
		vscsi_note_bio_error(io);
	/* Of a passed-through command the result is known already. */
	vscsi_io_note_data(io);
	io->result.known = VSCSI_KNOWN_DEVICE;
}

/*
 * Target core's trace event target_cmd_complete is not exported; the one function
 * that is, and has it, tells the fabric once more, which knows by then.
 */
static void vscsi_tell_target_core(struct vscsi_io *io)
{
	struct se_cmd *cmd = &io->cmd;

	cmd->scsi_status = io->result.status;
	if (io->result.has_sense)
		cmd->scsi_sense_length = TRANSPORT_SENSE_BUFFER;
	transport_send_check_condition_and_sense(cmd, TCM_NO_SENSE, 1);
}

/*
 * Somebody's abort or reset came first.  For a bio that is the answer: the guest
 * will do the same once more.  What a SCSI device has said stays true where target
 * core reports TASK ABORTED, to other initiators: a tape's block is there, or is not.
 */
static void vscsi_leave_to_target_core(struct vscsi_io *io)
{
	if (!io->execution.device && !vscsi_runs_alone(&io->cmd))
		io->result.known = VSCSI_KNOWN_CORE;
	target_complete_cmd(&io->cmd, io->execution.bio_status ? SAM_STAT_CHECK_CONDITION
								: SAM_STAT_GOOD);
}

void vscsi_io_finish(struct vscsi_io *io)
{
	struct se_cmd *cmd = &io->cmd;

	if (vscsi_bio_again(io))
		return;
	vscsi_note_end(io);
	if (!vscsi_claim(cmd)) {
		vscsi_leave_to_target_core(io);
		return;
	}
	vscsi_leave_task_set(cmd);
	vscsi_count_data(cmd->se_lun, cmd->data_direction == DMA_FROM_DEVICE, cmd->data_length);
	vscsi_tell_target_core(io);
	/* Nobody else has a reference, so release_cmd follows at once. */
	io->execution.ender = VSCSI_ENDS_ROUND;
	transport_generic_free_cmd(cmd, 0);
}
