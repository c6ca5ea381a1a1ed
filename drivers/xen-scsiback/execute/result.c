// SPDX-License-Identifier: GPL-2.0
/* What a command came to, whoever says so. */
#include "private.h"

#include <linux/highmem.h>

#include <scsi/scsi_common.h>
#include <scsi/scsi_proto.h>
#include <target/target_core_backend.h>
#include <vscsi/complaints.h>

bool vscsi_io_read_only(const struct vscsi_io *io)
{
	/* An initiator without an ACL does not see that the backstore is read-only (demo mode). */
	return io->cmd.se_lun->lun_access_ro || target_lun_is_rdonly((struct se_cmd *)&io->cmd);
}

static void vscsi_io_note(struct vscsi_io *io)
{
	struct vscsi_io_result *result = &io->result;
	const struct se_cmd *cmd = &io->cmd;

	result->known = VSCSI_KNOWN_CORE;
	result->host = VSCSI_HOST_OK;
	result->status = cmd->scsi_status;
	result->has_sense = cmd->se_cmd_flags & (SCF_TRANSPORT_TASK_SENSE | SCF_EMULATED_TASK_SENSE);
	/* The wire has a word for too little data only. */
	result->residual = cmd->se_cmd_flags & SCF_UNDERFLOW_BIT ?
				   min(cmd->residual_count, io->data.bytes) : 0;
}

/* Also for tape reads that end in CHECK CONDITION with data (SSC-3 4.2.14). */
void vscsi_io_note_data(struct vscsi_io *io)
{
	if (io->result.known != VSCSI_KNOWN_DEVICE)
		vscsi_io_note(io);
}

/*
 * Target core's own unit attentions are not for a device that is passed through:
 * over "REPORTED LUNS DATA HAS CHANGED", say, a tape would lose its position.
 * share.c has the device's, and tells of resets.
 */
static bool vscsi_io_is_attention(const struct vscsi_io *io)
{
	const struct vscsi_io_result *result = &io->result;
	struct vscsi_sense sense;

	if (!io->execution.device || !result->has_sense)
		return false;
	vscsi_sense_of(result->sense, sizeof(result->sense), &sense);
	return sense.key == UNIT_ATTENTION;
}

/* Target core has one word for whatever a backstore failed at. */
static bool vscsi_io_explained(struct vscsi_io *io)
{
	const struct vscsi_executor *executor = io->execution.executor;
	struct vscsi_sense sense;

	vscsi_sense_of(io->result.sense, sizeof(io->result.sense), &sense);
	if (sense.key != NOT_READY || sense.code != 0x08)
		return false;
	if (!io->execution.error && executor && executor->explain)
		io->execution.error = executor->explain(io);
	if (!io->execution.error)
		return false;
	vscsi_io_note_error(io, io->execution.error);
	return true;
}

void vscsi_io_note_status(struct vscsi_io *io)
{
	struct vscsi_io_result *result = &io->result;

	if (result->known == VSCSI_KNOWN_DEVICE)
		return;
	/*
	 * Another initiator's reset or PREEMPT AND ABORT.  A guest shall try again
	 * as it does after one of its own; and TASK ABORTED would be new to it.
	 */
	if (io->cmd.scsi_status == SAM_STAT_TASK_ABORTED) {
		vscsi_io_note_host(io, VSCSI_KNOWN_CORE, VSCSI_HOST_RESET);
		return;
	}
	if (io->cmd.scsi_status == SAM_STAT_CHECK_CONDITION && vscsi_io_explained(io))
		return;
	vscsi_io_note(io);
	/* No data came with it; a guest must not take stale memory for data. */
	if (vscsi_io_reads(io))
		result->residual = io->data.bytes;
	if (vscsi_io_is_attention(io))
		result->known = VSCSI_KNOWN_AGAIN;
}

void vscsi_io_note_host(struct vscsi_io *io, enum vscsi_known known, u8 host)
{
	struct vscsi_io_result *result = &io->result;

	result->known = known;
	result->host = host;
	result->status = SAM_STAT_GOOD;
	result->has_sense = false;
	result->residual = io->data.bytes;
}

void vscsi_io_note_busy(struct vscsi_io *io)
{
	vscsi_io_note_host(io, VSCSI_KNOWN_CORE, VSCSI_HOST_OK);
	io->result.status = SAM_STAT_BUSY;
}

void vscsi_io_note_check(struct vscsi_io *io, u8 key, u8 code, u8 qualifier)
{
	struct vscsi_io_result *result = &io->result;

	vscsi_io_note_host(io, VSCSI_KNOWN_DEVICE, VSCSI_HOST_OK);
	result->status = SAM_STAT_CHECK_CONDITION;
	memset(result->sense, 0, sizeof(result->sense));
	scsi_build_sense_buffer(0, result->sense, key, code, qualifier);
	result->has_sense = true;
}

void vscsi_io_note_error(struct vscsi_io *io, int error)
{
	struct vscsi_block_answer answer;

	vscsi_block_status(error, !vscsi_io_reads(io), &answer);
	if (answer.status == SAM_STAT_CHECK_CONDITION) {
		vscsi_io_note_check(io, answer.key, answer.code, answer.qualifier);
		return;
	}
	vscsi_io_note_host(io, VSCSI_KNOWN_DEVICE, answer.host);
	io->result.status = answer.status;
}

void vscsi_io_result_of(const struct vscsi_io *io, struct vscsi_result *out)
{
	const struct vscsi_io_result *result = &io->result;

	*out = (struct vscsi_result){
		.host = result->host,
		.status = result->status,
		.residual = result->residual,
		.sense = result->has_sense ? result->sense : NULL,
		.sense_bytes = result->has_sense ? VSCSI_SENSE_BYTES : 0,
	};
}

bool vscsi_io_complained(struct vscsi_io *io)
{
	const struct vscsi_io_result *result = &io->result;
	struct vscsi_complaint_view view = {
		.cdb = io->cdb,
		.status = result->status,
		.data_bytes = io->data.bytes,
	};
	bool complained;
	void *data;

	/* Of what a device that is passed through refuses it says nothing. */
	if (result->known == VSCSI_KNOWN_ENGINE || result->host != VSCSI_HOST_OK || io->execution.device)
		return false;
	if (result->has_sense)
		vscsi_sense_of(result->sense, sizeof(result->sense), &view.sense);
	if (io->cdb[0] != UNMAP || !io->data.pages)
		return vscsi_complains(&view);
	data = vscsi_io_first_page(io);
	view.parameters = data;
	view.parameter_bytes = min(io->data.bytes, io->data.sgl->length);
	complained = vscsi_complains(&view);
	kunmap_local(data);
	return complained;
}
