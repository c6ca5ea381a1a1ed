// SPDX-License-Identifier: GPL-2.0
/* What starts when those before it have left their unit (unit.c). */
#include "private.h"

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
	target_submit(&request->io.cmd);
	vscsi_unit_leave(unit);
}

void vscsi_request_init(struct vscsi_request *request, struct vscsi_queue *queue)
{
	request->queue = queue;
	atomic_set(&request->state, VSCSI_DONE);
	INIT_WORK(&request->turn, vscsi_turn);
	vscsi_io_init(&request->io);
}
