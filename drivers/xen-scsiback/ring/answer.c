// SPDX-License-Identifier: GPL-2.0
/*
 * The way out.  Whoever has the completion lock answers all that is done: one
 * copy, one push, at most one notification.
 */
#include "private.h"

#include <xen/events.h>

#include "../watch/trace.h"

static void vscsi_trace_rejected(struct vscsi_ring *ring, u32 index)
{
	struct vscsi_request_view view;

	if (!trace_rejected_enabled())
		return;
	vscsi_view_of(ring->engine, index, &view);
	if (view.reject != VSCSI_NOT_REJECTED)
		trace_rejected(&ring->queue.whose, &view);
}

/* Before the response can be seen; not to a guest that has gone. */
static void vscsi_trace_responded(struct vscsi_ring *ring, u32 index, bool live)
{
	struct vscsi_request_view view;

	lockdep_assert_held(&ring->complete_lock);
	if (!live || !trace_responded_enabled())
		return;
	vscsi_view_of(ring->engine, index, &view);
	trace_responded(&ring->queue.whose, &view);
}

static void vscsi_set_slot_result(struct vscsi_slot *slot)
{
	struct vscsi_ring_engine *engine = slot->ring->engine;
	const struct vscsi_io *io = vscsi_slot_io(slot);
	struct vscsi_result result;

	lockdep_assert_held(&slot->ring->complete_lock);
	if (io->result.known == VSCSI_KNOWN_ENGINE)
		return;
	if (vscsi_slot_is_task(slot)) {
		vscsi_set_task_result(engine, slot->index, io->result.known == VSCSI_KNOWN_DONE);
		return;
	}
	vscsi_io_result_of(io, &result);
	vscsi_set_result(engine, slot->index, &result);
}

/* What the device moved goes to the guest. */
static void vscsi_copy_back(struct vscsi_ring *ring, struct vscsi_slot *slot)
{
	const struct vscsi_io *io = vscsi_slot_io(slot);

	lockdep_assert_held(&ring->complete_lock);
	if (io->result.known != VSCSI_KNOWN_ENGINE && vscsi_io_reads(io) && io->data.pages &&
	    io->result.residual < io->data.bytes)
		vscsi_batch_data(ring, ring->in, slot, io->data.bytes - io->result.residual);
}

static void vscsi_count_slot(struct vscsi_slot *slot, u64 now)
{
	struct vscsi_io *io = vscsi_slot_io(slot);
	struct vscsi_outcome outcome;

	lockdep_assert_held(&slot->ring->complete_lock);
	if (!slot->counted)
		return;
	vscsi_outcome_of(slot->ring->engine, slot->index, &outcome);
	/* What it came to nobody will know. */
	if (!slot->ring->shared) {
		outcome.host = VSCSI_HOST_ABORT;
		outcome.moved = 0;
	}
	io->times.answered = now;
	vscsi_count_answer(slot->request.lun->counts, &outcome, &io->times);
}

/* From here on the ring's thread may use the slot again. */
void vscsi_answer_slot(struct vscsi_ring *ring, u32 index, bool live)
{
	lockdep_assert_held(&ring->complete_lock);
	vscsi_trace_responded(ring, index, live);
	if (live)
		vscsi_respond(ring->engine, index);
	else
		vscsi_forget(ring->engine, index);
}

/*
 * A task may be over before the commands that it covers: one that completes at
 * the same time is passed over by target core.  The task's success waits for them.
 */
void vscsi_answer_held(struct vscsi_ring *ring, bool live)
{
	u32 index;

	lockdep_assert_held(&ring->complete_lock);
	for (index = 0; index < VSCSI_SLOTS; index++) {
		if (!(ring->held & BIT(index)) || vscsi_task_unanswered(ring->engine, index))
			continue;
		ring->held &= ~BIT(index);
		vscsi_answer_slot(ring, index, live);
	}
}

void vscsi_publish_answers(struct vscsi_ring *ring)
{
	lockdep_assert_held(&ring->complete_lock);
	if (ring->shared && vscsi_publish(ring->engine))
		notify_remote_via_irq(ring->irq);
}

/* Of a guest that has gone no more commands come. */
static void vscsi_count_complaint(struct vscsi_slot *slot, u64 now)
{
	struct vscsi_request *request = &slot->request;

	if (request->lun && (vscsi_slot_is_task(slot) || vscsi_io_complained(&request->io)))
		vscsi_quota_complaint(slot->ring->pages.quota, now);
}

/* Gives back what the slot holds, and answers it or holds its answer back. */
static void vscsi_answer_done(struct vscsi_ring *ring, struct vscsi_slot *slot, u64 now, bool live)
{
	struct vscsi_io *io = vscsi_slot_io(slot);

	lockdep_assert_held(&ring->complete_lock);
	vscsi_count_complaint(slot, now);
	vscsi_pages_put(slot);
	vscsi_io_over(io);
	if (ring->in->failed & BIT(slot->index)) {
		vscsi_set_copy_failed(ring->engine, slot->index);
		vscsi_trace_rejected(ring, slot->index);
	}
	vscsi_count_slot(slot, now);
	slot->request.lun = NULL;
	if (vscsi_slot_is_task(slot) && io->result.known == VSCSI_KNOWN_DONE &&
	    vscsi_task_unanswered(ring->engine, slot->index))
		ring->held |= BIT(slot->index);
	else
		vscsi_answer_slot(ring, slot->index, live);
}

void vscsi_answer(struct vscsi_ring *ring)
{
	struct llist_node *done = llist_reverse_order(llist_del_all(&ring->done));
	struct vscsi_lun *lun[VSCSI_SLOTS];
	struct vscsi_slot *slot, *next;
	u64 now = done ? ktime_get_ns() : 0;
	bool live = ring->shared;
	u32 luns = 0, i;

	lockdep_assert_held(&ring->complete_lock);

	ring->in->failed = 0;
	llist_for_each_entry(slot, done, done) {
		vscsi_set_slot_result(slot);
		if (live)
			vscsi_copy_back(ring, slot);
	}
	vscsi_batch_flush(ring->in);

	llist_for_each_entry_safe(slot, next, done, done) {
		if (slot->request.lun)
			lun[luns++] = slot->request.lun;
		vscsi_answer_done(ring, slot, now, live);
	}
	vscsi_answer_held(ring, live);
	vscsi_publish_answers(ring);

	for (i = 0; i < luns; i++)
		vscsi_itl_put(&lun[i]->itl);
}

void vscsi_drain(struct vscsi_ring *ring)
{
	while (!llist_empty(&ring->done) && mutex_trylock(&ring->complete_lock)) {
		vscsi_answer(ring);
		mutex_unlock(&ring->complete_lock);
		/* Against a completer that added just before and failed to lock. */
		smp_mb();
	}
}

void vscsi_complete_unlock(struct vscsi_ring *ring)
{
	mutex_unlock(&ring->complete_lock);
	/* As in vscsi_drain(). */
	smp_mb();
	vscsi_drain(ring);
}

static void vscsi_trace_completed(struct vscsi_slot *slot)
{
	const struct vscsi_request *request = &slot->request;
	const struct vscsi_io *io = &request->io;
	struct vscsi_result result;

	if (!trace_completed_enabled())
		return;
	vscsi_io_result_of(io, &result);
	trace_completed(&slot->ring->queue.whose, &request->lun->address, &io->command, &result,
			io->times.done - io->times.submitted);
}

/* Puts a slot on the list of what is done, unless its request was answered without the device. */
static bool vscsi_slot_done(struct vscsi_slot *slot)
{
	if (atomic_xchg(&slot->request.state, VSCSI_DONE) == VSCSI_ABANDONED) {
		vscsi_abandoned_end(slot);
		return false;
	}
	llist_add(&slot->done, &slot->ring->done);
	return true;
}

void vscsi_request_over(struct vscsi_request *request)
{
	struct vscsi_slot *slot = to_vscsi_slot(request);
	struct vscsi_ring *ring = slot->ring;
	struct vscsi_io *io = &request->io;

	if (io->times.submitted) {
		/* Where no device has ended it, target core has. */
		if (!io->times.done)
			io->times.done = ktime_get_ns();
		vscsi_trace_completed(slot);
	}
	if (io->execution.ender == VSCSI_ENDS_ROUND) {
		/* Whoever ends this round holds the ring, and drains. */
		vscsi_slot_done(slot);
		return;
	}
	/* The slot, and with it the ring, may be gone once it is on the list. */
	kref_get(&ring->kref);
	if (vscsi_slot_done(slot))
		vscsi_drain(ring);
	/* Pairs with the barrier in vscsi_ring_stop(). */
	smp_mb();
	if (READ_ONCE(ring->queue.stopped))
		vscsi_ring_up->kick(ring->controller);
	vscsi_ring_put(ring);
}

void vscsi_reject(struct vscsi_slot *slot)
{
	vscsi_slot_io(slot)->result.known = VSCSI_KNOWN_ENGINE;
	vscsi_trace_rejected(slot->ring, slot->index);
	vscsi_request_over(&slot->request);
}

void vscsi_ring_drop(struct vscsi_slot *slot)
{
	struct vscsi_io *io = vscsi_slot_io(slot);

	vscsi_io_note_host(io, VSCSI_KNOWN_CORE, VSCSI_HOST_RESET);
	/* The command may have no pages yet. */
	io->result.residual = io->command.data_bytes;
	vscsi_request_over(&slot->request);
}
