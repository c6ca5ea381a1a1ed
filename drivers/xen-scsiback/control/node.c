// SPDX-License-Identifier: GPL-2.0
/* Directories vscsi-devs/dev-N in the backend's xenstore directory: read, written, told. */
#define pr_fmt(fmt) "xen-pvscsi: " fmt

#include "private.h"

#include <linux/delay.h>
#include <linux/slab.h>

#include "../watch/trace.h"

/* Memory that is short now will be there by and by, or never. */
#define VSCSI_MEMORY_MS 20
#define VSCSI_MEMORY_TRIES 50

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

static int vscsi_read_state(const char *dir, const char *node, enum xenbus_state *state)
{
	unsigned int found;
	int got = xenbus_scanf(XBT_NIL, dir, node, "%u", &found);

	*state = got == 1 ? found : XenbusStateUnknown;
	/* Of all that can be wrong this alone says nothing of the node, and passes. */
	return got == -ENOMEM ? got : 0;
}

int vscsi_state(const char *dir, enum xenbus_state *state)
{
	return vscsi_read_state(dir, "state", state);
}

int vscsi_device_state(const char *dir, const char *name, enum xenbus_state *state)
{
	char path[64];

	snprintf(path, sizeof(path), "vscsi-devs/%s/state", name);
	return vscsi_read_state(dir, path, state);
}

static int vscsi_node_change(struct xenbus_transaction xbt, const char *dir, const char *node,
			     const char *value)
{
	if (value)
		return xenbus_write(xbt, dir, node, value);
	return xenbus_exists(xbt, dir, node) ? xenbus_rm(xbt, dir, node) : 0;
}

/*
 * Whether the directory's state is this one, or an error; XenbusStateUnknown: any, if it
 * is there.
 */
static int vscsi_node_has_state(struct xenbus_transaction xbt, const char *dir,
				enum xenbus_state state)
{
	unsigned int found;
	int got = xenbus_scanf(xbt, dir, "state", "%u", &found);

	if (got == -ENOMEM)
		return got;
	if (state == XenbusStateUnknown)
		return got != -ENOENT;
	return got == 1 && found == state;
}

static int vscsi_node_try(const char *dir, enum xenbus_state state, const char *node,
			  const char *value)
{
	struct xenbus_transaction xbt;
	int err = xenbus_transaction_start(&xbt);

	if (err)
		return err;
	err = vscsi_node_has_state(xbt, dir, state);
	if (err > 0)
		err = vscsi_node_change(xbt, dir, node, value);
	if (!err)
		return xenbus_transaction_end(xbt, 0);
	xenbus_transaction_end(xbt, 1);
	return err;
}

/* Only while the directory has that state. */
static void vscsi_node_write(struct vscsi_vhost *vhost, const char *dir, enum xenbus_state state,
			     const char *node, const char *value)
{
	unsigned int tries = 0;
	int err;

	/* Who waits for it would wait in vain. */
	do {
		err = vscsi_node_try(dir, state, node, value);
		if (err == -ENOMEM)
			msleep(VSCSI_MEMORY_MS);
	} while (err == -EAGAIN || (err == -ENOMEM && ++tries < VSCSI_MEMORY_TRIES));
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
	if (!dir) {
		pr_err("%s/vscsi-devs/%s: out of memory, %s is not %s\n", vhost->dev->nodename,
		       name, node, value ? "written" : "removed");
		return;
	}
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
