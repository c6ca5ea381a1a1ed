// SPDX-License-Identifier: GPL-2.0
/* What the mid-layer does about commands that take too long. */
#include "private.h"

int vscsi_front_abort(struct scsi_cmnd *cmd)
{
	return vscsi_front_ring_task(vscsi_front_ring_of(cmd->device->host), cmd, VSCSI_FRONT_ABORT)
	       ? SUCCESS : FAILED;
}

int vscsi_front_reset_device(struct scsi_cmnd *cmd)
{
	return vscsi_front_ring_task(vscsi_front_ring_of(cmd->device->host), cmd, VSCSI_FRONT_RESET)
	       ? SUCCESS : FAILED;
}

/*
 * The last step: after it the mid-layer gives commands up, and their memory is used for
 * other things.  So the backend may not reach it any more; but what it does at the device
 * goes on, and so this is no success, after which others might be sent there.
 */
int vscsi_front_reset_host(struct scsi_cmnd *cmd)
{
	vscsi_front_ring_revoke(vscsi_front_ring_of(cmd->device->host));
	return FAILED;
}
