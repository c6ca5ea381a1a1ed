// SPDX-License-Identifier: GPL-2.0
/*
 * A slot's way through target core.  It comes back in one place, release_cmd:
 * only then is the command truly over, whether it completed, failed or was
 * aborted, and the slot free for the frontend's next request.
 */
#include "shim.h"
#include "trace.h"

#include <scsi/scsi_common.h>
#include <scsi/scsi_proto.h>
#include <target/target_core_backend.h>

#include <xen/events.h>

/* Opcodes from here on are vendor specific. */
#define VSCSI_VENDOR_CDB 0xc0
#define VSCSI_SHORTEST_CDB 6

static bool vscsi_is_write_same(const u8 *cdb)
{
	return cdb[0] == WRITE_SAME || cdb[0] == WRITE_SAME_16 || cdb[0] == VARIABLE_LENGTH_CMD;
}

static enum dma_data_direction vscsi_dma_direction(u32 direction)
{
	switch (direction) {
	case VSCSI_TO_DEVICE:
		return DMA_TO_DEVICE;
	case VSCSI_FROM_DEVICE:
		return DMA_FROM_DEVICE;
	default:
		return DMA_NONE;
	}
}

/*
 * Gives target core the slot's pages.  Not target_submit_prep(), which refuses
 * a CDB that asks for more than the buffer, and lets a CDB that asks for less
 * run over the whole buffer.
 */
static void vscsi_hand_over_pages(struct vscsi_slot *slot)
{
	struct se_cmd *cmd = &slot->cmd;
	u32 left = cmd->data_length, used = 0;

	while (used < slot->pages && left) {
		struct scatterlist *sg = &slot->sgl[used++];

		sg->length = min(sg->length, left);
		left -= sg->length;
	}
	if (!used)
		return;
	vscsi_slot_end_list(slot, used);
	cmd->t_data_sg = slot->sgl;
	cmd->t_data_nents = used;
	cmd->se_cmd_flags |= SCF_PASSTHROUGH_SG_TO_MEM_NOALLOC;
}

/*
 * Target core calls a COMPARE AND WRITE's callback also when the command failed
 * before or during its read.  It would then compare with a buffer that was never
 * read, write if that matches, and end the command twice.  All that is left to
 * do in that case is to release the device's semaphore, if it was taken: the
 * command then has half its length.
 */
static sense_reason_t vscsi_compare_done(struct se_cmd *cmd, bool success, int *post_ret)
{
	struct vscsi_slot *slot = to_vscsi_slot(cmd);

	if (success)
		return slot->compare_done(cmd, true, post_ret);
	if (cmd->data_length != slot->bytes)
		up(&cmd->se_dev->caw_sem);
	return TCM_NO_SENSE;
}

/* What target core lets pass and should not; after parsing, before execution. */
static sense_reason_t vscsi_inspect(struct vscsi_slot *slot)
{
	struct se_cmd *cmd = &slot->cmd;
	const u8 *cdb = cmd->t_task_cdb;

	/*
	 * Where LUN 0 has gone target core puts a dummy that reads as zeros: no
	 * guest shall take it for its disk.  Of the dummy it may hear what SPC-4
	 * 6.4.2 says of a logical unit that is not there.
	 */
	if (cmd->se_lun == cmd->se_sess->se_tpg->tpg_virt_lun0 && cdb[0] != INQUIRY &&
	    cdb[0] != REPORT_LUNS && cdb[0] != REQUEST_SENSE)
		return TCM_NON_EXISTENT_LUN;
	/* The frontend's word for the direction does not make a write a read. */
	if (cmd->data_direction != DMA_TO_DEVICE && vscsi_cdb_writes(cdb) &&
	    target_lun_is_rdonly(cmd))
		return TCM_WRITE_PROTECTED;
	if (cmd->data_length > slot->bytes)
		return TCM_INVALID_CDB_FIELD;
	if (cdb[0] == REPORT_LUNS && !vscsi_report_luns_valid(cdb))
		return TCM_INVALID_CDB_FIELD;
	/* A buffer shorter than the CDB says must still be of whole blocks. */
	if (cmd->se_cmd_flags & SCF_SCSI_DATA_CDB &&
	    !(cmd->se_dev->transport_flags & TRANSPORT_FLAG_PASSTHROUGH) &&
	    cmd->data_length % cmd->se_dev->dev_attrib.block_size)
		return TCM_INVALID_CDB_FIELD;
	/*
	 * EXTENDED COPY reaches every LUN of the portal group, also those that
	 * this guest was not given.
	 */
	if (!(cmd->se_dev->transport_flags & TRANSPORT_FLAG_PASSTHROUGH) &&
	    (cdb[0] == EXTENDED_COPY || cdb[0] == RECEIVE_COPY_RESULTS))
		return TCM_UNSUPPORTED_SCSI_OPCODE;
	if (cmd->transport_complete_callback) {
		if (cmd->data_direction != DMA_TO_DEVICE)
			return TCM_INVALID_CDB_FIELD;
		slot->compare_done = cmd->transport_complete_callback;
		cmd->transport_complete_callback = vscsi_compare_done;
	}
	return TCM_NO_SENSE;
}

/*
 * Whether execution may wait for long: then it must not be the ring's thread
 * that does it, which has aborts to read.  Memory backstores do not; all else may
 * wait for files, flushes or tags.
 */
static bool vscsi_may_wait(const struct se_cmd *cmd)
{
	if (!(cmd->se_cmd_flags & SCF_SCSI_DATA_CDB) ||
	    cmd->se_cmd_flags & SCF_COMPARE_AND_WRITE || vscsi_is_write_same(cmd->t_task_cdb))
		return true;
	return strcmp(cmd->se_dev->transport->name, "rd_mcp");
}

void vscsi_submit_work(struct work_struct *work)
{
	struct vscsi_slot *slot = container_of(work, struct vscsi_slot, submit);
	struct vscsi_unit *unit = slot->unit;

	if (slot->task) {
		vscsi_start_reset(slot);
		return;
	}
	/* It waits for others no more. */
	WRITE_ONCE(slot->unit, NULL);
	/* Executed when it returns; the slot may be gone then. */
	target_submit(&slot->cmd);
	vscsi_unit_leave(unit);
}

/*
 * Whether the ring's thread executes it.  Not what is submitted once more: that
 * is done where it ended, and could go round.
 */
static bool vscsi_is_direct(struct vscsi_slot *slot, bool first)
{
	if (!slot->passthrough)
		return vscsi_direct_adopt(slot) || !vscsi_may_wait(&slot->cmd);
	return first && slot->direct && vscsi_passthrough_prepare(slot);
}

static void vscsi_execute(struct vscsi_slot *slot, bool first)
{
	struct se_cmd *cmd = &slot->cmd;

	/*
	 * PREEMPT AND ABORT flushes target core's submission works of the device,
	 * and would wait for itself in one of them.
	 */
	if (cmd->t_task_cdb[0] == PERSISTENT_RESERVE_OUT && !slot->passthrough) {
		if (!vscsi_unit_enter(slot, cmd->se_dev))
			transport_generic_request_failure(cmd, TCM_OUT_OF_RESOURCES);
	} else if (vscsi_is_direct(slot, first)) {
		target_submit(cmd);
	} else {
		target_queue_submission(cmd);
	}
}

/* The ring's thread, or where it ended if it is not the first time; may sleep. */
static void vscsi_start(struct vscsi_slot *slot, bool first)
{
	const struct vscsi_command *command = &slot->command;
	struct se_cmd *cmd = &slot->cmd;
	sense_reason_t reason;

	memset(cmd, 0, sizeof(*cmd));
	slot->again = false;
	slot->has_sense = false;
	slot->direct = false;
	slot->residual = 0;
	slot->done_ns = 0;
	cmd->tag = command->tag;
	if (target_init_cmd(cmd, slot->device->session->se_sess, slot->sense, slot->device->lun,
			    slot->bytes, TCM_SIMPLE_TAG, vscsi_dma_direction(command->direction),
			    0)) {
		slot->host = VSCSI_HOST_NO_CONNECT;
		slot->residual = slot->bytes;
		vscsi_complete(slot);
		return;
	}
	reason = target_cmd_init_cdb(cmd, (unsigned char *)command->cdb, GFP_NOIO);
	if (!reason)
		reason = transport_lookup_cmd_lun(cmd);
	if (reason) {
		transport_send_check_condition_and_sense(cmd, reason, 0);
		target_put_sess_cmd(cmd);
		return;
	}
	reason = target_cmd_parse_cdb(cmd);
	if (!reason)
		reason = vscsi_inspect(slot);
	if (reason) {
		transport_generic_request_failure(cmd, reason);
		return;
	}
	vscsi_hand_over_pages(slot);
	vscsi_passthrough_adopt(slot);
	vscsi_execute(slot, first);
}

void vscsi_submit_command(struct vscsi_slot *slot)
{
	struct vscsi_command *command = &slot->command;
	u8 opcode = slot->cdb[0];

	/* The engine's copy is gone when the slot is abandoned. */
	command->cdb = slot->cdb;
	/* Vendors choose the length of theirs; the others' is in the first byte. */
	if (opcode < VSCSI_VENDOR_CDB && opcode != VARIABLE_LENGTH_CMD)
		command->cdb_bytes = COMMAND_SIZE(opcode);
	else
		command->cdb_bytes = max_t(u32, command->cdb_bytes, VSCSI_SHORTEST_CDB);
	slot->since = jiffies;
	slot->submitted_ns = ktime_get_ns();
	trace_submitted(slot);
	vscsi_start(slot, true);
}

int vscsi_write_pending(struct se_cmd *cmd)
{
	/* The data was copied before submission. */
	target_execute_cmd(cmd);
	return 0;
}

static void vscsi_note_status(struct vscsi_slot *slot)
{
	struct se_cmd *cmd = &slot->cmd;

	slot->host = VSCSI_HOST_OK;
	slot->status = cmd->scsi_status;
	slot->has_sense = cmd->se_cmd_flags & (SCF_TRANSPORT_TASK_SENSE | SCF_EMULATED_TASK_SENSE);
	/* The wire has a word for too little data only. */
	if (cmd->se_cmd_flags & SCF_UNDERFLOW_BIT)
		slot->residual = min(cmd->residual_count, slot->bytes);
}

/* Also for tape reads that end in CHECK CONDITION with data (SSC-3 4.2.14). */
int vscsi_queue_data_in(struct se_cmd *cmd)
{
	struct vscsi_slot *slot = to_vscsi_slot(cmd);

	if (slot->result_known)
		return 0;
	vscsi_note_status(slot);
	slot->data_ready = slot->from_device;
	if (slot->cdb[0] == REPORT_LUNS && !slot->status)
		vscsi_report_guest_luns(slot);
	if (slot->cdb[0] == INQUIRY && !slot->status)
		vscsi_direct_inquired(slot);
	return 0;
}

/*
 * Target core's own unit attentions are not for a device that is passed through:
 * over "REPORTED LUNS DATA HAS CHANGED", say, a tape would lose its position.
 * passthrough.c has the device's, and tells of resets.
 */
static bool vscsi_is_attention(const struct vscsi_slot *slot)
{
	u8 key = slot->sense[(slot->sense[0] & 0x7f) >= 0x72 ? 1 : 2] & 0xf;

	return slot->passthrough && slot->has_sense && key == UNIT_ATTENTION;
}

int vscsi_queue_status(struct se_cmd *cmd)
{
	struct vscsi_slot *slot = to_vscsi_slot(cmd);

	if (slot->result_known)
		return 0;
	vscsi_note_status(slot);
	slot->again = vscsi_is_attention(slot);
	/* No data came with it; a guest must not take stale memory for data. */
	if (slot->from_device)
		slot->residual = slot->bytes;
	return 0;
}

void vscsi_aborted_task(struct se_cmd *cmd)
{
	struct vscsi_slot *slot = to_vscsi_slot(cmd);

	/* Who asked for it knows; anybody else shall try again, not fail. */
	slot->host = VSCSI_HOST_RESET;
	slot->status = 0;
	slot->again = false;
	slot->residual = slot->bytes;
	slot->data_ready = false;
	slot->has_sense = false;
}

int vscsi_check_stop_free(struct se_cmd *cmd)
{
	return transport_generic_free_cmd(cmd, 0);
}

void vscsi_release_cmd(struct se_cmd *cmd)
{
	struct vscsi_slot *slot = to_vscsi_slot(cmd);

	if (slot->task) {
		vscsi_task_released(slot);
		return;
	}
	if (!slot->again || READ_ONCE(slot->ring->stopped)) {
		vscsi_complete(slot);
		return;
	}
	vscsi_passthrough_put(slot);
	vscsi_start(slot, false);
}

static void vscsi_set_slot_result(struct vscsi_slot *slot)
{
	struct vscsi_ring_engine *engine = slot->ring->engine;
	struct vscsi_result result = {
		.host = slot->host,
		.status = slot->status,
		.residual = slot->residual,
	};

	if (slot->engine_result)
		return;
	if (slot->task) {
		vscsi_set_task_result(engine, slot->index, slot->task_ok);
		return;
	}
	if (slot->has_sense) {
		result.sense = slot->sense;
		result.sense_bytes = VSCSI_SENSE_BYTES;
	}
	vscsi_set_result(engine, slot->index, &result);
}

/* From here on the ring thread may use the slot again. */
void vscsi_answer_slot(struct vscsi_ring *ring, u32 index, bool live)
{
	vscsi_trace_responded(ring, index, live);
	if (live)
		vscsi_respond(ring->engine, index);
	else
		vscsi_forget(ring->engine, index);
}

/*
 * A task may be over before the commands that it covers: one that completes at
 * the same time is passed over by target core.  Its success waits for them.
 */
void vscsi_answer_held(struct vscsi_ring *ring, bool live)
{
	u32 index;

	for (index = 0; index < VSCSI_SLOTS; index++) {
		if (!(ring->held & BIT(index)) || vscsi_task_unanswered(ring->engine, index))
			continue;
		ring->held &= ~BIT(index);
		vscsi_answer_slot(ring, index, live);
	}
}

void vscsi_publish_answers(struct vscsi_ring *ring)
{
	if (ring->shared && vscsi_publish(ring->engine))
		notify_remote_via_irq(ring->irq);
}

/* Answers everything that is done: one copy, one push, one notification. */
void vscsi_answer(struct vscsi_ring *ring)
{
	struct llist_node *done = llist_reverse_order(llist_del_all(&ring->done));
	struct vscsi_device *device[VSCSI_SLOTS];
	struct vscsi_slot *slot, *next;
	bool live = ring->shared;
	u32 devices = 0, i;
	u64 now = done ? ktime_get_ns() : 0;

	lockdep_assert_held(&ring->complete_lock);

	ring->in->failed = 0;
	llist_for_each_entry(slot, done, done) {
		vscsi_set_slot_result(slot);
		if (live && slot->data_ready)
			vscsi_batch_data(ring, ring->in, slot, slot->bytes - slot->residual);
	}
	vscsi_batch_flush(ring->in);

	llist_for_each_entry_safe(slot, next, done, done) {
		vscsi_pages_put(slot);
		vscsi_passthrough_put(slot);
		if (ring->in->failed & BIT(slot->index)) {
			vscsi_set_copy_failed(ring->engine, slot->index);
			vscsi_trace_rejected(ring, slot->index);
		}
		if (slot->device) {
			vscsi_count_answer(slot, now);
			device[devices++] = slot->device;
		}
		slot->device = NULL;
		if (slot->task && slot->task_ok && vscsi_task_unanswered(ring->engine, slot->index))
			ring->held |= BIT(slot->index);
		else
			vscsi_answer_slot(ring, slot->index, live);
	}
	vscsi_answer_held(ring, live);
	vscsi_publish_answers(ring);

	for (i = 0; i < devices; i++)
		vscsi_device_put(device[i]);
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

void vscsi_complete(struct vscsi_slot *slot)
{
	struct vscsi_ring *ring = slot->ring;

	if (slot->submitted_ns) {
		/* Where no device has ended it, target core has. */
		if (!slot->done_ns)
			slot->done_ns = ktime_get_ns();
		trace_completed(slot);
	}
	if (slot->quiet) {
		/* Who drains holds the ring. */
		if (atomic_xchg(&slot->state, VSCSI_SLOT_DONE) == VSCSI_SLOT_ABANDONED)
			vscsi_abandoned_end(slot);
		else
			llist_add(&slot->done, &ring->done);
		return;
	}
	/* The slot, and with it the ring, may be gone once it is on the list. */
	kref_get(&ring->kref);
	if (atomic_xchg(&slot->state, VSCSI_SLOT_DONE) == VSCSI_SLOT_ABANDONED) {
		vscsi_abandoned_end(slot);
	} else {
		llist_add(&slot->done, &ring->done);
		vscsi_drain(ring);
	}
	/* Pairs with the barrier in vscsi_ring_stop(). */
	smp_mb();
	if (READ_ONCE(ring->stopped))
		vscsi_vhost_kick(ring->vhost);
	vscsi_ring_put(ring);
}
