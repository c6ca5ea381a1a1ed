// SPDX-License-Identifier: GPL-2.0
/*
 * Commands that are with their device, and whose next step may have to wait: the ring's
 * thread has aborts to read and other LUNs to serve, and interrupts cannot.  A work item
 * of their I_T_L nexus takes that step, in the order in which they came; what may last
 * has one of its own, so that the others do not wait for it.
 */
#include "private.h"

static struct workqueue_struct *vscsi_blocked_wq;

/* The command holds its I_T_L nexus until it is over. */
void vscsi_io_block(struct vscsi_io *io, enum vscsi_blocked_how how)
{
	struct vscsi_blocked *blocked = &io->itl->blocked[how];
	struct vscsi_itl *itl = io->itl;

	vscsi_itl_get(itl);
	llist_add(&io->execution.node, &blocked->list);
	if (!queue_work(vscsi_blocked_wq, &blocked->work))
		vscsi_itl_put(itl);
}

static void vscsi_unblock(struct vscsi_itl *itl, struct vscsi_blocked *how)
{
	struct llist_node *blocked = llist_reverse_order(llist_del_all(&how->list));
	struct vscsi_io *io, *next;

	/* Each may be over, and gone, before the next is looked at. */
	llist_for_each_entry_safe(io, next, blocked, execution.node)
		io->execution.executor->resume(io);
	vscsi_itl_put(itl);
}

static void vscsi_unblock_work(struct work_struct *work)
{
	struct vscsi_itl *itl = container_of(work, struct vscsi_itl, blocked[VSCSI_BLOCKED].work);

	vscsi_unblock(itl, &itl->blocked[VSCSI_BLOCKED]);
}

static void vscsi_unblock_long_work(struct work_struct *work)
{
	struct vscsi_itl *itl = container_of(work, struct vscsi_itl,
					     blocked[VSCSI_BLOCKED_LONG].work);

	vscsi_unblock(itl, &itl->blocked[VSCSI_BLOCKED_LONG]);
}

void vscsi_itl_init_blocked(struct vscsi_itl *itl)
{
	init_llist_head(&itl->blocked[VSCSI_BLOCKED].list);
	init_llist_head(&itl->blocked[VSCSI_BLOCKED_LONG].list);
	INIT_WORK(&itl->blocked[VSCSI_BLOCKED].work, vscsi_unblock_work);
	INIT_WORK(&itl->blocked[VSCSI_BLOCKED_LONG].work, vscsi_unblock_long_work);
}

int vscsi_blocked_init(void)
{
	vscsi_blocked_wq = alloc_workqueue("xen-vscsi-wait", WQ_UNBOUND | WQ_MEM_RECLAIM,
					   WQ_UNBOUND_MAX_ACTIVE);
	return vscsi_blocked_wq ? 0 : -ENOMEM;
}

void vscsi_blocked_exit(void)
{
	destroy_workqueue(vscsi_blocked_wq);
}
