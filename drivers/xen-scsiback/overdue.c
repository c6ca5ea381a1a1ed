// SPDX-License-Identifier: GPL-2.0
/*
 * A frontend that aborts a command waits for the answer before it does anything
 * else, on any of its LUNs.  If the device does not give the command back in
 * time, the guest is answered without it: the slot is abandoned to target core
 * and another one takes its place.  Until the command is truly over, others for
 * the device are parked, and after a while answered with BUSY: nothing overtakes
 * what was aborted, and a guest that tries again does so once a second.
 */
#include "shim.h"

#include <linux/slab.h>

#define VSCSI_TASK_PATIENCE (10 * HZ)
#define VSCSI_OVERDUE_EVERY HZ
#define VSCSI_PARKED_PATIENCE HZ
/* One ring's worth; what is more waits for the device. */
#define VSCSI_MOST_ABANDONED VSCSI_SLOTS

static void vscsi_abandoned_forget(struct vscsi_slot *slot)
{
	struct vscsi_ring *ring = slot->ring;

	spin_lock(&ring->abandoned_lock);
	list_del(&slot->abandoned_entry);
	spin_unlock(&ring->abandoned_lock);
}

/* Abandons a slot, unless it is over; its answer is the caller's. */
static bool vscsi_abandon(struct vscsi_ring *ring, u32 index)
{
	struct vscsi_slot *slot = ring->slot[index], *spare;
	struct vscsi_device *device = slot->device;
	struct vscsi_times times = {
		.fetched = slot->fetched_ns,
		.submitted = slot->submitted_ns,
	};
	bool counted = slot->counted, from_device = slot->from_device;
	u32 bytes = slot->bytes;

	lockdep_assert_held(&ring->complete_lock);
	if (atomic_read(&slot->state) != VSCSI_SLOT_BUSY)
		return false;
	spare = vscsi_slot_alloc(ring, index);
	if (!spare)
		return false;

	/* All before the exchange: afterwards the slot may be gone. */
	kref_get(&ring->kref);
	kref_get(&device->kref);
	atomic_inc(&ring->abandoned);
	if (!slot->task) {
		atomic_inc(&device->abandoned);
		pr_warn_ratelimited("domain %u: %s answered no abort of command 0x%02x: the guest goes on without it, its other commands for the device wait\n",
				    ring->vhost->domid, device->name, slot->cdb[0]);
	}
	vscsi_pages_disown(slot, false);
	spin_lock(&ring->abandoned_lock);
	list_add(&slot->abandoned_entry, &ring->abandoned_slots);
	spin_unlock(&ring->abandoned_lock);
	if (atomic_cmpxchg(&slot->state, VSCSI_SLOT_BUSY, VSCSI_SLOT_ABANDONED) ==
	    VSCSI_SLOT_BUSY) {
		ring->slot[index] = spare;
		vscsi_give_list(ring->engine, index, vscsi_slot_list(spare));
		times.done = times.answered = ktime_get_ns();
		if (counted)
			vscsi_count_overdue(device, bytes, from_device, &times);
		vscsi_device_put(device);
		return true;
	}
	vscsi_abandoned_forget(slot);
	vscsi_pages_disown(slot, true);
	if (!slot->task)
		atomic_dec(&device->abandoned);
	atomic_dec(&ring->abandoned);
	vscsi_device_put(device);
	vscsi_ring_put(ring);
	vscsi_slot_free(spare);
	return false;
}

void vscsi_abandoned_end(struct vscsi_slot *slot)
{
	struct vscsi_device *device = slot->device;
	struct vscsi_ring *ring = slot->ring;

	vscsi_abandoned_forget(slot);
	vscsi_pages_drop(slot);
	vscsi_passthrough_put(slot);
	if (!slot->task)
		atomic_dec(&device->abandoned);
	vscsi_slot_free(slot);
	vscsi_device_put(device);
	atomic_dec(&ring->abandoned);
	vscsi_ring_put(ring);
}

void vscsi_ring_abort(struct vscsi_ring *ring, u32 slots)
{
	struct vscsi_slot *slot;
	u32 index;

	for (index = 0; index < VSCSI_SLOTS; index++) {
		slot = ring->slot[index];
		if (slots & BIT(index) && slot && atomic_read(&slot->state) == VSCSI_SLOT_BUSY)
			vscsi_passthrough_abort(slot);
	}
	spin_lock(&ring->abandoned_lock);
	list_for_each_entry(slot, &ring->abandoned_slots, abandoned_entry)
		vscsi_passthrough_abort(slot);
	spin_unlock(&ring->abandoned_lock);
}

/* Answers a task and what it covers without the device. */
static void vscsi_answer_overdue(struct vscsi_ring *ring, u32 task, u32 covered)
{
	const struct vscsi_result reset = { .host = VSCSI_HOST_RESET, .residual = ~0u };
	bool live = ring->shared;
	u32 index;

	if (atomic_read(&ring->abandoned) + hweight32(covered) + 1 > VSCSI_MOST_ABANDONED)
		return;
	for (index = 0; index < VSCSI_SLOTS; index++) {
		if (!(covered & BIT(index)))
			continue;
		if (!vscsi_abandon(ring, index))
			return;
		vscsi_set_result(ring->engine, index, &reset);
		vscsi_answer_slot(ring, index, live);
	}
	if (!(ring->held & BIT(task)) && vscsi_abandon(ring, task)) {
		vscsi_set_task_result(ring->engine, task, true);
		vscsi_answer_slot(ring, task, live);
	}
}

void vscsi_park(struct vscsi_slot *slot)
{
	slot->since = jiffies;
	slot->ring->parked |= BIT(slot->index);
}

void vscsi_drop_parked(struct vscsi_ring *ring, u32 slots)
{
	u32 dropped = ring->parked & slots, index;

	ring->parked &= ~dropped;
	for (index = 0; index < VSCSI_SLOTS; index++)
		if (dropped & BIT(index))
			vscsi_ring_drop(ring->slot[index]);
}

static void vscsi_unpark(struct vscsi_ring *ring)
{
	u32 index;

	for (index = 0; index < VSCSI_SLOTS; index++) {
		struct vscsi_slot *slot = ring->slot[index];

		if (!(ring->parked & BIT(index)))
			continue;
		if (!atomic_read(&slot->device->abandoned)) {
			ring->parked &= ~BIT(index);
			vscsi_submit_command(slot);
		} else if (time_after(jiffies, slot->since + VSCSI_PARKED_PATIENCE)) {
			ring->parked &= ~BIT(index);
			slot->host = VSCSI_HOST_OK;
			slot->status = SAM_STAT_BUSY;
			slot->residual = slot->bytes;
			vscsi_complete(slot);
		}
	}
}

void vscsi_overdue(struct vscsi_ring *ring)
{
	u32 task, covered, unanswered = 0;

	if (!vscsi_ring_waits(ring) || time_before(jiffies, ring->overdue_at))
		return;
	ring->overdue_at = jiffies + VSCSI_OVERDUE_EVERY;
	vscsi_unpark(ring);

	mutex_lock(&ring->complete_lock);
	vscsi_answer(ring);
	ring->tasks &= vscsi_busy_slots(ring->engine);
	for (task = 0; task < VSCSI_SLOTS; task++) {
		if (!(ring->tasks & BIT(task)))
			continue;
		covered = vscsi_task_unanswered(ring->engine, task);
		unanswered |= covered;
		if (time_after(jiffies, ring->slot[task]->since + VSCSI_TASK_PATIENCE))
			vscsi_answer_overdue(ring, task, covered);
	}
	vscsi_answer_held(ring, ring->shared);
	vscsi_publish_answers(ring);
	/* A transport may have put an abort off; ask again. */
	vscsi_ring_abort(ring, unanswered);
	mutex_unlock(&ring->complete_lock);
	/* As in vscsi_drain(). */
	smp_mb();
	vscsi_drain(ring);
}
