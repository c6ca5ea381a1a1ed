/* SPDX-License-Identifier: GPL-2.0 */
/* Between the files of control/. */
#ifndef VSCSI_FRONT_CONTROL_PRIVATE_H
#define VSCSI_FRONT_CONTROL_PRIVATE_H

#include "../host/host.h"
#include "../ring/ring.h"

/* A controller.  xenbus calls one at a time for it; all of it is theirs. */
struct vscsi_front {
	struct xenbus_device *dev;
	struct Scsi_Host *host;		/* NULL until the backend has a ring, and after the end */
	bool blocked;			/* the host waits for the next connection */
	struct vscsi_front_ring ring;
};

/* devices.c: what a step (VSCSI_FRONT_JOIN...) asks for, of each device. */
void vscsi_front_devices(struct vscsi_front *front, int step);

#endif
