// SPDX-License-Identifier: GPL-2.0
/*
 * What executors have ended waits here, so that all of it is completed and
 * answered together: by the ring's thread while that submits or polls, else by a
 * work item.
 */
#include "private.h"

static struct workqueue_struct *vscsi_finish_wq;

void vscsi_ring_finish(struct vscsi_ring *ring)
{
	struct llist_node *executed = llist_reverse_order(llist_del_all(&ring->executed.list));
	struct vscsi_io *io, *next;

	if (!executed)
		return;
	llist_for_each_entry_safe(io, next, executed, execution.node)
		vscsi_io_finish(io);
	vscsi_drain(ring);
	/* Pairs with the barrier in vscsi_ring_stop(). */
	smp_mb();
	if (READ_ONCE(ring->queue.stopped))
		vscsi_ring_up->kick(ring->controller);
}

void vscsi_ring_submitted(struct vscsi_ring *ring)
{
	/* Who added before, and saw it still set, has added what is found now. */
	smp_store_mb(ring->executed.submitting, false);
	vscsi_ring_finish(ring);
}

/*
 * The one who adds the first sees to all that follow, unless the ring's thread is
 * submitting: then the thread will.
 */
void vscsi_ring_executed(struct vscsi_io *io)
{
	struct vscsi_slot *slot = to_vscsi_slot(container_of(io, struct vscsi_request, io));
	struct vscsi_ring *ring = slot->ring;
	struct vscsi_ring_executed *executed = &ring->executed;

	if (in_task() && current == READ_ONCE(ring->queue.thread)) {
		llist_add(&io->execution.node, &executed->list);
		return;
	}
	/* The slot, and with it the ring, may be gone once it is on the list. */
	kref_get(&ring->kref);
	if (!llist_add(&io->execution.node, &executed->list) || READ_ONCE(executed->submitting) ||
	    !queue_work(vscsi_finish_wq, &executed->finish))
		vscsi_ring_put(ring);
}

static void vscsi_finish_work(struct work_struct *work)
{
	struct vscsi_ring *ring = container_of(work, struct vscsi_ring, executed.finish);

	vscsi_ring_finish(ring);
	vscsi_ring_put(ring);
}

void vscsi_executed_init(struct vscsi_ring *ring)
{
	init_llist_head(&ring->executed.list);
	INIT_WORK(&ring->executed.finish, vscsi_finish_work);
}

int vscsi_executed_init_queue(void)
{
	vscsi_finish_wq = alloc_workqueue("xen-vscsi-finish", WQ_PERCPU | WQ_MEM_RECLAIM, 0);
	return vscsi_finish_wq ? 0 : -ENOMEM;
}

void vscsi_executed_exit_queue(void)
{
	destroy_workqueue(vscsi_finish_wq);
}
