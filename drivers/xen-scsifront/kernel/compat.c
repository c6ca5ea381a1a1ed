// SPDX-License-Identifier: GPL-2.0
#include "compat.h"

#include <linux/blk-mq.h>
#include <linux/blkdev.h>

#ifdef VSCSI_KERNEL_QUEUE_LIMITS_UPDATE

void vscsi_queue_narrow(struct request_queue *q, u32 segments, u32 sectors)
{
	struct queue_limits limits = queue_limits_start_update(q);
	int err;

	limits.max_segments = min_t(u32, limits.max_segments, segments);
	limits.max_hw_sectors = min_t(u32, limits.max_hw_sectors, sectors);
	/* Not frozen: what is under way may wait for the connection that this is part of. */
	err = queue_limits_commit_update(q, &limits);
	if (err)
		pr_warn("xen-scsifront: a device keeps its limits: error %d\n", err);
}

#else

void vscsi_queue_narrow(struct request_queue *q, u32 segments, u32 sectors)
{
	/* Not frozen, as above. */
	blk_queue_max_segments(q, min_t(u32, queue_max_segments(q), segments));
	blk_queue_max_hw_sectors(q, min_t(u32, queue_max_hw_sectors(q), sectors));
}

#endif
