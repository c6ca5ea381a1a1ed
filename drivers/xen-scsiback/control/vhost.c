// SPDX-License-Identifier: GPL-2.0
/*
 * A virtual host: one xenbus device.  All of its control path runs in one work
 * item that looks at what xenstore says and at what is there, and moves one
 * towards the other.  It never waits for a device: what is not yet possible is
 * tried again when the last command in the way has ended.
 */
#include "private.h"

#include <linux/module.h>
#include <linux/slab.h>

#include "../watch/trace.h"

#define VSCSI_NAG_EVERY HZ
/* In the log, about what the guest did. */
#define VSCSI_COMPLAINTS_EVERY (60 * HZ)
#define VSCSI_COMPLAINTS 10
/* A kernel that is started by kexec waits to see the backend Closed. */
#define VSCSI_CLOSED_FOR HZ

/* The control work of every vhost; a vhost's work never runs twice at a time. */
static struct workqueue_struct *vscsi_control_wq;

static void vscsi_vhost_free(struct kref *kref)
{
	struct vscsi_vhost *vhost = container_of(kref, struct vscsi_vhost, kref);

	vscsi_lun_table_exit(&vhost->controller.luns);
	kfree(vhost->shutdown.node);
	kfree(vhost->frontend);
	put_device(&vhost->dev->dev);
	kfree(vhost);
	module_put(THIS_MODULE);
}

void vscsi_vhost_put(struct vscsi_vhost *vhost)
{
	kref_put(&vhost->kref, vscsi_vhost_free);
}

void vscsi_vhost_hand_over(struct vscsi_vhost *vhost)
{
	/* If it is to run already, it has a reference of its own. */
	if (!queue_work(vscsi_control_wq, &vhost->control))
		vscsi_vhost_put(vhost);
}

void vscsi_vhost_kick(struct vscsi_vhost *vhost)
{
	kref_get(&vhost->kref);
	vscsi_vhost_hand_over(vhost);
}

void vscsi_vhost_numbers(struct vscsi_vhost *vhost, struct vscsi_controller_numbers *out)
{
	lockdep_assert_held(&vhost->ring_lock);
	*out = (struct vscsi_controller_numbers){ .sum = vhost->past };
	if (vhost->ring)
		vscsi_ring_numbers(vhost->ring, out);
}

/* Drops a stopped ring if nothing of it is in flight, so that it goes away in this thread. */
static void vscsi_ring_settle(struct vscsi_vhost *vhost)
{
	struct vscsi_controller_numbers numbers;
	struct vscsi_ring *ring = vhost->ring;

	if (!ring || vhost->ring_live || !vscsi_ring_drained(ring))
		return;
	mutex_lock(&vhost->ring_lock);
	vscsi_vhost_numbers(vhost, &numbers);
	vhost->past = numbers.sum;
	vhost->ring = NULL;
	mutex_unlock(&vhost->ring_lock);
	vscsi_ring_put(ring);
}

static void vscsi_vhost_disconnect(struct vscsi_vhost *vhost)
{
	if (!vhost->ring_live)
		return;
	vscsi_ring_stop(vhost->ring);
	vhost->ring_live = false;
	vscsi_ring_settle(vhost);
}

static int vscsi_read_ring(struct vscsi_vhost *vhost, grant_ref_t *grant, evtchn_port_t *evtchn)
{
	return xenbus_gather(XBT_NIL, vhost->frontend, "ring-ref", "%u", grant, "event-channel",
			     "%u", evtchn, NULL);
}

/* Not once xenbus let go: it has the last word, Closed. */
static void vscsi_vhost_switch(struct vscsi_vhost *vhost, enum xenbus_state state)
{
	mutex_lock(&vhost->state_lock);
	/* xenbus does not write the one that is there. */
	if (!vhost->gone && vhost->dev->state != state) {
		trace_backend_state(&vhost->controller.whose, state);
		xenbus_switch_state(vhost->dev, state);
	}
	mutex_unlock(&vhost->state_lock);
	vhost->since = jiffies;
}

/* Tells the operator and closes.  A guest may make it happen as often as it likes. */
static void vscsi_vhost_fatal(struct vscsi_vhost *vhost, int err, const char *why)
{
	mutex_lock(&vhost->state_lock);
	if (!vhost->gone) {
		trace_backend_state(&vhost->controller.whose, XenbusStateClosing);
		if (__ratelimit(&vhost->complaints))
			xenbus_dev_error(vhost->dev, err, "%s of %s", why, vhost->frontend);
		xenbus_switch_state(vhost->dev, XenbusStateClosing);
	}
	mutex_unlock(&vhost->state_lock);
}

/* At its devices; false: once more in a moment, and until then everything stays as it is. */
static bool vscsi_vhost_look(struct vscsi_vhost *vhost, int host_action)
{
	int err = vscsi_devices_step(vhost, host_action);

	if (!err)
		return true;
	vscsi_vhost_complain(vhost, err, "looking at its devices, which is tried again");
	vhost->again = true;
	return false;
}

static void vscsi_vhost_connect(struct vscsi_vhost *vhost)
{
	const char *why = "reading ring-ref and event-channel";
	struct vscsi_ring *ring;
	evtchn_port_t evtchn;
	grant_ref_t grant;
	int err;

	WRITE_ONCE(vhost->restarted, false);
	WRITE_ONCE(vhost->seen_connected, false);
	vhost->broken_told = false;
	vhost->ready = false;
	err = vscsi_read_ring(vhost, &grant, &evtchn);
	if (err) {
		vscsi_vhost_fatal(vhost, err, why);
		return;
	}
	ring = vscsi_ring_connect(&vhost->controller, grant, evtchn, &why);
	if (IS_ERR(ring)) {
		vscsi_vhost_fatal(vhost, PTR_ERR(ring), why);
		return;
	}
	mutex_lock(&vhost->ring_lock);
	vhost->ring = ring;
	mutex_unlock(&vhost->ring_lock);
	vhost->ring_live = true;
	WRITE_ONCE(vhost->was_connected, true);
	if (vscsi_vhost_look(vhost, VSCSI_HOST_CONNECT))
		vscsi_vhost_switch(vhost, XenbusStateConnected);
	else
		vscsi_vhost_disconnect(vhost);
}

static bool vscsi_ring_changed(struct vscsi_vhost *vhost)
{
	evtchn_port_t evtchn;
	grant_ref_t grant;

	if (!vhost->ring_live)
		return false;
	/* Where it cannot be read, the attempt to connect says so. */
	return vscsi_read_ring(vhost, &grant, &evtchn) ||
	       !vscsi_ring_is_at(vhost->ring, grant, evtchn);
}

static void vscsi_vhost_tell_broken(struct vscsi_vhost *vhost)
{
	if (!vhost->ring_live || vhost->broken_told ||
	    !vscsi_ring_broken(vhost->ring))
		return;
	vhost->broken_told = true;
	if (!__ratelimit(&vhost->complaints))
		return;
	xenbus_dev_error(vhost->dev, -EPROTO,
			 "domain %u wrote an impossible request producer index: ring stopped until it reconnects",
			 vhost->controller.domid);
}

/* One step; true if the next may follow at once. */
static bool vscsi_vhost_step(struct vscsi_vhost *vhost)
{
	struct vscsi_host_view view = {
		.backend = vhost->dev->state,
		.ring_live = vhost->ring_live,
		.ring_draining = vhost->ring && !vhost->ring_live,
		.seen_connected = READ_ONCE(vhost->seen_connected),
		.restarted = READ_ONCE(vhost->restarted),
		.online = true,
		.rested = time_after_eq(jiffies, vhost->since + VSCSI_CLOSED_FOR),
		.ready = vhost->ready,
	};
	enum xenbus_state frontend;
	int action, err;

	/*
	 * Only now: a frontend that becomes Connected between two readings would
	 * else be Initialised here and have been Connected, as if it began anew.
	 */
	smp_rmb();
	err = vscsi_state(vhost->frontend, &frontend);
	if (err) {
		vscsi_vhost_complain(vhost, err, "reading the frontend's state, which is tried again");
		vhost->again = true;
		return false;
	}
	view.frontend = frontend;
	if (view.frontend == XenbusStateInitialised)
		view.ring_changed = vscsi_ring_changed(vhost);
	action = vscsi_host_step(&view);

	switch (action) {
	case VSCSI_HOST_DISCONNECT:
		vscsi_vhost_disconnect(vhost);
		return true;
	case VSCSI_HOST_WAIT_READY:
		vscsi_devices_unmap_all(vhost);
		if (!vscsi_vhost_look(vhost, VSCSI_HOST_CLOSED))
			return false;
		WRITE_ONCE(vhost->restarted, false);
		vhost->ready = true;
		vscsi_vhost_switch(vhost, XenbusStateInitWait);
		return true;
	case VSCSI_HOST_CONNECT:
		vscsi_vhost_connect(vhost);
		return false;
	case VSCSI_HOST_SETTLE:
		if (vscsi_vhost_look(vhost, action))
			vscsi_vhost_switch(vhost, XenbusStateConnected);
		return false;
	case VSCSI_HOST_RECONFIGURE:
		if (vscsi_vhost_look(vhost, action))
			vscsi_vhost_switch(vhost, XenbusStateReconfigured);
		return false;
	case VSCSI_HOST_CLOSING:
		vscsi_vhost_switch(vhost, XenbusStateClosing);
		return false;
	case VSCSI_HOST_CLOSED:
		vscsi_devices_unmap_all(vhost);
		if (vscsi_vhost_look(vhost, action))
			vscsi_vhost_switch(vhost, XenbusStateClosed);
		return false;
	default:
		return false;
	}
}

/*
 * A stopped ring waits for its devices: remind them.  Or an ACL was made just
 * now, or the frontend may come back.
 */
static void vscsi_vhost_nag(struct work_struct *work)
{
	struct vscsi_vhost *vhost = container_of(to_delayed_work(work), struct vscsi_vhost, nag);

	vscsi_vhost_kick(vhost);
	vscsi_vhost_put(vhost);
}

static void vscsi_vhost_remind(struct vscsi_vhost *vhost)
{
	bool draining = vhost->ring && !vhost->ring_live;
	bool unpinned = vscsi_sessions_pin_acls(&vhost->initiator);
	bool closed = !READ_ONCE(vhost->gone) && vhost->dev->state == XenbusStateClosed;
	bool waits = vscsi_waits_look(vhost);

	if (!draining && !unpinned && !closed && !waits && !vhost->again)
		return;
	vhost->again = false;
	if (draining)
		vscsi_ring_recall(vhost->ring);
	kref_get(&vhost->kref);
	if (!queue_delayed_work(vscsi_control_wq, &vhost->nag, VSCSI_NAG_EVERY))
		vscsi_vhost_put(vhost);
}

static void vscsi_vhost_control(struct work_struct *work)
{
	struct vscsi_vhost *vhost = container_of(work, struct vscsi_vhost, control);

	vscsi_ring_settle(vhost);
	vscsi_devices_close_sessions(vhost);
	vscsi_devices_reap(vhost);

	if (READ_ONCE(vhost->gone)) {
		vscsi_vhost_disconnect(vhost);
		vscsi_devices_unmap_all(vhost);
		vscsi_devices_reap(vhost);
		if (smp_load_acquire(&vhost->parted) && !vhost->ring &&
		    list_empty(&vhost->devices) && !vhost->left) {
			vhost->left = true;
			vscsi_inflight_remove(&vhost->watched);
			vscsi_vhost_put(vhost);
		}
	} else {
		vscsi_vhost_tell_broken(vhost);
		while (!READ_ONCE(vhost->gone) && vscsi_vhost_step(vhost))
			cond_resched();
		vscsi_suspend_look(vhost);
		vscsi_devices_reap(vhost);
	}
	vscsi_vhost_remind(vhost);
	vscsi_vhost_put(vhost);
}

static void vscsi_vhost_init(struct vscsi_vhost *vhost, struct xenbus_device *dev)
{
	struct vscsi_controller *controller = &vhost->controller;
	struct vscsi_initiator *initiator = &vhost->initiator;

	kref_init(&vhost->kref);
	get_device(&dev->dev);
	vhost->dev = dev;
	controller->dev = dev;
	controller->domid = dev->otherend_id;
	controller->whose.domid = dev->otherend_id;
	if (kstrtou32(kbasename(dev->nodename), 10, &controller->whose.controller))
		controller->whose.controller = ~0u;
	initiator->dev = dev;
	initiator->domid = dev->otherend_id;
	INIT_LIST_HEAD(&initiator->sessions);
	vscsi_watched_init(&vhost->watched);
	INIT_WORK(&vhost->control, vscsi_vhost_control);
	INIT_DELAYED_WORK(&vhost->nag, vscsi_vhost_nag);
	ratelimit_state_init(&vhost->complaints, VSCSI_COMPLAINTS_EVERY, VSCSI_COMPLAINTS);
	mutex_init(&vhost->state_lock);
	mutex_init(&vhost->ring_lock);
	INIT_LIST_HEAD(&vhost->devices);
	INIT_LIST_HEAD(&vhost->waits);
	__module_get(THIS_MODULE);
}

struct vscsi_vhost *vscsi_vhost_create(struct xenbus_device *dev)
{
	struct vscsi_vhost *vhost;

	vhost = kzalloc(sizeof(*vhost), GFP_KERNEL);
	if (!vhost)
		return NULL;
	vhost->frontend = kstrdup(dev->otherend, GFP_KERNEL);
	vhost->shutdown.node = kasprintf(GFP_KERNEL, "/local/domain/%u/control/shutdown",
					 dev->otherend_id);
	if (!vhost->frontend || !vhost->shutdown.node ||
	    vscsi_lun_table_init(&vhost->controller.luns)) {
		kfree(vhost->shutdown.node);
		kfree(vhost->frontend);
		kfree(vhost);
		return NULL;
	}
	vscsi_vhost_init(vhost, dev);
	return vhost;
}

void vscsi_vhost_leave(struct vscsi_vhost *vhost)
{
	mutex_lock(&vhost->state_lock);
	WRITE_ONCE(vhost->gone, true);
	mutex_unlock(&vhost->state_lock);
	/* May wait for readers; until it is over the control work keeps the vhost. */
	vscsi_statistics_remove(&vhost->watched);
	vscsi_inflight_leave(&vhost->watched, dev_name(&vhost->dev->dev));
	kref_get(&vhost->kref);
	smp_store_release(&vhost->parted, true);
	vscsi_vhost_hand_over(vhost);
}

int vscsi_control_init(void)
{
	vscsi_control_wq = alloc_workqueue("xen-vscsi", WQ_UNBOUND | WQ_MEM_RECLAIM, 0);
	return vscsi_control_wq ? 0 : -ENOMEM;
}

/* The tails of control works: each vhost held the module until there. */
void vscsi_control_exit(void)
{
	destroy_workqueue(vscsi_control_wq);
}
