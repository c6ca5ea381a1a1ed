// SPDX-License-Identifier: GPL-2.0
/*
 * A slot whose request the device does not give back: the guest is answered, the
 * slot is left to target core, and another one takes its place.
 */
#define pr_fmt(fmt) "xen-pvscsi: " fmt

#include "private.h"

/* What an abandoned slot holds, from before others can see that it is abandoned. */
static void vscsi_abandoned_begin(struct vscsi_slot *slot)
{
	struct vscsi_ring *ring = slot->ring;
	struct vscsi_lun *lun = slot->request.lun;

	lockdep_assert_held(&ring->complete_lock);
	kref_get(&ring->kref);
	atomic_inc(&ring->abandoned.count);
	if (!vscsi_slot_is_task(slot))
		atomic_inc(&lun->abandoned);
	vscsi_pages_disown(slot, false);
	spin_lock(&ring->abandoned.lock);
	list_add(&slot->abandoned_entry, &ring->abandoned.slots);
	spin_unlock(&ring->abandoned.lock);
}

static void vscsi_abandoned_forget(struct vscsi_slot *slot)
{
	struct vscsi_ring *ring = slot->ring;

	spin_lock(&ring->abandoned.lock);
	list_del(&slot->abandoned_entry);
	spin_unlock(&ring->abandoned.lock);
}

/* What will be counted of a command that is answered without the device. */
struct vscsi_overdue_count {
	struct vscsi_lun_counts *counts;	/* NULL: it is not counted */
	struct vscsi_outcome outcome;
	struct vscsi_times times;
};

static struct vscsi_overdue_count vscsi_overdue_count(const struct vscsi_slot *slot)
{
	const struct vscsi_io *io = &slot->request.io;

	return (struct vscsi_overdue_count){
		.counts = slot->counted ? slot->request.lun->counts : NULL,
		.outcome = {
			.host = VSCSI_HOST_RESET,
			.direction = io->command.direction,
			.asked = io->data.bytes,
		},
		.times = {
			.fetched = io->times.fetched,
			.submitted = io->times.submitted,
		},
	};
}

bool vscsi_abandon(struct vscsi_ring *ring, u32 index)
{
	struct vscsi_slot *slot = ring->slot[index], *spare;
	struct vscsi_request *request = &slot->request;
	struct vscsi_overdue_count count;
	struct vscsi_lun *lun;
	bool task, forsaken;

	lockdep_assert_held(&ring->complete_lock);
	if (atomic_read(&request->state) != VSCSI_BUSY)
		return false;
	spare = vscsi_slot_alloc(ring, index);
	if (!spare)
		return false;

	/* All before the exchange: afterwards the slot may be gone. */
	lun = request->lun;
	task = vscsi_slot_is_task(slot);
	count = vscsi_overdue_count(slot);
	/* Against the end of the request, which puts what it holds. */
	vscsi_itl_get(&lun->itl);
	if (!task)
		pr_warn_ratelimited("domain %u: %s answered no abort of command 0x%02x: the guest goes on without it, its other commands for the device wait\n",
				    ring->controller->domid, lun->name, request->io.cdb[0]);
	vscsi_abandoned_begin(slot);
	forsaken = !task && vscsi_io_forsake(&request->io);
	if (atomic_cmpxchg(&request->state, VSCSI_BUSY, VSCSI_ABANDONED) == VSCSI_BUSY) {
		ring->slot[index] = spare;
		vscsi_give_list(ring->engine, index, vscsi_slot_list(spare));
		count.times.done = count.times.answered = ktime_get_ns();
		if (count.counts)
			vscsi_count_answer(count.counts, &count.outcome, &count.times);
		vscsi_itl_put(&lun->itl);
		return true;
	}
	/* Nobody has answered it yet; what it has reserved is being taken back. */
	if (forsaken)
		vscsi_io_note_host(&request->io, VSCSI_KNOWN_DEVICE, VSCSI_HOST_RESET);
	vscsi_abandoned_forget(slot);
	vscsi_pages_disown(slot, true);
	if (!task)
		atomic_dec(&lun->abandoned);
	atomic_dec(&ring->abandoned.count);
	vscsi_itl_put(&lun->itl);
	vscsi_ring_put(ring);
	vscsi_slot_free(spare);
	return false;
}

void vscsi_abandoned_end(struct vscsi_slot *slot)
{
	struct vscsi_lun *lun = slot->request.lun;
	bool task = vscsi_slot_is_task(slot);
	struct vscsi_ring *ring = slot->ring;

	vscsi_abandoned_forget(slot);
	vscsi_pages_drop(slot);
	vscsi_io_over(vscsi_slot_io(slot));
	vscsi_slot_free(slot);
	if (!task)
		atomic_dec(&lun->abandoned);
	/* The request's own reference. */
	vscsi_itl_put(&lun->itl);
	atomic_dec(&ring->abandoned.count);
	vscsi_ring_put(ring);
}

void vscsi_ring_abort(struct vscsi_ring *ring, u32 slots)
{
	struct vscsi_slot *slot;
	u32 index;

	for (index = 0; index < VSCSI_SLOTS; index++) {
		slot = ring->slot[index];
		if (slots & BIT(index) && slot &&
		    atomic_read(&slot->request.state) == VSCSI_BUSY)
			vscsi_io_abort(vscsi_slot_io(slot));
	}
	spin_lock(&ring->abandoned.lock);
	list_for_each_entry(slot, &ring->abandoned.slots, abandoned_entry)
		vscsi_io_abort(vscsi_slot_io(slot));
	spin_unlock(&ring->abandoned.lock);
}
