/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What differs between Linux 6.1, 6.12 and 7.x; compat.kbuild finds out which it is.  No
 * file but this and compat.c asks for the kernel.
 */
#ifndef VSCSI_FRONT_COMPAT_H
#define VSCSI_FRONT_COMPAT_H

#include <linux/types.h>

struct request_queue;

#ifdef VSCSI_KERNEL_QUEUECOMMAND_STATUS
#include <scsi/scsi_host.h>
typedef enum scsi_qc_status vscsi_queued;
#else
typedef int vscsi_queued;
#endif

/* A device's queue gives no larger requests from now on.  May sleep; the queue is not frozen. */
void vscsi_queue_narrow(struct request_queue *q, u32 segments, u32 sectors);

#endif
