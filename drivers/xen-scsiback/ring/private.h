/* SPDX-License-Identifier: GPL-2.0 */
/* Between the files of ring/. */
#ifndef VSCSI_RING_PRIVATE_H
#define VSCSI_RING_PRIVATE_H

#include <linux/mutex.h>
#include <linux/wait.h>

#include <xen/grant_table.h>

#include "../kernel/compat.h"
#include "ring.h"

struct vscsi_slot;
struct vscsi_table;

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

/* Pages of data that a slot has room for without a table. */
#define VSCSI_FEW_PAGES 32

/* A place of the ring, with what is in it.  Owners as of vscsi_request. */
struct vscsi_slot {
	struct vscsi_request request;
	struct vscsi_ring *ring;
	u32 index;
	bool counted;			/* in its LUN's requests */
	struct llist_node done;
	struct list_head abandoned_entry;	/* ring's abandoned.lock */
	struct vscsi_table *table;	/* ring thread; kept until the ring is idle */
	struct vscsi_long_table *long_table;	/* the same, in the place of table */
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

/* Where the ring's thread is to run, and how long it looks before it sleeps. */
struct vscsi_ring_pace {
	int interrupted_cpu;		/* the interrupt handler writes: where that was */
	int cpu;			/* where the thread is to run, or -1: anywhere */
	unsigned long slept;		/* how often, when it last looked */
	unsigned long awake_since;	/* jiffies */
	u32 poll_ns;			/* how long to look before it sleeps */
	u64 idle_ns;			/* since when it has nothing to do */
};

/* Requests that are fetched and not submitted, or to be looked at again. */
struct vscsi_ring_wait {
	u32 waiting;			/* for pages */
	u8 slot[VSCSI_SLOTS];
	u32 parked;			/* a bit for each slot whose LUN is not to be used yet */
	u32 tasks;			/* a bit for each task that may be in flight */
	unsigned long overdue_at;	/* jiffies of the next look at them */
};

/* What nobody waits for, while the device has it. */
struct vscsi_ring_abandoned {
	spinlock_t lock;
	struct list_head slots;		/* lock */
	atomic_t count;
};

/* Commands that their executor has ended, and that are not completed. */
struct vscsi_ring_executed {
	struct llist_head list;
	bool submitting;		/* ring thread writes: it will look at the list */
	struct work_struct finish;	/* completes them where the ring's thread does not */
};

struct vscsi_ring_pages {
	spinlock_t lock;
	struct vscsi_page_stack cache;	/* lock: free pages of this ring */
	u32 lent;			/* lock: pages held by slots */
	struct list_head pool_entry;	/* vscsi_pool_lock */
	struct vscsi_quota *quota;	/* its guest's */
};

struct vscsi_ring {
	struct kref kref;		/* its controller's owner, and who completes without it */
	struct vscsi_queue queue;
	struct vscsi_controller *controller;
	struct vscsi_ring_engine *engine;
	void *shared;			/* complete_lock to change; NULL once stopped */
	struct page *shared_page;	/* who connects and stops the ring */
	grant_handle_t shared_handle;	/* the same */
	unsigned int irq;
	grant_ref_t grant;
	evtchn_port_t evtchn;
	wait_queue_head_t wake;
	unsigned long flags;		/* enum vscsi_ring_flag, atomic bits */
	u64 interrupts;			/* its handler writes, anybody reads */
	bool ahead;			/* ring thread: read requests whose event may be yet to come */
	struct vscsi_ring_pace pace;	/* ring thread */
	struct vscsi_ring_wait wait;	/* ring thread; anybody reads parked */
	struct vscsi_ring_abandoned abandoned;
	struct vscsi_ring_executed executed;
	struct vscsi_ring_pages pages;

	struct llist_head done;
	struct mutex complete_lock;	/* held by the one completer */
	struct vscsi_batch *out;	/* ring thread */
	struct vscsi_batch *in;		/* complete_lock */
	u32 held;			/* complete_lock: tasks that are over too early */

	/* Ring thread, and with complete_lock unless one comes where none was. */
	struct vscsi_slot *slot[VSCSI_SLOTS];
	bool spacious;			/* ring thread: may have slots or tables to give back */
	bool cramped;			/* ring thread: could not get one for a request, or shall not */
};

static inline struct vscsi_slot *to_vscsi_slot(struct vscsi_request *request)
{
	return container_of(request, struct vscsi_slot, request);
}

static inline struct vscsi_io *vscsi_slot_io(struct vscsi_slot *slot)
{
	return &slot->request.io;
}

static inline bool vscsi_slot_is_task(const struct vscsi_slot *slot)
{
	return slot->request.kind != VSCSI_COMMAND;
}

/* The stair up; alloc.c. */
extern const struct vscsi_ring_callbacks *vscsi_ring_up;

/* Any context. */
static inline void vscsi_ring_kick(struct vscsi_ring *ring)
{
	set_bit(VSCSI_RING_WORK, &ring->flags);
	wake_up(&ring->wake);
}

/* copy.c: ring thread with out, or complete_lock held with in; may sleep. */
void vscsi_batch_lists(struct vscsi_ring *ring, struct vscsi_batch *batch, u32 slot);
void vscsi_batch_data(struct vscsi_ring *ring, struct vscsi_batch *batch,
		      struct vscsi_slot *slot, u32 bytes);
void vscsi_batch_flush(struct vscsi_batch *batch);

/* slots.c */
/* Ring thread, or before there is one; may sleep.  False: no memory now. */
bool vscsi_slot_make(struct vscsi_ring *ring, u32 index);
/* The same: room for data in so many pages. */
bool vscsi_slot_fits(struct vscsi_slot *slot, u32 pages);
struct vscsi_slot *vscsi_slot_alloc(struct vscsi_ring *ring, u32 index);
void vscsi_slot_free(struct vscsi_slot *slot);
/* Ring thread, complete_lock held: gives back what an idle ring does not need. */
void vscsi_slots_trim(struct vscsi_ring *ring);
void vscsi_slots_exit(struct vscsi_ring *ring);
/* complete_lock held. */
void vscsi_slots_count(const struct vscsi_ring *ring, u32 *slots, u32 *tables);
/* Its memory for segments, and where a part of it is. */
void *vscsi_slot_list(struct vscsi_slot *slot);
unsigned long vscsi_slot_list_gfn(const void *at);
/* Ring thread: room for so many segments.  False: no memory now. */
bool vscsi_slot_lists(struct vscsi_slot *slot, u32 segments);

/* pages.c: process context; only get allocates. */
int vscsi_pool_init(void);
void vscsi_pool_exit(void);
/* False: no memory.  Sleeps; so does exit. */
bool vscsi_pages_init(struct vscsi_ring *ring);
void vscsi_pages_exit(struct vscsi_ring *ring);
/* Ring thread.  False: none now, the ring is woken when some of its own come back. */
bool vscsi_pages_get(struct vscsi_slot *slot, u32 pages, u32 offset, u32 bytes);
void vscsi_pages_put(struct vscsi_slot *slot);
/* A slot that is abandoned no longer counts against its ring; undo puts it back. */
void vscsi_pages_disown(struct vscsi_slot *slot, bool undo);
/* Of an abandoned slot. */
void vscsi_pages_drop(struct vscsi_slot *slot);
/* Gives all free pages of a ring back to the system. */
void vscsi_pages_trim(struct vscsi_ring *ring);

/* quota.c: get and put may sleep. */
/* NULL: no memory. */
struct vscsi_quota *vscsi_quota_get(domid_t domid);
void vscsi_quota_put(struct vscsi_quota *quota);
/* must: whatever the bounds are. */
bool vscsi_quota_take(struct vscsi_quota *quota, u32 pages, bool must);
void vscsi_quota_give(struct vscsi_quota *quota, u32 pages);
/* Process context: target core may have told the log of a command or task of the guest's. */
void vscsi_quota_complaint(struct vscsi_quota *quota, u64 now);
/* Whether that was too often, so that the guest shall wait with the next one. */
bool vscsi_quota_noisy(const struct vscsi_quota *quota, u64 now);
/* Whether the guest holds more than its share. */
bool vscsi_quota_exceeded(const struct vscsi_quota *quota);

/* shared.c: may sleep; what they map is the ring's grant. */
int vscsi_shared_map(struct vscsi_ring *ring);
void vscsi_shared_unmap(struct vscsi_ring *ring);

/* alloc.c: may sleep. */
struct vscsi_ring *vscsi_ring_alloc(struct vscsi_controller *controller);

/* abandon.c */
/*
 * complete_lock held: the slot is replaced by another, unless it is over; its
 * answer is the caller's.
 */
bool vscsi_abandon(struct vscsi_ring *ring, u32 index);
/* An abandoned slot came back; the caller holds the ring. */
void vscsi_abandoned_end(struct vscsi_slot *slot);
/* Asks devices for requests of these slots, and for abandoned ones.  Ring thread, or none runs. */
void vscsi_ring_abort(struct vscsi_ring *ring, u32 slots);

/* answer.c */
/* Process context: answers what is done, unless somebody else does. */
void vscsi_drain(struct vscsi_ring *ring);
/* Process context: drops complete_lock, and leaves nothing that was done meanwhile to nobody. */
void vscsi_complete_unlock(struct vscsi_ring *ring);
/* complete_lock held: answers what is done, and tasks that wait for it. */
void vscsi_answer(struct vscsi_ring *ring);
/* complete_lock held: the slot's answer, not yet visible. */
void vscsi_answer_slot(struct vscsi_ring *ring, u32 index, bool live);
void vscsi_answer_held(struct vscsi_ring *ring, bool live);
void vscsi_publish_answers(struct vscsi_ring *ring);
/* Ring thread, or none runs: the engine, or a failed copy, has set the answer already. */
void vscsi_reject(struct vscsi_slot *slot);
/* The same: a command that was never submitted, and will not be. */
void vscsi_ring_drop(struct vscsi_slot *slot);

/* executed.c */
int vscsi_executed_init_queue(void);
void vscsi_executed_exit_queue(void);
void vscsi_executed_init(struct vscsi_ring *ring);
/* Ring thread: between the two, what ends is left to the second. */
static inline void vscsi_ring_submitting(struct vscsi_ring *ring)
{
	WRITE_ONCE(ring->executed.submitting, true);
}
void vscsi_ring_submitted(struct vscsi_ring *ring);
/* Ends all that was executed, with one answer for all.  May sleep; the caller holds the ring. */
void vscsi_ring_finish(struct vscsi_ring *ring);

/* overdue.c: ring thread. */
/* Whether there is something that may become overdue. */
bool vscsi_ring_waits(const struct vscsi_ring *ring);
/* May sleep: looks once a second at tasks, parked and abandoned requests. */
void vscsi_overdue(struct vscsi_ring *ring);
/* Holds a command back until what was aborted before it is over. */
void vscsi_park(struct vscsi_slot *slot);
/* Drops those of the slots that are parked. */
void vscsi_drop_parked(struct vscsi_ring *ring, u32 slots);

/* tasks.c: ring thread; may sleep. */
void vscsi_ring_task(struct vscsi_slot *slot);
/* Submits tasks that wait behind commands which wait for pages. */
void vscsi_ring_tasks_first(struct vscsi_ring *ring);

/* pass.c: ring thread; may sleep. */
void vscsi_ring_pass(struct vscsi_ring *ring, bool *fetched);

/* poll.c: ring thread. */
/* A request came after the thread had nothing to do. */
void vscsi_poll_adapt(struct vscsi_ring *ring);
/* Looks for another one; true if it is there. */
bool vscsi_poll(struct vscsi_ring *ring);

/* thread.c: the ring's thread. */
int vscsi_ring_thread(void *data);

#endif
