// SPDX-License-Identifier: GPL-2.0
/* The devices of a vhost: what is to be done with each directory of vscsi-devs. */
#include "private.h"

#include <linux/slab.h>

static struct vscsi_device *vscsi_device_find(struct vscsi_vhost *vhost, const char *name)
{
	struct vscsi_device *device;

	list_for_each_entry(device, &vhost->devices, entry)
		if (device->mapped && !strcmp(device->lun.name, name))
			return device;
	return NULL;
}

void vscsi_devices_unmap_all(struct vscsi_vhost *vhost)
{
	struct vscsi_device *device;

	list_for_each_entry(device, &vhost->devices, entry)
		if (device->mapped)
			vscsi_device_unmap(device);
	vscsi_waits_drop(vhost);
}

void vscsi_devices_close_sessions(struct vscsi_vhost *vhost)
{
	struct vscsi_device *device;

	list_for_each_entry(device, &vhost->devices, entry) {
		if (!device->mapped || !READ_ONCE(device->session->closing))
			continue;
		vscsi_device_tell(vhost, device->lun.name,
				  "the nexus of initiator %s was ended in configfs: attach the device again",
				  device->session->port);
		device->closing = true;
		vscsi_device_unmap(device);
	}
	vscsi_waits_close_sessions(vhost);
}

void vscsi_devices_reap(struct vscsi_vhost *vhost)
{
	char name[sizeof_field(struct vscsi_lun, name)];
	struct vscsi_device *device, *next;
	bool closing;

	list_for_each_entry_safe(device, next, &vhost->devices, entry) {
		if (!smp_load_acquire(&device->drained))
			continue;
		list_del(&device->entry);
		closing = device->closing;
		strscpy(name, device->lun.name, sizeof(name));
		/* The session ends before the toolstack hears that the device is gone. */
		vscsi_device_free(device);
		/* Its directory may be another's by now. */
		if (closing && !vscsi_device_find(vhost, name) && !vscsi_waits_for(vhost, name))
			vscsi_device_set_state(vhost, name, XenbusStateClosed);
	}
}

static struct vscsi_device *vscsi_device_draining(struct vscsi_vhost *vhost, const char *name)
{
	struct vscsi_device *device;

	list_for_each_entry(device, &vhost->devices, entry)
		if (!device->mapped && !strcmp(device->lun.name, name))
			return device;
	return NULL;
}

/* Closed follows when the last command has ended, here or in reap. */
static void vscsi_device_close(struct vscsi_vhost *vhost, const char *name,
			       struct vscsi_device *mapped)
{
	struct vscsi_device *device = mapped ? mapped : vscsi_device_draining(vhost, name);

	if (device)
		device->closing = true;
	else
		vscsi_device_set_state(vhost, name, XenbusStateClosed);
	if (mapped)
		vscsi_device_unmap(mapped);
}

/* Into the round that is under way, unless it has to wait. */
static void vscsi_device_give(struct vscsi_vhost *vhost, const char *name,
			      struct vscsi_device *mapped, u32 state)
{
	switch (mapped ? VSCSI_MAPPED : vscsi_device_map(vhost, name, false)) {
	case VSCSI_MAPPED:
		vscsi_device_set_state(vhost, name, XenbusStateInitialised);
		break;
	case VSCSI_MAPPED_LATER:
		if (state != XenbusStateInitialising)
			vscsi_device_set_state(vhost, name, XenbusStateInitialising);
		break;
	default:
		break;
	}
}

static int vscsi_device_step_one(struct vscsi_vhost *vhost, const char *name, int host_action)
{
	enum xenbus_state backend, frontend;
	struct vscsi_device *device = vscsi_device_find(vhost, name), *draining;
	struct vscsi_device_view view = {
		.host_action = host_action,
		.mapped = device,
		.round_begins = host_action == VSCSI_HOST_RECONFIGURE &&
				vhost->dev->state != XenbusStateReconfigured,
		.asked = device && device->asked,
	};
	int err = vscsi_device_state(vhost->dev->nodename, name, &backend);

	if (!err)
		err = vscsi_device_state(vhost->frontend, name, &frontend);
	if (err)
		return err;
	view.backend = backend;
	view.frontend = frontend;

	switch (vscsi_device_step(&view)) {
	case VSCSI_DEVICE_MAP:
		/* Its directory was removed without a word, and is another's now. */
		if (device && view.backend == XenbusStateInitialising) {
			vscsi_device_unmap(device);
			device = NULL;
		}
		vscsi_device_give(vhost, name, device, view.backend);
		break;
	case VSCSI_DEVICE_MAP_KEEP:
		/* A device that the guest refused is on its way to Closed. */
		draining = vscsi_device_draining(vhost, name);
		if (!draining || !draining->closing)
			vscsi_device_map(vhost, name, true);
		break;
	case VSCSI_DEVICE_CONNECTED:
		vscsi_device_set_state(vhost, name, XenbusStateConnected);
		break;
	case VSCSI_DEVICE_REFUSED:
		vscsi_device_tell(vhost, name, "the guest could not add the device");
		vscsi_device_close(vhost, name, device);
		break;
	case VSCSI_DEVICE_UNMAP:
		vscsi_device_close(vhost, name, device);
		break;
	case VSCSI_DEVICE_RESET:
		vscsi_device_set_state(vhost, name, XenbusStateInitialising);
		break;
	case VSCSI_DEVICE_ASK:
		device->asked = true;
		break;
	default:
		break;
	}
	return 0;
}

int vscsi_devices_step(struct vscsi_vhost *vhost, int host_action)
{
	unsigned int count, i;
	int err = 0, failed;
	char **names;

	if (host_action == VSCSI_HOST_CONNECT || host_action == VSCSI_HOST_RECONFIGURE) {
		vscsi_guest_read(vhost);
		if (vhost->initiator.guest.unread == -ENOMEM)
			return -ENOMEM;
		/* Who must still wait is found again. */
		vscsi_waits_drop(vhost);
	}
	names = xenbus_directory(XBT_NIL, vhost->dev->nodename, "vscsi-devs", &count);
	if (IS_ERR(names)) {
		vscsi_vhost_complain(vhost, PTR_ERR(names),
				     "reading vscsi-devs: none of its devices is looked at; a controller takes as many as their names fit into 4096 bytes, some 500");
		return PTR_ERR(names) == -ENOMEM ? -ENOMEM : 0;
	}
	for (i = 0; i < count; i++) {
		failed = vscsi_device_step_one(vhost, names[i], host_action);
		if (failed)
			err = failed;
	}
	kfree(names);
	return err;
}
