/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One connection to a backend, and the one after it: a ring, its grants and its event channel.
 */
#ifndef VSCSI_FRONT_RING_H
#define VSCSI_FRONT_RING_H

#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <linux/wait.h>

#include <scsi/scsi_cmnd.h>
#include <xen/grant_table.h>
#include <xen/xenbus.h>

#include <vscsi/front.h>

#define VSCSI_FRONT_MOST_PAGES (1u << VSCSI_FRONT_MOST_PAGE_ORDER)

/* What a place in the ring needs besides its entry.  The ring's lock guards all of it. */
struct vscsi_front_slot {
	struct scsi_cmnd *cmd;		/* NULL: it has none */
	bool listed;			/* they are in list, whose pages are in direct */
	u32 segments;			/* granted for cmd */
	grant_ref_t spare;		/* head of the grants that its end gives back */
	struct vscsi_segment direct[VSCSI_DIRECT_SEGMENTS];
	/* Pages that list more segments; they stay, and stay granted, for the next request. */
	struct vscsi_segment *list[VSCSI_FRONT_LISTS];
	grant_ref_t list_grant[VSCSI_FRONT_LISTS];
};

struct vscsi_front_ring {
	struct xenbus_device *dev;
	spinlock_t lock;		/* any context */
	struct vscsi_front_engine *engine;	/* lock */
	struct vscsi_front_slot *slot;	/* lock: as many as the engine has; NULL without a ring */
	bool live;			/* lock: the backend has it, or will when it is connected */
	bool broken;			/* lock: nothing is sent until the next connection */
	struct vscsi_front_limits limits;	/* who connects */
	u32 pages;			/* who connects */
	void *shared;			/* who connects */
	grant_ref_t grant[VSCSI_FRONT_MOST_PAGES];	/* who connects */
	evtchn_port_t evtchn;		/* who connects */
	unsigned int irq;		/* who connects; others while it is live */
	struct mutex one_task;		/* who waits for a task */
	wait_queue_head_t task_wait;	/* for task_over */
	int task;			/* lock: its slot, or -1 */
	bool task_over;			/* lock to set */
	bool task_succeeded;		/* lock */
};

/* Where a command is; 0: nowhere. */
struct vscsi_front_place {
	u32 slot_and_one;		/* ring's lock */
};

void vscsi_front_ring_init(struct vscsi_front_ring *ring, struct xenbus_device *dev);

/* connect.c: process context. */
/* What the backend's keys allow; writes nothing. */
void vscsi_front_ring_negotiate(struct vscsi_front_ring *ring);
/* A new ring, told to the backend in xenstore. */
int vscsi_front_ring_connect(struct vscsi_front_ring *ring);
/* The backend has it no more: commands that are in flight end with a reset. */
void vscsi_front_ring_disconnect(struct vscsi_front_ring *ring);

/* There will be no other: what is sent from now on fails. */
void vscsi_front_ring_give_up(struct vscsi_front_ring *ring);

/* send.c */
/* 0: it is sent; -EBUSY: not now; else not at all.  Any context. */
int vscsi_front_ring_send(struct vscsi_front_ring *ring, struct scsi_cmnd *cmd);
/*
 * An abort of the command, or a reset of its device.  Sleeps until the backend has
 * answered; true if it succeeded.  Nothing of what it covers is in flight then.
 */
bool vscsi_front_ring_task(struct vscsi_front_ring *ring, struct scsi_cmnd *cmd, u32 kind);

/* revoke.c */
/* Takes all commands' memory back from the backend; false: it holds on to some.  Any context. */
bool vscsi_front_ring_revoke(struct vscsi_front_ring *ring);

#endif
