// SPDX-License-Identifier: GPL-2.0
/* What lower folders call: each finds the vhost of what it is told of. */
#include "private.h"

void vscsi_itl_is_drained(struct vscsi_itl *itl)
{
	struct vscsi_device *device = container_of(itl, struct vscsi_device, lun.itl);
	struct vscsi_vhost *vhost = device->vhost;

	kref_get(&vhost->kref);
	/* The control work may free it from here on. */
	smp_store_release(&device->drained, true);
	vscsi_vhost_hand_over(vhost);
}

static struct vscsi_vhost *vscsi_vhost_of(struct vscsi_controller *controller)
{
	return container_of(controller, struct vscsi_vhost, controller);
}

void vscsi_controller_kick(struct vscsi_controller *controller)
{
	vscsi_vhost_kick(vscsi_vhost_of(controller));
}

void vscsi_controller_get(struct vscsi_controller *controller)
{
	kref_get(&vscsi_vhost_of(controller)->kref);
}

void vscsi_controller_put(struct vscsi_controller *controller)
{
	vscsi_vhost_put(vscsi_vhost_of(controller));
}

void vscsi_initiator_kick(struct vscsi_initiator *initiator)
{
	vscsi_vhost_kick(container_of(initiator, struct vscsi_vhost, initiator));
}

void vscsi_watched_numbers(struct vscsi_watched *watched, struct vscsi_controller_numbers *out)
{
	struct vscsi_vhost *vhost = container_of(watched, struct vscsi_vhost, watched);

	mutex_lock(&vhost->ring_lock);
	vscsi_vhost_numbers(vhost, out);
	mutex_unlock(&vhost->ring_lock);
}

void vscsi_watched_inflight(struct vscsi_watched *watched, struct seq_file *m)
{
	struct vscsi_vhost *vhost = container_of(watched, struct vscsi_vhost, watched);

	mutex_lock(&vhost->ring_lock);
	if (vhost->ring)
		vscsi_ring_show_inflight(vhost->ring, m);
	mutex_unlock(&vhost->ring_lock);
}

void vscsi_watched_memory(struct vscsi_watched *watched, struct seq_file *m)
{
	struct vscsi_vhost *vhost = container_of(watched, struct vscsi_vhost, watched);

	mutex_lock(&vhost->ring_lock);
	if (vhost->ring)
		vscsi_ring_show_memory(vhost->ring, m);
	mutex_unlock(&vhost->ring_lock);
}
