// SPDX-License-Identifier: GPL-2.0
/*
 * Aborts and resets.  A reset occupies one of target core's workers until the
 * device has given everything back, so of each LUN one at a time is with target
 * core; those that come meanwhile share the next one.
 */
#include "private.h"

#include <scsi/scsi_proto.h>

static int vscsi_submit_tmr(struct vscsi_request *request, u8 function, u64 tag)
{
	struct vscsi_lun *lun = request->lun;
	struct vscsi_io *io = &request->io;

	memset(&io->cmd, 0, sizeof(io->cmd));
	return target_submit_tmr(&io->cmd, lun->se_sess, io->result.sense, lun->number, NULL,
				 function, GFP_NOIO, tag, 0);
}

/* True if another reset is on its way: this one's turn comes. */
static bool vscsi_reset_waits(struct vscsi_request *request)
{
	struct vscsi_lun *lun = request->lun;
	bool waits;

	spin_lock(&lun->reset_lock);
	waits = lun->resetting;
	if (waits)
		list_add_tail(&request->reset_entry, &lun->resets);
	lun->resetting = true;
	spin_unlock(&lun->reset_lock);
	return waits;
}

/*
 * A reset is over: moves those that it was for to done, and gives the one that
 * leads those that have come since, or NULL.  After the ring's end nobody needs
 * another one.
 */
static struct vscsi_request *vscsi_reset_next(struct vscsi_lun *lun, bool stopped,
					      struct list_head *done)
{
	struct vscsi_request *next, *after;

	spin_lock(&lun->reset_lock);
	list_splice_init(&lun->followers, done);
	/* Nor does a reset that was answered without the device. */
	list_for_each_entry_safe(next, after, &lun->resets, reset_entry)
		if (stopped || atomic_read(&next->state) == VSCSI_ABANDONED)
			list_move_tail(&next->reset_entry, done);
	next = list_first_entry_or_null(&lun->resets, struct vscsi_request, reset_entry);
	if (next)
		list_del(&next->reset_entry);
	else
		lun->resetting = false;
	list_splice_init(&lun->resets, &lun->followers);
	spin_unlock(&lun->reset_lock);
	return next;
}

/* Process context; may sleep. */
static void vscsi_reset_over(struct vscsi_request *request)
{
	struct vscsi_lun *lun = request->lun;
	struct vscsi_request *next, *follower, *after;

	vscsi_itl_get(&lun->itl);
	do {
		enum vscsi_known known = request->io.result.known;
		LIST_HEAD(done);

		next = vscsi_reset_next(lun, READ_ONCE(request->queue->stopped), &done);
		list_for_each_entry_safe(follower, after, &done, reset_entry) {
			follower->io.result.known = known;
			vscsi_command_up->over(follower);
		}
		if (request->unit)
			vscsi_unit_leave(request->unit);
		request->unit = NULL;
		vscsi_command_up->over(request);
		request = next;
	} while (request && !vscsi_unit_enter(request, vscsi_unit_of(lun)));
	vscsi_itl_put(&lun->itl);
}

void vscsi_task_start_reset(struct vscsi_request *request)
{
	struct vscsi_lun *lun = request->lun;

	if (READ_ONCE(request->queue->stopped) || !vscsi_itl_reset(&lun->itl, lun->number) ||
	    vscsi_submit_tmr(request, TMR_LUN_RESET, 0))
		vscsi_reset_over(request);
}

void vscsi_task_reset(struct vscsi_request *request)
{
	if (!vscsi_reset_waits(request) &&
	    !vscsi_unit_enter(request, vscsi_unit_of(request->lun)))
		vscsi_reset_over(request);
}

void vscsi_task_start_device_reset(struct vscsi_request *request)
{
	if (!READ_ONCE(request->queue->stopped) &&
	    vscsi_itl_reset(&request->lun->itl, request->lun->number))
		request->io.result.known = VSCSI_KNOWN_DONE;
	vscsi_command_up->over(request);
}

void vscsi_task_reset_device(struct vscsi_request *request)
{
	vscsi_unit_pass(request);
}

void vscsi_task_abort(struct vscsi_request *request, u64 tag)
{
	if (vscsi_submit_tmr(request, TMR_ABORT_TASK, tag))
		vscsi_command_up->over(request);
}

void vscsi_task_done(struct vscsi_request *request)
{
	request->io.result.known = VSCSI_KNOWN_DONE;
	vscsi_command_up->over(request);
}

/* PERSISTENT RESERVE OUT and its abort would wait for each other in target core. */
bool vscsi_request_comes_back(const struct vscsi_request *request)
{
	return request->io.cdb[0] == PERSISTENT_RESERVE_OUT || vscsi_io_comes_back(&request->io);
}

void vscsi_queue_tm_rsp(struct se_cmd *cmd)
{
	u8 response = cmd->se_tmr_req->response;

	if (response == TMR_FUNCTION_COMPLETE || response == TMR_TASK_DOES_NOT_EXIST)
		to_vscsi_io(cmd)->result.known = VSCSI_KNOWN_DONE;
}

void vscsi_task_released(struct vscsi_request *request)
{
	if (request->kind == VSCSI_RESET)
		vscsi_reset_over(request);
	else
		vscsi_command_up->over(request);
}
