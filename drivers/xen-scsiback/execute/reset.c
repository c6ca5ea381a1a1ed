// SPDX-License-Identifier: GPL-2.0
/*
 * A guest's LOGICAL UNIT RESET reaches the device (SAM-5 6.3.3), as sg_reset of dom0
 * would: everybody's commands at the device end, and what it holds for anybody.
 */
#include "private.h"

#include <linux/slab.h>

#include <scsi/scsi_cmnd.h>
#include <scsi/scsi_device.h>
#include <scsi/scsi_eh.h>
#include <scsi/scsi_host.h>

/* All who use the device feel it, so it is not a guest's to have as often as it likes. */
#define VSCSI_RESET_EVERY (10 * HZ)

/* Adapters look at the device of the command that they are given, and at no more. */
static struct scsi_cmnd *vscsi_reset_command(struct scsi_device *sdev)
{
	struct scsi_cmnd *scmd;
	struct request *req;

	req = kzalloc(sizeof(*req) + sizeof(*scmd) + sdev->host->hostt->cmd_size, GFP_NOIO);
	if (!req)
		return NULL;
	blk_rq_init(NULL, req);
	scmd = blk_mq_rq_to_pdu(req);
	scmd->device = sdev;
	scmd->submitter = SUBMITTED_BY_SCSI_RESET_IOCTL;
	scmd->sc_data_direction = DMA_BIDIRECTIONAL;
	INIT_LIST_HEAD(&scmd->eh_entry);
	return scmd;
}

/* While it is set the mid-layer starts no command at this adapter. */
static void vscsi_host_in_reset(struct Scsi_Host *shost, bool in)
{
	struct scsi_device *sdev;
	unsigned long flags;

	spin_lock_irqsave(shost->host_lock, flags);
	shost->tmf_in_progress = in;
	spin_unlock_irqrestore(shost->host_lock, flags);
	if (in)
		return;
	wake_up(&shost->host_wait);
	shost_for_each_device(sdev, shost)
		blk_mq_run_hw_queues(sdev->request_queue, true);
}

static bool vscsi_sdev_reset(struct scsi_device *sdev)
{
	struct Scsi_Host *shost = sdev->host;
	struct scsi_cmnd *scmd;
	bool done;

	if (vscsi_sdev_gone(sdev) || !shost->hostt->eh_device_reset_handler ||
	    !scsi_block_when_processing_errors(sdev))
		return false;
	scmd = vscsi_reset_command(sdev);
	if (!scmd)
		return false;
	vscsi_host_in_reset(shost, true);
	done = shost->hostt->eh_device_reset_handler(scmd) == SUCCESS;
	vscsi_host_in_reset(shost, false);
	kfree(blk_mq_rq_from_pdu(scmd));
	/* As after the mid-layer's own resets: dom0's commands expect to hear of it. */
	if (done)
		sdev->expecting_cc_ua = 1;
	return done;
}

bool vscsi_scsi_device_reset(struct vscsi_scsi_device *device)
{
	struct scsi_device *sdev;
	bool done;

	mutex_lock(&device->reset_lock);
	if (!device->reset_tried || time_after(jiffies, device->reset_at + VSCSI_RESET_EVERY)) {
		sdev = vscsi_scsi_device_pin(device);
		device->reset_done = vscsi_sdev_reset(sdev);
		vscsi_sdev_unpin(sdev);
		device->reset_tried = true;
		device->reset_at = jiffies;
		if (device->reset_done)
			vscsi_share_reset(device);
	}
	done = device->reset_done;
	mutex_unlock(&device->reset_lock);
	return done;
}
