/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Who carries a command out: the block layer (iblock backstores), a SCSI device of
 * dom0 (pscsi), or target core itself.  An executor is chosen when a backstore is
 * linked to a LUN.
 *
 *   backing  what a LUN's backstore is to us; kept by the LUN
 *   itl      the I_T_L nexus of a guest with a LUN; kept by its mapping and by
 *            each command
 *   io       a command for an itl, with what it came to
 *   scsi device  a device of dom0 that is passed through; kept by the LUNs that
 *            export it, by each command, and by the itls that have used it
 */
#ifndef VSCSI_EXECUTE_H
#define VSCSI_EXECUTE_H

#include <linux/bio.h>
#include <linux/jiffies.h>
#include <linux/kref.h>
#include <linux/llist.h>
#include <linux/scatterlist.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>

#include <target/target_core_base.h>
#include <target/target_core_fabric.h>

#include <vscsi/statistics.h>

struct request;
struct vscsi_executor;
struct vscsi_file;
struct vscsi_io;
struct vscsi_scsi_device;

/* By LUN number: what a portal group's backstores are.  Locks itself, read under RCU. */
struct vscsi_backings {
	struct xarray by_lun;
};

/* Commands of an I_T_L nexus whose next step may wait: see blocked.c. */
enum vscsi_blocked_how {
	VSCSI_BLOCKED,
	VSCSI_BLOCKED_LONG,		/* it may last for long as well */
	VSCSI_BLOCKED_SUBMISSION,	/* target core does not have it yet */
	VSCSI_BLOCKED_KINDS
};

struct vscsi_blocked {
	struct llist_head list;
	struct work_struct work;	/* takes the steps */
};

struct vscsi_itl {
	struct kref kref;
	u32 nexus;			/* a number for initiator and target port, for reservations */
	struct vscsi_backings *backings;
	struct vscsi_scsi_device *device;	/* ring thread; the last one used */
	u32 attentions;			/* device's lock: how many of its have been told */
	u16 own_attention;		/* device's lock: one that is for this guest alone, or 0 */
	bool elsewhere;			/* ring thread: the last backstore was no such device */
	struct vscsi_blocked blocked[VSCSI_BLOCKED_KINDS];
	const void *sized;		/* ring thread: the backstore whose size the guest knows, to compare only */
	u64 last_lba;			/* ring thread: of that */
};

/* Who sees to a command when its executor has ended it. */
enum vscsi_ender {
	VSCSI_ENDS_CORE,		/* target core, in a work item for each */
	VSCSI_ENDS_RING,		/* the ring, with all that ended together */
	VSCSI_ENDS_ROUND,		/* that is under way: who does it answers them all */
};

/* What is known of the result. */
enum vscsi_known {
	VSCSI_KNOWN_NOTHING,		/* of a task: it failed */
	VSCSI_KNOWN_CORE,		/* what target core says; more may follow */
	VSCSI_KNOWN_DEVICE,		/* final, whatever target core says */
	VSCSI_KNOWN_ENGINE,		/* the engine has the answer already */
	VSCSI_KNOWN_AGAIN,		/* not for the guest: submit it once more */
	VSCSI_KNOWN_DONE,		/* of a task: it succeeded */
};

/* Changed by whoever has the command. */
struct vscsi_io_result {
	enum vscsi_known known;
	u8 host;			/* VSCSI_HOST_* */
	u8 status;			/* SAM-5 status */
	bool has_sense;
	u32 residual;			/* bytes that did not move */
	u8 sense[TRANSPORT_SENSE_BUFFER];
};

/* The ring's, lent to the command: as many entries of vecs as sgl has. */
struct vscsi_data {
	struct scatterlist *sgl;
	struct bio_vec *vecs;
	u32 entries;			/* of sgl, to where its end is marked */
	u32 bytes;
	u32 pages;			/* held in sgl; 0 before they are lent */
};

/* How far a request of dom0's SCSI mid-layer is. */
enum vscsi_request_stage {
	VSCSI_REQUEST_NONE,
	VSCSI_REQUEST_AWAITED,		/* counted in its device's queue for one */
	VSCSI_REQUEST_READY,		/* allocated, and not started */
	VSCSI_REQUEST_STARTED,		/* with the mid-layer; lock to enter and to leave */
};

/* Executors' own, from adoption until the command is over. */
struct vscsi_execution {
	const struct vscsi_executor *executor;	/* NULL: none yet */
	enum vscsi_ender ender;
	u32 device_type;		/* SPC-4: peripheral device type */
	bool taken;			/* its executor executes it, not target core */
	sense_reason_t (*core)(struct se_cmd *cmd);	/* how target core would execute it */
	bool memory;			/* a backstore that waits for nothing */
	bool unknown;			/* a passed-through device that was not looked at yet */
	struct llist_node node;		/* on a list of ended, or of blocked, ones */
	struct bio bio;
	blk_status_t bio_status;
	bool writes_same;		/* a WRITE SAME of iblock's */
	bool searched;			/* for the block at which a read failed */
	u32 good_bytes;			/* of such a read: what comes before that block */
	int error;			/* positive errno that target core has no word for, or 0 */
	struct block_device *bdev;	/* valid while the command is target core's */
	struct vscsi_file *file;	/* referenced */
	struct vscsi_scsi_device *device;
	struct request *request;	/* as stage says */
	u32 piece_from, piece_bytes;	/* of the data: what is with the device, mostly all of it */
	u32 recovered;			/* additional sense of an earlier piece's RECOVERED ERROR, or 0 */
	u32 resets;			/* of the device, when the first piece was sent */
	u32 resets_known;		/* to its gate, when the command passed */
	enum vscsi_request_stage stage;
	spinlock_t lock;
	bool aborting;			/* lock to set: somebody wants the command back */
	bool forsaken;			/* lock to set: its guest is answered without the device */
};

struct vscsi_io {
	struct se_cmd cmd;
	struct vscsi_itl *itl;		/* NULL: of the well known logical unit */
	struct vscsi_command command;	/* as the engine read it; from submission on its cdb is the next member */
	u8 cdb[VSCSI_CDB_BYTES];	/* target core keeps fewer of a vendor's */
	struct vscsi_data data;
	struct vscsi_io_result result;
	struct vscsi_times times;	/* ns of CLOCK_MONOTONIC; 0: not yet */
	unsigned long since;		/* jiffies at submission */
	struct vscsi_execution execution;
};

static inline u32 vscsi_ms_since(unsigned long then)
{
	return min_t(u64, jiffies64_to_msecs(jiffies - then), ~0u);
}

static inline struct vscsi_io *to_vscsi_io(struct se_cmd *cmd)
{
	return container_of(cmd, struct vscsi_io, cmd);
}

/* Since submission; ~0 if it is more. */
static inline u32 vscsi_io_age_ms(const struct vscsi_io *io)
{
	return vscsi_ms_since(io->since);
}

static inline bool vscsi_io_reads(const struct vscsi_io *io)
{
	return io->command.direction == VSCSI_FROM_DEVICE;
}

/* What comes up from here. */
struct vscsi_execute_callbacks {
	/*
	 * Any context: the device has ended the command, which is not the
	 * executor's any more; vscsi_io_finish() shall follow.
	 */
	void (*ended)(struct vscsi_io *io);
	/* Any context: the last reference of an itl is gone. */
	void (*drained)(struct vscsi_itl *itl);
};

int vscsi_execute_init(const struct vscsi_execute_callbacks *callbacks);
void vscsi_execute_exit(void);

/* backing.c: configfs; may sleep. */
void vscsi_backings_init(struct vscsi_backings *backings);
void vscsi_backings_exit(struct vscsi_backings *backings);
void vscsi_backing_link(struct vscsi_backings *backings, struct se_lun *lun);
void vscsi_backing_unlink(struct vscsi_backings *backings, struct se_lun *lun);

/* itl.c, callbacks.c */
void vscsi_itl_init(struct vscsi_itl *itl, struct vscsi_backings *backings, u32 nexus);
/* Its owner's last step; may sleep. */
void vscsi_itl_exit(struct vscsi_itl *itl);
static inline void vscsi_itl_get(struct vscsi_itl *itl)
{
	kref_get(&itl->kref);
}
/* Whether commands have it: besides its owner, or after the owner has put it. */
static inline bool vscsi_itl_in_use(const struct vscsi_itl *itl, bool owned)
{
	return kref_read(&itl->kref) > owned;
}
/* Any context. */
void vscsi_itl_put(struct vscsi_itl *itl);

/* data.c: any context. */
void vscsi_data_use(struct vscsi_data *data, struct scatterlist *sgl, struct bio_vec *vecs,
		    u32 entries);
/* Where the list ends: one or more entries, no more than it has room for. */
void vscsi_data_end(struct vscsi_data *data, u32 entries);

/* executor.c: process context. */
/* Memory of a new io. */
void vscsi_io_init(struct vscsi_io *io);
/* A new request is in it. */
void vscsi_io_begin(struct vscsi_io *io);
/* The command is about to be submitted, for the first time or once more. */
void vscsi_io_restart(struct vscsi_io *io);
/* The command's LUN is known to target core: finds out who will execute the command. */
void vscsi_io_find(struct vscsi_io *io, bool ring_thread);
/*
 * The command is parsed, and its pages are target core's: its executor takes it over, unless
 * that is target core.
 */
void vscsi_io_take(struct vscsi_io *io);
/*
 * Whether execution may wait for long: then the ring's thread must not do it, since
 * the thread has aborts to read.  first: the command was not submitted before.
 */
bool vscsi_io_waits(struct vscsi_io *io, bool first);
/*
 * blocked.c: target core gets the command from a work item, in the order in which those of
 * its I_T_L nexus came, unless it is unwanted by then.
 */
void vscsi_io_submit_later(struct vscsi_io *io);
/*
 * Ring thread: whether the size of an emulated LUN has changed since the guest last sent
 * it a command that hears of it.
 */
bool vscsi_io_size_changed(struct vscsi_io *io);
/*
 * True if the command asks for the capacity, and target core has refused it for a
 * persistent reservation: then it is answered.  Process context.
 */
bool vscsi_io_tells_capacity(struct vscsi_io *io);
/* A parameter list that neither target core nor a device shall see. */
bool vscsi_io_parameters_refused(struct vscsi_io *io);
/* Target core ended what the executor of a backstore answers, and the guest shall see it changed. */
void vscsi_io_amend(struct vscsi_io *io);
/* The command is over: gives back what its executor holds.  May sleep. */
void vscsi_io_over(struct vscsi_io *io);
/*
 * Whether the command ends by itself, once its device was asked for it or at its
 * device's leisure: an abort in target core cannot hasten that.
 */
bool vscsi_io_comes_back(const struct vscsi_io *io);
/*
 * Any context: makes the device give the command back; to be called again until the
 * command is over.
 */
void vscsi_io_abort(struct vscsi_io *io);
/*
 * Its guest is answered without the device, which may carry the command out all the same.
 * False if its end is known already, and counts.
 */
bool vscsi_io_forsake(struct vscsi_io *io);
/*
 * Somebody resets the LUN; may sleep for as long as an adapter takes.  False: its
 * device was not reset.
 */
bool vscsi_itl_reset(struct vscsi_itl *itl, u32 lun);
/* Whether it has a device that a reset reaches.  Any context. */
bool vscsi_itl_passes_through(struct vscsi_itl *itl, u32 lun);
struct vscsi_nexus_end {
	u32 nexus;
	bool clear_keys;		/* of encryption, which it gave its devices */
};
/* An I_T nexus is lost.  May sleep. */
void vscsi_nexus_ended(const struct vscsi_nexus_end *end);

/* finish.c: process context; may sleep.  Ends what the ring was told of. */
void vscsi_io_finish(struct vscsi_io *io);

/* result.c: any context. */
bool vscsi_io_read_only(const struct vscsi_io *io);
/* What target core says: data, or none, came with it. */
void vscsi_io_note_data(struct vscsi_io *io);
void vscsi_io_note_status(struct vscsi_io *io);
/* For the engine; sense stays the command's. */
void vscsi_io_result_of(const struct vscsi_io *io, struct vscsi_result *out);
/* Before vscsi_io_over(): whether target core may have told the log of it. */
bool vscsi_io_complained(struct vscsi_io *io);
/* Nothing moved, and nothing else is known. */
void vscsi_io_note_host(struct vscsi_io *io, enum vscsi_known known, u8 host);
void vscsi_io_note_busy(struct vscsi_io *io);
void vscsi_io_note_check(struct vscsi_io *io, u8 key, u8 code, u8 qualifier);
/* What the block layer has said, a positive errno. */
void vscsi_io_note_error(struct vscsi_io *io, int error);

#endif
