// SPDX-License-Identifier: GPL-2.0
/*
 * Aborts and resets.  A reset occupies one of target core's workers until the
 * device has given everything back, so of each device one at a time is with
 * target core; those that come meanwhile share the next one.
 */
#include "shim.h"

#include <linux/slab.h>

/*
 * Whether these come back by themselves: what the SCSI mid-layer has was asked
 * for there, and PERSISTENT RESERVE OUT and its abort would wait for each other.
 */
static bool vscsi_all_come_back(struct vscsi_ring *ring, u32 slots)
{
	u32 index;

	for (index = 0; index < VSCSI_SLOTS; index++)
		if (slots & BIT(index) && !READ_ONCE(ring->slot[index]->passthrough) &&
		    ring->slot[index]->cdb[0] != PERSISTENT_RESERVE_OUT)
			return false;
	return true;
}

static int vscsi_submit_tmr(struct vscsi_slot *slot, u8 function, u64 tag)
{
	memset(&slot->cmd, 0, sizeof(slot->cmd));
	return target_submit_tmr(&slot->cmd, slot->device->session->se_sess, slot->sense,
				 slot->device->lun, NULL, function, GFP_NOIO, tag, 0);
}

/* True if another reset is on its way: this one's turn comes. */
static bool vscsi_reset_waits(struct vscsi_slot *slot)
{
	struct vscsi_device *device = slot->device;
	bool waits;

	spin_lock(&device->reset_lock);
	waits = device->resetting;
	if (waits)
		list_add_tail(&slot->reset_entry, &device->resets);
	device->resetting = true;
	spin_unlock(&device->reset_lock);
	return waits;
}

/*
 * A reset is over: moves those that it was for to done, and gives the one that
 * leads those that have come since, or NULL.  After the ring's end nobody needs
 * another one.
 */
static struct vscsi_slot *vscsi_reset_next(struct vscsi_device *device, bool stopped,
					   struct list_head *done)
{
	struct vscsi_slot *next, *after;

	spin_lock(&device->reset_lock);
	list_splice_init(&device->followers, done);
	/* Nor does one that was answered without the device. */
	list_for_each_entry_safe(next, after, &device->resets, reset_entry)
		if (stopped || atomic_read(&next->state) == VSCSI_SLOT_ABANDONED)
			list_move_tail(&next->reset_entry, done);
	next = list_first_entry_or_null(&device->resets, struct vscsi_slot, reset_entry);
	if (next)
		list_del(&next->reset_entry);
	else
		device->resetting = false;
	list_splice_init(&device->resets, &device->followers);
	spin_unlock(&device->reset_lock);
	return next;
}

/* Process context; may sleep. */
static void vscsi_reset_over(struct vscsi_slot *slot)
{
	struct vscsi_device *device = slot->device;
	struct vscsi_slot *next, *follower, *after;

	kref_get(&device->kref);
	do {
		bool ok = slot->task_ok;
		LIST_HEAD(done);

		next = vscsi_reset_next(device, READ_ONCE(slot->ring->stopped), &done);
		list_for_each_entry_safe(follower, after, &done, reset_entry) {
			follower->task_ok = ok;
			vscsi_complete(follower);
		}
		if (slot->unit)
			vscsi_unit_leave(slot->unit);
		slot->unit = NULL;
		vscsi_complete(slot);
		slot = next;
	} while (slot && !vscsi_unit_enter(slot, vscsi_unit_of(device)));
	vscsi_device_put(device);
}

void vscsi_start_reset(struct vscsi_slot *slot)
{
	if (READ_ONCE(slot->ring->stopped) || vscsi_submit_tmr(slot, TMR_LUN_RESET, 0))
		vscsi_reset_over(slot);
}

static void vscsi_submit_reset(struct vscsi_slot *slot)
{
	slot->reset = true;
	if (!vscsi_reset_waits(slot) && !vscsi_unit_enter(slot, vscsi_unit_of(slot->device)))
		vscsi_reset_over(slot);
}

void vscsi_submit_task(struct vscsi_slot *slot, const struct vscsi_task *task)
{
	bool abort = task->function == VSCSI_TASK_ABORT;
	struct vscsi_ring *ring = slot->ring;

	slot->since = jiffies;
	/* The well known logical unit's commands are over when the next is fetched. */
	if (!slot->device) {
		slot->task_ok = true;
		vscsi_complete(slot);
		return;
	}
	if (!abort)
		vscsi_passthrough_reset(slot->device);
	ring->tasks |= BIT(slot->index);
	vscsi_ring_abort(ring, task->covered);
	vscsi_drop_parked(ring, task->covered);
	/*
	 * SAM-5 7.2: a command that is not there any more counts as aborted.  What
	 * the guest was answered without needs no second task, and for what comes
	 * back by itself the answer waits.
	 */
	if ((abort && !task->in_flight) ||
	    (!task->covered && atomic_read(&slot->device->abandoned)) ||
	    (abort && vscsi_all_come_back(ring, task->covered))) {
		slot->task_ok = true;
		vscsi_complete(slot);
		return;
	}
	if (!abort)
		vscsi_submit_reset(slot);
	else if (vscsi_submit_tmr(slot, TMR_ABORT_TASK, task->tag))
		vscsi_complete(slot);
}

void vscsi_queue_tm_rsp(struct se_cmd *cmd)
{
	struct vscsi_slot *slot = to_vscsi_slot(cmd);
	u8 response = cmd->se_tmr_req->response;

	slot->task_ok = response == TMR_FUNCTION_COMPLETE || response == TMR_TASK_DOES_NOT_EXIST;
}

void vscsi_task_released(struct vscsi_slot *slot)
{
	if (slot->reset)
		vscsi_reset_over(slot);
	else
		vscsi_complete(slot);
}
