// SPDX-License-Identifier: GPL-2.0
/*
 * What an operator sees of a ring.  Whoever completes meanwhile leaves the answer
 * to the reader, as to any other completer.
 */
#include "private.h"

#include <linux/ktime.h>
#include <linux/seq_file.h>

static const char *vscsi_slot_where(const struct vscsi_slot *slot, int state)
{
	const struct vscsi_request *request = &slot->request;

	if (state == VSCSI_ABANDONED)
		return "abandoned";
	if (state == VSCSI_DONE)
		return "done";
	if (vscsi_slot_is_task(slot))
		return "task";
	if (READ_ONCE(slot->ring->wait.parked) & BIT(slot->index))
		return "parked";
	if (!READ_ONCE(request->io.times.submitted))
		return "fetched";
	if (READ_ONCE(request->io.execution.aborting))
		return "aborting";
	return READ_ONCE(request->unit) ? "queued" : "device";
}

/* complete_lock or the lock of the abandoned held, so that the slot keeps its LUN. */
static void vscsi_slot_show(struct seq_file *m, const struct vscsi_slot *slot, u64 now)
{
	const struct vscsi_request *request = &slot->request;
	int state = atomic_read_acquire(&request->state);
	const struct vscsi_lun *lun = READ_ONCE(request->lun);
	u64 age = now - request->io.times.fetched;

	seq_printf(m, "%4u %5u %-9s %10llu ", slot->index, request->io.command.rqid,
		   vscsi_slot_where(slot, state), div_u64(age, NSEC_PER_MSEC));
	if (lun)
		seq_printf(m, "%u:%u:%u:%u %s:%u ", lun->address.host, lun->address.channel,
			   lun->address.id, lun->address.lun, lun->port, lun->number);
	else
		seq_puts(m, "- - ");
	seq_printf(m, "%u ", request->io.data.bytes);
	if (vscsi_slot_is_task(slot))
		seq_puts(m, "-\n");
	else
		seq_printf(m, "%*ph\n", (int)VSCSI_CDB_BYTES, request->io.cdb);
}

void vscsi_ring_show_inflight(struct vscsi_ring *ring, struct seq_file *m)
{
	struct vscsi_slot *slot;
	u64 now;
	u32 i;

	mutex_lock(&ring->complete_lock);
	now = ktime_get_ns();
	for (i = 0; i < VSCSI_SLOTS; i++) {
		slot = READ_ONCE(ring->slot[i]);
		if (slot && atomic_read_acquire(&slot->request.state) == VSCSI_BUSY)
			vscsi_slot_show(m, slot, now);
	}
	spin_lock(&ring->abandoned.lock);
	list_for_each_entry(slot, &ring->abandoned.slots, abandoned_entry)
		vscsi_slot_show(m, slot, now);
	spin_unlock(&ring->abandoned.lock);
	vscsi_complete_unlock(ring);
}

void vscsi_ring_show_memory(struct vscsi_ring *ring, struct seq_file *m)
{
	u32 slots, tables;

	mutex_lock(&ring->complete_lock);
	vscsi_slots_count(ring, &slots, &tables);
	vscsi_complete_unlock(ring);
	seq_printf(m, "slots %u\ntables %u\npages_lent %u\npages_free %u\n", slots, tables,
		   READ_ONCE(ring->pages.lent), READ_ONCE(ring->pages.cache.count));
}

void vscsi_ring_numbers(const struct vscsi_ring *ring, struct vscsi_controller_numbers *to)
{
	struct vscsi_ring_statistics now = {
		.interrupts = READ_ONCE(ring->interrupts),
		.copies = READ_ONCE(ring->in->copies) + READ_ONCE(ring->out->copies),
		.copy_calls = READ_ONCE(ring->in->calls) + READ_ONCE(ring->out->calls),
	};

	vscsi_read_counters(ring->engine, &now.engine);
	vscsi_ring_statistics_add(&to->sum, &now);
	to->in_flight += vscsi_in_flight(ring->engine);
	to->abandoned += atomic_read(&ring->abandoned.count);
}
