// SPDX-License-Identifier: GPL-2.0
/*
 * Who a guest is, by what xenstore says.  A guest cannot write these nodes: its
 * own directory and the backend's belong to the toolstack.
 */
#include "private.h"

#include <linux/slab.h>

/* Empty if it is not there, or not for us to read; an error if that is not known. */
static int vscsi_copy_node(char *to, size_t room, const char *dir, const char *node)
{
	char *value = xenbus_read(XBT_NIL, dir, node, NULL);

	to[0] = '\0';
	if (IS_ERR(value))
		return PTR_ERR(value) == -ENOENT || PTR_ERR(value) == -EACCES ? 0 : PTR_ERR(value);
	/* A name that is cut short must not pass for another. */
	if (strscpy(to, value, room) < 0)
		to[0] = '\0';
	kfree(value);
	return 0;
}

/* /local/domain/N/vm is /vm/UUID. */
static int vscsi_copy_uuid(char *to, size_t room, const char *dir)
{
	char vm[64];
	const char *slash;
	int err = vscsi_copy_node(vm, sizeof(vm), dir, "vm");

	slash = strrchr(vm, '/');
	if (!slash || strscpy(to, slash + 1, room) < 0)
		to[0] = '\0';
	return err;
}

/*
 * A driver domain may not read the directories of other guests: there the
 * toolstack says it in the backend's.
 */
void vscsi_guest_read(struct vscsi_vhost *vhost)
{
	struct vscsi_guest *guest = &vhost->initiator.guest;
	char dir[32];
	int err;

	snprintf(dir, sizeof(dir), "/local/domain/%u", vhost->controller.domid);
	err = vscsi_copy_node(guest->name, sizeof(guest->name), dir, "name");
	if (!err)
		err = vscsi_copy_uuid(guest->uuid, sizeof(guest->uuid), dir);
	if (!err && !guest->name[0])
		err = vscsi_copy_node(guest->name, sizeof(guest->name), vhost->dev->nodename,
				      "domain-name");
	if (!err && !guest->uuid[0])
		err = vscsi_copy_node(guest->uuid, sizeof(guest->uuid), vhost->dev->nodename,
				      "domain-uuid");
	guest->unread = err;
}
