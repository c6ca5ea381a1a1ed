// SPDX-License-Identifier: GPL-2.0
/* Tasks on their way from the ring: what they cover here, and whether the device must know. */
#include "private.h"

/* A bit for each of the slots whose command ends by itself. */
static u32 vscsi_comes_back(const struct vscsi_ring *ring, u32 slots)
{
	u32 found = 0, index;

	for (index = 0; index < VSCSI_SLOTS; index++)
		if (slots & BIT(index) && vscsi_request_comes_back(&ring->slot[index]->request))
			found |= BIT(index);
	return found;
}

/* A bit for each of the slots whose request is not over; what is over may be yet to be answered. */
static u32 vscsi_not_over(const struct vscsi_ring *ring, u32 slots)
{
	u32 found = 0, index;

	for (index = 0; index < VSCSI_SLOTS; index++)
		if (slots & BIT(index) &&
		    atomic_read(&ring->slot[index]->request.state) == VSCSI_BUSY)
			found |= BIT(index);
	return found;
}

void vscsi_ring_task(struct vscsi_slot *slot)
{
	struct vscsi_request *request = &slot->request;
	struct vscsi_ring *ring = slot->ring;
	struct vscsi_lun *lun = request->lun;
	struct vscsi_task_view view = {
		.well_known = !lun,
		.abandoned = lun && atomic_read(&lun->abandoned),
		.passed_through = lun && vscsi_itl_passes_through(&lun->itl, lun->number),
	};
	struct vscsi_task task;

	vscsi_task_of(ring->engine, slot->index, &task);
	request->io.since = jiffies;
	if (lun) {
		ring->wait.tasks |= BIT(slot->index);
		vscsi_ring_abort(ring, task.covered);
		vscsi_drop_parked(ring, task.covered);
	}
	view.function = task.function;
	view.covered = vscsi_not_over(ring, task.covered);
	view.comes_back = vscsi_comes_back(ring, view.covered);
	switch (vscsi_task_step(&view)) {
	case VSCSI_TASK_DONE:
		vscsi_task_done(request);
		break;
	case VSCSI_TASK_RESET_DEVICE:
		vscsi_task_reset_device(request);
		break;
	default:
		if (request->kind == VSCSI_RESET)
			vscsi_task_reset(request);
		else
			vscsi_task_abort(request, task.tag);
	}
}

/* Drops those of the first slots that wait for pages and are covered; how many are left. */
static u32 vscsi_drop_waiting(struct vscsi_ring *ring, u32 kept, u32 covered)
{
	struct vscsi_ring_wait *wait = &ring->wait;
	u32 still = 0, i;

	for (i = 0; i < kept; i++) {
		u32 index = wait->slot[i];

		if (covered & BIT(index))
			vscsi_ring_drop(ring->slot[index]);
		else
			wait->slot[still++] = index;
	}
	return still;
}

/*
 * Tasks do not wait behind commands that wait for pages: those pages may be
 * with the very command that is to be aborted.
 */
void vscsi_ring_tasks_first(struct vscsi_ring *ring)
{
	struct vscsi_ring_wait *wait = &ring->wait;
	struct vscsi_task task;
	u32 kept = 0, i;

	for (i = 0; i < wait->waiting; i++) {
		struct vscsi_slot *slot = ring->slot[wait->slot[i]];

		if (!vscsi_slot_is_task(slot)) {
			wait->slot[kept++] = wait->slot[i];
			continue;
		}
		vscsi_task_of(ring->engine, slot->index, &task);
		kept = vscsi_drop_waiting(ring, kept, task.covered);
		vscsi_ring_task(slot);
	}
	wait->waiting = kept;
}
