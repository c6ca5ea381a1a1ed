// SPDX-License-Identifier: GPL-2.0
/* A connection's beginning and end: pages, event channel, and what xenstore says of them. */
#include "private.h"

#include <linux/slab.h>
#include <xen/events.h>

void vscsi_front_ring_init(struct vscsi_front_ring *ring, struct xenbus_device *dev)
{
	ring->dev = dev;
	spin_lock_init(&ring->lock);
	mutex_init(&ring->one_task);
	init_waitqueue_head(&ring->task_wait);
	ring->task = -1;
}

void vscsi_front_ring_negotiate(struct vscsi_front_ring *ring)
{
	const char *backend = ring->dev->otherend;
	struct vscsi_front_offer offer = {
		.sg_grant = xenbus_read_unsigned(backend, "feature-sg-grant", 0),
		.ring_page_order = xenbus_read_unsigned(backend, "max-ring-page-order", 0),
	};

	vscsi_front_limits_of(&offer, &ring->limits);
}

static int vscsi_front_write_pages(struct vscsi_front_ring *ring, struct xenbus_transaction xbt)
{
	const char *node = ring->dev->nodename;
	char name[24];
	u32 i;
	int err;

	if (!ring->limits.page_order)
		return xenbus_printf(xbt, node, "ring-ref", "%u", ring->grant[0]);
	err = xenbus_printf(xbt, node, "ring-page-order", "%u", ring->limits.page_order);
	for (i = 0; !err && i < ring->pages; i++) {
		snprintf(name, sizeof(name), "ring-ref%u", i);
		err = xenbus_printf(xbt, node, name, "%u", ring->grant[i]);
	}
	return err;
}

/* What an earlier connection had and this one has not would be taken for this one's. */
static void vscsi_front_clear(struct vscsi_front_ring *ring, struct xenbus_transaction xbt)
{
	const char *node = ring->dev->nodename;

	if (xenbus_exists(xbt, node, "ring-ref"))
		xenbus_rm(xbt, node, "ring-ref");
	if (xenbus_exists(xbt, node, "ring-page-order"))
		xenbus_rm(xbt, node, "ring-page-order");
}

static int vscsi_front_publish(struct vscsi_front_ring *ring)
{
	struct xenbus_device *dev = ring->dev;
	struct xenbus_transaction xbt;
	int err;

	do {
		err = xenbus_transaction_start(&xbt);
		if (err)
			break;
		vscsi_front_clear(ring, xbt);
		err = vscsi_front_write_pages(ring, xbt);
		if (!err)
			err = xenbus_printf(xbt, dev->nodename, "event-channel", "%u", ring->evtchn);
		if (err) {
			xenbus_transaction_end(xbt, 1);
			break;
		}
		err = xenbus_transaction_end(xbt, 0);
	} while (err == -EAGAIN);
	if (err)
		xenbus_dev_fatal(dev, err, "writing ring and event channel");
	return err;
}

/* Process context; nobody uses the ring yet, or any more. */
static void vscsi_front_free(struct vscsi_front_ring *ring)
{
	if (ring->slot)
		vscsi_front_free_lists(ring);
	kvfree(ring->slot);
	kfree(ring->engine);
	ring->slot = NULL;
	ring->engine = NULL;
	if (ring->shared)
		xenbus_teardown_ring(&ring->shared, ring->pages, ring->grant);
	ring->shared = NULL;
}

static int vscsi_front_alloc(struct vscsi_front_ring *ring)
{
	struct xenbus_device *dev = ring->dev;
	int err;

	ring->pages = 1u << ring->limits.page_order;
	err = xenbus_setup_ring(dev, GFP_NOIO | __GFP_HIGH, &ring->shared, ring->pages, ring->grant);
	if (err) {
		ring->shared = NULL;
		return err;
	}
	ring->engine = kzalloc(vscsi_front_bytes(), GFP_NOIO);
	if (!ring->engine)
		goto no_memory;
	vscsi_front_init(ring->engine, ring->shared, ring->limits.page_order);
	ring->slot = kvcalloc(vscsi_front_slots(ring->engine), sizeof(*ring->slot), GFP_NOIO);
	if (!ring->slot)
		goto no_memory;
	return 0;

no_memory:
	vscsi_front_free(ring);
	return -ENOMEM;
}

static int vscsi_front_bind(struct vscsi_front_ring *ring)
{
	struct xenbus_device *dev = ring->dev;
	int err;

	err = xenbus_alloc_evtchn(dev, &ring->evtchn);
	if (err)
		return err;
	err = bind_evtchn_to_irqhandler_lateeoi(ring->evtchn, vscsi_front_interrupt, 0, "xen-scsifront",
						ring);
	if (err <= 0) {
		xenbus_free_evtchn(dev, ring->evtchn);
		return err ? err : -EINVAL;
	}
	ring->irq = err;
	return 0;
}

static void vscsi_front_set_live(struct vscsi_front_ring *ring, bool live)
{
	spin_lock_irq(&ring->lock);
	ring->live = live;
	ring->broken = false;
	spin_unlock_irq(&ring->lock);
}

int vscsi_front_ring_connect(struct vscsi_front_ring *ring)
{
	int err;

	err = vscsi_front_alloc(ring);
	if (err) {
		xenbus_dev_fatal(ring->dev, err, "no memory for a ring");
		return err;
	}
	err = vscsi_front_bind(ring);
	if (err) {
		xenbus_dev_fatal(ring->dev, err, "no event channel");
		goto free;
	}
	err = vscsi_front_publish(ring);
	if (err)
		goto unbind;
	vscsi_front_set_live(ring, true);
	return 0;

unbind:
	unbind_from_irqhandler(ring->irq, ring);
free:
	vscsi_front_free(ring);
	return err;
}

void vscsi_front_ring_give_up(struct vscsi_front_ring *ring)
{
	spin_lock_irq(&ring->lock);
	ring->broken = true;
	spin_unlock_irq(&ring->lock);
}

/* Nobody will answer it, and who waits for it uses the ring until it knows. */
static void vscsi_front_fail_task(struct vscsi_front_ring *ring)
{
	spin_lock_irq(&ring->lock);
	ring->task_over = true;
	wake_up_all(&ring->task_wait);
	spin_unlock_irq(&ring->lock);
	mutex_lock(&ring->one_task);
	mutex_unlock(&ring->one_task);
}

void vscsi_front_ring_disconnect(struct vscsi_front_ring *ring)
{
	struct vscsi_front_done done;
	bool more;

	if (!ring->shared)
		return;
	vscsi_front_set_live(ring, false);
	unbind_from_irqhandler(ring->irq, ring);
	/* What was answered is answered, although nobody was told. */
	do {
		spin_lock_irq(&ring->lock);
		more = vscsi_front_answers(ring, &done);
		spin_unlock_irq(&ring->lock);
		vscsi_front_finish(&done);
	} while (more);
	vscsi_front_ring_revoke(ring);
	vscsi_front_fail_task(ring);
	vscsi_front_free(ring);
}
