// SPDX-License-Identifier: GPL-2.0
/*
 * Of each device of target core one PERSISTENT RESERVE OUT or reset at a time is
 * with target core, whoever of the guests sends it.  Two PREEMPTs at once can spin
 * for each other there, and PREEMPT AND ABORT and a reset wait for each other.
 * What waits here occupies no worker.
 */
#include "private.h"

#include <linux/slab.h>

/* There while something has entered. */
struct vscsi_unit {
	struct list_head entry;		/* vscsi_units_lock */
	const void *dev;		/* to compare only */
	struct list_head waiting;	/* vscsi_units_lock: requests */
};

const struct vscsi_command_callbacks *vscsi_command_up;

/* Requests whose turn has come; each may take as long as a device does. */
static struct workqueue_struct *vscsi_turn_wq;

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

bool vscsi_unit_enter(struct vscsi_request *request, const void *dev)
{
	struct vscsi_unit *fresh = kzalloc(sizeof(*fresh), GFP_NOIO), *unit;
	bool first = false;

	spin_lock(&vscsi_units_lock);
	unit = vscsi_unit_find(dev);
	if (unit) {
		list_add_tail(&request->unit_entry, &unit->waiting);
	} else if (fresh) {
		unit = fresh;
		fresh = NULL;
		first = true;
		unit->dev = dev;
		INIT_LIST_HEAD(&unit->waiting);
		list_add(&unit->entry, &vscsi_units);
	}
	/* Before its turn can come. */
	request->unit = unit;
	spin_unlock(&vscsi_units_lock);
	kfree(fresh);
	if (first)
		queue_work(vscsi_turn_wq, &request->turn);
	return unit;
}

void vscsi_unit_leave(struct vscsi_unit *unit)
{
	struct vscsi_request *next;

	spin_lock(&vscsi_units_lock);
	next = list_first_entry_or_null(&unit->waiting, struct vscsi_request, unit_entry);
	if (next)
		list_del(&next->unit_entry);
	else
		list_del(&unit->entry);
	spin_unlock(&vscsi_units_lock);
	if (next)
		queue_work(vscsi_turn_wq, &next->turn);
	else
		kfree(unit);
}

void vscsi_unit_pass(struct vscsi_request *request)
{
	request->unit = NULL;
	queue_work(vscsi_turn_wq, &request->turn);
}

const void *vscsi_unit_of(struct vscsi_lun *lun)
{
	struct se_node_acl *nacl = lun->se_sess->se_node_acl;
	const void *dev = NULL;
	struct se_dev_entry *deve;
	struct se_lun *se_lun;

	rcu_read_lock();
	hlist_for_each_entry_rcu(deve, &nacl->lun_entry_hlist, link) {
		if (deve->mapped_lun != lun->number)
			continue;
		se_lun = READ_ONCE(deve->se_lun);
		dev = se_lun ? rcu_access_pointer(se_lun->lun_se_dev) : NULL;
	}
	rcu_read_unlock();
	return dev;
}

int vscsi_command_init(const struct vscsi_command_callbacks *callbacks)
{
	vscsi_command_up = callbacks;
	vscsi_turn_wq = alloc_workqueue("xen-vscsi-submit", WQ_UNBOUND | WQ_MEM_RECLAIM, 0);
	return vscsi_turn_wq ? 0 : -ENOMEM;
}

void vscsi_command_exit(void)
{
	destroy_workqueue(vscsi_turn_wq);
}
