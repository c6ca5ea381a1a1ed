// SPDX-License-Identifier: GPL-2.0
/*
 * A ring's thread may look for the next request a little before it sleeps: an
 * event, an interrupt and two context switches are saved if one comes.  It looks
 * as long as requests have been coming that soon, and not at all otherwise.  The
 * frontend is not asked for an event meanwhile.
 */
#include "private.h"

#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/sched.h>

/* While it looks nobody else gets this processor without the scheduler's tick. */
#define VSCSI_MOST_POLL_US 1000u
#define VSCSI_LEAST_POLL_NS 1000u

static unsigned int vscsi_poll_us;
module_param_named(poll_us, vscsi_poll_us, uint, 0644);
MODULE_PARM_DESC(poll_us, "most microseconds that a ring's thread looks for the next request before it sleeps, at most 1000 (default 0: it sleeps at once)");

void vscsi_poll_adapt(struct vscsi_ring *ring)
{
	u32 most = min(READ_ONCE(vscsi_poll_us), VSCSI_MOST_POLL_US) * NSEC_PER_USEC;

	if (!most)
		ring->pace.poll_ns = 0;
	else if (ktime_get_ns() - ring->pace.idle_ns <= most)
		ring->pace.poll_ns = clamp(ring->pace.poll_ns * 2, VSCSI_LEAST_POLL_NS, most);
	else
		ring->pace.poll_ns = ring->pace.poll_ns > VSCSI_LEAST_POLL_NS ? ring->pace.poll_ns / 4 : 0;
}

bool vscsi_poll(struct vscsi_ring *ring)
{
	bool found = false;
	u64 now;

	if (!READ_ONCE(vscsi_poll_us))
		return false;
	ring->pace.idle_ns = now = ktime_get_ns();
	/* The thread looks for what has ended as well. */
	vscsi_ring_submitting(ring);
	for (; now - ring->pace.idle_ns < ring->pace.poll_ns; now = ktime_get_ns()) {
		if (need_resched() || kthread_should_stop())
			break;
		vscsi_ring_finish(ring);
		found = vscsi_has_requests(ring->engine);
		if (found)
			break;
		cpu_relax();
	}
	vscsi_ring_submitted(ring);
	return found;
}
