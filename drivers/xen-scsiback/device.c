// SPDX-License-Identifier: GPL-2.0
/* The devices of a vhost: vscsi-devs/dev-N in the backend's xenstore directory. */
#include "shim.h"
#include "trace.h"

#include <linux/mm.h>
#include <linux/slab.h>

#define VSCSI_MOST_LUNS 16384

static void vscsi_device_last_put(struct kref *kref)
{
	struct vscsi_device *device = container_of(kref, struct vscsi_device, kref);
	struct vscsi_vhost *vhost = device->vhost;

	kref_get(&vhost->kref);
	/* The control work may free it from here on. */
	smp_store_release(&device->drained, true);
	vscsi_vhost_hand_over(vhost);
}

void vscsi_device_put(struct vscsi_device *device)
{
	kref_put(&device->kref, vscsi_device_last_put);
}

static int vscsi_node_change(struct xenbus_transaction xbt, const char *dir, const char *node,
			     const char *value)
{
	if (value)
		return xenbus_write(xbt, dir, node, value);
	return xenbus_exists(xbt, dir, node) ? xenbus_rm(xbt, dir, node) : 0;
}

/*
 * Writes a node of a device's directory, or removes it if value is NULL; but
 * only while the directory is there: what the toolstack removed stays removed.
 */
static void vscsi_device_write(struct vscsi_vhost *vhost, const char *name, const char *node,
			       const char *value)
{
	struct xenbus_transaction xbt;
	char *dir;
	int err;

	if (READ_ONCE(vhost->gone))
		return;
	dir = kasprintf(GFP_KERNEL, "%s/vscsi-devs/%s", vhost->dev->nodename, name);
	if (!dir)
		return;
	do {
		err = xenbus_transaction_start(&xbt);
		if (err)
			break;
		if (xenbus_exists(xbt, dir, "state"))
			err = vscsi_node_change(xbt, dir, node, value);
		if (err) {
			xenbus_transaction_end(xbt, 1);
			break;
		}
		err = xenbus_transaction_end(xbt, 0);
	} while (err == -EAGAIN);
	if (err)
		xenbus_dev_error(vhost->dev, err, "writing %s/%s", dir, node);
	kfree(dir);
}

static void vscsi_device_set_state(struct vscsi_vhost *vhost, const char *name,
				   enum xenbus_state state)
{
	char text[4];

	trace_device_state(vhost, name, state);
	snprintf(text, sizeof(text), "%d", state);
	vscsi_device_write(vhost, name, "state", text);
}

/* Tells the operator why a device is not there. */
static __printf(3, 0) void vscsi_device_vtell(struct vscsi_vhost *vhost, const char *name,
					      const char *format, va_list args)
{
	char *text = kvasprintf(GFP_KERNEL, format, args);

	pr_warn("%s/vscsi-devs/%s: %s\n", vhost->dev->nodename, name,
		text ? text : "out of memory");
	if (text)
		vscsi_device_write(vhost, name, "error", text);
	kfree(text);
}

static __printf(3, 4) void vscsi_device_tell(struct vscsi_vhost *vhost, const char *name,
					     const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vscsi_device_vtell(vhost, name, format, args);
	va_end(args);
}

/* And says so in its state: it was never mapped. */
static __printf(3, 4) void vscsi_device_fail(struct vscsi_vhost *vhost, const char *name,
					     const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vscsi_device_vtell(vhost, name, format, args);
	va_end(args);
	vscsi_device_set_state(vhost, name, XenbusStateClosed);
}

static struct vscsi_device *vscsi_device_find(struct vscsi_vhost *vhost, const char *name)
{
	struct vscsi_device *device;

	list_for_each_entry(device, &vhost->devices, entry)
		if (device->mapped && !strcmp(device->name, name))
			return device;
	return NULL;
}

/* Makes room in the LUN map. */
static int vscsi_luns_grow(struct vscsi_vhost *vhost)
{
	u32 room = vhost->lun_room * 2;
	struct vscsi_lun_map *old, *new;
	void *memory;

	if (room > VSCSI_MOST_LUNS)
		return -ENOSPC;
	memory = kvzalloc(vscsi_luns_bytes(room), GFP_KERNEL);
	if (!memory)
		return -ENOMEM;
	new = vscsi_luns_init(memory, room);
	spin_lock(&vhost->map_lock);
	old = vhost->luns;
	vscsi_luns_move(new, old);
	vhost->luns = new;
	vhost->lun_room = room;
	spin_unlock(&vhost->map_lock);
	kvfree(old);
	return 0;
}

/* 0, -EEXIST if the v-dev is taken, or another error. */
static int vscsi_device_publish(struct vscsi_vhost *vhost, struct vscsi_device *device)
{
	int full, err;

	err = xa_alloc(&vhost->handles, &device->handle, device, xa_limit_31b, GFP_KERNEL);
	if (err)
		return err;
	for (;;) {
		spin_lock(&vhost->map_lock);
		full = vscsi_luns_add(vhost->luns, &device->address, device->handle);
		spin_unlock(&vhost->map_lock);
		if (!full)
			return 0;
		err = full == VSCSI_LUNS_TAKEN ? -EEXIST : vscsi_luns_grow(vhost);
		if (err)
			break;
	}
	xa_erase(&vhost->handles, device->handle);
	return err;
}

static char *vscsi_device_read(struct vscsi_vhost *vhost, const char *name, const char *node)
{
	char *path, *value;

	path = kasprintf(GFP_KERNEL, "vscsi-devs/%s/%s", name, node);
	if (!path)
		return NULL;
	value = xenbus_read(XBT_NIL, vhost->dev->nodename, path, NULL);
	kfree(path);
	return IS_ERR(value) ? NULL : value;
}

/* Whether an earlier device of the same LUN left commands behind. */
static bool vscsi_device_busy(struct vscsi_vhost *vhost, struct vscsi_session *session, u32 lun)
{
	struct vscsi_device *device;

	list_for_each_entry(device, &vhost->devices, entry)
		if (device->session == session && device->lun == lun &&
		    atomic_read(&device->abandoned))
			return true;
	return false;
}

static bool vscsi_device_map_as(struct vscsi_vhost *vhost, const char *name, const char *pdev_text,
				const char *vdev_text)
{
	struct vscsi_device *device;
	struct vscsi_pdev *pdev;
	struct vscsi_why *why;
	int bad, err;

	device = kzalloc(sizeof(*device), GFP_KERNEL);
	pdev = kzalloc(sizeof(*pdev), GFP_KERNEL);
	why = kzalloc(sizeof(*why), GFP_KERNEL);
	if (!device || !pdev || !why) {
		vscsi_device_fail(vhost, name, "out of memory");
		goto fail;
	}
	if (strscpy(device->name, name, sizeof(device->name)) < 0) {
		vscsi_device_fail(vhost, name, "directory name too long: at most %zu bytes",
				  sizeof(device->name) - 1);
		goto fail;
	}
	bad = vscsi_parse_vdev(vdev_text, &device->address);
	if (bad) {
		vscsi_device_fail(vhost, name, "v-dev '%s': expected host:channel:target:lun%s",
				  vdev_text,
				  bad == VSCSI_NAME_RANGE ? ", LUN to 16383, others to 65535"
							  : " in decimal");
		goto fail;
	}
	bad = vscsi_parse_pdev(pdev_text, pdev);
	if (bad) {
		vscsi_device_fail(vhost, name, "p-dev '%s': expected WWN:LUN or ALIAS:LUN%s",
				  pdev_text,
				  bad == VSCSI_NAME_RANGE ? ", LUN from 0 to 16383" : "");
		goto fail;
	}

	device->session = vscsi_session_get(vhost, pdev, why);
	if (IS_ERR(device->session)) {
		vscsi_device_fail(vhost, name, "p-dev '%s': %s", pdev_text, why->text);
		goto fail;
	}
	if (vscsi_device_busy(vhost, device->session, pdev->lun)) {
		vscsi_device_fail(vhost, name,
				  "p-dev '%s': the device still has commands that the guest aborted: attach it again when it answers",
				  pdev_text);
		goto put_session;
	}
	device->counts = vscsi_lun_counts_alloc(&device->address);
	if (!device->counts) {
		vscsi_device_fail(vhost, name, "out of memory");
		goto put_session;
	}
	kref_init(&device->kref);
	spin_lock_init(&device->reset_lock);
	INIT_LIST_HEAD(&device->resets);
	INIT_LIST_HEAD(&device->followers);
	init_llist_head(&device->blocked);
	INIT_WORK(&device->unblock, vscsi_direct_unblock);
	device->vhost = vhost;
	device->lun = pdev->lun;
	err = vscsi_device_publish(vhost, device);
	if (err == -EEXIST) {
		vscsi_device_fail(vhost, name, "v-dev '%s' is in use by another device", vdev_text);
		goto put_session;
	}
	if (err) {
		vscsi_device_fail(vhost, name, "no memory or room for v-dev '%s'", vdev_text);
		goto put_session;
	}
	vscsi_lun_counts_show(vhost, device->counts);
	device->mapped = true;
	list_add_tail(&device->entry, &vhost->devices);
	mutex_lock(&vscsi_tpgs_lock);
	list_add_tail(&device->session_entry, &device->session->mapped);
	mutex_unlock(&vscsi_tpgs_lock);
	vscsi_device_write(vhost, name, "error", NULL);
	kfree(why);
	kfree(pdev);
	return true;

put_session:
	vscsi_lun_counts_put(device->counts);
	vscsi_session_put(device->session);
fail:
	kfree(why);
	kfree(pdev);
	kfree(device);
	return false;
}

static bool vscsi_device_map(struct vscsi_vhost *vhost, const char *name)
{
	char *pdev = vscsi_device_read(vhost, name, "p-dev");
	char *vdev = vscsi_device_read(vhost, name, "v-dev");
	bool mapped = false;

	if (!pdev || !vdev)
		vscsi_device_fail(vhost, name, "no %s in its directory", pdev ? "v-dev" : "p-dev");
	else
		mapped = vscsi_device_map_as(vhost, name, pdev, vdev);
	kfree(vdev);
	kfree(pdev);
	return mapped;
}

/* New requests find it no more; those in flight keep it until they end. */
static void vscsi_device_unmap(struct vscsi_vhost *vhost, struct vscsi_device *device)
{
	spin_lock(&vhost->map_lock);
	vscsi_luns_remove(vhost->luns, &device->address);
	xa_erase(&vhost->handles, device->handle);
	spin_unlock(&vhost->map_lock);
	mutex_lock(&vscsi_tpgs_lock);
	list_del(&device->session_entry);
	mutex_unlock(&vscsi_tpgs_lock);
	vscsi_lun_counts_hide(device->counts);
	device->mapped = false;
	vscsi_device_put(device);
}

void vscsi_devices_unmap_all(struct vscsi_vhost *vhost)
{
	struct vscsi_device *device;

	list_for_each_entry(device, &vhost->devices, entry)
		if (device->mapped)
			vscsi_device_unmap(vhost, device);
}

void vscsi_devices_close_sessions(struct vscsi_vhost *vhost)
{
	struct vscsi_device *device;

	list_for_each_entry(device, &vhost->devices, entry) {
		if (!device->mapped || !READ_ONCE(device->session->closing))
			continue;
		vscsi_device_tell(vhost, device->name,
				  "the nexus of initiator %s was ended in configfs: attach the device again",
				  device->session->port);
		device->closing = true;
		vscsi_device_unmap(vhost, device);
	}
}

/* Frees devices whose last command has ended; then they are Closed. */
void vscsi_devices_reap(struct vscsi_vhost *vhost)
{
	struct vscsi_device *device, *next;

	list_for_each_entry_safe(device, next, &vhost->devices, entry) {
		if (!smp_load_acquire(&device->drained))
			continue;
		list_del(&device->entry);
		vscsi_passthrough_leave(device);
		vscsi_session_put(device->session);
		/* Its directory may be another's by now. */
		if (device->closing && !vscsi_device_find(vhost, device->name))
			vscsi_device_set_state(vhost, device->name, XenbusStateClosed);
		vscsi_lun_counts_put(device->counts);
		kfree(device);
	}
}

static struct vscsi_device *vscsi_device_draining(struct vscsi_vhost *vhost, const char *name)
{
	struct vscsi_device *device;

	list_for_each_entry(device, &vhost->devices, entry)
		if (!device->mapped && !strcmp(device->name, name))
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
		vscsi_device_unmap(vhost, mapped);
}

static u32 vscsi_device_state(const char *dir, const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "vscsi-devs/%s/state", name);
	return xenbus_read_unsigned(dir, path, XenbusStateUnknown);
}

static void vscsi_device_step_one(struct vscsi_vhost *vhost, const char *name, int host_action)
{
	struct vscsi_device *device = vscsi_device_find(vhost, name), *draining;
	struct vscsi_device_view view = {
		.host_action = host_action,
		.backend = vscsi_device_state(vhost->dev->nodename, name),
		.frontend = vscsi_device_state(vhost->frontend, name),
		.mapped = device,
		.round_begins = host_action == VSCSI_HOST_RECONFIGURE &&
				vhost->dev->state != XenbusStateReconfigured,
		.asked = device && device->asked,
	};

	switch (vscsi_device_step(&view)) {
	case VSCSI_DEVICE_MAP:
		/* Its directory was removed without a word, and is another's now. */
		if (device && view.backend == XenbusStateInitialising) {
			vscsi_device_unmap(vhost, device);
			device = NULL;
		}
		if (device || vscsi_device_map(vhost, name))
			vscsi_device_set_state(vhost, name, XenbusStateInitialised);
		break;
	case VSCSI_DEVICE_MAP_KEEP:
		/* One that the guest refused is on its way to Closed. */
		draining = vscsi_device_draining(vhost, name);
		if (!draining || !draining->closing)
			vscsi_device_map(vhost, name);
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
}

void vscsi_devices_step(struct vscsi_vhost *vhost, int host_action)
{
	unsigned int count, i;
	char **names;

	if (host_action == VSCSI_HOST_CONNECT || host_action == VSCSI_HOST_RECONFIGURE)
		vscsi_guest_read(vhost);
	names = xenbus_directory(XBT_NIL, vhost->dev->nodename, "vscsi-devs", &count);
	if (IS_ERR(names))
		return;
	for (i = 0; i < count; i++)
		vscsi_device_step_one(vhost, names[i], host_action);
	kfree(names);
}
