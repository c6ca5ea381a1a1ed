/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Requests of a guest, through target core: commands, and tasks (aborts and
 * resets).  A request comes in by vscsi_command_submit(), vscsi_task_*() or
 * vscsi_answer_well_known() and leaves in one place, the callback over(): only
 * then is it truly over, whether it completed, failed or was aborted.
 */
#ifndef VSCSI_COMMAND_H
#define VSCSI_COMMAND_H

#include <linux/atomic.h>
#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>

#include "../execute/execute.h"
#include "../watch/watch.h"

struct task_struct;
struct vscsi_unit;

/* A LUN as a guest has it: a v-dev. */
struct vscsi_lun {
	struct vscsi_itl itl;
	struct se_session *se_sess;
	u32 number;			/* of the LUN in its portal group */
	u32 handle;			/* the engine's name for it */
	struct vscsi_address address;	/* the guest's for it */
	char name[32];			/* of its directory below vscsi-devs */
	const char *port;		/* of the target */
	struct vscsi_lun_counts *counts;
	atomic_t abandoned;		/* commands answered, and still with the device */
	spinlock_t reset_lock;
	bool resetting;			/* reset_lock: one reset is with target core */
	struct list_head resets;	/* reset_lock: those that came meanwhile */
	struct list_head followers;	/* reset_lock: those that the one is for as well */
};

/* What a guest has, by virtual address. */
struct vscsi_lun_table {
	spinlock_t lock;		/* not taken in interrupts */
	struct vscsi_lun_map *map;	/* lock */
	u32 room;			/* who adds and removes, one at a time */
	struct xarray luns;		/* locks itself; by handle, reached through map under lock */
};

/* Where requests come from: a ring, as far as they are concerned. */
struct vscsi_queue {
	struct vscsi_whose whose;
	struct vscsi_lun_table *luns;
	struct task_struct *thread;	/* that submits; NULL once it has ended */
	bool stopped;			/* set once: nobody waits for an answer any more */
};

enum vscsi_kind {
	VSCSI_COMMAND,
	VSCSI_ABORT,
	VSCSI_RESET,
};

/* Atomic: who changes it to DONE or ABANDONED first decides who answers. */
enum vscsi_state {
	VSCSI_BUSY,			/* from fetch until it is over */
	VSCSI_DONE,			/* over; its answer is due, or given */
	VSCSI_ABANDONED,		/* answered while target core still has it */
};

/* The ring's thread has it until submission, then target core, then the completer. */
struct vscsi_request {
	struct vscsi_io io;
	struct vscsi_queue *queue;
	struct vscsi_lun *lun;		/* NULL: of the well known logical unit; io.itl is its itl */
	enum vscsi_kind kind;
	atomic_t state;			/* enum vscsi_state */
	struct list_head reset_entry;	/* lun's reset_lock */
	struct work_struct turn;	/* its turn in the unit has come */
	struct list_head unit_entry;	/* vscsi_units_lock */
	struct vscsi_unit *unit;	/* from entering to leaving */
	sense_reason_t (*compare_done)(struct se_cmd *cmd, bool success, int *post_ret);
};

static inline struct vscsi_request *to_vscsi_request(struct se_cmd *cmd)
{
	return container_of(to_vscsi_io(cmd), struct vscsi_request, io);
}

/* What comes up from here. */
struct vscsi_command_callbacks {
	/* Process context; may sleep.  The request is not this folder's any more. */
	void (*over)(struct vscsi_request *request);
};

int vscsi_command_init(const struct vscsi_command_callbacks *callbacks);
void vscsi_command_exit(void);

/* turn.c: memory of a new request. */
void vscsi_request_init(struct vscsi_request *request, struct vscsi_queue *queue);

/* start.c: ring thread; may sleep. */
void vscsi_command_submit(struct vscsi_request *request);

/* task.c: ring thread; may sleep. */
void vscsi_task_abort(struct vscsi_request *request, u64 tag);
void vscsi_task_reset(struct vscsi_request *request);
/* Of a device whose commands the guest was all answered without: target core does not hear of it. */
void vscsi_task_reset_device(struct vscsi_request *request);
/* The task succeeds without target core. */
void vscsi_task_done(struct vscsi_request *request);
/* Whether it is over some time after its device was asked for it, whatever target core is told. */
bool vscsi_request_comes_back(const struct vscsi_request *request);

/* report.c: ring thread; the well known logical unit. */
void vscsi_answer_well_known(struct vscsi_request *request);

/* luns.c: one caller at a time changes a table; may sleep. */
int vscsi_lun_table_init(struct vscsi_lun_table *table);
void vscsi_lun_table_exit(struct vscsi_lun_table *table);
void vscsi_lun_init(struct vscsi_lun *lun);
/* 0, -EEXIST if its address is taken, -ENOSPC or -ENOMEM. */
int vscsi_lun_table_add(struct vscsi_lun_table *table, struct vscsi_lun *lun);
void vscsi_lun_table_remove(struct vscsi_lun_table *table, struct vscsi_lun *lun);

/* end.c, task.c: operations of the fabric. */
int vscsi_write_pending(struct se_cmd *cmd);
int vscsi_queue_data_in(struct se_cmd *cmd);
int vscsi_queue_status(struct se_cmd *cmd);
void vscsi_queue_tm_rsp(struct se_cmd *cmd);
void vscsi_aborted_task(struct se_cmd *cmd);
int vscsi_check_stop_free(struct se_cmd *cmd);
void vscsi_release_cmd(struct se_cmd *cmd);

#endif
