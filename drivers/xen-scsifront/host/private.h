/* SPDX-License-Identifier: GPL-2.0 */
/* Between the files of host/. */
#ifndef VSCSI_FRONT_HOST_PRIVATE_H
#define VSCSI_FRONT_HOST_PRIVATE_H

#include <scsi/scsi_device.h>
#include <scsi/scsi_host.h>

#include "../kernel/compat.h"
#include "../ring/ring.h"
#include "host.h"

static inline struct vscsi_front_ring *vscsi_front_ring_of(struct Scsi_Host *host)
{
	return *(struct vscsi_front_ring **)shost_priv(host);
}

/* queue.c */
vscsi_queued vscsi_front_queue(struct Scsi_Host *host, struct scsi_cmnd *cmd);

/* tasks.c */
int vscsi_front_abort(struct scsi_cmnd *cmd);
int vscsi_front_reset_device(struct scsi_cmnd *cmd);
int vscsi_front_reset_host(struct scsi_cmnd *cmd);

#endif
