// SPDX-License-Identifier: GPL-2.0
/* A ring's thread: passes while there are requests, and sleeps while there are none. */
#include "private.h"

#include <linux/kthread.h>
#include <linux/sched/isolation.h>
#include <linux/sched/mm.h>

#include <xen/events.h>

#define VSCSI_IDLE_TRIM (2 * HZ)	/* until an idle ring gives its pages back */
#define VSCSI_STARVED_RETRY (HZ / 10)
#define VSCSI_MOST_AT_ONE_CPU (HZ / 10)	/* without sleeping */

/* The ring could not take more requests now. */
static bool vscsi_ring_full(const struct vscsi_ring *ring)
{
	return vscsi_ring_broken(ring) || ring->wait.waiting || ring->cramped;
}

static long vscsi_ring_sleep(const struct vscsi_ring *ring)
{
	if (vscsi_ring_broken(ring))
		return MAX_SCHEDULE_TIMEOUT;
	if (ring->wait.waiting || ring->cramped)
		return VSCSI_STARVED_RETRY;
	if (vscsi_ring_waits(ring))
		return HZ;
	/* Lent pages come to the cache without a word. */
	if (READ_ONCE(ring->pages.cache.count) || READ_ONCE(ring->pages.lent) || ring->spacious)
		return VSCSI_IDLE_TRIM;
	return MAX_SCHEDULE_TIMEOUT;
}

static void vscsi_ring_trim(struct vscsi_ring *ring)
{
	vscsi_pages_trim(ring);
	if (!ring->spacious)
		return;
	mutex_lock(&ring->complete_lock);
	vscsi_slots_trim(ring);
	vscsi_complete_unlock(ring);
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
	struct vscsi_ring_pace *pace = &ring->pace;
	int cpu = READ_ONCE(pace->interrupted_cpu);

	if (current->nvcsw != pace->slept) {
		pace->slept = current->nvcsw;
		pace->awake_since = jiffies;
	} else if (pace->cpu < 0) {
		return;
	}
	if (cpu == pace->cpu)
		return;
	/* Where that fails the processor is about to go offline, and the next event elsewhere. */
	set_cpus_allowed_ptr(current, cpumask_of(cpu));
	pace->cpu = cpu;
}

/* A guest that keeps its thread busy shall not have that processor from others. */
static void vscsi_ring_roam(struct vscsi_ring *ring)
{
	struct vscsi_ring_pace *pace = &ring->pace;

	if (pace->cpu < 0 || time_before(jiffies, pace->awake_since + VSCSI_MOST_AT_ONE_CPU))
		return;
	set_cpus_allowed_ptr(current, housekeeping_cpumask(HK_TYPE_KTHREAD));
	pace->cpu = -1;
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
	vscsi_ring_finish(ring);
}

/* What the thread was woken for. */
static void vscsi_ring_work(struct vscsi_ring *ring)
{
	bool fetched = false;

	clear_bit(VSCSI_RING_WORK, &ring->flags);
	smp_mb__after_atomic();
	/* A broken ring is deaf: no EOI, so no further event. */
	if (vscsi_ring_broken(ring)) {
		vscsi_ring_up->kick(ring->controller);
		return;
	}
	vscsi_ring_passes(ring, &fetched);
	if (fetched)
		ring->ahead = true;
	if (vscsi_ring_broken(ring))
		vscsi_ring_up->kick(ring->controller);
	else if (test_and_clear_bit(VSCSI_RING_EVENT, &ring->flags))
		vscsi_ring_eoi(ring, fetched);
}

int vscsi_ring_thread(void *data)
{
	struct vscsi_ring *ring = data;
	unsigned int noio = memalloc_noio_save();

	while (!kthread_should_stop()) {
		long left;

		left = wait_event_interruptible_timeout(ring->wake,
				test_bit(VSCSI_RING_WORK, &ring->flags) || kthread_should_stop(),
				vscsi_ring_sleep(ring));
		vscsi_ring_follow(ring);
		vscsi_overdue(ring);
		/* Of commands that waited for others, and were submitted elsewhere. */
		vscsi_ring_finish(ring);
		if (!left && !ring->wait.waiting && !ring->cramped)
			vscsi_ring_trim(ring);
		else
			vscsi_ring_work(ring);
	}
	memalloc_noio_restore(noio);
	return 0;
}
