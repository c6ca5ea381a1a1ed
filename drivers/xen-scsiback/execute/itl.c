// SPDX-License-Identifier: GPL-2.0
/* The I_T_L nexus of a guest with a LUN. */
#include "private.h"

void vscsi_itl_init(struct vscsi_itl *itl, struct vscsi_backings *backings, u32 nexus)
{
	kref_init(&itl->kref);
	itl->backings = backings;
	itl->nexus = nexus;
	vscsi_itl_init_blocked(itl);
}

void vscsi_itl_exit(struct vscsi_itl *itl)
{
	if (itl->device)
		vscsi_scsi_device_put(itl->device);
	itl->device = NULL;
}
