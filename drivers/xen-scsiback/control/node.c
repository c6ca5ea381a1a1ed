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

void vscsi_device_write(struct vscsi_vhost *vhost, const char *name, const char *node,
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

void vscsi_device_set_state(struct vscsi_vhost *vhost, const char *name, enum xenbus_state state)
{
	char text[4];

	trace_device_state(&vhost->controller.whose, name, state);
	snprintf(text, sizeof(text), "%d", state);
	vscsi_device_write(vhost, name, "state", text);
}

void vscsi_node_replace(struct vscsi_vhost *vhost, const char *node, enum xenbus_state from,
			enum xenbus_state to)
{
	const char *dir = vhost->dev->nodename;
	struct xenbus_transaction xbt;
	unsigned int state;
	int err;

	do {
		err = xenbus_transaction_start(&xbt);
		if (err)
			break;
		if (xenbus_scanf(xbt, dir, node, "%u", &state) == 1 && state == from)
			err = xenbus_printf(xbt, dir, node, "%d", to);
		if (err) {
			xenbus_transaction_end(xbt, 1);
			break;
		}
		err = xenbus_transaction_end(xbt, 0);
	} while (err == -EAGAIN);
	if (err)
		xenbus_dev_error(vhost->dev, err, "writing %s/%s", dir, node);
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
