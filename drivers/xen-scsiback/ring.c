// SPDX-License-Identifier: GPL-2.0
/* One connection: the shared page, its event channel and its thread. */
#include "shim.h"
#include "trace.h"

#include <linux/blkdev.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/sched/isolation.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

#include <xen/events.h>

#define VSCSI_IDLE_TRIM (2 * HZ)	/* until an idle ring gives its pages back */
#define VSCSI_STARVED_RETRY (HZ / 10)
#define VSCSI_MOST_AT_ONE_CPU (HZ / 10)	/* without sleeping */

static void vscsi_ring_free(struct kref *kref)
{
	struct vscsi_ring *ring = container_of(kref, struct vscsi_ring, kref);

	vscsi_pages_exit(ring);
	vscsi_slots_exit(ring);
	kfree(ring->in);
	kfree(ring->out);
	kfree(ring->engine);
	vscsi_vhost_put(ring->vhost);
	kvfree(ring);
}

void vscsi_ring_put(struct vscsi_ring *ring)
{
	kref_put(&ring->kref, vscsi_ring_free);
}

void vscsi_ring_kick(struct vscsi_ring *ring)
{
	set_bit(VSCSI_RING_WORK, &ring->flags);
	wake_up(&ring->wait);
}

static irqreturn_t vscsi_ring_interrupt(int irq, void *data)
{
	struct vscsi_ring *ring = data;

	WRITE_ONCE(ring->interrupted_cpu, smp_processor_id());
	WRITE_ONCE(ring->interrupts, ring->interrupts + 1);
	set_bit(VSCSI_RING_EVENT, &ring->flags);
	vscsi_ring_kick(ring);
	return IRQ_HANDLED;
}

/* Also once more, when its segments are known. */
static void vscsi_slot_take_command(struct vscsi_slot *slot)
{
	vscsi_command_of(slot->ring->engine, slot->index, &slot->command);
}

/* Fetches one request and takes the references that its slot needs. */
static int vscsi_ring_fetch(struct vscsi_ring *ring, u64 now, u32 *index)
{
	struct vscsi_vhost *vhost = ring->vhost;
	struct vscsi_device *device = NULL;
	struct vscsi_slot *slot;
	int verdict;

	spin_lock(&vhost->map_lock);
	verdict = vscsi_fetch(ring->engine, vhost->luns, index);
	if (verdict == VSCSI_FETCH_LIST || verdict == VSCSI_FETCH_COMMAND ||
	    verdict == VSCSI_FETCH_TASK) {
		slot = ring->slot[*index];
		vscsi_slot_take_command(slot);
		/* The well known logical unit has none. */
		if (slot->command.device != VSCSI_WELL_KNOWN) {
			device = xa_load(&vhost->handles, slot->command.device);
			kref_get(&device->kref);
		}
	}
	spin_unlock(&vhost->map_lock);
	if (verdict == VSCSI_FETCH_EMPTY || verdict == VSCSI_FETCH_BROKEN ||
	    verdict == VSCSI_FETCH_ROOM)
		return verdict;

	slot = ring->slot[*index];
	ring->tasks &= ~BIT(*index);
	slot->device = device;
	slot->fetched_ns = now;
	slot->submitted_ns = 0;
	slot->aborting = false;
	slot->result_known = false;
	slot->bytes = 0;
	slot->pages = 0;
	slot->residual = 0;
	slot->host = VSCSI_HOST_ERROR;
	slot->status = 0;
	slot->task = verdict == VSCSI_FETCH_TASK;
	slot->task_ok = false;
	slot->counted = false;
	slot->reset = false;
	slot->unit = NULL;
	slot->from_device = false;
	slot->data_ready = false;
	slot->has_sense = false;
	slot->quiet = false;
	slot->engine_result = verdict == VSCSI_FETCH_REJECT;
	if (!slot->engine_result) {
		slot->rqid = slot->command.rqid;
		memcpy(slot->cdb, slot->command.cdb, sizeof(slot->cdb));
	}
	/* Target core writes only parts of it. */
	memset(slot->sense, 0, sizeof(slot->sense));
	/* For who looks at it with the complete_lock. */
	atomic_set_release(&slot->state, VSCSI_SLOT_BUSY);
	vscsi_trace_fetched(ring, *index);
	return verdict;
}

/* The engine, or a failed copy, has set the answer already. */
static void vscsi_reject(struct vscsi_slot *slot)
{
	slot->engine_result = true;
	vscsi_trace_rejected(slot->ring, slot->index);
	vscsi_complete(slot);
}

/* Pages for the data of a command, and its outgoing data into them. */
static bool vscsi_ring_load(struct vscsi_slot *slot)
{
	const struct vscsi_command *command = &slot->command;

	if (!command->data_bytes)
		return true;
	if (!vscsi_pages_get(slot, command->pages, command->first_offset, command->data_bytes))
		return false;
	slot->bytes = command->data_bytes;
	slot->from_device = command->direction == VSCSI_FROM_DEVICE;
	if (!slot->from_device)
		vscsi_batch_data(slot->ring, slot->ring->out, slot, slot->bytes);
	return true;
}

static void vscsi_ring_submit(struct vscsi_slot *slot)
{
	struct vscsi_ring *ring = slot->ring;
	struct vscsi_task task;

	if (slot->task) {
		vscsi_task_of(ring->engine, slot->index, &task);
		vscsi_submit_task(slot, &task);
	} else if (ring->out->failed & BIT(slot->index)) {
		vscsi_set_copy_failed(ring->engine, slot->index);
		vscsi_reject(slot);
	} else if (slot->device && atomic_read(&slot->device->abandoned)) {
		vscsi_park(slot);
	} else if (slot->device) {
		vscsi_submit_command(slot);
	} else {
		vscsi_answer_well_known(slot);
	}
}

void vscsi_ring_drop(struct vscsi_slot *slot)
{
	slot->host = VSCSI_HOST_RESET;
	/* It may have no pages yet. */
	slot->residual = slot->command.data_bytes;
	vscsi_complete(slot);
}

/*
 * Tasks do not wait behind commands that wait for pages: those pages may be
 * with the very command that is to be aborted.
 */
static void vscsi_ring_tasks_first(struct vscsi_ring *ring)
{
	u32 kept = 0, still, i, j;
	struct vscsi_task task;

	for (i = 0; i < ring->waiting; i++) {
		struct vscsi_slot *slot = ring->slot[ring->waiting_slot[i]];

		if (!slot->task) {
			ring->waiting_slot[kept++] = ring->waiting_slot[i];
			continue;
		}
		vscsi_task_of(ring->engine, slot->index, &task);
		for (j = 0, still = 0; j < kept; j++) {
			u32 index = ring->waiting_slot[j];

			if (!(task.covered & BIT(index))) {
				ring->waiting_slot[still++] = index;
				continue;
			}
			vscsi_ring_drop(ring->slot[index]);
			task.in_flight = 0;
		}
		kept = still;
		vscsi_submit_task(slot, &task);
	}
	ring->waiting = kept;
}

/* Brings descriptor lists in and sorts out what the engine does not accept. */
static void vscsi_ring_lists(struct vscsi_ring *ring, u32 pending, u32 listed)
{
	u32 kept = ring->waiting, i;

	for (i = 0; i < VSCSI_SLOTS; i++)
		if (listed & BIT(i))
			vscsi_batch_lists(ring, ring->out, i);
	vscsi_batch_flush(ring->out);

	for (i = ring->waiting; i < ring->waiting + pending; i++) {
		u32 index = ring->waiting_slot[i];
		bool copied = !(ring->out->failed & BIT(index));

		if (listed & BIT(index)) {
			if (vscsi_lists_done(ring->engine, index, copied) == VSCSI_FETCH_REJECT) {
				vscsi_reject(ring->slot[index]);
				continue;
			}
			vscsi_slot_take_command(ring->slot[index]);
		}
		vscsi_count_request(ring->slot[index]);
		ring->waiting_slot[kept++] = index;
	}
	ring->waiting = kept;
}

/*
 * One pass: requests in, one copy for lists, one for outgoing data, all
 * submitted under one plug.  In order, so that an abort follows its command.
 */
static void vscsi_ring_pass(struct vscsi_ring *ring, bool *fetched)
{
	u32 pending = 0, listed = 0, loaded, index, i;
	struct blk_plug plug;
	int verdict = VSCSI_FETCH_EMPTY;
	u64 now = ktime_get_ns();

	ring->out->failed = 0;
	ring->cramped = false;
	while (ring->waiting + pending < VSCSI_SLOTS) {
		verdict = vscsi_ring_fetch(ring, now, &index);
		if (verdict == VSCSI_FETCH_EMPTY || verdict == VSCSI_FETCH_BROKEN)
			break;
		if (verdict == VSCSI_FETCH_ROOM) {
			ring->cramped = !vscsi_slot_make(ring, index);
			if (ring->cramped)
				break;
			continue;
		}
		*fetched = true;
		if (verdict == VSCSI_FETCH_LIST)
			listed |= BIT(index);
		if (verdict == VSCSI_FETCH_REJECT)
			vscsi_reject(ring->slot[index]);
		else
			ring->waiting_slot[ring->waiting + pending++] = index;
	}
	if (verdict == VSCSI_FETCH_BROKEN)
		set_bit(VSCSI_RING_BROKEN, &ring->flags);
	vscsi_ring_lists(ring, pending, listed);

	for (loaded = 0; loaded < ring->waiting; loaded++) {
		struct vscsi_slot *slot = ring->slot[ring->waiting_slot[loaded]];

		if (!slot->task && !vscsi_ring_load(slot))
			break;
	}
	vscsi_batch_flush(ring->out);

	vscsi_direct_submitting(ring);
	blk_start_plug(&plug);
	for (i = 0; i < loaded; i++)
		vscsi_ring_submit(ring->slot[ring->waiting_slot[i]]);
	blk_finish_plug(&plug);
	vscsi_direct_submitted(ring);
	ring->waiting -= loaded;
	memmove(ring->waiting_slot, ring->waiting_slot + loaded, ring->waiting);
	vscsi_ring_tasks_first(ring);
}

/* It could not take more requests now. */
static bool vscsi_ring_full(const struct vscsi_ring *ring)
{
	return test_bit(VSCSI_RING_BROKEN, &ring->flags) || ring->waiting || ring->cramped;
}

static long vscsi_ring_sleep(const struct vscsi_ring *ring)
{
	if (test_bit(VSCSI_RING_BROKEN, &ring->flags))
		return MAX_SCHEDULE_TIMEOUT;
	if (ring->waiting || ring->cramped)
		return VSCSI_STARVED_RETRY;
	if (vscsi_ring_waits(ring))
		return HZ;
	/* Lent pages come to the cache without a word. */
	if (READ_ONCE(ring->cache.count) || READ_ONCE(ring->lent) || ring->spacious)
		return VSCSI_IDLE_TRIM;
	return MAX_SCHEDULE_TIMEOUT;
}

/*
 * A pass reads also what came after its event; the event for that then finds
 * nothing.  Only one that no request accounts for delays the next.
 */
static void vscsi_ring_eoi(struct vscsi_ring *ring, bool fetched)
{
	bool spurious = !fetched && !ring->ahead;

	if (!fetched)
		ring->ahead = false;
	xen_irq_lateeoi(ring->irq, spurious ? XEN_EOI_FLAG_SPURIOUS : 0);
}

/*
 * The thread runs where its event comes in, as interrupts' own threads do: else
 * the scheduler has it on another processor, which costs an interrupt more each
 * time, and keeps two of dom0's busy in turns with what one can do.
 */
static void vscsi_ring_follow(struct vscsi_ring *ring)
{
	int cpu = READ_ONCE(ring->interrupted_cpu);

	if (current->nvcsw != ring->slept) {
		ring->slept = current->nvcsw;
		ring->awake_since = jiffies;
	} else if (ring->cpu < 0) {
		return;
	}
	if (cpu == ring->cpu)
		return;
	/* Where that fails it is about to go offline, and the next event elsewhere. */
	set_cpus_allowed_ptr(current, cpumask_of(cpu));
	ring->cpu = cpu;
}

/* A guest that keeps its thread busy shall not have that processor from others. */
static void vscsi_ring_roam(struct vscsi_ring *ring)
{
	if (ring->cpu < 0 || time_before(jiffies, ring->awake_since + VSCSI_MOST_AT_ONE_CPU))
		return;
	set_cpus_allowed_ptr(current, housekeeping_cpumask(HK_TYPE_KTHREAD));
	ring->cpu = -1;
}

/* Passes until there is nothing to do; requests may come all the while. */
static void vscsi_ring_passes(struct vscsi_ring *ring, bool *fetched)
{
	bool idle = true, more;

	do {
		bool some = false;

		vscsi_ring_pass(ring, &some);
		if (some && idle)
			vscsi_poll_adapt(ring);
		*fetched |= some;
		vscsi_ring_roam(ring);
		cond_resched();
		vscsi_overdue(ring);
		if (vscsi_ring_full(ring))
			break;
		idle = !vscsi_has_requests(ring->engine);
		more = !idle || (some && vscsi_poll(ring)) || vscsi_more_requests(ring->engine);
	} while (more && !kthread_should_stop());
	/* What tasks, and commands that waited for them, ended at once. */
	vscsi_direct_finish_all(ring);
}

static int vscsi_ring_thread(void *data)
{
	struct vscsi_ring *ring = data;
	unsigned int noio = memalloc_noio_save();

	while (!kthread_should_stop()) {
		bool fetched = false;
		long left;

		left = wait_event_interruptible_timeout(ring->wait,
				test_bit(VSCSI_RING_WORK, &ring->flags) || kthread_should_stop(),
				vscsi_ring_sleep(ring));
		vscsi_ring_follow(ring);
		vscsi_overdue(ring);
		/* Of commands that waited for others, and were submitted elsewhere. */
		vscsi_direct_finish_all(ring);
		if (!left && !ring->waiting && !ring->cramped) {
			vscsi_pages_trim(ring);
			vscsi_slots_trim(ring);
			continue;
		}
		if (test_bit(VSCSI_RING_BROKEN, &ring->flags)) {
			/* Deaf from now on: no EOI, so no further event. */
			clear_bit(VSCSI_RING_WORK, &ring->flags);
			vscsi_vhost_kick(ring->vhost);
			continue;
		}
		clear_bit(VSCSI_RING_WORK, &ring->flags);
		smp_mb__after_atomic();

		vscsi_ring_passes(ring, &fetched);

		if (fetched)
			ring->ahead = true;
		if (test_bit(VSCSI_RING_BROKEN, &ring->flags))
			vscsi_vhost_kick(ring->vhost);
		else if (test_and_clear_bit(VSCSI_RING_EVENT, &ring->flags))
			vscsi_ring_eoi(ring, fetched);
	}
	memalloc_noio_restore(noio);
	return 0;
}

static struct vscsi_ring *vscsi_ring_alloc(struct vscsi_vhost *vhost)
{
	struct vscsi_ring *ring;

	ring = kvzalloc(sizeof(*ring), GFP_KERNEL);
	if (!ring)
		return NULL;
	kref_init(&ring->kref);
	kref_get(&vhost->kref);
	ring->vhost = vhost;
	ring->interrupted_cpu = -1;
	ring->cpu = -1;
	init_waitqueue_head(&ring->wait);
	init_llist_head(&ring->done);
	init_llist_head(&ring->executed);
	INIT_WORK(&ring->finish, vscsi_direct_finish_work);
	mutex_init(&ring->complete_lock);
	spin_lock_init(&ring->abandoned_lock);
	INIT_LIST_HEAD(&ring->abandoned_slots);
	vscsi_pages_init(ring);

	ring->engine = kzalloc(vscsi_ring_engine_bytes(), GFP_KERNEL);
	ring->out = kzalloc(sizeof(*ring->out), GFP_KERNEL);
	ring->in = kzalloc(sizeof(*ring->in), GFP_KERNEL);
	if (ring->engine && ring->out && ring->in)
		return ring;
	vscsi_ring_put(ring);
	return NULL;
}

struct vscsi_ring *vscsi_ring_connect(struct vscsi_vhost *vhost, grant_ref_t grant,
				      evtchn_port_t evtchn, const char **why)
{
	struct xenbus_device *dev = vhost->dev;
	struct vscsi_ring *ring;
	int err;

	ring = vscsi_ring_alloc(vhost);
	if (!ring) {
		*why = "allocating the ring";
		return ERR_PTR(-ENOMEM);
	}
	ring->grant = grant;
	ring->evtchn = evtchn;

	err = xenbus_map_ring_valloc(dev, &grant, 1, &ring->shared);
	if (err) {
		*why = "mapping ring-ref";
		goto put;
	}
	vscsi_ring_init(ring->engine, ring->shared);
	if (!vscsi_slot_make(ring, 0)) {
		err = -ENOMEM;
		*why = "allocating the ring's first slot";
		goto unmap;
	}

	ring->thread = kthread_create(vscsi_ring_thread, ring, "vscsi-%u-%s", vhost->domid,
				      strrchr(dev->nodename, '/') + 1);
	if (IS_ERR(ring->thread)) {
		err = PTR_ERR(ring->thread);
		*why = "starting the ring's thread";
		goto unmap;
	}
	err = bind_interdomain_evtchn_to_irqhandler_lateeoi(dev, evtchn, vscsi_ring_interrupt, 0,
							    "xen-vscsi", ring);
	if (err < 0) {
		*why = "binding event-channel";
		goto stop;
	}
	ring->irq = err;
	/* Requests may be there already, and their event gone by. */
	vscsi_ring_kick(ring);
	wake_up_process(ring->thread);
	return ring;

stop:
	kthread_stop(ring->thread);
unmap:
	xenbus_unmap_ring_vfree(dev, ring->shared);
	ring->shared = NULL;
put:
	vscsi_ring_put(ring);
	return ERR_PTR(err);
}

/*
 * After this the guest's page is ours no more.  Commands in flight go on; what
 * they answer is dropped.
 */
void vscsi_ring_stop(struct vscsi_ring *ring)
{
	u32 i;

	kthread_stop(ring->thread);
	/* Nobody is it any more: what ends from here on is not left to it. */
	WRITE_ONCE(ring->thread, NULL);
	vscsi_direct_finish_all(ring);
	/* Before the control work looks at what is in flight. */
	smp_store_mb(ring->stopped, true);

	mutex_lock(&ring->complete_lock);
	xenbus_unmap_ring_vfree(ring->vhost->dev, ring->shared);
	ring->shared = NULL;
	mutex_unlock(&ring->complete_lock);
	smp_mb();
	/* What completers could not answer while the lock was held here. */
	vscsi_drain(ring);
	/* Completers no longer notify. */
	unbind_from_irqhandler(ring->irq, ring);

	/* Nobody waits for these any more. */
	vscsi_ring_abort(ring, ~0u);
	vscsi_drop_parked(ring, ~0u);
	/* Fetched and never submitted; the thread that owned them has ended. */
	for (i = 0; i < ring->waiting; i++)
		vscsi_reject(ring->slot[ring->waiting_slot[i]]);
	ring->waiting = 0;
}
