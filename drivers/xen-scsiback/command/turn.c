// SPDX-License-Identifier: GPL-2.0
/* What starts when those before it have left their unit (unit.c). */
#include "private.h"

/*
 * Not target_submit(): PREEMPT AND ABORT flushes target core's submission works of the
 * device, where an operator can have commands queued, and would wait for itself in one of
 * them.  What target_submit() has beside it is not for a PERSISTENT RESERVE OUT.
 */
static void vscsi_submit_reservation(struct se_cmd *cmd)
{
	sense_reason_t reason;

	cmd->t_state = TRANSPORT_NEW_CMD;
	cmd->transport_state |= CMD_T_ACTIVE;
	reason = transport_generic_new_cmd(cmd);
	if (reason)
		transport_generic_request_failure(cmd, reason);
}

static void vscsi_turn(struct work_struct *work)
{
	struct vscsi_request *request = container_of(work, struct vscsi_request, turn);
	struct vscsi_unit *unit = request->unit;

	if (request->kind != VSCSI_COMMAND) {
		if (unit)
			vscsi_task_start_reset(request);
		else
			vscsi_task_start_device_reset(request);
		return;
	}
	/* From here on the command waits for no other. */
	WRITE_ONCE(request->unit, NULL);
	/* Executed when it returns; the request may be gone then. */
	vscsi_submit_reservation(&request->io.cmd);
	vscsi_unit_leave(unit);
}

void vscsi_request_init(struct vscsi_request *request, struct vscsi_queue *queue)
{
	request->queue = queue;
	atomic_set(&request->state, VSCSI_DONE);
	INIT_WORK(&request->turn, vscsi_turn);
	vscsi_io_init(&request->io);
}
