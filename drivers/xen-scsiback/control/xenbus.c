// SPDX-License-Identifier: GPL-2.0
/* The xenbus driver.  Nothing here waits: xenwatch serves all guests. */
#include "private.h"

#include "../watch/trace.h"

static void vscsi_shutdown_seen(struct xenbus_watch *watch, const char *path, const char *token)
{
	struct vscsi_vhost *vhost = container_of(watch, struct vscsi_vhost, shutdown);

	WRITE_ONCE(vhost->shutdown_seen, true);
	vscsi_vhost_kick(vhost);
}

/* Without it the device works, only a checkpoint's guest must be helped. */
static void vscsi_watch_shutdown(struct vscsi_vhost *vhost)
{
	int err;

	vhost->shutdown.callback = vscsi_shutdown_seen;
	err = register_xenbus_watch(&vhost->shutdown);
	if (err)
		xenbus_dev_error(vhost->dev, err, "watching %s", vhost->shutdown.node);
	vhost->shutdown_watched = !err;
}

/* After this nobody kicks the vhost for it. */
static void vscsi_unwatch_shutdown(struct vscsi_vhost *vhost)
{
	if (vhost->shutdown_watched)
		unregister_xenbus_watch(&vhost->shutdown);
}

static int vscsi_probe(struct xenbus_device *dev, const struct xenbus_device_id *id)
{
	enum xenbus_state frontend;
	struct vscsi_vhost *vhost;
	int err = vscsi_state(dev->otherend, &frontend);

	if (err)
		return err;
	/* What a dead guest's toolstack left behind is no new device. */
	if (frontend == XenbusStateUnknown)
		return -ENODEV;

	vhost = vscsi_vhost_create(dev);
	if (!vhost)
		return -ENOMEM;
	dev_set_drvdata(&dev->dev, vhost);
	vscsi_inflight_add(&vhost->watched, dev_name(&dev->dev));
	err = vscsi_statistics_add(&vhost->watched, &dev->dev);
	if (err)
		goto leave;

	err = xenbus_printf(XBT_NIL, dev->nodename, "feature-sg-grant", "%u", VSCSI_MAX_SEGMENTS);
	if (err) {
		xenbus_dev_error(dev, err, "writing feature-sg-grant");
		goto leave;
	}
	trace_backend_state(&vhost->controller.whose, XenbusStateInitWait);
	err = xenbus_switch_state(dev, XenbusStateInitWait);
	if (err)
		goto leave;
	vscsi_watch_shutdown(vhost);
	return 0;

leave:
	dev_set_drvdata(&dev->dev, NULL);
	vscsi_vhost_leave(vhost);
	return err;
}

static void vscsi_remove(struct xenbus_device *dev)
{
	struct vscsi_vhost *vhost = dev_get_drvdata(&dev->dev);

	dev_set_drvdata(&dev->dev, NULL);
	vscsi_unwatch_shutdown(vhost);
	vscsi_vhost_leave(vhost);
}

static void vscsi_frontend_changed(struct xenbus_device *dev, enum xenbus_state state)
{
	struct vscsi_vhost *vhost = dev_get_drvdata(&dev->dev);
	struct vscsi_host_view view = {
		.frontend = state,
		.backend = dev->state,
		.online = true,
	};

	trace_frontend_state(&vhost->controller.whose, state);
	if (state == XenbusStateConnected)
		WRITE_ONCE(vhost->seen_connected, true);
	/* Before its first connect a restored guest's devices keep their states. */
	if (READ_ONCE(vhost->was_connected) &&
	    (state == XenbusStateClosing || state == XenbusStateClosed ||
	     state == XenbusStateInitialising))
		WRITE_ONCE(vhost->restarted, true);
	if (state == XenbusStateClosed)
		view.online = xenbus_dev_is_online(dev);
	/* Only this thread may unregister: it does so itself if the node goes. */
	if (vscsi_host_step(&view) == VSCSI_HOST_UNREGISTER) {
		device_unregister(&dev->dev);
		return;
	}
	vscsi_vhost_kick(vhost);
}

static const struct xenbus_device_id vscsi_ids[] = {
	{ "vscsi" },
	{ "" }
};

static struct xenbus_driver vscsi_driver = {
	.ids			= vscsi_ids,
	.probe			= vscsi_probe,
	.remove			= vscsi_remove,
	.otherend_changed	= vscsi_frontend_changed,
};

int vscsi_xenbus_register(void)
{
	return xenbus_register_backend(&vscsi_driver);
}

void vscsi_xenbus_unregister(void)
{
	xenbus_unregister_driver(&vscsi_driver);
}
