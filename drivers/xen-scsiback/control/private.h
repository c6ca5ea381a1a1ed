/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Between the files of control/.
 *
 *   vhost    one xenbus device; kept by the xenbus device and by each ring
 *   device   one mapped v-dev; kept by the vhost and by each command
 *
 * "Control work" is a vhost's one work item: what only it touches has no lock.
 */
#ifndef VSCSI_CONTROL_PRIVATE_H
#define VSCSI_CONTROL_PRIVATE_H

#include <linux/kref.h>
#include <linux/mutex.h>
#include <linux/ratelimit.h>
#include <linux/workqueue.h>

#include <xen/xenbus.h>

#include "../command/command.h"
#include "../kernel/compat.h"
#include "../ring/ring.h"
#include "../target/target.h"
#include "../watch/watch.h"
#include "control.h"

struct vscsi_device {
	struct vscsi_lun lun;
	struct list_head entry;		/* control work */
	struct vscsi_mapping mapping;
	struct vscsi_vhost *vhost;
	struct vscsi_session *session;
	bool mapped;			/* control work */
	bool closing;			/* control work: Closed once drained */
	bool asked;			/* control work: see VSCSI_DEVICE_ASK */
	bool held;			/* control work: its commands are parked, see wait.c */
	bool drained;			/* set once by the last put */
};

struct vscsi_vhost {
	struct kref kref;
	struct vscsi_controller controller;
	struct vscsi_initiator initiator;	/* control work */
	struct vscsi_watched watched;
	struct xenbus_device *dev;	/* referenced */
	char *frontend;			/* its xenstore path */
	struct work_struct control;	/* all of the control path; may sleep */
	struct delayed_work nag;	/* another control work, a second later */
	struct xenbus_watch shutdown;	/* of the guest's control/shutdown, see suspend.c */
	bool shutdown_watched;		/* who probes and removes */
	bool shutdown_seen;		/* xenwatch sets, control work clears */
	bool gone;			/* set once: xenbus let go, no more xenstore writes */
	bool parted;			/* set once: xenwatch touches it no more */
	bool left;			/* control work: the xenbus reference is dropped */
	struct mutex state_lock;	/* own xenbus state, and setting gone */
	bool seen_connected;		/* frontend was Connected since connect */
	bool was_connected;		/* control work: at least once */
	bool restarted;			/* frontend began anew since the last connect */
	bool broken_told;		/* control work */
	bool again;			/* control work: could not look, will by and by */
	struct ratelimit_state complaints;	/* control work */
	bool ready;			/* control work: devices await a connection anew */
	unsigned long since;		/* control work: jiffies of the last change of state */
	struct mutex ring_lock;		/* the ring, for others than the control work */
	struct vscsi_ring *ring;	/* control work with ring_lock: current or draining */
	struct vscsi_ring_statistics past;	/* ring_lock: of earlier rings */
	bool ring_live;			/* control work */
	struct list_head devices;	/* control work */
	struct list_head waits;		/* control work: devices that cannot be mapped yet */
};

/* vhost.c */
struct vscsi_vhost *vscsi_vhost_create(struct xenbus_device *dev);
/* xenwatch: the xenbus device goes away; all else happens in the control work. */
void vscsi_vhost_leave(struct vscsi_vhost *vhost);
/* Any context, by who has a reference. */
void vscsi_vhost_kick(struct vscsi_vhost *vhost);
/* The same; the caller's reference goes with it. */
void vscsi_vhost_hand_over(struct vscsi_vhost *vhost);
void vscsi_vhost_put(struct vscsi_vhost *vhost);
/* ring_lock held: what its earlier rings, and the one that it has, have counted. */
void vscsi_vhost_numbers(struct vscsi_vhost *vhost, struct vscsi_controller_numbers *out);

/* device.c: control work only; may sleep. */
/* An error: not all of them were looked at, and it is to be done again. */
int vscsi_devices_step(struct vscsi_vhost *vhost, int host_action);
void vscsi_devices_unmap_all(struct vscsi_vhost *vhost);
/* Takes away the devices of sessions that target core wants gone. */
void vscsi_devices_close_sessions(struct vscsi_vhost *vhost);
/* Frees devices whose last command has ended; then they are Closed. */
void vscsi_devices_reap(struct vscsi_vhost *vhost);

enum vscsi_mapped {
	VSCSI_NOT_MAPPED,		/* its directory says why */
	VSCSI_MAPPED,
	VSCSI_MAPPED_LATER,		/* see wait.c */
};

/* map.c: control work only; may sleep. */
/* Maps what a directory of vscsi-devs describes; known: the guest had it before. */
enum vscsi_mapped vscsi_device_map(struct vscsi_vhost *vhost, const char *name, bool known);
/* New requests find it no more; those in flight keep it until they end. */
void vscsi_device_unmap(struct vscsi_device *device);
/* Its last command has ended. */
void vscsi_device_free(struct vscsi_device *device);

/* wait.c: control work only; may sleep. */
#define VSCSI_WAIT_TEXT "commands of an earlier connection of initiator "
/* The session is the wait's from here on; false: no memory. */
bool vscsi_wait_add(struct vscsi_vhost *vhost, const char *name, struct vscsi_session *session,
		    u32 lun);
/* Whether a device of that directory is to be mapped later. */
bool vscsi_waits_for(const struct vscsi_vhost *vhost, const char *name);
void vscsi_waits_drop(struct vscsi_vhost *vhost);
void vscsi_waits_close_sessions(struct vscsi_vhost *vhost);
/* A mapped device: new commands wait, and are answered BUSY after a second. */
void vscsi_device_hold(struct vscsi_device *device);
/* Gives what need not wait any more; true if it must be tried again. */
bool vscsi_waits_look(struct vscsi_vhost *vhost);

/* suspend.c: control work; may sleep.  If the guest's control/shutdown has changed. */
void vscsi_suspend_look(struct vscsi_vhost *vhost);

/* node.c: control work; directories of vscsi-devs in xenstore. */
/* NULL if it is not there; kfree() it. */
char *vscsi_device_read(struct vscsi_vhost *vhost, const char *name, const char *node);
/* XenbusStateUnknown if there is none; an error if that cannot be told now. */
int vscsi_state(const char *dir, enum xenbus_state *state);
int vscsi_device_state(const char *dir, const char *name, enum xenbus_state *state);
/*
 * Writes a node, or removes it if value is NULL; but only while the directory is
 * there: what the toolstack removed stays removed.
 */
void vscsi_device_write(struct vscsi_vhost *vhost, const char *name, const char *node,
			const char *value);
void vscsi_device_set_state(struct vscsi_vhost *vhost, const char *name, enum xenbus_state state);
/* The vhost's own, in xenstore only, where nobody has changed it meanwhile. */
void vscsi_vhost_replace_state(struct vscsi_vhost *vhost, enum xenbus_state from,
			       enum xenbus_state to);
/* Tells the operator what a guest, or its toolstack, did to all of them; not too often. */
void vscsi_vhost_complain(struct vscsi_vhost *vhost, int err, const char *what);
/* Tells the operator why a device is not there. */
__printf(3, 4) void vscsi_device_tell(struct vscsi_vhost *vhost, const char *name,
				      const char *format, ...);
/* And says so in its state: it was never mapped. */
__printf(3, 4) void vscsi_device_fail(struct vscsi_vhost *vhost, const char *name,
				      const char *format, ...);

/* guest.c: control work; reads xenstore. */
void vscsi_guest_read(struct vscsi_vhost *vhost);

#endif
