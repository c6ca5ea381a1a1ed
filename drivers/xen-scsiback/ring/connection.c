// SPDX-License-Identifier: GPL-2.0
/* A connection begins and ends: the shared page, its event channel, its thread. */
#include "private.h"

#include <linux/delay.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/string.h>

#include <xen/events.h>
#include <xen/xenbus.h>

static irqreturn_t vscsi_ring_interrupt(int irq, void *data)
{
	struct vscsi_ring *ring = data;

	WRITE_ONCE(ring->pace.interrupted_cpu, smp_processor_id());
	WRITE_ONCE(ring->interrupts, ring->interrupts + 1);
	set_bit(VSCSI_RING_EVENT, &ring->flags);
	vscsi_ring_kick(ring);
	return IRQ_HANDLED;
}

static int vscsi_ring_start_thread(struct vscsi_ring *ring)
{
	struct vscsi_controller *controller = ring->controller;
	struct task_struct *thread;

	thread = kthread_create(vscsi_ring_thread, ring, "vscsi-%u-%s", controller->domid,
				kbasename(controller->dev->nodename));
	if (IS_ERR(thread))
		return PTR_ERR(thread);
	ring->queue.thread = thread;
	return 0;
}

struct vscsi_ring *vscsi_ring_connect(struct vscsi_controller *controller, grant_ref_t grant,
				      evtchn_port_t evtchn, const char **why)
{
	struct xenbus_device *dev = controller->dev;
	struct vscsi_ring *ring;
	int err;

	ring = vscsi_ring_alloc(controller);
	if (!ring) {
		*why = "allocating the ring";
		return ERR_PTR(-ENOMEM);
	}
	vscsi_executed_init(ring);
	ring->grant = grant;
	ring->evtchn = evtchn;

	err = vscsi_shared_map(ring);
	if (err) {
		*why = "mapping ring-ref";
		goto put;
	}
	vscsi_ring_init(ring->engine, ring->shared);
	if (!vscsi_slot_make(ring, 0)) {
		err = -ENOMEM;
		*why = "allocating the ring's first slot";
		goto unmap;
	}
	err = vscsi_ring_start_thread(ring);
	if (err) {
		*why = "starting the ring's thread";
		goto unmap;
	}
	err = bind_interdomain_evtchn_to_irqhandler_lateeoi(dev, evtchn, vscsi_ring_interrupt, 0,
							    "xen-vscsi", ring);
	if (err < 0) {
		*why = "binding event-channel";
		goto stop;
	}
	ring->irq = err;
	/* Requests may be there already, and their event gone by. */
	vscsi_ring_kick(ring);
	wake_up_process(ring->queue.thread);
	return ring;

stop:
	kthread_stop(ring->queue.thread);
unmap:
	vscsi_shared_unmap(ring);
put:
	vscsi_ring_put(ring);
	return ERR_PTR(err);
}

/* Fetched and never submitted; the thread that owned them has ended. */
static void vscsi_ring_reject_waiting(struct vscsi_ring *ring)
{
	u32 i;

	for (i = 0; i < ring->wait.waiting; i++)
		vscsi_reject(ring->slot[ring->wait.slot[i]]);
	ring->wait.waiting = 0;
}

void vscsi_ring_stop(struct vscsi_ring *ring)
{
	kthread_stop(ring->queue.thread);
	/* What ends from here on is not left to the thread. */
	WRITE_ONCE(ring->queue.thread, NULL);
	vscsi_ring_finish(ring);
	/* Before the caller looks at what is in flight. */
	smp_store_mb(ring->queue.stopped, true);

	mutex_lock(&ring->complete_lock);
	vscsi_shared_unmap(ring);
	vscsi_complete_unlock(ring);
	/* Completers no longer notify. */
	unbind_from_irqhandler(ring->irq, ring);

	/* Nobody waits for these any more. */
	vscsi_ring_abort(ring, ~0u);
	vscsi_drop_parked(ring, ~0u);
	vscsi_ring_reject_waiting(ring);
}

bool vscsi_ring_drained(struct vscsi_ring *ring)
{
	if (vscsi_in_flight(ring->engine) || atomic_read(&ring->abandoned.count))
		return false;
	while (kref_read(&ring->kref) > 1)
		usleep_range(20, 100);
	return true;
}

void vscsi_ring_recall(struct vscsi_ring *ring)
{
	vscsi_ring_abort(ring, ~0u);
}

int vscsi_rings_init(const struct vscsi_ring_callbacks *callbacks)
{
	int err;

	vscsi_ring_up = callbacks;
	err = vscsi_executed_init_queue();
	if (err)
		return err;
	err = vscsi_pool_init();
	if (err)
		vscsi_executed_exit_queue();
	return err;
}

void vscsi_rings_exit(void)
{
	vscsi_pool_exit();
	vscsi_executed_exit_queue();
}
