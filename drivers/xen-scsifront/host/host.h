/* SPDX-License-Identifier: GPL-2.0 */
/* The SCSI host of a controller: commands and error handling, onto its ring. */
#ifndef VSCSI_FRONT_HOST_H
#define VSCSI_FRONT_HOST_H

#include <linux/types.h>

struct device;
struct scsi_device;
struct Scsi_Host;
struct vscsi_front_ring;

/* Process context, all of these.  An error, or the host of a ring that was negotiated. */
struct Scsi_Host *vscsi_front_host_add(struct vscsi_front_ring *ring, struct device *parent);
/* With all its devices; what is in flight ends first. */
void vscsi_front_host_remove(struct Scsi_Host *host);
/* Nothing is sent from the one to the other. */
void vscsi_front_host_block(struct Scsi_Host *host);
/* The ring may be another, to a backend that offers less. */
void vscsi_front_host_unblock(struct Scsi_Host *host);

#endif
