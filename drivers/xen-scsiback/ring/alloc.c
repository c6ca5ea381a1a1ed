// SPDX-License-Identifier: GPL-2.0
/* Memory of rings. */
#include "private.h"

#include <linux/mm.h>
#include <linux/slab.h>

const struct vscsi_ring_callbacks *vscsi_ring_up;

static void vscsi_ring_free(struct kref *kref)
{
	struct vscsi_ring *ring = container_of(kref, struct vscsi_ring, kref);

	vscsi_pages_exit(ring);
	vscsi_slots_exit(ring);
	kfree(ring->in);
	kfree(ring->out);
	kfree(ring->engine);
	vscsi_ring_up->put(ring->controller);
	kvfree(ring);
}

void vscsi_ring_put(struct vscsi_ring *ring)
{
	kref_put(&ring->kref, vscsi_ring_free);
}

struct vscsi_ring *vscsi_ring_alloc(struct vscsi_controller *controller)
{
	struct vscsi_ring *ring;

	ring = kvzalloc(sizeof(*ring), GFP_KERNEL);
	if (!ring)
		return NULL;
	kref_init(&ring->kref);
	vscsi_ring_up->get(controller);
	ring->controller = controller;
	ring->queue.whose = controller->whose;
	ring->queue.luns = &controller->luns;
	ring->pace.interrupted_cpu = -1;
	ring->pace.cpu = -1;
	init_waitqueue_head(&ring->wake);
	init_llist_head(&ring->done);
	mutex_init(&ring->complete_lock);
	spin_lock_init(&ring->abandoned.lock);
	INIT_LIST_HEAD(&ring->abandoned.slots);
	if (!vscsi_pages_init(ring)) {
		vscsi_ring_up->put(controller);
		kvfree(ring);
		return NULL;
	}
	ring->engine = kzalloc(vscsi_ring_engine_bytes(), GFP_KERNEL);
	ring->out = kzalloc(sizeof(*ring->out), GFP_KERNEL);
	ring->in = kzalloc(sizeof(*ring->in), GFP_KERNEL);
	if (ring->engine && ring->out && ring->in)
		return ring;
	vscsi_ring_put(ring);
	return NULL;
}

bool vscsi_ring_broken(const struct vscsi_ring *ring)
{
	return test_bit(VSCSI_RING_BROKEN, &ring->flags);
}

bool vscsi_ring_is_at(const struct vscsi_ring *ring, grant_ref_t grant, evtchn_port_t evtchn)
{
	return ring->grant == grant && ring->evtchn == evtchn;
}
