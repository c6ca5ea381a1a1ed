/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One connection of a guest's controller: the shared page, its event channel and
 * its thread.  A ring lives until nothing of it is in flight; the guest's page is
 * unmapped when it is stopped.
 */
#ifndef VSCSI_RING_H
#define VSCSI_RING_H

#include <linux/types.h>

#include <xen/interface/event_channel.h>
#include <xen/interface/grant_table.h>
#include <xen/interface/xen.h>

#include "../command/command.h"
#include "../watch/watch.h"

struct seq_file;
struct vscsi_ring;
struct xenbus_device;

/* The guest's controller, as its rings see it; embedded in who owns it. */
struct vscsi_controller {
	struct xenbus_device *dev;	/* referenced by its owner */
	domid_t domid;
	struct vscsi_whose whose;
	struct vscsi_lun_table luns;
};

/* What comes up from here. */
struct vscsi_ring_callbacks {
	/* Any context: a ring's state, or what is in flight, is to be looked at. */
	void (*kick)(struct vscsi_controller *controller);
	/* A ring keeps its controller. */
	void (*get)(struct vscsi_controller *controller);
	void (*put)(struct vscsi_controller *controller);
};

int vscsi_rings_init(const struct vscsi_ring_callbacks *callbacks);
void vscsi_rings_exit(void);

/* answer.c, executed.c: what command/ and execute/ call. */
void vscsi_request_over(struct vscsi_request *request);
void vscsi_ring_executed(struct vscsi_io *io);

/*
 * connection.c: one caller at a time for each controller; may sleep.  An error
 * pointer, and what could not be done.
 */
struct vscsi_ring *vscsi_ring_connect(struct vscsi_controller *controller, grant_ref_t grant,
				      evtchn_port_t evtchn, const char **why);
/*
 * After this the guest's page is ours no more.  Waits for the ring's thread, which
 * may be in submit_bio(), and for no command: those in flight go on; what they
 * answer is dropped.
 */
void vscsi_ring_stop(struct vscsi_ring *ring);
/*
 * True if nothing of a stopped ring is in flight.  Who completed its last command
 * may still be on the way out: this waits for those few instructions, so that
 * vscsi_ring_put() drops the last reference.
 */
bool vscsi_ring_drained(struct vscsi_ring *ring);
/* Asks devices for everything that is in flight; to be called again until it is drained. */
void vscsi_ring_recall(struct vscsi_ring *ring);
void vscsi_ring_put(struct vscsi_ring *ring);

/* Whether its frontend's producer index is impossible: the ring stands still. */
bool vscsi_ring_broken(const struct vscsi_ring *ring);
bool vscsi_ring_is_at(const struct vscsi_ring *ring, grant_ref_t grant, evtchn_port_t evtchn);

/* look.c: by who keeps the ring; may sleep.  Adds its numbers. */
void vscsi_ring_numbers(const struct vscsi_ring *ring, struct vscsi_controller_numbers *to);
void vscsi_ring_show_inflight(struct vscsi_ring *ring, struct seq_file *m);
void vscsi_ring_show_memory(struct vscsi_ring *ring, struct seq_file *m);

#endif
