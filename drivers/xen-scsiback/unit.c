// SPDX-License-Identifier: GPL-2.0
/*
 * Of each device of target core one PERSISTENT RESERVE OUT or reset at a time is
 * with target core, whoever of the guests sends it.  Two PREEMPTs at once can spin
 * for each other there, and PREEMPT AND ABORT and a reset wait for each other.
 * What waits here occupies no worker.
 */
#include "shim.h"

#include <linux/slab.h>

/* There while something has entered. */
struct vscsi_unit {
	struct list_head entry;		/* vscsi_units_lock */
	const void *dev;		/* to compare only */
	struct list_head waiting;	/* vscsi_units_lock: slots */
};

static DEFINE_SPINLOCK(vscsi_units_lock);
static LIST_HEAD(vscsi_units);		/* vscsi_units_lock */

static struct vscsi_unit *vscsi_unit_find(const void *dev)
{
	struct vscsi_unit *unit;

	lockdep_assert_held(&vscsi_units_lock);
	list_for_each_entry(unit, &vscsi_units, entry)
		if (unit->dev == dev)
			return unit;
	return NULL;
}

bool vscsi_unit_enter(struct vscsi_slot *slot, const void *dev)
{
	struct vscsi_unit *fresh = kzalloc(sizeof(*fresh), GFP_NOIO), *unit;
	bool first = false;

	spin_lock(&vscsi_units_lock);
	unit = vscsi_unit_find(dev);
	if (unit) {
		list_add_tail(&slot->unit_entry, &unit->waiting);
	} else if (fresh) {
		unit = fresh;
		fresh = NULL;
		first = true;
		unit->dev = dev;
		INIT_LIST_HEAD(&unit->waiting);
		list_add(&unit->entry, &vscsi_units);
	}
	/* Before its turn can come. */
	slot->unit = unit;
	spin_unlock(&vscsi_units_lock);
	kfree(fresh);
	if (first)
		queue_work(vscsi_submit_wq, &slot->submit);
	return unit;
}

void vscsi_unit_leave(struct vscsi_unit *unit)
{
	struct vscsi_slot *next;

	spin_lock(&vscsi_units_lock);
	next = list_first_entry_or_null(&unit->waiting, struct vscsi_slot, unit_entry);
	if (next)
		list_del(&next->unit_entry);
	else
		list_del(&unit->entry);
	spin_unlock(&vscsi_units_lock);
	if (next)
		queue_work(vscsi_submit_wq, &next->submit);
	else
		kfree(unit);
}

const void *vscsi_unit_of(struct vscsi_device *device)
{
	struct se_node_acl *nacl = device->session->se_sess->se_node_acl;
	const void *dev = NULL;
	struct se_dev_entry *deve;
	struct se_lun *lun;

	rcu_read_lock();
	hlist_for_each_entry_rcu(deve, &nacl->lun_entry_hlist, link) {
		if (deve->mapped_lun != device->lun)
			continue;
		lun = READ_ONCE(deve->se_lun);
		dev = lun ? rcu_access_pointer(lun->lun_se_dev) : NULL;
	}
	rcu_read_unlock();
	return dev;
}
