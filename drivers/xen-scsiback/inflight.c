// SPDX-License-Identifier: GPL-2.0
/*
 * debugfs xen-scsiback/vscsi-D-N/inflight: what each slot in use waits for, and
 * memory: what the ring holds now.  A
 * controller that has gone while commands of it are with a device is still
 * there, as vscsi-D-N.SERIAL.
 */
#include "shim.h"

#include <linux/debugfs.h>
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/seq_file.h>

static struct dentry *vscsi_debugfs;

static const char *vscsi_slot_where(const struct vscsi_slot *slot, int state)
{
	if (state == VSCSI_SLOT_ABANDONED)
		return "abandoned";
	if (state == VSCSI_SLOT_DONE)
		return "done";
	if (slot->task)
		return "task";
	if (READ_ONCE(slot->ring->parked) & BIT(slot->index))
		return "parked";
	if (!READ_ONCE(slot->submitted_ns))
		return "fetched";
	if (READ_ONCE(slot->aborting))
		return "aborting";
	return READ_ONCE(slot->unit) ? "queued" : "device";
}

/* complete_lock or abandoned_lock held, so that the slot keeps its device. */
static void vscsi_slot_show(struct seq_file *m, const struct vscsi_slot *slot, u64 now)
{
	int state = atomic_read_acquire(&slot->state);
	const struct vscsi_device *device = READ_ONCE(slot->device);
	u64 age = now - slot->fetched_ns;

	seq_printf(m, "%4u %5u %-9s %10llu ", slot->index, slot->rqid,
		   vscsi_slot_where(slot, state), div_u64(age, NSEC_PER_MSEC));
	if (device)
		seq_printf(m, "%u:%u:%u:%u %s:%u ", device->address.host, device->address.channel,
			   device->address.id, device->address.lun,
			   device->session->tpg->port->name, device->lun);
	else
		seq_puts(m, "- - ");
	seq_printf(m, "%u ", slot->bytes);
	if (slot->task)
		seq_puts(m, "-\n");
	else
		seq_printf(m, "%*ph\n", (int)VSCSI_CDB_BYTES, slot->cdb);
}

static void vscsi_ring_show_slots(struct seq_file *m, struct vscsi_ring *ring)
{
	struct vscsi_slot *slot;
	u64 now;
	u32 i;

	mutex_lock(&ring->complete_lock);
	now = ktime_get_ns();
	for (i = 0; i < VSCSI_SLOTS; i++) {
		slot = READ_ONCE(ring->slot[i]);
		if (slot && atomic_read_acquire(&slot->state) == VSCSI_SLOT_BUSY)
			vscsi_slot_show(m, slot, now);
	}
	spin_lock(&ring->abandoned_lock);
	list_for_each_entry(slot, &ring->abandoned_slots, abandoned_entry)
		vscsi_slot_show(m, slot, now);
	spin_unlock(&ring->abandoned_lock);
	mutex_unlock(&ring->complete_lock);
	/* As in vscsi_drain(): what completed meanwhile is not left to nobody. */
	smp_mb();
	vscsi_drain(ring);
}

static void vscsi_ring_show_memory(struct seq_file *m, struct vscsi_ring *ring)
{
	u32 slots, tables;

	mutex_lock(&ring->complete_lock);
	vscsi_slots_count(ring, &slots, &tables);
	mutex_unlock(&ring->complete_lock);
	/* As above. */
	smp_mb();
	vscsi_drain(ring);
	seq_printf(m, "slots %u\ntables %u\npages_lent %u\npages_free %u\n", slots, tables,
		   READ_ONCE(ring->lent), READ_ONCE(ring->cache.count));
}

static int memory_show(struct seq_file *m, void *unused)
{
	struct vscsi_vhost *vhost = m->private;

	mutex_lock(&vhost->ring_lock);
	if (vhost->ring)
		vscsi_ring_show_memory(m, vhost->ring);
	mutex_unlock(&vhost->ring_lock);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(memory);

static int inflight_show(struct seq_file *m, void *unused)
{
	struct vscsi_vhost *vhost = m->private;

	seq_puts(m, "slot  rqid state         age_ms v-dev p-dev bytes cdb\n");
	mutex_lock(&vhost->ring_lock);
	if (vhost->ring)
		vscsi_ring_show_slots(m, vhost->ring);
	mutex_unlock(&vhost->ring_lock);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(inflight);

static void vscsi_inflight_make(struct vscsi_vhost *vhost, const char *name)
{
	vhost->inflight = debugfs_create_dir(name, vscsi_debugfs);
	debugfs_create_file("inflight", 0400, vhost->inflight, vhost, &inflight_fops);
	debugfs_create_file("memory", 0400, vhost->inflight, vhost, &memory_fops);
}

void vscsi_inflight_add(struct vscsi_vhost *vhost)
{
	vscsi_inflight_make(vhost, dev_name(&vhost->dev->dev));
}

void vscsi_inflight_leave(struct vscsi_vhost *vhost)
{
	static atomic_t serial = ATOMIC_INIT(0);
	char name[64];

	debugfs_remove(vhost->inflight);
	snprintf(name, sizeof(name), "%s.%u", dev_name(&vhost->dev->dev),
		 atomic_inc_return(&serial));
	vscsi_inflight_make(vhost, name);
}

void vscsi_inflight_remove(struct vscsi_vhost *vhost)
{
	debugfs_remove(vhost->inflight);
}

void vscsi_inflight_init(void)
{
	vscsi_debugfs = debugfs_create_dir("xen-scsiback", NULL);
}

void vscsi_inflight_exit(void)
{
	debugfs_remove(vscsi_debugfs);
}
