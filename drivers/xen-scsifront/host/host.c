// SPDX-License-Identifier: GPL-2.0
/* The host: what it is to the mid-layer, and from when to when. */
#include <linux/module.h>

#include "private.h"

#define VSCSI_FRONT_MOST_TARGETS 64
#define VSCSI_FRONT_MOST_LUNS 16384	/* to what SAM's flat space addressing reaches */

static struct scsi_host_template vscsi_front_template = {
	.module			= THIS_MODULE,
	.name			= "Xen SCSI frontend",
	.proc_name		= "xen-scsifront",
	.queuecommand		= vscsi_front_queue,
	.eh_abort_handler	= vscsi_front_abort,
	.eh_device_reset_handler = vscsi_front_reset_device,
	.eh_host_reset_handler	= vscsi_front_reset_host,
	.change_queue_depth	= scsi_change_queue_depth,
	.this_id		= -1,
	.cmd_size		= sizeof(struct vscsi_front_place),
	/* A segment of the block layer's is one of the ring's. */
	.dma_boundary		= PAGE_SIZE - 1,
	.max_segment_size	= PAGE_SIZE,
};

struct Scsi_Host *vscsi_front_host_add(struct vscsi_front_ring *ring, struct device *parent)
{
	const struct vscsi_front_limits *limits = &ring->limits;
	struct Scsi_Host *host;
	int err;

	host = scsi_host_alloc(&vscsi_front_template, sizeof(ring));
	if (!host)
		return ERR_PTR(-ENOMEM);
	*(struct vscsi_front_ring **)shost_priv(host) = ring;
	host->max_id = VSCSI_FRONT_MOST_TARGETS;
	host->max_channel = 0;
	host->max_lun = VSCSI_FRONT_MOST_LUNS;
	host->max_cmd_len = VSCSI_CDB_BYTES;
	host->can_queue = limits->commands;
	host->cmd_per_lun = limits->commands;
	host->sg_tablesize = min_t(u32, limits->segments, SG_MAX_SEGMENTS);
	host->max_sectors = limits->sectors;
	err = scsi_add_host(host, parent);
	if (err) {
		scsi_host_put(host);
		return ERR_PTR(err);
	}
	dev_info(parent, "requests of up to %u segments, %u in flight\n", limits->segments,
		 limits->commands);
	return host;
}

void vscsi_front_host_remove(struct Scsi_Host *host)
{
	scsi_remove_host(host);
	scsi_host_put(host);
}

void vscsi_front_host_block(struct Scsi_Host *host)
{
	scsi_block_requests(host);
}

/* Larger requests that are under way end in an error; the next ones are cut smaller. */
static void vscsi_front_narrow(struct Scsi_Host *host)
{
	const struct vscsi_front_limits *limits = &vscsi_front_ring_of(host)->limits;
	struct scsi_device *sdev;

	if (limits->segments >= host->sg_tablesize)
		return;
	shost_printk(KERN_WARNING, host, "the backend takes %u segments a request, the one before took %u\n",
		     limits->segments, host->sg_tablesize);
	host->sg_tablesize = limits->segments;
	host->max_sectors = limits->sectors;
	shost_for_each_device(sdev, host)
		vscsi_queue_narrow(sdev->request_queue, limits->segments, limits->sectors);
}

void vscsi_front_host_unblock(struct Scsi_Host *host)
{
	vscsi_front_narrow(host);
	scsi_unblock_requests(host);
}
