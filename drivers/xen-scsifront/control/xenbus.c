// SPDX-License-Identifier: GPL-2.0
/*
 * The xenbus driver.  A suspend needs nothing: commands that are in flight stay so if it is
 * cancelled, and if not the next connection ends them with a reset, as an adapter's would.
 */
#include "private.h"
#include "control.h"

#include <linux/delay.h>
#include <linux/module.h>
#include <linux/slab.h>

#define VSCSI_FRONT_CLOSE_PATIENCE_MS 20000

static int vscsi_front_probe(struct xenbus_device *dev, const struct xenbus_device_id *id)
{
	struct vscsi_front *front;
	int err;

	front = kzalloc(sizeof(*front), GFP_KERNEL);
	if (!front) {
		xenbus_dev_fatal(dev, -ENOMEM, "no memory for a controller");
		return -ENOMEM;
	}
	front->dev = dev;
	vscsi_front_ring_init(&front->ring, dev);
	dev_set_drvdata(&dev->dev, front);
	/* After an earlier connection; the backend then begins anew too. */
	err = xenbus_switch_state(dev, XenbusStateInitialising);
	if (err) {
		dev_set_drvdata(&dev->dev, NULL);
		kfree(front);
	}
	return err;
}

static void vscsi_front_connect(struct vscsi_front *front)
{
	vscsi_front_ring_negotiate(&front->ring);
	if (!vscsi_front_ring_connect(&front->ring))
		xenbus_switch_state(front->dev, XenbusStateInitialised);
}

static void vscsi_front_unblock(struct vscsi_front *front)
{
	if (front->blocked)
		vscsi_front_host_unblock(front->host);
	front->blocked = false;
}

static void vscsi_front_join(struct vscsi_front *front)
{
	struct Scsi_Host *host;

	if (!front->host) {
		host = vscsi_front_host_add(&front->ring, &front->dev->dev);
		if (IS_ERR(host)) {
			xenbus_dev_fatal(front->dev, PTR_ERR(host), "no SCSI host");
			return;
		}
		front->host = host;
	}
	vscsi_front_unblock(front);
	vscsi_front_devices(front, VSCSI_FRONT_JOIN);
	xenbus_switch_state(front->dev, XenbusStateConnected);
}

/* The devices go first: they may have something to say to the backend, if there is one. */
static void vscsi_front_leave(struct vscsi_front *front)
{
	if (!front->host)
		return;
	if (!front->ring.shared)
		vscsi_front_ring_give_up(&front->ring);
	vscsi_front_unblock(front);
	vscsi_front_host_remove(front->host);
	front->host = NULL;
}

static void vscsi_front_backend_changed(struct xenbus_device *dev, enum xenbus_state backend)
{
	struct vscsi_front *front = dev_get_drvdata(&dev->dev);
	struct vscsi_front_view view = {
		.backend = backend,
		.own = dev->state,
	};

	switch (vscsi_front_step(&view)) {
	case VSCSI_FRONT_CONNECT:
		vscsi_front_connect(front);
		break;
	case VSCSI_FRONT_JOIN:
		vscsi_front_join(front);
		break;
	case VSCSI_FRONT_REMOVE_DEVICES:
		vscsi_front_devices(front, VSCSI_FRONT_REMOVE_DEVICES);
		xenbus_switch_state(dev, XenbusStateReconfiguring);
		break;
	case VSCSI_FRONT_ADD_DEVICES:
		vscsi_front_devices(front, VSCSI_FRONT_ADD_DEVICES);
		xenbus_switch_state(dev, XenbusStateConnected);
		break;
	case VSCSI_FRONT_CLOSE:
		vscsi_front_leave(front);
		xenbus_frontend_closed(dev);
		break;
	}
}

/*
 * Another backend, which knows nothing of the ring that was.  It may be there already, or
 * not yet: the bus tells of its state once it is watched.
 */
static int vscsi_front_resume(struct xenbus_device *dev)
{
	struct vscsi_front *front = dev_get_drvdata(&dev->dev);

	if (front->host && !front->blocked) {
		vscsi_front_host_block(front->host);
		front->blocked = true;
	}
	vscsi_front_ring_disconnect(&front->ring);
	return 0;
}

/* The bus no longer tells of the backend's changes. */
static void vscsi_front_await(struct xenbus_device *dev, enum xenbus_state wanted)
{
	unsigned int waited;

	for (waited = 0; waited < VSCSI_FRONT_CLOSE_PATIENCE_MS; waited += 20) {
		unsigned int backend = xenbus_read_unsigned(dev->otherend, "state", XenbusStateUnknown);

		if (backend == XenbusStateUnknown || backend == XenbusStateClosed || backend == wanted)
			return;
		msleep(20);
	}
	dev_warn(&dev->dev, "the backend does not close\n");
}

static void vscsi_front_remove(struct xenbus_device *dev)
{
	struct vscsi_front *front = dev_get_drvdata(&dev->dev);

	vscsi_front_leave(front);
	if (front->ring.shared && dev->state != XenbusStateClosed) {
		xenbus_switch_state(dev, XenbusStateClosing);
		vscsi_front_await(dev, XenbusStateClosing);
		xenbus_switch_state(dev, XenbusStateClosed);
	}
	/* The next frontend would take a Closing from now for its own; and the ring must be unmapped. */
	if (front->ring.shared)
		vscsi_front_await(dev, XenbusStateClosed);
	vscsi_front_ring_disconnect(&front->ring);
	dev_set_drvdata(&dev->dev, NULL);
	kfree(front);
}

static const struct xenbus_device_id vscsi_front_ids[] = {
	{ "vscsi" },
	{ "" }
};

static struct xenbus_driver vscsi_front_driver = {
	.name			= KBUILD_MODNAME,
	.ids			= vscsi_front_ids,
	.probe			= vscsi_front_probe,
	.remove			= vscsi_front_remove,
	.resume			= vscsi_front_resume,
	.otherend_changed	= vscsi_front_backend_changed,
};

int vscsi_front_register(void)
{
	return xenbus_register_frontend(&vscsi_front_driver);
}

void vscsi_front_unregister(void)
{
	xenbus_unregister_driver(&vscsi_front_driver);
}
