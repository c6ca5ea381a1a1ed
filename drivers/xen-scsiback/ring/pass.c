// SPDX-License-Identifier: GPL-2.0
/*
 * One pass: requests in, one copy for lists, one for outgoing data, all
 * submitted under one plug.  In order, so that an abort follows its command.
 */
#include "private.h"

#include <linux/blkdev.h>

#include "../watch/trace.h"

static void vscsi_trace_fetched(struct vscsi_ring *ring, u32 index)
{
	struct vscsi_request_view view;

	if (!trace_fetched_enabled())
		return;
	vscsi_view_of(ring->engine, index, &view);
	trace_fetched(&ring->queue.whose, &view);
}

/* Also once more, when its segments are known. */
static void vscsi_slot_take_command(struct vscsi_slot *slot)
{
	vscsi_command_of(slot->ring->engine, slot->index, &vscsi_slot_io(slot)->command);
}

/* Fetches one request, and takes the reference to its LUN that its slot needs. */
static int vscsi_ring_take(struct vscsi_ring *ring, u32 *index, struct vscsi_lun **lun)
{
	struct vscsi_lun_table *table = ring->queue.luns;
	struct vscsi_slot *slot;
	int verdict;

	*lun = NULL;
	spin_lock(&table->lock);
	verdict = vscsi_fetch(ring->engine, table->map, index);
	if (verdict == VSCSI_FETCH_LIST || verdict == VSCSI_FETCH_COMMAND ||
	    verdict == VSCSI_FETCH_TASK) {
		slot = ring->slot[*index];
		vscsi_slot_take_command(slot);
		/* The well known logical unit has none. */
		if (vscsi_slot_io(slot)->command.device != VSCSI_WELL_KNOWN) {
			*lun = xa_load(&table->luns, vscsi_slot_io(slot)->command.device);
			vscsi_itl_get(&(*lun)->itl);
		}
	}
	spin_unlock(&table->lock);
	return verdict;
}

static enum vscsi_kind vscsi_slot_kind(const struct vscsi_slot *slot, int verdict)
{
	struct vscsi_task task;

	if (verdict != VSCSI_FETCH_TASK)
		return VSCSI_COMMAND;
	vscsi_task_of(slot->ring->engine, slot->index, &task);
	return task.function == VSCSI_TASK_ABORT ? VSCSI_ABORT : VSCSI_RESET;
}

static int vscsi_ring_fetch(struct vscsi_ring *ring, u64 now, u32 *index)
{
	struct vscsi_request *request;
	struct vscsi_slot *slot;
	struct vscsi_lun *lun;
	struct vscsi_io *io;
	int verdict;

	verdict = vscsi_ring_take(ring, index, &lun);
	if (verdict == VSCSI_FETCH_EMPTY || verdict == VSCSI_FETCH_BROKEN ||
	    verdict == VSCSI_FETCH_ROOM)
		return verdict;

	slot = ring->slot[*index];
	request = &slot->request;
	io = &request->io;
	ring->wait.tasks &= ~BIT(*index);
	slot->counted = false;
	request->lun = lun;
	request->kind = vscsi_slot_kind(slot, verdict);
	request->unit = NULL;
	io->itl = lun ? &lun->itl : NULL;
	vscsi_io_begin(io);
	io->times.fetched = now;
	if (verdict == VSCSI_FETCH_REJECT)
		io->result.known = VSCSI_KNOWN_ENGINE;
	else
		memcpy(io->cdb, io->command.cdb, sizeof(io->cdb));
	/* For who looks at it with the complete_lock. */
	atomic_set_release(&request->state, VSCSI_BUSY);
	vscsi_trace_fetched(ring, *index);
	return verdict;
}

static void vscsi_ring_count(struct vscsi_slot *slot)
{
	struct vscsi_request *request = &slot->request;

	if (!request->lun)
		return;
	vscsi_count_request(request->lun->counts,
			    request->kind == VSCSI_ABORT ? VSCSI_TASK_ABORT :
			    request->kind == VSCSI_RESET ? VSCSI_TASK_RESET : 0);
	slot->counted = !vscsi_slot_is_task(slot);
}

/* Room for the segments that lists name.  Without memory the guest is told to try again. */
static bool vscsi_ring_make_room(struct vscsi_ring *ring, u32 index)
{
	const struct vscsi_result busy = { .status = SAM_STAT_BUSY };

	if (vscsi_slot_lists(ring->slot[index], vscsi_list_segments(ring->engine, index)))
		return true;
	vscsi_set_result(ring->engine, index, &busy);
	vscsi_slot_io(ring->slot[index])->result.known = VSCSI_KNOWN_ENGINE;
	vscsi_request_over(&ring->slot[index]->request);
	return false;
}

/* Brings descriptor lists in and sorts out what the engine does not accept. */
static void vscsi_ring_lists(struct vscsi_ring *ring, u32 pending, u32 listed)
{
	struct vscsi_ring_wait *wait = &ring->wait;
	u32 kept = wait->waiting, refused = 0, i;

	for (i = 0; i < VSCSI_SLOTS; i++) {
		if (!(listed & BIT(i)))
			continue;
		if (vscsi_ring_make_room(ring, i))
			vscsi_batch_lists(ring, ring->out, i);
		else
			refused |= BIT(i);
	}
	vscsi_batch_flush(ring->out);

	for (i = wait->waiting; i < wait->waiting + pending; i++) {
		u32 index = wait->slot[i];
		bool copied = !(ring->out->failed & BIT(index));

		if (refused & BIT(index))
			continue;
		if (listed & BIT(index)) {
			if (vscsi_lists_done(ring->engine, index, copied) == VSCSI_FETCH_REJECT) {
				vscsi_reject(ring->slot[index]);
				continue;
			}
			vscsi_slot_take_command(ring->slot[index]);
		}
		vscsi_ring_count(ring->slot[index]);
		wait->slot[kept++] = index;
	}
	wait->waiting = kept;
}

/* Pages for the data of a command, and its outgoing data into them. */
static bool vscsi_ring_load(struct vscsi_slot *slot)
{
	struct vscsi_io *io = vscsi_slot_io(slot);
	const struct vscsi_command *command = &io->command;

	if (!command->data_bytes)
		return true;
	if (!vscsi_pages_get(slot, command->pages, command->first_offset, command->data_bytes))
		return false;
	io->data.bytes = command->data_bytes;
	io->result.residual = command->data_bytes;
	if (!vscsi_io_reads(io))
		vscsi_batch_data(slot->ring, slot->ring->out, slot, io->data.bytes);
	return true;
}

/* As many of those that wait as there are pages for. */
static u32 vscsi_ring_load_waiting(struct vscsi_ring *ring)
{
	u32 loaded;

	for (loaded = 0; loaded < ring->wait.waiting; loaded++) {
		struct vscsi_slot *slot = ring->slot[ring->wait.slot[loaded]];

		if (!vscsi_slot_is_task(slot) && !vscsi_ring_load(slot))
			break;
	}
	vscsi_batch_flush(ring->out);
	return loaded;
}

static void vscsi_ring_submit(struct vscsi_slot *slot)
{
	struct vscsi_request *request = &slot->request;
	struct vscsi_ring *ring = slot->ring;

	if (vscsi_slot_is_task(slot)) {
		vscsi_ring_task(slot);
	} else if (ring->out->failed & BIT(slot->index)) {
		vscsi_set_copy_failed(ring->engine, slot->index);
		vscsi_reject(slot);
	} else if (!request->lun) {
		vscsi_answer_well_known(request);
	} else if (atomic_read(&request->lun->abandoned)) {
		vscsi_park(slot);
	} else {
		vscsi_command_submit(request);
	}
}

static void vscsi_ring_submit_loaded(struct vscsi_ring *ring, u32 loaded)
{
	struct vscsi_ring_wait *wait = &ring->wait;
	struct blk_plug plug;
	u32 i;

	vscsi_ring_submitting(ring);
	blk_start_plug(&plug);
	for (i = 0; i < loaded; i++)
		vscsi_ring_submit(ring->slot[wait->slot[i]]);
	blk_finish_plug(&plug);
	vscsi_ring_submitted(ring);
	wait->waiting -= loaded;
	memmove(wait->slot, wait->slot + loaded, wait->waiting);
}

/* Fetches as many as there are slots for.  Sets a bit of listed for each that has lists. */
static u32 vscsi_ring_fetch_all(struct vscsi_ring *ring, u32 *listed, bool *fetched)
{
	u64 now = ktime_get_ns();
	u32 pending = 0, index;

	ring->cramped = vscsi_quota_noisy(ring->pages.quota, now);
	if (ring->cramped)
		return 0;
	while (ring->wait.waiting + pending < VSCSI_SLOTS) {
		switch (vscsi_ring_fetch(ring, now, &index)) {
		case VSCSI_FETCH_EMPTY:
			return pending;
		case VSCSI_FETCH_BROKEN:
			set_bit(VSCSI_RING_BROKEN, &ring->flags);
			return pending;
		case VSCSI_FETCH_ROOM:
			ring->cramped = !vscsi_slot_make(ring, index);
			if (ring->cramped)
				return pending;
			continue;
		case VSCSI_FETCH_REJECT:
			vscsi_reject(ring->slot[index]);
			break;
		case VSCSI_FETCH_LIST:
			*listed |= BIT(index);
			fallthrough;
		default:
			ring->wait.slot[ring->wait.waiting + pending++] = index;
		}
		*fetched = true;
	}
	return pending;
}

void vscsi_ring_pass(struct vscsi_ring *ring, bool *fetched)
{
	u32 listed = 0, pending;

	ring->out->failed = 0;
	pending = vscsi_ring_fetch_all(ring, &listed, fetched);
	vscsi_ring_lists(ring, pending, listed);
	vscsi_ring_submit_loaded(ring, vscsi_ring_load_waiting(ring));
	vscsi_ring_tasks_first(ring);
}
