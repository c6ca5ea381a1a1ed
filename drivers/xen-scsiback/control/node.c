// SPDX-License-Identifier: GPL-2.0
/* Directories vscsi-devs/dev-N in the backend's xenstore directory: read, written, told. */
#define pr_fmt(fmt) "xen-pvscsi: " fmt

#include "private.h"

#include <linux/slab.h>

#include "../watch/trace.h"

char *vscsi_device_read(struct vscsi_vhost *vhost, const char *name, const char *node)
{
	char *path, *value;

	path = kasprintf(GFP_KERNEL, "vscsi-devs/%s/%s", name, node);
	if (!path)
		return NULL;
	value = xenbus_read(XBT_NIL, vhost->dev->nodename, path, NULL);
	kfree(path);
	return IS_ERR(value) ? NULL : value;
}

u32 vscsi_device_state(const char *dir, const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "vscsi-devs/%s/state", name);
	return xenbus_read_unsigned(dir, path, XenbusStateUnknown);
}

static int vscsi_node_change(struct xenbus_transaction xbt, const char *dir, const char *node,
			     const char *value)
{
	if (value)
		return xenbus_write(xbt, dir, node, value);
	return xenbus_exists(xbt, dir, node) ? xenbus_rm(xbt, dir, node) : 0;
}

/* Whether the directory's state is this one; XenbusStateUnknown: any, if it is there. */
static bool vscsi_node_has_state(struct xenbus_transaction xbt, const char *dir,
				 enum xenbus_state state)
{
	unsigned int found;

	if (state == XenbusStateUnknown)
		return xenbus_exists(xbt, dir, "state");
	return xenbus_scanf(xbt, dir, "state", "%u", &found) == 1 && found == state;
}

/* Only while the directory has that state. */
static void vscsi_node_write(struct vscsi_vhost *vhost, const char *dir, enum xenbus_state state,
			     const char *node, const char *value)
{
	struct xenbus_transaction xbt;
	int err;

	do {
		err = xenbus_transaction_start(&xbt);
		if (err)
			break;
		if (vscsi_node_has_state(xbt, dir, state))
			err = vscsi_node_change(xbt, dir, node, value);
		if (err) {
			xenbus_transaction_end(xbt, 1);
			break;
		}
		err = xenbus_transaction_end(xbt, 0);
	} while (err == -EAGAIN);
	if (err)
		xenbus_dev_error(vhost->dev, err, "writing %s/%s", dir, node);
}

void vscsi_device_write(struct vscsi_vhost *vhost, const char *name, const char *node,
			const char *value)
{
	char *dir;

	if (READ_ONCE(vhost->gone))
		return;
	dir = kasprintf(GFP_KERNEL, "%s/vscsi-devs/%s", vhost->dev->nodename, name);
	if (!dir)
		return;
	vscsi_node_write(vhost, dir, XenbusStateUnknown, node, value);
	kfree(dir);
}

void vscsi_device_set_state(struct vscsi_vhost *vhost, const char *name, enum xenbus_state state)
{
	char text[4];

	trace_device_state(&vhost->controller.whose, name, state);
	snprintf(text, sizeof(text), "%d", state);
	vscsi_device_write(vhost, name, "state", text);
}

void vscsi_vhost_replace_state(struct vscsi_vhost *vhost, enum xenbus_state from,
			       enum xenbus_state to)
{
	char text[4];

	snprintf(text, sizeof(text), "%d", to);
	vscsi_node_write(vhost, vhost->dev->nodename, from, "state", text);
}

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

void vscsi_device_tell(struct vscsi_vhost *vhost, const char *name, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vscsi_device_vtell(vhost, name, format, args);
	va_end(args);
}

void vscsi_device_fail(struct vscsi_vhost *vhost, const char *name, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vscsi_device_vtell(vhost, name, format, args);
	va_end(args);
	vscsi_device_set_state(vhost, name, XenbusStateClosed);
}

void vscsi_vhost_complain(struct vscsi_vhost *vhost, int err, const char *what)
{
	if (!READ_ONCE(vhost->gone) && __ratelimit(&vhost->complaints))
		xenbus_dev_error(vhost->dev, err, "%s", what);
}
