/* SPDX-License-Identifier: GPL-2.0 */
/* Between the files of execute/. */
#ifndef VSCSI_EXECUTE_PRIVATE_H
#define VSCSI_EXECUTE_PRIVATE_H

#include <linux/blk-mq.h>
#include <linux/rcupdate.h>

#include "execute.h"

struct scsi_device;

struct vscsi_backing {
	const struct vscsi_executor *executor;
	u32 device_type;
	bool memory;			/* core.c: a ramdisk of target core's */
	struct block_device *bdev;	/* bio.c; iblock keeps it open while a LUN or a command needs it */
	struct vscsi_scsi_device *device;	/* scsi.c; referenced */
	struct rcu_head rcu;
};

/* Each is one way to carry commands out.  NULL where there is nothing to do. */
struct vscsi_executor {
	/* configfs, may sleep: whether the backstore's commands are its own. */
	bool (*link)(struct vscsi_backing *backing, struct se_device *dev);
	void (*unlink)(struct vscsi_backing *backing);
	/* Under RCU: what the command needs of the backing.  False: target core executes it. */
	bool (*find)(struct vscsi_io *io, const struct vscsi_backing *backing);
	/* Ring thread, after find, also of a command that will be refused: this is the itl's device. */
	void (*use)(struct vscsi_io *io);
	/* False: target core executes it. */
	bool (*take)(struct vscsi_io *io);
	bool (*waits)(struct vscsi_io *io, bool first);
	void (*amend)(struct vscsi_io *io);
	void (*over)(struct vscsi_io *io);
	/* Execution's lock held, interrupts off. */
	void (*abort)(struct vscsi_io *io);
	bool comes_back;		/* what was aborted at the device ends by itself */
};

extern const struct vscsi_executor vscsi_core_executor;
extern const struct vscsi_executor vscsi_bio_executor;
extern const struct vscsi_executor vscsi_scsi_executor;

/* callbacks.c: the stair up. */
extern const struct vscsi_execute_callbacks *vscsi_execute_up;
/* The module parameter "direct". */
bool vscsi_direct_wanted(void);

/* bio.c */
int vscsi_bio_init(void);
void vscsi_bio_exit(void);
void vscsi_bio_unblock(struct work_struct *work);
/* A bio that would have had to wait: true if it is started once more. */
bool vscsi_bio_again(struct vscsi_io *io);

/* scsi_device.c: the devices that are passed through. */
struct vscsi_scsi_device {
	struct kref kref;
	struct list_head entry;		/* vscsi_scsi_devices_lock */
	struct scsi_device *sdev;	/* referenced */
	atomic_t queued;		/* commands that may be waiting for a request */
	spinlock_t lock;
	struct vscsi_gate gate;		/* lock */
	u32 attentions;			/* lock: unit attentions so far */
	u16 attention;			/* lock: code and qualifier of the last one */
	unsigned long early_abort;	/* lock: jiffies of the last burst */
	bool early_aborts;		/* lock: there was one */
	struct rcu_head rcu;
};
/* May sleep.  The device of a pscsi backstore, referenced, or NULL. */
struct vscsi_scsi_device *vscsi_scsi_device_find(struct se_device *dev);
/* Under RCU. */
bool vscsi_scsi_device_get(struct vscsi_scsi_device *device);
/* May sleep. */
void vscsi_scsi_device_put(struct vscsi_scsi_device *device);
/* Calls function for each device that there is; it must not sleep.  May sleep. */
void vscsi_scsi_devices(void (*function)(struct vscsi_scsi_device *device, u32 argument),
			u32 argument);

/* share.c: several guests on one device.  All but share_use from any context. */
/* A VSCSI_GATE_* verdict.  What passed leaves. */
int vscsi_share_enter(struct vscsi_io *io);
void vscsi_share_leave(struct vscsi_io *io, bool good, const u8 *sense);
/* Whether the guest must hear of a unit attention first: then that is the command's result. */
bool vscsi_share_take_attention(struct vscsi_io *io);
/* Ring thread; may sleep. */
void vscsi_share_use(struct vscsi_itl *itl, struct vscsi_scsi_device *device);
void vscsi_share_reset(struct vscsi_scsi_device *device);
void vscsi_share_nexus_ended(struct vscsi_scsi_device *device, u32 nexus);
/* Whether an adapter may be asked now for a command that is not overdue. */
bool vscsi_share_may_abort(struct vscsi_io *io);

/* The first page of a command's data; kunmap_local() it. */
void *vscsi_io_first_page(struct vscsi_io *io);

#endif
