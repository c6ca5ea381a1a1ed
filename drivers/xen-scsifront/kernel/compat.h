/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What differs between Linux 6.1, 6.12 and 7.x; compat.kbuild finds out which it is.  No
 * other file asks for the kernel.
 */
#ifndef VSCSI_FRONT_COMPAT_H
#define VSCSI_FRONT_COMPAT_H

#include <linux/blk-mq.h>
#include <linux/blkdev.h>

#include <scsi/scsi_device.h>
#include <scsi/scsi_host.h>

#ifdef VSCSI_KERNEL_QUEUECOMMAND_STATUS
typedef enum scsi_qc_status vscsi_queued;
#else
typedef int vscsi_queued;
#endif

/* A device's queue gives no larger requests from now on.  May sleep; the queue is not frozen. */
static inline void vscsi_queue_narrow(struct request_queue *q, u32 segments, u32 sectors)
{
#ifdef VSCSI_KERNEL_QUEUE_LIMITS_UPDATE
	struct queue_limits limits = queue_limits_start_update(q);

	limits.max_segments = min_t(u32, limits.max_segments, segments);
	limits.max_hw_sectors = min_t(u32, limits.max_hw_sectors, sectors);
#ifdef VSCSI_KERNEL_QUEUE_LIMITS_COMMIT
	if (queue_limits_commit_update_frozen(q, &limits))
		pr_warn("xen-scsifront: a device keeps its limits\n");
#else
	blk_mq_freeze_queue(q);
	if (queue_limits_commit_update(q, &limits))
		pr_warn("xen-scsifront: a device keeps its limits\n");
	blk_mq_unfreeze_queue(q);
#endif
#else
	/* Not frozen: what is under way may wait for the connection that this is part of. */
	blk_queue_max_segments(q, min_t(u32, queue_max_segments(q), segments));
	blk_queue_max_hw_sectors(q, min_t(u32, queue_max_hw_sectors(q), sectors));
#endif
}

#endif
