// SPDX-License-Identifier: GPL-2.0
/*
 * A frontend that aborts a command waits for the answer before it does anything
 * else, on any of its LUNs.  If the device does not give the command back in
 * time, the guest is answered without it, and others for the device are parked
 * until the command is truly over: nothing overtakes what was aborted, and a guest
 * that tries again does so once a second.  How long, how many and what then is
 * the engine's to say.
 */
#include "private.h"

#define VSCSI_OVERDUE_EVERY msecs_to_jiffies(VSCSI_OVERDUE_EVERY_MS)

bool vscsi_ring_waits(const struct vscsi_ring *ring)
{
	return ring->wait.tasks || ring->wait.parked || atomic_read(&ring->abandoned.count);
}

/* Answers a task and what it covers without the device. */
static void vscsi_answer_overdue(struct vscsi_ring *ring, u32 task, u32 covered)
{
	const struct vscsi_result reset = { .host = VSCSI_HOST_RESET, .residual = ~0u };
	bool live = ring->shared;
	u32 index;

	lockdep_assert_held(&ring->complete_lock);
	for (index = 0; index < VSCSI_SLOTS; index++) {
		if (!(covered & BIT(index)))
			continue;
		if (!vscsi_abandon(ring, index))
			return;
		vscsi_set_result(ring->engine, index, &reset);
		vscsi_answer_slot(ring, index, live);
	}
	if (!(ring->held & BIT(task)) && vscsi_abandon(ring, task)) {
		vscsi_set_task_result(ring->engine, task, true);
		vscsi_answer_slot(ring, task, live);
	}
}

void vscsi_park(struct vscsi_slot *slot)
{
	vscsi_slot_io(slot)->since = jiffies;
	slot->ring->wait.parked |= BIT(slot->index);
}

void vscsi_drop_parked(struct vscsi_ring *ring, u32 slots)
{
	u32 dropped = ring->wait.parked & slots, index;

	ring->wait.parked &= ~dropped;
	for (index = 0; index < VSCSI_SLOTS; index++)
		if (dropped & BIT(index))
			vscsi_ring_drop(ring->slot[index]);
}

static void vscsi_unpark(struct vscsi_slot *slot)
{
	const struct vscsi_parked_view view = {
		.age_ms = vscsi_io_age_ms(&slot->request.io),
		.abandoned = atomic_read(&slot->request.lun->abandoned),
	};
	int step = vscsi_parked_step(&view);

	if (step == VSCSI_PARKED_KEEP)
		return;
	slot->ring->wait.parked &= ~BIT(slot->index);
	if (step == VSCSI_PARKED_SUBMIT) {
		vscsi_command_submit(&slot->request);
		return;
	}
	vscsi_io_note_busy(vscsi_slot_io(slot));
	vscsi_request_over(&slot->request);
}

static void vscsi_unpark_all(struct vscsi_ring *ring)
{
	u32 index;

	for (index = 0; index < VSCSI_SLOTS; index++)
		if (ring->wait.parked & BIT(index))
			vscsi_unpark(ring->slot[index]);
}

/* Looks at a task; a bit for each command that it covers and that is not answered. */
static u32 vscsi_overdue_task(struct vscsi_ring *ring, u32 task)
{
	const struct vscsi_overdue_view view = {
		.age_ms = vscsi_io_age_ms(&ring->slot[task]->request.io),
		.abandoned = atomic_read(&ring->abandoned.count),
		.covered = vscsi_task_unanswered(ring->engine, task),
	};

	lockdep_assert_held(&ring->complete_lock);
	if (vscsi_overdue_step(&view) == VSCSI_OVERDUE_ANSWER)
		vscsi_answer_overdue(ring, task, view.covered);
	return view.covered;
}

void vscsi_overdue(struct vscsi_ring *ring)
{
	struct vscsi_ring_wait *wait = &ring->wait;
	u32 task, unanswered = 0;

	if (!vscsi_ring_waits(ring) || time_before(jiffies, wait->overdue_at))
		return;
	wait->overdue_at = jiffies + VSCSI_OVERDUE_EVERY;
	vscsi_unpark_all(ring);

	mutex_lock(&ring->complete_lock);
	vscsi_answer(ring);
	wait->tasks &= vscsi_busy_slots(ring->engine);
	for (task = 0; task < VSCSI_SLOTS; task++)
		if (wait->tasks & BIT(task))
			unanswered |= vscsi_overdue_task(ring, task);
	vscsi_answer_held(ring, ring->shared);
	vscsi_publish_answers(ring);
	/* A transport may have put an abort off; ask again. */
	vscsi_ring_abort(ring, unanswered);
	vscsi_complete_unlock(ring);
}
