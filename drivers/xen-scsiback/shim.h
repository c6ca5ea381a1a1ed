/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The C side of the xen-pvscsi fabric: everything that speaks to the kernel.
 * Decisions are the engine's (vscsi/engine.h).
 *
 * Objects and who keeps them:
 *   vhost    one xenbus device; kept by the xenbus device and by each ring
 *   ring     one connection of a vhost; kept by the vhost while it is current
 *            and by each command in flight
 *   device   one mapped v-dev; kept by the vhost and by each command
 *   passthrough  a SCSI device of dom0; kept by the LUNs that export it and by
 *            each command
 *   session  one I_T nexus, of a vhost with a TPG; kept by its devices
 *   tpg      configfs; pinned by each session so that it cannot be removed, and
 *            so is the explicit ACL of a session
 */
#ifndef VSCSI_SHIM_H
#define VSCSI_SHIM_H

#define pr_fmt(fmt) "xen-pvscsi: " fmt

#include <linux/bio.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/llist.h>
#include <linux/mutex.h>
#include <linux/ratelimit.h>
#include <linux/scatterlist.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>

#include <scsi/scsi_proto.h>

#include <target/target_core_base.h>
#include <target/target_core_fabric.h>

#include <xen/grant_table.h>
#include <xen/xenbus.h>

#include <vscsi/statistics.h>

struct vscsi_unit;
struct vscsi_lun_counts;
struct vscsi_ring_counts;

struct vscsi_port {
	struct se_wwn se_wwn;
	u32 protocol;
	char name[VSCSI_NAME_BYTES];
};

struct vscsi_tpg {
	struct se_portal_group se_tpg;
	struct vscsi_port *port;
	u16 tpgt;
	struct list_head entry;		/* vscsi_tpgs_lock */
	u32 pins;			/* vscsi_tpgs_lock to change: look-ups that use it */
	char alias[VSCSI_NAME_BYTES];	/* vscsi_tpgs_lock */
	char nexus[VSCSI_NAME_BYTES];	/* vscsi_tpgs_lock: kept for stock tools */
	char domain[VSCSI_NAME_BYTES];	/* vscsi_tpgs_lock: the one guest that it serves, or empty */
	bool ring_per_lun;		/* vscsi_tpgs_lock: a wish to the tools */
	bool write_protect;		/* changes under se_tpg.tpg_lun_mutex, while there is no LUN */
	struct list_head sessions;	/* vscsi_tpgs_lock */
	struct xarray passthrough;	/* by LUN; locks itself, read under RCU */
	struct xarray direct;		/* by LUN; locks itself: block devices of iblock */
};

/* Who a guest is; empty where xenstore does not say. */
struct vscsi_guest {
	char name[VSCSI_NAME_BYTES];
	char uuid[40];
};

/* Why something cannot be done, for the operator. */
struct vscsi_why {
	char text[2 * VSCSI_NAME_BYTES + 160];
};
#define vscsi_why(why, ...) snprintf((why)->text, sizeof((why)->text), __VA_ARGS__)

struct vscsi_session {
	struct list_head entry;		/* vhost's control work */
	struct list_head tpg_entry;	/* vscsi_tpgs_lock */
	struct list_head mapped;	/* vscsi_tpgs_lock: its devices that are mapped */
	struct vscsi_vhost *vhost;
	struct vscsi_tpg *tpg;
	struct se_session *se_sess;	/* set once, vscsi_tpgs_lock for others than the control work */
	struct vscsi_guest guest;
	char port[VSCSI_NAME_BYTES];	/* initiator port name */
	u32 devices;			/* vhost's control work */
	u32 index;
	u32 nexus;			/* a number for initiator and target port, for reservations */
	bool acl_pinned;		/* vhost's control work: an explicit ACL, kept in configfs */
	bool closing;			/* target core wants it gone */
};

struct vscsi_device {
	struct list_head entry;		/* vhost's control work */
	struct list_head session_entry;	/* vscsi_tpgs_lock */
	struct kref kref;
	struct vscsi_vhost *vhost;
	struct vscsi_session *session;
	struct vscsi_address address;
	u32 lun;			/* in the TPG */
	u32 handle;
	bool mapped;			/* vhost's control work */
	bool closing;			/* vhost's control work: Closed once drained */
	bool asked;			/* vhost's control work: see VSCSI_DEVICE_ASK */
	bool drained;			/* set once by the last put */
	atomic_t abandoned;		/* commands answered, and still with the device */
	spinlock_t reset_lock;
	bool resetting;			/* reset_lock: one reset is with target core */
	struct list_head resets;	/* reset_lock: those that came meanwhile */
	struct list_head followers;	/* reset_lock: those that the one is for as well */
	struct vscsi_passthrough *passthrough;	/* ring thread; the last one used */
	u32 attentions;			/* passthrough's gate_lock: how many of its have been told */
	struct llist_head blocked;	/* direct.c: what would have had to wait */
	struct work_struct unblock;	/* starts it, where it may wait */
	struct vscsi_lun_counts *counts;
	char name[32];			/* of its directory below vscsi-devs */
};

/* Grant copies gathered for one hypercall. */
#define VSCSI_BATCH 48		/* what one request of 128 KiB needs, and more */
struct vscsi_batch {
	u32 count;
	u32 failed;			/* a bit for each slot with a failed copy */
	u64 copies;			/* so far; who has the batch writes, anybody reads */
	u64 calls;			/* as copies */
	u8 slot[VSCSI_BATCH];
	struct gnttab_copy op[VSCSI_BATCH];
};

enum vscsi_slot_state {
	VSCSI_SLOT_BUSY,		/* from fetch until it is over */
	VSCSI_SLOT_DONE,		/* on the ring's done list, or answered */
	VSCSI_SLOT_ABANDONED,		/* answered and replaced while target core has it */
};

/* Pages of data that a slot has room for without a table. */
#define VSCSI_FEW_PAGES 32

/* Ring thread until submission, then target core, then the completer. */
struct vscsi_slot {
	struct se_cmd cmd;
	struct vscsi_ring *ring;
	struct vscsi_device *device;
	struct llist_node done;
	struct list_head abandoned_entry;	/* ring's abandoned_lock */
	struct list_head reset_entry;	/* device's reset_lock */
	struct work_struct submit;	/* its turn in the unit has come */
	struct list_head unit_entry;	/* vscsi_units_lock */
	struct vscsi_unit *unit;	/* from entering to leaving */
	atomic_t state;			/* enum vscsi_slot_state */
	unsigned long since;		/* jiffies at submission */
	u64 fetched_ns;			/* CLOCK_MONOTONIC */
	u64 submitted_ns;		/* 0 until then */
	u64 done_ns;			/* the device ended it, or else target core; 0 until then */
	struct vscsi_passthrough *passthrough;
	spinlock_t request_lock;
	struct request *ready;		/* until execution */
	struct request *request;	/* request_lock: with the SCSI mid-layer */
	bool queued;			/* counted in passthrough's queued */
	bool aborting;			/* request_lock */
	struct vscsi_command command;	/* the engine's; from submission on its cdb is the next member */
	u8 cdb[VSCSI_CDB_BYTES];	/* target core keeps fewer of a vendor's */
	u32 index;
	u16 rqid;			/* the frontend's name for it */
	u32 bytes;			/* of data */
	u32 pages;			/* held in sgl */
	u32 residual;
	u8 host;
	u8 status;
	bool task;
	bool reset;			/* a task that target core carries out for the device */
	bool task_ok;
	bool counted;			/* in its LUN's requests */
	bool from_device;
	bool data_ready;		/* target core delivered data */
	bool has_sense;
	bool engine_result;		/* the engine already knows the answer */
	bool again;			/* not for the guest: submit it once more */
	bool result_known;		/* host, status, residual and sense are final */
	bool direct;			/* passed through without target core's works */
	bool quiet;			/* who completes it answers it with others */
	blk_status_t bio_status;	/* BLK_STS_OK for what is passed through */
	struct block_device *bdev;	/* direct.c; valid while the command is target core's */
	struct llist_node executed;	/* on the ring's list, or its device's blocked */
	sense_reason_t (*compare_done)(struct se_cmd *cmd, bool success, int *post_ret);
	u8 sense[TRANSPORT_SENSE_BUFFER];
	struct scatterlist *sgl;	/* few_sgl or the table's */
	u32 sgl_pages;			/* that it has, or had last */
	struct bio_vec *vecs;		/* of bio; few_vecs or the table's */
	struct vscsi_table *table;	/* ring thread; kept until the ring is idle */
	struct bio bio;
	struct scatterlist few_sgl[VSCSI_FEW_PAGES];
	struct bio_vec few_vecs[VSCSI_FEW_PAGES];
};

enum vscsi_ring_flag {
	VSCSI_RING_WORK,		/* something to look at */
	VSCSI_RING_EVENT,		/* an event awaits its EOI */
	VSCSI_RING_STARVED,		/* a command waits for pages */
	VSCSI_RING_BROKEN,		/* the frontend's producer index is impossible */
};

struct vscsi_page_stack {
	struct page *top;
	u32 count;
};

struct vscsi_ring {
	struct kref kref;
	struct vscsi_vhost *vhost;
	struct vscsi_ring_engine *engine;
	void *shared;			/* complete_lock to change; NULL once stopped */
	unsigned int irq;
	grant_ref_t grant;
	evtchn_port_t evtchn;
	struct task_struct *thread;
	wait_queue_head_t wait;
	unsigned long flags;		/* enum vscsi_ring_flag, atomic bits */
	u64 interrupts;			/* its handler writes, anybody reads */
	int interrupted_cpu;		/* its handler writes: where that was */
	int cpu;			/* ring thread: where it is to run, or -1: anywhere */
	unsigned long slept;		/* ring thread: how often, when it last looked */
	unsigned long awake_since;	/* ring thread: jiffies */
	u32 poll_ns;			/* ring thread: how long to look before it sleeps */
	u64 idle_ns;			/* ring thread: since when it has nothing to do */
	bool stopped;			/* set once; completions then kick the vhost */
	bool ahead;			/* ring thread: read requests whose event may be yet to come */
	u32 waiting;			/* ring thread: fetched, not yet submitted */
	u8 waiting_slot[VSCSI_SLOTS];	/* ring thread */
	u32 parked;			/* ring thread: a bit for each slot whose device is not to be used yet */
	u32 tasks;			/* ring thread: a bit for each task that may be in flight */
	unsigned long overdue_at;	/* ring thread: jiffies of the next look at them */
	spinlock_t abandoned_lock;
	struct list_head abandoned_slots;	/* abandoned_lock: target core still has them */
	atomic_t abandoned;		/* how many */

	struct llist_head executed;	/* direct.c: ended, and not yet completed */
	bool submitting;		/* ring thread writes: it will look at that list */
	struct work_struct finish;	/* completes them where the ring's thread does not */
	struct llist_head done;
	struct mutex complete_lock;	/* held by the one completer */
	struct vscsi_batch *out;	/* ring thread */
	struct vscsi_batch *in;		/* complete_lock */
	u32 held;			/* complete_lock: tasks that are over too early */

	spinlock_t page_lock;
	struct vscsi_page_stack cache;	/* page_lock: free pages of this ring */
	u32 lent;			/* page_lock: pages held by slots */
	struct list_head pool_entry;	/* vscsi_pool_lock */

	/* Ring thread, and with complete_lock unless one comes where none was. */
	struct vscsi_slot *slot[VSCSI_SLOTS];
	bool spacious;			/* ring thread: may have slots or tables to give back */
	bool cramped;			/* ring thread: could not get one for a request */
};

struct vscsi_vhost {
	struct kref kref;
	struct xenbus_device *dev;	/* referenced */
	char *frontend;			/* its xenstore path */
	domid_t domid;
	struct vscsi_guest guest;	/* control work */
	struct work_struct control;	/* all of the control path; may sleep */
	bool gone;			/* set once: xenbus let go, no more xenstore writes */
	bool parted;			/* set once: xenwatch touches it no more */
	bool left;			/* control work: the xenbus reference is dropped */
	struct mutex state_lock;	/* own xenbus state, and setting gone */
	bool seen_connected;		/* frontend was Connected since connect */
	bool was_connected;		/* control work: at least once */
	bool restarted;			/* frontend began anew since the last connect */
	bool broken_told;		/* control work */
	struct ratelimit_state complaints;	/* control work */
	bool ready;			/* control work: devices await a connection anew */
	unsigned long since;		/* control work: jiffies of the last change of state */
	struct mutex ring_lock;		/* the ring, for others than the control work */
	struct vscsi_ring *ring;	/* control work with ring_lock: current or draining */
	struct vscsi_ring_statistics past;	/* ring_lock: of earlier rings */
	struct vscsi_ring_counts *counts;	/* state_lock; NULL once xenbus let go */
	struct dentry *inflight;	/* its directory; xenwatch, then the control work */
	u32 number;			/* of the controller, for tracing */
	bool ring_live;			/* control work */

	spinlock_t map_lock;		/* luns, against the ring thread */
	struct vscsi_lun_map *luns;	/* map_lock */
	struct delayed_work nag;	/* another control work, a second later */
	u32 lun_room;			/* control work */
	struct xarray handles;		/* locks itself; reached through luns, under map_lock */
	struct list_head devices;	/* control work */
	struct list_head sessions;	/* control work */
};

/* main.c */
extern struct workqueue_struct *vscsi_control_wq;
extern struct workqueue_struct *vscsi_submit_wq;

/* fabric.c */
int vscsi_fabric_register(void);
void vscsi_fabric_unregister(void);

/* port.c: target ports and portal groups.  All may sleep. */
extern struct configfs_attribute *vscsi_wwn_attrs[];
extern struct mutex vscsi_tpgs_lock;
extern struct list_head vscsi_tpgs;	/* vscsi_tpgs_lock */
struct se_wwn *vscsi_make_wwn(struct target_fabric_configfs *tf,
			      struct config_group *group, const char *name);
void vscsi_drop_wwn(struct se_wwn *wwn);
struct se_portal_group *vscsi_make_tpg(struct se_wwn *wwn, const char *name);
void vscsi_drop_tpg(struct se_portal_group *se_tpg);
/* The TPG that p-dev means for this guest, pinned in configfs; or an error and why. */
struct vscsi_tpg *vscsi_tpg_pin(const struct vscsi_pdev *pdev, const struct vscsi_guest *guest,
				struct vscsi_why *why);
void vscsi_tpg_unpin(struct vscsi_tpg *tpg);
/* tpg_attr.c: their attributes. */
extern struct configfs_attribute *vscsi_tpg_attrs[];
extern struct configfs_attribute *vscsi_tpg_attrib_attrs[];
extern struct configfs_attribute *vscsi_tpg_param_attrs[];
/* Whether a guest may use it; vscsi_tpgs_lock held. */
bool vscsi_tpg_allows(const struct vscsi_tpg *tpg, const struct vscsi_guest *guest,
		      struct vscsi_why *why);

static inline struct vscsi_tpg *to_vscsi_tpg(struct se_portal_group *se_tpg)
{
	return container_of(se_tpg, struct vscsi_tpg, se_tpg);
}

static inline struct vscsi_port *to_vscsi_port(struct se_wwn *wwn)
{
	return container_of(wwn, struct vscsi_port, se_wwn);
}

static inline struct vscsi_slot *to_vscsi_slot(struct se_cmd *cmd)
{
	return container_of(cmd, struct vscsi_slot, cmd);
}

/* session.c: control work only; may sleep. */
struct vscsi_session *vscsi_session_get(struct vscsi_vhost *vhost,
					const struct vscsi_pdev *pdev, struct vscsi_why *why);
void vscsi_session_put(struct vscsi_session *session);
/* Keeps explicit ACLs of sessions in configfs; true if it must be tried again. */
bool vscsi_sessions_pin_acls(struct vscsi_vhost *vhost);
u32 vscsi_session_index(struct se_session *se_sess);
/* configfs: an ACL was made for an initiator that may be here already. */
void vscsi_session_acl_made(struct se_node_acl *nacl);
/* configfs: target core is about to wait for the end of this session. */
void vscsi_session_close(struct se_session *se_sess);
/* guest.c: control work; reads xenstore. */
void vscsi_guest_read(struct vscsi_vhost *vhost);

/* command.c */
/* Ring thread; may sleep. */
void vscsi_submit_command(struct vscsi_slot *slot);
void vscsi_submit_work(struct work_struct *work);
/* Any process context; the slot is not the caller's any more.  A quiet one waits for vscsi_drain(). */
void vscsi_complete(struct vscsi_slot *slot);
/* Process context: answers what is on the list, unless somebody else does. */
void vscsi_drain(struct vscsi_ring *ring);
/* complete_lock held: answers what is on the list, and tasks that wait for it. */
void vscsi_answer(struct vscsi_ring *ring);
/* complete_lock held: the slot's answer, not yet visible. */
void vscsi_answer_slot(struct vscsi_ring *ring, u32 index, bool live);
void vscsi_answer_held(struct vscsi_ring *ring, bool live);
void vscsi_publish_answers(struct vscsi_ring *ring);
int vscsi_write_pending(struct se_cmd *cmd);
int vscsi_queue_data_in(struct se_cmd *cmd);
int vscsi_queue_status(struct se_cmd *cmd);
void vscsi_queue_tm_rsp(struct se_cmd *cmd);
void vscsi_aborted_task(struct se_cmd *cmd);
int vscsi_check_stop_free(struct se_cmd *cmd);
void vscsi_release_cmd(struct se_cmd *cmd);

/* task.c: aborts and resets. */
/* Ring thread; may sleep. */
void vscsi_submit_task(struct vscsi_slot *slot, const struct vscsi_task *task);
/* Process context: target core has done with a task. */
void vscsi_task_released(struct vscsi_slot *slot);

/* Its turn has come.  Process context; may sleep. */
void vscsi_start_reset(struct vscsi_slot *slot);

/* unit.c: one at a time of what target core cannot have two of. */
/* Starts slot->submit, now or when those before it have left; false: no memory. */
bool vscsi_unit_enter(struct vscsi_slot *slot, const void *dev);
void vscsi_unit_leave(struct vscsi_unit *unit);
/* What a reset of this device will meet: an address, to compare only. */
const void *vscsi_unit_of(struct vscsi_device *device);

/* report.c: what a guest is told that it has. */
/* Process context: the guest's LUNs in place of the portal group's. */
void vscsi_report_guest_luns(struct vscsi_slot *slot);
/* Ring thread: the well known logical unit. */
void vscsi_answer_well_known(struct vscsi_slot *slot);

/* ring.c: control work only; may sleep. */
struct vscsi_ring *vscsi_ring_connect(struct vscsi_vhost *vhost, grant_ref_t grant,
				      evtchn_port_t evtchn, const char **why);
void vscsi_ring_stop(struct vscsi_ring *ring);
/* Any context. */
void vscsi_ring_kick(struct vscsi_ring *ring);
void vscsi_ring_put(struct vscsi_ring *ring);

/* slot.c */
/* Ring thread, or before there is one; may sleep.  False: no memory now. */
bool vscsi_slot_make(struct vscsi_ring *ring, u32 index);
/* The same: room for data in so many pages. */
bool vscsi_slot_fits(struct vscsi_slot *slot, u32 pages);
/* pages, one or more: where the segment list of the data ends.  Ring thread, or once more. */
void vscsi_slot_end_list(struct vscsi_slot *slot, u32 pages);
struct vscsi_slot *vscsi_slot_alloc(struct vscsi_ring *ring, u32 index);
void vscsi_slot_free(struct vscsi_slot *slot);
/* Ring thread, complete_lock not held: gives back what an idle ring does not need. */
void vscsi_slots_trim(struct vscsi_ring *ring);
void vscsi_slots_exit(struct vscsi_ring *ring);
/* complete_lock held. */
void vscsi_slots_count(const struct vscsi_ring *ring, u32 *slots, u32 *tables);
/* Its memory for segments. */
void *vscsi_slot_list(struct vscsi_slot *slot);

/* poll.c: ring thread */
/* A request came after it had nothing to do. */
void vscsi_poll_adapt(struct vscsi_ring *ring);
/* Looks for another one; true if it is there. */
bool vscsi_poll(struct vscsi_ring *ring);

/* overdue.c */
/* Ring thread: whether there is something that may become overdue. */
static inline bool vscsi_ring_waits(const struct vscsi_ring *ring)
{
	return ring->tasks || ring->parked || atomic_read(&ring->abandoned);
}
/* Ring thread; may sleep. */
void vscsi_overdue(struct vscsi_ring *ring);
/* Ring thread: holds a command back until what was aborted before it is over. */
void vscsi_park(struct vscsi_slot *slot);
/* Ring thread: drops those of the parked slots. */
void vscsi_drop_parked(struct vscsi_ring *ring, u32 slots);
/* An abandoned slot came back; the caller holds the ring. */
void vscsi_abandoned_end(struct vscsi_slot *slot);
/* Asks adapters for everything that is in flight.  Ring thread, or none runs. */
void vscsi_ring_abort(struct vscsi_ring *ring, u32 slots);

/* passthrough.c */
int vscsi_passthrough_link(struct se_portal_group *se_tpg, struct se_lun *lun);
void vscsi_passthrough_unlink(struct se_portal_group *se_tpg, struct se_lun *lun);
void vscsi_passthrough_adopt(struct vscsi_slot *slot);
bool vscsi_passthrough_prepare(struct vscsi_slot *slot);
void vscsi_passthrough_put(struct vscsi_slot *slot);
void vscsi_passthrough_abort(struct vscsi_slot *slot);
void vscsi_passthrough_session_ended(u32 nexus);
void vscsi_passthrough_reset(struct vscsi_device *device);
void vscsi_passthrough_leave(struct vscsi_device *device);

/* ring.c: ring thread. */
/* A command that was never submitted, and will not be. */
void vscsi_ring_drop(struct vscsi_slot *slot);

/* copy.c: may sleep. */
void vscsi_batch_lists(struct vscsi_ring *ring, struct vscsi_batch *batch, u32 slot);
void vscsi_batch_data(struct vscsi_ring *ring, struct vscsi_batch *batch,
		      struct vscsi_slot *slot, u32 bytes);
void vscsi_batch_flush(struct vscsi_batch *batch);

/* pages.c */
int vscsi_pool_init(void);
void vscsi_pool_exit(void);
void vscsi_pages_init(struct vscsi_ring *ring);
void vscsi_pages_exit(struct vscsi_ring *ring);
bool vscsi_pages_get(struct vscsi_slot *slot, u32 pages, u32 offset, u32 bytes);
void vscsi_pages_put(struct vscsi_slot *slot);
/* A slot that is abandoned no longer counts against its ring; undo puts it back. */
void vscsi_pages_disown(struct vscsi_slot *slot, bool undo);
void vscsi_pages_drop(struct vscsi_slot *slot);
void vscsi_pages_trim(struct vscsi_ring *ring);

/* direct.c */
int vscsi_direct_init(void);
void vscsi_direct_exit(void);
void vscsi_direct_link(struct se_portal_group *se_tpg, struct se_lun *lun);
void vscsi_direct_unlink(struct se_portal_group *se_tpg, struct se_lun *lun);
bool vscsi_direct_wanted(void);
/* Any context: the device has ended it; the slot is not the caller's any more. */
void vscsi_direct_executed(struct vscsi_slot *slot);
/* Whether it took the command. */
bool vscsi_direct_adopt(struct vscsi_slot *slot);
/* Vital product data came from target core. */
void vscsi_direct_inquired(struct vscsi_slot *slot);
/* Ring thread: between the two, what ends is left to the second. */
static inline void vscsi_direct_submitting(struct vscsi_ring *ring)
{
	WRITE_ONCE(ring->submitting, true);
}
void vscsi_direct_submitted(struct vscsi_ring *ring);
void vscsi_direct_finish_all(struct vscsi_ring *ring);
void vscsi_direct_finish_work(struct work_struct *work);
void vscsi_direct_unblock(struct work_struct *work);

/* vhost.c */
struct vscsi_vhost *vscsi_vhost_create(struct xenbus_device *dev);
/* The xenbus device goes away: all else happens in the control work. */
void vscsi_vhost_leave(struct vscsi_vhost *vhost);
/* Any context, by who has a reference. */
void vscsi_vhost_kick(struct vscsi_vhost *vhost);
/* The same; the caller's reference goes with it. */
void vscsi_vhost_hand_over(struct vscsi_vhost *vhost);
void vscsi_vhost_put(struct vscsi_vhost *vhost);

/* device.c: control work only; may sleep. */
void vscsi_devices_step(struct vscsi_vhost *vhost, int host_action);
void vscsi_devices_unmap_all(struct vscsi_vhost *vhost);
/* Takes away the devices of sessions that target core wants gone. */
void vscsi_devices_close_sessions(struct vscsi_vhost *vhost);
void vscsi_devices_reap(struct vscsi_vhost *vhost);
/* Any context. */
void vscsi_device_put(struct vscsi_device *device);

/* statistics.c: sysfs */
int vscsi_statistics_add(struct vscsi_vhost *vhost);
/* xenwatch: waits for its readers, which wait for nothing. */
void vscsi_statistics_remove(struct vscsi_vhost *vhost);
/* Control work; may sleep.  A LUN's numbers; those without a directory still count. */
struct vscsi_lun_counts *vscsi_lun_counts_alloc(const struct vscsi_address *address);
void vscsi_lun_counts_show(struct vscsi_vhost *vhost, struct vscsi_lun_counts *counts);
void vscsi_lun_counts_hide(struct vscsi_lun_counts *counts);
void vscsi_lun_counts_put(struct vscsi_lun_counts *counts);
/* Control work, ring_lock held: the ring is about to go. */
void vscsi_statistics_fold(struct vscsi_vhost *vhost);
/* Ring thread: a request that names a device. */
void vscsi_count_request(struct vscsi_slot *slot);
/* complete_lock held: a command's result is set, its device not put. */
void vscsi_count_answer(struct vscsi_slot *slot, u64 now);
/* complete_lock held: a command that is answered without the device. */
void vscsi_count_overdue(struct vscsi_device *device, u32 bytes, bool from_device,
			 const struct vscsi_times *times);

/* inflight.c: debugfs */
void vscsi_inflight_init(void);
void vscsi_inflight_exit(void);
/* xenwatch */
void vscsi_inflight_add(struct vscsi_vhost *vhost);
/* xenwatch: its name is free for another, its commands can still be seen. */
void vscsi_inflight_leave(struct vscsi_vhost *vhost);
/* Control work; may sleep. */
void vscsi_inflight_remove(struct vscsi_vhost *vhost);

/* xenbus.c */
int vscsi_xenbus_register(void);
void vscsi_xenbus_unregister(void);

#endif
