// SPDX-License-Identifier: GPL-2.0
/*
 * A command's way back out of target core.  It ends in one place, release_cmd:
 * only then is the request free for the frontend's next one.
 */
#include "private.h"

#include <scsi/scsi_proto.h>

int vscsi_write_pending(struct se_cmd *cmd)
{
	/* The data was copied before submission. */
	target_execute_cmd(cmd);
	return 0;
}

int vscsi_queue_data_in(struct se_cmd *cmd)
{
	struct vscsi_request *request = to_vscsi_request(cmd);
	struct vscsi_io *io = &request->io;

	if (io->result.known == VSCSI_KNOWN_DEVICE)
		return 0;
	vscsi_io_note_data(io);
	if (io->result.status)
		return 0;
	if (io->cdb[0] == REPORT_LUNS)
		vscsi_report_guest_luns(request);
	else if (vscsi_io_reads(io))
		vscsi_io_amend(io);
	return 0;
}

int vscsi_queue_status(struct se_cmd *cmd)
{
	struct vscsi_io *io = to_vscsi_io(cmd);

	if (!vscsi_io_tells_capacity(io))
		vscsi_io_note_status(io);
	return 0;
}

void vscsi_aborted_task(struct se_cmd *cmd)
{
	/* Who asked for the abort knows. */
	vscsi_io_note_host(to_vscsi_io(cmd), VSCSI_KNOWN_CORE, VSCSI_HOST_RESET);
}

int vscsi_check_stop_free(struct se_cmd *cmd)
{
	return transport_generic_free_cmd(cmd, 0);
}

void vscsi_release_cmd(struct se_cmd *cmd)
{
	struct vscsi_request *request = to_vscsi_request(cmd);

	if (request->kind != VSCSI_COMMAND) {
		vscsi_task_released(request);
		return;
	}
	if (request->io.result.known != VSCSI_KNOWN_AGAIN || READ_ONCE(request->queue->stopped)) {
		vscsi_command_up->over(request);
		return;
	}
	vscsi_io_over(&request->io);
	vscsi_command_start(request, false);
}
