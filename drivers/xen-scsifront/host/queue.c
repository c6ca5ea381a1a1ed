// SPDX-License-Identifier: GPL-2.0
/* Commands. */
#include "private.h"

vscsi_queued vscsi_front_queue(struct Scsi_Host *host, struct scsi_cmnd *cmd)
{
	scsi_set_resid(cmd, 0);
	switch (vscsi_front_ring_send(vscsi_front_ring_of(host), cmd)) {
	case 0:
		return 0;
	case -EBUSY:
		return SCSI_MLQUEUE_HOST_BUSY;
	case -ENOTCONN:
		cmd->result = DID_NO_CONNECT << 16;
		break;
	default:
		cmd->result = DID_ERROR << 16;
	}
	scsi_done(cmd);
	return 0;
}
