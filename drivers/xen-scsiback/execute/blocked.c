// SPDX-License-Identifier: GPL-2.0
/*
 * Commands whose next step may have to wait: the ring's thread has aborts to read and
 * other LUNs to serve, and interrupts cannot.  A work item of their I_T_L nexus takes that
 * step, in the order in which they came.  What may last has one of its own, and so have
 * those that target core does not have yet, so that the others do not wait for them.
 */
#include "private.h"

#include <linux/blkdev.h>

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

void vscsi_io_submit_later(struct vscsi_io *io)
{
	vscsi_io_block(io, VSCSI_BLOCKED_SUBMISSION);
}

static void vscsi_resume(struct vscsi_io *io)
{
	io->execution.executor->resume(io);
}

/* What nobody wants any more shall take no unit attention with it. */
static void vscsi_submit(struct vscsi_io *io)
{
	if (vscsi_io_unwanted(io))
		transport_generic_request_failure(&io->cmd, TCM_LOGICAL_UNIT_COMMUNICATION_FAILURE);
	else
		target_submit(&io->cmd);
}

static void vscsi_unblock(struct vscsi_itl *itl, enum vscsi_blocked_how how,
			  void (*step)(struct vscsi_io *io))
{
	struct llist_node *blocked = llist_reverse_order(llist_del_all(&itl->blocked[how].list));
	struct vscsi_io *io, *next;
	struct blk_plug plug;

	blk_start_plug(&plug);
	/* Each may be over, and gone, before the next is looked at. */
	llist_for_each_entry_safe(io, next, blocked, execution.node)
		step(io);
	blk_finish_plug(&plug);
	vscsi_itl_put(itl);
}

static void vscsi_unblock_work(struct work_struct *work)
{
	struct vscsi_itl *itl = container_of(work, struct vscsi_itl, blocked[VSCSI_BLOCKED].work);

	vscsi_unblock(itl, VSCSI_BLOCKED, vscsi_resume);
}

static void vscsi_unblock_long_work(struct work_struct *work)
{
	struct vscsi_itl *itl = container_of(work, struct vscsi_itl,
					     blocked[VSCSI_BLOCKED_LONG].work);

	vscsi_unblock(itl, VSCSI_BLOCKED_LONG, vscsi_resume);
}

static void vscsi_unblock_submission_work(struct work_struct *work)
{
	struct vscsi_itl *itl = container_of(work, struct vscsi_itl,
					     blocked[VSCSI_BLOCKED_SUBMISSION].work);

	vscsi_unblock(itl, VSCSI_BLOCKED_SUBMISSION, vscsi_submit);
}

void vscsi_itl_init_blocked(struct vscsi_itl *itl)
{
	int how;

	for (how = 0; how < VSCSI_BLOCKED_KINDS; how++)
		init_llist_head(&itl->blocked[how].list);
	INIT_WORK(&itl->blocked[VSCSI_BLOCKED].work, vscsi_unblock_work);
	INIT_WORK(&itl->blocked[VSCSI_BLOCKED_LONG].work, vscsi_unblock_long_work);
	INIT_WORK(&itl->blocked[VSCSI_BLOCKED_SUBMISSION].work, vscsi_unblock_submission_work);
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
