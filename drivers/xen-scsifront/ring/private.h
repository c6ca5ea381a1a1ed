/* SPDX-License-Identifier: GPL-2.0 */
/* Between the files of ring/. */
#ifndef VSCSI_FRONT_RING_PRIVATE_H
#define VSCSI_FRONT_RING_PRIVATE_H

#include <linux/interrupt.h>

#include "ring.h"

/* All of these with the ring's lock held, unless they say otherwise. */

/* grants.c */
/* Grants the command's pages and lists them.  -EBUSY: no memory, or no grants, now. */
int vscsi_front_grant(struct vscsi_front_ring *ring, struct vscsi_front_slot *slot,
		      struct scsi_cmnd *cmd);
/* False: the backend still uses some, which stay in the slot. */
bool vscsi_front_ungrant(struct vscsi_front_slot *slot);
/* Of all slots, with their memory.  Nobody uses the ring any more; no lock. */
void vscsi_front_free_lists(struct vscsi_front_ring *ring);

/* answers.c */
irqreturn_t vscsi_front_interrupt(int irq, void *data);
void vscsi_front_break(struct vscsi_front_ring *ring, const char *why);
/* What has been answered; as many as there is room for. */
#define VSCSI_FRONT_BATCH 16
struct vscsi_front_done {
	u32 count;
	u32 seen;			/* answers of any kind */
	struct scsi_cmnd *cmd[VSCSI_FRONT_BATCH];
};
/* True: there may be more. */
bool vscsi_front_answers(struct vscsi_front_ring *ring, struct vscsi_front_done *done);
/* Without the lock. */
void vscsi_front_finish(const struct vscsi_front_done *done);

/* revoke.c */
/*
 * Takes back what commands are in flight: all if sdev is NULL.  They are in done, ended
 * with a reset.  False: the backend holds on to some, which are not.  Call it again while
 * done is full.
 */
bool vscsi_front_take_back(struct vscsi_front_ring *ring, const struct scsi_device *sdev,
			   const struct scsi_cmnd *only, struct vscsi_front_done *done);

/* Its slot, or -1: it is not in flight. */
int vscsi_front_slot_of(struct vscsi_front_ring *ring, struct scsi_cmnd *cmd);

static inline struct vscsi_front_place *vscsi_front_place(struct scsi_cmnd *cmd)
{
	return scsi_cmd_priv(cmd);
}

#endif
