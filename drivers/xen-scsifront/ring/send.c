// SPDX-License-Identifier: GPL-2.0
/* Commands and tasks, to the backend. */
#include "private.h"

#include <linux/jiffies.h>
#include <xen/events.h>

/* A backend that gives up on a device does so earlier. */
#define VSCSI_FRONT_TASK_PATIENCE (60 * HZ)

static void vscsi_front_address(struct vscsi_front_request *request, const struct scsi_device *sdev)
{
	request->channel = sdev->channel;
	request->id = sdev->id;
	request->lun = sdev->lun;
}

static int vscsi_front_send_command(struct vscsi_front_ring *ring, struct scsi_cmnd *cmd, u32 index)
{
	struct vscsi_front_slot *slot = &ring->slot[index];
	struct vscsi_front_request request = {
		.kind = VSCSI_FRONT_COMMAND,
		.cdb = cmd->cmnd,
		.cdb_bytes = cmd->cmd_len,
		.timeout = scsi_cmd_to_rq(cmd)->timeout / HZ,
		.direction = VSCSI_NO_DATA,
	};
	int err;

	err = vscsi_front_grant(ring, slot, cmd);
	if (err) {
		vscsi_front_unclaim(ring->engine, index);
		return err;
	}
	vscsi_front_address(&request, cmd->device);
	if (slot->segments) {
		request.direction = cmd->sc_data_direction;
		request.bytes = scsi_bufflen(cmd);
		request.segment = slot->direct;
		request.listed = slot->listed;
		request.segments = slot->listed ? vscsi_front_lists(slot->segments) : slot->segments;
	}
	slot->cmd = cmd;
	vscsi_front_place(cmd)->slot_and_one = index + 1;
	vscsi_front_send(ring->engine, index, &request);
	return 0;
}

int vscsi_front_ring_send(struct vscsi_front_ring *ring, struct scsi_cmnd *cmd)
{
	unsigned long flags;
	bool notify = false;
	unsigned int irq;
	u32 index;
	int err;

	BUILD_BUG_ON(DMA_TO_DEVICE != VSCSI_TO_DEVICE);
	BUILD_BUG_ON(DMA_FROM_DEVICE != VSCSI_FROM_DEVICE);
	BUILD_BUG_ON(DID_RESET != VSCSI_HOST_RESET);
	BUILD_BUG_ON(DID_TRANSPORT_DISRUPTED != VSCSI_HOST_DISRUPTED);

	spin_lock_irqsave(&ring->lock, flags);
	irq = ring->irq;
	vscsi_front_place(cmd)->slot_and_one = 0;
	if (ring->broken) {
		err = -ENOTCONN;
	} else if (!ring->live || !vscsi_front_claim(ring->engine, false, &index)) {
		err = -EBUSY;
	} else {
		err = vscsi_front_send_command(ring, cmd, index);
		notify = !err && vscsi_front_push(ring->engine);
	}
	spin_unlock_irqrestore(&ring->lock, flags);
	if (notify)
		notify_remote_via_irq(irq);
	return err;
}

/* With the lock held; false: not sent. */
static bool vscsi_front_send_task(struct vscsi_front_ring *ring, struct scsi_cmnd *cmd, u32 kind)
{
	int aborted = vscsi_front_slot_of(ring, cmd);
	struct vscsi_front_request request = {
		.kind = kind,
		.cdb = cmd->cmnd,
		.cdb_bytes = cmd->cmd_len,
		.direction = VSCSI_NO_DATA,
		.aborted = aborted < 0 ? 0 : aborted,
	};
	u32 index;

	if (!ring->live || ring->broken || !vscsi_front_claim(ring->engine, true, &index))
		return false;
	ring->task = index;
	ring->task_over = false;
	ring->task_succeeded = false;
	vscsi_front_address(&request, cmd->device);
	vscsi_front_send(ring->engine, index, &request);
	if (vscsi_front_push(ring->engine))
		notify_remote_via_irq(ring->irq);
	return true;
}

/* An answer that comes later is none. */
static bool vscsi_front_end_task(struct vscsi_front_ring *ring)
{
	bool succeeded;

	spin_lock_irq(&ring->lock);
	succeeded = ring->task_over && ring->task_succeeded;
	if (!ring->task_over)
		vscsi_front_forget(ring->engine, ring->task);
	ring->task = -1;
	spin_unlock_irq(&ring->lock);
	return succeeded;
}

/* A backend may answer none of the commands that its task has ended. */
static bool vscsi_front_take_back_all(struct vscsi_front_ring *ring, struct scsi_cmnd *cmd, u32 kind)
{
	struct scsi_cmnd *only = kind == VSCSI_FRONT_ABORT ? cmd : NULL;
	struct vscsi_front_done done;
	bool all;

	do {
		spin_lock_irq(&ring->lock);
		all = vscsi_front_take_back(ring, cmd->device, only, &done);
		spin_unlock_irq(&ring->lock);
		vscsi_front_finish(&done);
	} while (done.count);
	return all;
}

bool vscsi_front_ring_task(struct vscsi_front_ring *ring, struct scsi_cmnd *cmd, u32 kind)
{
	bool succeeded, over, sent = false;

	mutex_lock(&ring->one_task);
	spin_lock_irq(&ring->lock);
	/* It may have been answered meanwhile. */
	over = kind == VSCSI_FRONT_ABORT && vscsi_front_slot_of(ring, cmd) < 0;
	if (!over)
		sent = vscsi_front_send_task(ring, cmd, kind);
	spin_unlock_irq(&ring->lock);
	succeeded = over;
	if (sent) {
		wait_event_timeout(ring->task_wait, READ_ONCE(ring->task_over),
				   VSCSI_FRONT_TASK_PATIENCE);
		succeeded = vscsi_front_end_task(ring) && vscsi_front_take_back_all(ring, cmd, kind);
	}
	mutex_unlock(&ring->one_task);
	return succeeded;
}
