// SPDX-License-Identifier: GPL-2.0
/* A v-dev is mapped to a LUN, and unmapped. */
#include "private.h"

#include <linux/slab.h>

/* What a directory of vscsi-devs says, and why it cannot be. */
struct vscsi_wish {
	const char *name;		/* of the directory */
	const char *pdev_text;
	const char *vdev_text;
	struct vscsi_pdev pdev;
	struct vscsi_address vdev;
	struct vscsi_why why;
};

static bool vscsi_wish_parse(struct vscsi_vhost *vhost, struct vscsi_wish *wish)
{
	int bad;

	if (strlen(wish->name) >= sizeof_field(struct vscsi_lun, name)) {
		vscsi_device_fail(vhost, wish->name, "directory name too long: at most %zu bytes",
				  sizeof_field(struct vscsi_lun, name) - 1);
		return false;
	}
	bad = vscsi_parse_vdev(wish->vdev_text, &wish->vdev);
	if (bad) {
		vscsi_device_fail(vhost, wish->name,
				  "v-dev '%s': expected host:channel:target:lun%s", wish->vdev_text,
				  bad == VSCSI_NAME_RANGE ? ", LUN to 16383, others to 65535"
							  : " in decimal");
		return false;
	}
	bad = vscsi_parse_pdev(wish->pdev_text, &wish->pdev);
	if (bad)
		vscsi_device_fail(vhost, wish->name, "p-dev '%s': expected WWN:LUN or ALIAS:LUN%s",
				  wish->pdev_text,
				  bad == VSCSI_NAME_RANGE ? ", LUN from 0 to 16383" : "");
	return !bad;
}

/* The session that the wish needs, or NULL and told why not. */
static struct vscsi_session *vscsi_wish_session(struct vscsi_vhost *vhost, struct vscsi_wish *wish)
{
	struct vscsi_session *session;

	session = vscsi_session_get(&vhost->initiator, &wish->pdev, &wish->why);
	if (IS_ERR(session)) {
		vscsi_device_fail(vhost, wish->name, "p-dev '%s': %s", wish->pdev_text,
				  wish->why.text);
		return NULL;
	}
	return session;
}

static struct vscsi_device *vscsi_device_alloc(struct vscsi_vhost *vhost,
					       struct vscsi_session *session,
					       const struct vscsi_wish *wish)
{
	struct vscsi_device *device = kzalloc(sizeof(*device), GFP_KERNEL);
	struct vscsi_lun *lun;

	if (!device)
		return NULL;
	lun = &device->lun;
	lun->address = wish->vdev;
	lun->counts = vscsi_lun_counts_alloc(&lun->address);
	if (!lun->counts) {
		kfree(device);
		return NULL;
	}
	vscsi_itl_init(&lun->itl, &session->tpg->backings, session->nexus);
	vscsi_lun_init(lun);
	lun->se_sess = session->se_sess;
	lun->number = wish->pdev.lun;
	lun->port = session->tpg->port->name;
	strscpy(lun->name, wish->name, sizeof(lun->name));
	device->vhost = vhost;
	device->session = session;
	device->mapping.itl = &lun->itl;
	device->mapping.lun = lun->number;
	device->mapping.address = lun->address;
	return device;
}

/* From here on the guest can use it, if the v-dev is free. */
static bool vscsi_device_publish(struct vscsi_device *device, const struct vscsi_wish *wish)
{
	struct vscsi_vhost *vhost = device->vhost;
	int err = vscsi_lun_table_add(&vhost->controller.luns, &device->lun);

	if (err == -EEXIST)
		vscsi_device_fail(vhost, wish->name, "v-dev '%s' is in use by another device",
				  wish->vdev_text);
	else if (err)
		vscsi_device_fail(vhost, wish->name, "no memory or room for v-dev '%s'",
				  wish->vdev_text);
	if (err)
		return false;
	vscsi_lun_counts_show(&vhost->watched, device->lun.counts, vhost->dev->nodename);
	device->mapped = true;
	list_add_tail(&device->entry, &vhost->devices);
	vscsi_session_map(device->session, &device->mapping);
	if (!device->held)
		vscsi_device_write(vhost, wish->name, "error", NULL);
	return true;
}

static enum vscsi_mapped vscsi_wish_no_memory(struct vscsi_vhost *vhost,
					      const struct vscsi_wish *wish,
					      struct vscsi_session *session)
{
	vscsi_device_fail(vhost, wish->name, "out of memory");
	vscsi_session_put(session);
	return VSCSI_NOT_MAPPED;
}

static enum vscsi_mapped vscsi_wish_grant(struct vscsi_vhost *vhost, struct vscsi_wish *wish,
					  bool known)
{
	struct vscsi_session *session;
	struct vscsi_device *device;
	bool waits;

	if (!vscsi_wish_parse(vhost, wish))
		return VSCSI_NOT_MAPPED;
	session = vscsi_wish_session(vhost, wish);
	if (!session)
		return VSCSI_NOT_MAPPED;
	waits = vscsi_session_waits(session, wish->pdev.lun);
	if (waits && !known) {
		if (vscsi_wait_add(vhost, wish->name, session, wish->pdev.lun))
			return VSCSI_MAPPED_LATER;
		return vscsi_wish_no_memory(vhost, wish, session);
	}
	device = vscsi_device_alloc(vhost, session, wish);
	if (!device)
		return vscsi_wish_no_memory(vhost, wish, session);
	/* Before the guest can find it. */
	if (waits)
		vscsi_device_hold(device);
	if (vscsi_device_publish(device, wish))
		return VSCSI_MAPPED;
	vscsi_device_free(device);
	return VSCSI_NOT_MAPPED;
}

enum vscsi_mapped vscsi_device_map(struct vscsi_vhost *vhost, const char *name, bool known)
{
	struct vscsi_wish *wish = kzalloc(sizeof(*wish), GFP_KERNEL);
	char *pdev = vscsi_device_read(vhost, name, "p-dev");
	char *vdev = vscsi_device_read(vhost, name, "v-dev");
	enum vscsi_mapped mapped = VSCSI_NOT_MAPPED;

	if (!wish) {
		vscsi_device_fail(vhost, name, "out of memory");
	} else if (!pdev || !vdev) {
		vscsi_device_fail(vhost, name, "no %s in its directory, or no memory to read it",
				  pdev ? "v-dev" : "p-dev");
	} else {
		wish->name = name;
		wish->pdev_text = pdev;
		wish->vdev_text = vdev;
		mapped = vscsi_wish_grant(vhost, wish, known);
	}
	kfree(vdev);
	kfree(pdev);
	kfree(wish);
	return mapped;
}

void vscsi_device_unmap(struct vscsi_device *device)
{
	vscsi_lun_table_remove(&device->vhost->controller.luns, &device->lun);
	vscsi_session_unmap(&device->mapping);
	vscsi_lun_counts_hide(device->lun.counts);
	device->mapped = false;
	vscsi_itl_put(&device->lun.itl);
}

void vscsi_device_free(struct vscsi_device *device)
{
	vscsi_session_unmapped(&device->mapping);
	vscsi_itl_exit(&device->lun.itl);
	vscsi_session_put(device->session);
	vscsi_lun_counts_put(device->lun.counts);
	kfree(device);
}
