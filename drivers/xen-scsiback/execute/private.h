/* SPDX-License-Identifier: GPL-2.0 */
/* Between the files of execute/. */
#ifndef VSCSI_EXECUTE_PRIVATE_H
#define VSCSI_EXECUTE_PRIVATE_H

#include <linux/blk-mq.h>
#include <linux/rcupdate.h>

#include <vscsi/sharing.h>

#include "../kernel/compat.h"
#include "execute.h"

#define VSCSI_IDENTITY_BYTES 256

struct scsi_device;

struct vscsi_backing {
	const struct vscsi_executor *executor;
	u32 device_type;
	bool memory;			/* core.c: a ramdisk of target core's */
	struct block_device *bdev;	/* bio.c; iblock keeps it open while a LUN or a command needs it */
	struct vscsi_file *file;	/* file.c; referenced */
	struct vscsi_scsi_device *device;	/* scsi.c; referenced */
	struct rcu_head rcu;
};

/* Each is one way to carry commands out.  NULL where there is nothing to do. */
struct vscsi_executor {
	/* configfs, may sleep: 0 if the backstore's commands are its own, -ENODEV if not. */
	int (*link)(struct vscsi_backing *backing, struct se_device *dev);
	void (*unlink)(struct vscsi_backing *backing);
	/* Under RCU: what the command needs of the backing.  False: target core executes it. */
	bool (*find)(struct vscsi_io *io, const struct vscsi_backing *backing);
	/* Ring thread, after find, also of a command that will be refused: this is the itl's device. */
	void (*use)(struct vscsi_io *io);
	/* False: target core executes it. */
	bool (*take)(struct vscsi_io *io);
	bool (*waits)(struct vscsi_io *io, bool first);
	void (*amend)(struct vscsi_io *io);
	/* The next step of what was blocked.  Process context; may sleep. */
	void (*resume)(struct vscsi_io *io);
	/* Target core has told a failure in its own words: the errno behind it, or 0.  The same context. */
	int (*explain)(struct vscsi_io *io);
	void (*over)(struct vscsi_io *io);
	/* Execution's lock held, interrupts off. */
	void (*abort)(struct vscsi_io *io);
	bool comes_back;		/* what it has taken ends without target core's help */
};

extern const struct vscsi_executor vscsi_core_executor;
extern const struct vscsi_executor vscsi_bio_executor;
extern const struct vscsi_executor vscsi_file_executor;
extern const struct vscsi_executor vscsi_scsi_executor;

/* callbacks.c: the stair up. */
extern const struct vscsi_execute_callbacks *vscsi_execute_up;
/* The module parameter "direct". */
bool vscsi_direct_wanted(void);

/* backing.c: of a LUN that is passed through, referenced; or NULL. */
struct vscsi_scsi_device *vscsi_backing_device(struct vscsi_backings *backings, u32 lun);
/* Whether there is one. */
bool vscsi_backing_passes_through(struct vscsi_backings *backings, u32 lun);

/* core.c: target core executes the command, unless it is unwanted by then. */
void vscsi_core_take(struct vscsi_io *io);

/* blocked.c */
int vscsi_blocked_init(void);
void vscsi_blocked_exit(void);
/* Any context: its executor shall resume it where it may sleep. */
void vscsi_io_block(struct vscsi_io *io, enum vscsi_blocked_how how);
void vscsi_itl_init_blocked(struct vscsi_itl *itl);

/* bio.c: true if a bio that has ended goes on, since it would have had to wait, or to say more. */
bool vscsi_bio_again(struct vscsi_io *io);

/* search.c: for the block at which a read failed; may sleep for as long as the device takes. */
bool vscsi_search_wanted(const struct vscsi_io *io);
void vscsi_search(struct vscsi_io *io);

/* scsi_device.c: the devices that are passed through. */
struct vscsi_scsi_device {
	struct kref kref;
	struct list_head entry;		/* vscsi_scsi_devices_lock */
	char identity[VSCSI_IDENTITY_BYTES];
	struct scsi_device *sdev;	/* lock to change; referenced; another one when it was away */
	atomic_t queued;		/* commands that may be waiting for a request */
	spinlock_t lock;
	struct vscsi_gate gate;		/* lock */
	bool unread;			/* lock: what the device has reserved is not known yet */
	struct vscsi_keys keys;		/* lock: set by guests */
	struct vscsi_attentions attentions;	/* lock */
	u32 newcomer;			/* lock: how many of those somebody new need not hear */
	unsigned long early_abort;	/* lock: jiffies of the last burst */
	bool early_aborts;		/* lock: there was one */
	unsigned long looked;		/* lock: jiffies, see look.c */
	const void *handler;		/* lock: dom0's, that was looked at; to compare only */
	struct work_struct look;	/* has a reference */
	char stranger[VSCSI_IDENTITY_BYTES];	/* lock to clear; its look: who is in its place */
	u32 resets;			/* lock: by guests */
	struct mutex reset_lock;
	unsigned long reset_at;		/* reset_lock: jiffies */
	bool reset_tried;		/* reset_lock */
	bool reset_done;		/* reset_lock: the last one succeeded */
	struct rcu_head rcu;
};
extern struct mutex vscsi_scsi_devices_lock;
extern struct list_head vscsi_scsi_device_list;	/* vscsi_scsi_devices_lock */
/* Under RCU. */
bool vscsi_scsi_device_get(struct vscsi_scsi_device *device);
/* May sleep. */
void vscsi_scsi_device_put(struct vscsi_scsi_device *device);
/* Any context: where it is now, and kept until it is unpinned. */
struct scsi_device *vscsi_scsi_device_pin(struct vscsi_scsi_device *device);
void vscsi_sdev_unpin(struct scsi_device *sdev);
/* dom0 has removed it. */
bool vscsi_sdev_gone(const struct scsi_device *sdev);
/* Calls function for each device that there is; it must not sleep.  May sleep. */
void vscsi_scsi_devices(void (*function)(struct vscsi_scsi_device *device, const void *argument),
			const void *argument);

/* identity.c: may sleep. */
void vscsi_identity_of(struct scsi_device *sdev, char *text, size_t room);
/* Whether it can be the device that a pscsi backstore was made for. */
bool vscsi_identity_fits(struct scsi_device *sdev, const struct se_device *dev);

/*
 * pscsi.c: may sleep.  The device of a pscsi backstore, referenced; NULL if it is no such
 * backstore, or an error.
 */
struct vscsi_scsi_device *vscsi_scsi_device_find(struct se_device *dev);

/* look.c */
int vscsi_look_init(void);
void vscsi_look_exit(void);
void vscsi_look_prepare(struct vscsi_scsi_device *device);
/* Any context, by who has a reference: now, or if it was not done in the last second. */
void vscsi_scsi_device_look(struct vscsi_scsi_device *device, bool now);
/* May sleep: the device is back; the reference to sdev goes with it. */
void vscsi_scsi_device_replace(struct vscsi_scsi_device *device, struct scsi_device *sdev);

/* handler.c: may sleep. */
/* dom0's device handler keeps no unit attention to itself; the one that the device has now, to compare only. */
const void *vscsi_handler_quieten(struct scsi_device *sdev);
void vscsi_handler_restore(struct scsi_device *sdev);
void vscsi_handlers_exit(void);

/* ask.c: may sleep for as long as the device takes, up to minutes. */
/* A command of the host's own, once more after each unit attention; 0, or an error. */
int vscsi_device_ask(struct vscsi_scsi_device *device, struct scsi_device *sdev,
		     blk_opf_t operation, const u8 *cdb, u32 cdb_bytes, void *data, u32 bytes);
/* What the gate owes, as far as that is due. */
void vscsi_device_pay(struct vscsi_scsi_device *device, struct scsi_device *sdev);

/* reset.c: may sleep for as long as an adapter takes; false: it was not reset. */
bool vscsi_scsi_device_reset(struct vscsi_scsi_device *device);

/* share.c: several guests on one device.  All but use and forget from any context. */
/* A VSCSI_GATE_* verdict.  What passed leaves: ended as its result says, or never started. */
int vscsi_share_enter(struct vscsi_io *io);
void vscsi_share_leave(struct vscsi_io *io, bool ended);
/* Whether the guest must hear of a unit attention first: then that is the command's result. */
bool vscsi_share_take_attention(struct vscsi_io *io);
/* Ring thread; may sleep. */
void vscsi_share_use(struct vscsi_itl *itl, struct vscsi_scsi_device *device);
/* The same: the LUN's backstore is no such device now. */
void vscsi_share_forget(struct vscsi_itl *itl);
void vscsi_share_reset(struct vscsi_scsi_device *device);
/* Whether that was since the command passed. */
bool vscsi_share_was_reset(struct vscsi_io *io);
/* end: a struct vscsi_nexus_end. */
void vscsi_share_nexus_ended(struct vscsi_scsi_device *device, const void *end);
/* Whether an adapter may be asked now for a command that is not overdue. */
bool vscsi_share_may_abort(struct vscsi_io *io);

/*
 * Whether nobody wants the command any more: its guest has aborted it, or is gone.
 * What has not reached the device by then never shall; its result is noted here.
 */
static inline bool vscsi_io_unwanted(struct vscsi_io *io)
{
	if (!READ_ONCE(io->execution.aborting))
		return false;
	vscsi_io_note_host(io, VSCSI_KNOWN_DEVICE, VSCSI_HOST_RESET);
	return true;
}

/* data.c: as many of its bytes to a bio that has room for them. */
void vscsi_data_add_to(const struct vscsi_data *data, struct bio *bio, u32 from, u32 bytes);
/* The first page of a command's data; kunmap_local() it. */
void *vscsi_io_first_page(struct vscsi_io *io);

#endif
