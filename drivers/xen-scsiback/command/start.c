// SPDX-License-Identifier: GPL-2.0
/* A command's way into target core. */
#include "private.h"

#include <scsi/scsi_proto.h>
#include <target/target_core_backend.h>

#include "../watch/trace.h"

static enum dma_data_direction vscsi_dma_direction(u32 direction)
{
	switch (direction) {
	case VSCSI_TO_DEVICE:
		return DMA_TO_DEVICE;
	case VSCSI_FROM_DEVICE:
		return DMA_FROM_DEVICE;
	default:
		return DMA_NONE;
	}
}

/*
 * Gives target core the command's pages.  Not target_submit_prep(), which refuses
 * a CDB that asks for more than the buffer, and lets a CDB that asks for less
 * run over the whole buffer.
 */
static void vscsi_hand_over_pages(struct vscsi_io *io)
{
	struct vscsi_data *data = &io->data;
	struct se_cmd *cmd = &io->cmd;
	u32 left = cmd->data_length, used = 0;

	while (used < data->pages && left) {
		struct scatterlist *sg = &data->sgl[used++];

		sg->length = min(sg->length, left);
		left -= sg->length;
	}
	if (!used)
		return;
	vscsi_data_end(data, used);
	cmd->t_data_sg = data->sgl;
	cmd->t_data_nents = used;
	cmd->se_cmd_flags |= SCF_PASSTHROUGH_SG_TO_MEM_NOALLOC;
}

/*
 * Target core calls a COMPARE AND WRITE's callback also when the command failed
 * before or during its read.  It would then compare with a buffer that was never
 * read, write if that matches, and end the command twice.  All that is left to
 * do in that case is to release the device's semaphore, if it was taken: the
 * command then has half its length.
 */
static sense_reason_t vscsi_compare_done(struct se_cmd *cmd, bool success, int *post_ret)
{
	struct vscsi_request *request = to_vscsi_request(cmd);

	if (success)
		return request->compare_done(cmd, true, post_ret);
	if (cmd->data_length != request->io.data.bytes)
		up(&cmd->se_dev->caw_sem);
	return TCM_NO_SENSE;
}

/*
 * Where LUN 0 has gone target core puts a dummy that reads as zeros: no guest shall
 * take it for its disk.  Of the dummy it may hear what SPC-4 6.4.2 says of a logical
 * unit that is not there.
 */
static bool vscsi_is_dummy(const struct vscsi_io *io)
{
	const struct se_cmd *cmd = &io->cmd;

	return cmd->se_lun == cmd->se_sess->se_tpg->tpg_virt_lun0 && io->cdb[0] != INQUIRY &&
	       io->cdb[0] != REPORT_LUNS && io->cdb[0] != REQUEST_SENSE;
}

/* What target core lets pass when it parses, and should not. */
static sense_reason_t vscsi_inspect(struct vscsi_request *request)
{
	struct vscsi_io *io = &request->io;
	struct se_cmd *cmd = &io->cmd;

	if (cmd->data_length > io->data.bytes)
		return TCM_INVALID_CDB_FIELD;
	if (io->cdb[0] == REPORT_LUNS && !vscsi_report_luns_valid(io->cdb))
		return TCM_INVALID_CDB_FIELD;
	if (vscsi_io_parameters_refused(io))
		return TCM_INVALID_PARAMETER_LIST;
	/* A buffer shorter than the CDB says must still be of whole blocks. */
	if (cmd->se_cmd_flags & SCF_SCSI_DATA_CDB &&
	    !(cmd->se_dev->transport_flags & TRANSPORT_FLAG_PASSTHROUGH) &&
	    cmd->data_length % cmd->se_dev->dev_attrib.block_size)
		return TCM_INVALID_CDB_FIELD;
	if (cmd->transport_complete_callback) {
		/* Of no block: one that is interrupted would not release the semaphore. */
		if (cmd->data_direction != DMA_TO_DEVICE)
			return TCM_INVALID_CDB_FIELD;
		request->compare_done = cmd->transport_complete_callback;
		cmd->transport_complete_callback = vscsi_compare_done;
	}
	return TCM_NO_SENSE;
}

static sense_reason_t vscsi_refuse(struct se_cmd *cmd)
{
	return TCM_INVALID_CDB_FIELD;
}

/*
 * The guest claims a direction that the CDB, which writes, does not have.  Target
 * core judges it as what it is, without data and up to execution: unit attentions
 * and ports come first, and where a reservation keeps the guest out of what the CDB
 * would do, that is the answer.
 */
static void vscsi_submit_misdirected(struct se_cmd *cmd)
{
	cmd->data_direction = DMA_TO_DEVICE;
	cmd->data_length = 0;
	cmd->execute_cmd = vscsi_refuse;
	target_submit(cmd);
}

static void vscsi_fail(struct vscsi_request *request, sense_reason_t reason)
{
	transport_generic_request_failure(&request->io.cmd, reason);
}

static bool vscsi_parse(struct vscsi_request *request)
{
	sense_reason_t reason = target_cmd_parse_cdb(&request->io.cmd);

	if (!reason)
		reason = vscsi_inspect(request);
	if (reason)
		vscsi_fail(request, reason);
	return !reason;
}

static void vscsi_misdirected(struct vscsi_request *request, struct vscsi_cdb_view *view)
{
	view->read_only = true;
	if (view->emulated && vscsi_cdb_verdict(view) == VSCSI_CDB_WRITE_PROTECTED)
		vscsi_submit_misdirected(&request->io.cmd);
	else
		vscsi_fail(request, TCM_INVALID_CDB_FIELD);
}

/*
 * Whether the command may go on: what its CDB may do is the engine's to say.  If not,
 * it is answered.
 */
static bool vscsi_admit(struct vscsi_request *request, bool ring_thread)
{
	struct vscsi_io *io = &request->io;
	struct vscsi_cdb_view view = {
		.cdb = io->cdb,
		.direction = io->command.direction,
		.bytes = io->data.bytes,
		.device_type = io->execution.device_type,
		.emulated = !(io->cmd.se_dev->transport_flags & TRANSPORT_FLAG_PASSTHROUGH),
		.read_only = vscsi_io_read_only(io),
	};

	if (vscsi_is_dummy(io)) {
		vscsi_fail(request, TCM_NON_EXISTENT_LUN);
		return false;
	}
	if (io->execution.unknown) {
		vscsi_fail(request, TCM_LUN_BUSY);
		return false;
	}
	if (ring_thread && vscsi_io_size_changed(io)) {
		/* CAPACITY DATA HAS CHANGED is the answer, whatever target core makes of this. */
		vscsi_io_note_check(io, UNIT_ATTENTION, 0x2a, 0x09);
		vscsi_fail(request, TCM_LUN_BUSY);
		return false;
	}
	switch (vscsi_cdb_verdict(&view)) {
	case VSCSI_CDB_PASS:
		return vscsi_parse(request);
	case VSCSI_CDB_UNSUPPORTED:
		vscsi_fail(request, TCM_UNSUPPORTED_SCSI_OPCODE);
		return false;
	case VSCSI_CDB_WRITE_PROTECTED:
		vscsi_fail(request, TCM_WRITE_PROTECTED);
		return false;
	default:
		vscsi_misdirected(request, &view);
		return false;
	}
}

static void vscsi_execute(struct vscsi_request *request, bool first)
{
	struct vscsi_io *io = &request->io;
	struct se_cmd *cmd = &io->cmd;

	if (io->cdb[0] == PERSISTENT_RESERVE_OUT && !io->execution.taken) {
		if (!vscsi_unit_enter(request, cmd->se_dev))
			transport_generic_request_failure(cmd, TCM_OUT_OF_RESOURCES);
	} else if (vscsi_io_waits(io, first)) {
		vscsi_io_submit_later(io);
	} else {
		target_submit(cmd);
	}
}

void vscsi_command_start(struct vscsi_request *request, bool first)
{
	bool ring_thread = current == request->queue->thread;
	struct vscsi_lun *lun = request->lun;
	struct vscsi_io *io = &request->io;
	struct se_cmd *cmd = &io->cmd;
	sense_reason_t reason;

	memset(cmd, 0, sizeof(*cmd));
	cmd->tag = io->command.tag;
	vscsi_io_restart(io);
	if (target_init_cmd(cmd, lun->se_sess, io->result.sense, lun->number, io->data.bytes,
			    TCM_SIMPLE_TAG, vscsi_dma_direction(io->command.direction), 0)) {
		vscsi_io_note_host(io, VSCSI_KNOWN_CORE, VSCSI_HOST_NO_CONNECT);
		vscsi_command_up->over(request);
		return;
	}
	reason = target_cmd_init_cdb(cmd, io->cdb, GFP_NOIO);
	if (!reason)
		reason = transport_lookup_cmd_lun(cmd);
	if (reason) {
		transport_send_check_condition_and_sense(cmd, reason, 0);
		target_put_sess_cmd(cmd);
		return;
	}
	vscsi_io_find(io, ring_thread);
	if (!vscsi_admit(request, ring_thread))
		return;
	vscsi_hand_over_pages(io);
	vscsi_io_take(io);
	vscsi_execute(request, first);
}

void vscsi_command_submit(struct vscsi_request *request)
{
	struct vscsi_io *io = &request->io;
	struct vscsi_command *command = &io->command;

	/* The engine's copy is gone when the request is abandoned. */
	command->cdb = io->cdb;
	command->cdb_bytes = vscsi_cdb_bytes(io->cdb, command->cdb_bytes);
	io->since = jiffies;
	io->times.submitted = ktime_get_ns();
	trace_submitted(&request->queue->whose, &request->lun->address, command,
			io->times.submitted - io->times.fetched);
	vscsi_command_start(request, true);
}
