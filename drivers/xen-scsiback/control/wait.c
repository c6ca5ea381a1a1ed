// SPDX-License-Identifier: GPL-2.0
/*
 * Devices that a guest gets only when commands of its earlier connection are over:
 * another vhost's, mostly, that does not go before they are.  Until then a device
 * that the guest does not know yet stays Initialising, and the operator is told why;
 * of one that the guest had before it was restored, commands are held back.
 */
#include "private.h"

#include <linux/slab.h>

struct vscsi_wait {
	struct list_head entry;		/* control work */
	struct vscsi_session *session;
	u32 lun;
	char name[sizeof_field(struct vscsi_lun, name)];
};

/* Once, not each time that somebody looks. */
static void vscsi_wait_tell(struct vscsi_vhost *vhost, const char *name,
			    const struct vscsi_session *session, u32 lun)
{
	char *told = vscsi_device_read(vhost, name, "error");

	if (!told || strncmp(told, VSCSI_WAIT_TEXT, strlen(VSCSI_WAIT_TEXT)))
		vscsi_device_tell(vhost, name, VSCSI_WAIT_TEXT
				  "%s are still with the device (%s tpgt_%u LUN %u): it is given as soon as they are over, or now, at your risk, by attrib/wait_for_earlier = 0",
				  session->port, session->tpg->port->name, session->tpg->tpgt, lun);
	kfree(told);
}

bool vscsi_wait_add(struct vscsi_vhost *vhost, const char *name, struct vscsi_session *session,
		    u32 lun)
{
	struct vscsi_wait *wait = kzalloc(sizeof(*wait), GFP_KERNEL);

	if (!wait)
		return false;
	wait->session = session;
	wait->lun = lun;
	strscpy(wait->name, name, sizeof(wait->name));
	list_add_tail(&wait->entry, &vhost->waits);
	vscsi_wait_tell(vhost, name, session, lun);
	return true;
}

bool vscsi_waits_for(const struct vscsi_vhost *vhost, const char *name)
{
	const struct vscsi_wait *wait;

	list_for_each_entry(wait, &vhost->waits, entry)
		if (!strcmp(wait->name, name))
			return true;
	return false;
}

static void vscsi_wait_drop(struct vscsi_wait *wait)
{
	list_del(&wait->entry);
	vscsi_session_put(wait->session);
	kfree(wait);
}

void vscsi_waits_drop(struct vscsi_vhost *vhost)
{
	struct vscsi_wait *wait, *next;

	list_for_each_entry_safe(wait, next, &vhost->waits, entry)
		vscsi_wait_drop(wait);
}

void vscsi_waits_close_sessions(struct vscsi_vhost *vhost)
{
	struct vscsi_wait *wait, *next;

	list_for_each_entry_safe(wait, next, &vhost->waits, entry) {
		if (!READ_ONCE(wait->session->closing))
			continue;
		vscsi_device_fail(vhost, wait->name,
				  "the nexus of initiator %s was ended in configfs: attach the device again",
				  wait->session->port);
		vscsi_wait_drop(wait);
	}
}

void vscsi_device_hold(struct vscsi_device *device)
{
	device->held = true;
	atomic_inc(&device->lun.abandoned);
	vscsi_wait_tell(device->vhost, device->lun.name, device->session, device->lun.number);
}

static void vscsi_device_let_go(struct vscsi_device *device)
{
	device->held = false;
	atomic_dec(&device->lun.abandoned);
	vscsi_device_write(device->vhost, device->lun.name, "error", NULL);
}

/* A device that waited can be given now: the guest is asked to look, as a toolstack would. */
static void vscsi_waits_begin_round(struct vscsi_vhost *vhost)
{
	struct vscsi_wait *wait, *next;
	enum xenbus_state state;
	bool over = false;

	list_for_each_entry_safe(wait, next, &vhost->waits, entry) {
		if (vscsi_device_state(vhost->dev->nodename, wait->name, &state))
			continue;
		if (state != XenbusStateInitialising)
			vscsi_wait_drop(wait);
		else
			over |= !vscsi_session_waits(wait->session, wait->lun);
	}
	/* If a round is under way, the next look finds it over, or the device given. */
	if (over && vhost->ring_live && vhost->dev->state == XenbusStateConnected)
		vscsi_vhost_replace_state(vhost, XenbusStateConnected, XenbusStateReconfiguring);
}

bool vscsi_waits_look(struct vscsi_vhost *vhost)
{
	struct vscsi_device *device;
	bool held = false;

	list_for_each_entry(device, &vhost->devices, entry) {
		if (!device->held)
			continue;
		if (!device->mapped || vscsi_session_waits(device->session, device->lun.number))
			held |= device->mapped;
		else
			vscsi_device_let_go(device);
	}
	vscsi_waits_begin_round(vhost);
	return held || !list_empty(&vhost->waits);
}
