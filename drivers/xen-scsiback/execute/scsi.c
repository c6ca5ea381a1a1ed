// SPDX-License-Identifier: GPL-2.0
/*
 * Commands for pscsi backstores, straight to dom0's SCSI mid-layer.  Target
 * core still finds the LUN, checks access, tracks and aborts; but pscsi's own
 * execution loses what a tape needs: the adapter's result, the residual of a
 * read that ends in CHECK CONDITION, the guest's time limit, and any way to
 * abort.  Documentation/tape.md has the details.
 *
 * Where the device cannot be found pscsi does the work, as for everybody else.
 */
#define pr_fmt(fmt) "xen-pvscsi: " fmt

#include "private.h"
#include "limits.h"
#include "request.h"

#include <linux/highmem.h>

#include <scsi/scsi_cmnd.h>
#include <scsi/scsi_common.h>
#include <scsi/scsi_device.h>
#include <scsi/scsi_proto.h>
#include <target/target_core_backend.h>

static int vscsi_scsi_link(struct vscsi_backing *backing, struct se_device *dev)
{
	struct vscsi_scsi_device *device = vscsi_scsi_device_find(dev);

	if (IS_ERR(device))
		return PTR_ERR(device);
	backing->device = device;
	return device ? 0 : -ENODEV;
}

static void vscsi_scsi_unlink(struct vscsi_backing *backing)
{
	vscsi_scsi_device_put(backing->device);
}

static bool vscsi_scsi_find(struct vscsi_io *io, const struct vscsi_backing *backing)
{
	/* What a guest has at a target is not for the device to say. */
	if (io->cdb[0] == REPORT_LUNS || !vscsi_scsi_device_get(backing->device))
		return false;
	io->execution.device = backing->device;
	return true;
}

static void vscsi_scsi_use(struct vscsi_io *io)
{
	vscsi_share_use(io->itl, io->execution.device);
}

static void vscsi_scsi_over(struct vscsi_io *io)
{
	struct vscsi_execution *execution = &io->execution;
	struct vscsi_scsi_device *device = execution->device;

	/* Target core ended the command before it was executed. */
	if (execution->stage == VSCSI_REQUEST_READY)
		vscsi_request_drop(execution->request);
	if (execution->stage == VSCSI_REQUEST_AWAITED)
		atomic_dec(&device->queued);
	execution->stage = VSCSI_REQUEST_NONE;
	execution->device = NULL;
	vscsi_scsi_device_put(device);
}

static void vscsi_scsi_abort(struct vscsi_io *io)
{
	struct request *req = io->execution.request;

	lockdep_assert_held(&io->execution.lock);
	if (io->execution.stage != VSCSI_REQUEST_STARTED || !vscsi_share_may_abort(io))
		return;
	/*
	 * A transport may put it off, and what the adapter does not have yet is only
	 * given a short time there: the caller will ask again.
	 */
	WRITE_ONCE(req->timeout, 1);
	blk_abort_request(req);
}

static u32 vscsi_scsi_piece_end(const struct vscsi_io *io)
{
	return io->execution.piece_from + io->execution.piece_bytes;
}

static void vscsi_scsi_note(struct vscsi_io *io, const struct scsi_cmnd *scmd, blk_status_t error)
{
	struct vscsi_io_result *result = &io->result;

	result->host = vscsi_host_result(host_byte(scmd->result));
	result->status = scmd->result & 0xff;
	/* Ended before it reached the adapter. */
	if (error && !scmd->result)
		result->host = VSCSI_HOST_ERROR;
	/* More than was asked for: libiscsi counts what did not fit, all else came. */
	result->residual = io->data.bytes - vscsi_scsi_piece_end(io) +
			   (scmd->resid_len <= io->execution.piece_bytes ? scmd->resid_len : 0);
	if (result->host)
		result->residual = io->data.bytes;
	if (result->status == SAM_STAT_CHECK_CONDITION) {
		memcpy(result->sense, scmd->sense_buffer, VSCSI_SENSE_BYTES);
		result->has_sense = true;
	}
	result->known = VSCSI_KNOWN_DEVICE;
}

static void vscsi_scsi_amend(struct vscsi_io *io)
{
	void *data;

	if (!vscsi_io_reads(io) || io->result.status || io->result.residual >= io->data.bytes)
		return;
	vscsi_ports_amend(io);
	if (!vscsi_io_read_only(io))
		return;
	data = vscsi_io_first_page(io);
	vscsi_protect_mode_sense(io->cdb, data, io->data.sgl->length);
	kunmap_local(data);
}

/* Target core only passes on that it is over; the result is here. */
static void vscsi_scsi_end(struct vscsi_io *io)
{
	if (io->execution.ender == VSCSI_ENDS_RING)
		vscsi_execute_up->ended(io);
	else
		target_complete_cmd(&io->cmd, SAM_STAT_GOOD);
}

/* The command was carried out all the same (SPC-4 table 42); not of an earlier one, deferred. */
static bool vscsi_scsi_recovered(const struct vscsi_io *io, struct vscsi_sense *sense)
{
	const struct vscsi_io_result *result = &io->result;
	u8 format = result->sense[0] & 0x7f;

	if (result->status != SAM_STAT_CHECK_CONDITION || (format != 0x70 && format != 0x72))
		return false;
	vscsi_sense_of(result->sense, VSCSI_SENSE_BYTES, sense);
	return sense->key == RECOVERED_ERROR;
}

/* All of a piece came, and it was not the last. */
static bool vscsi_scsi_goes_on(struct vscsi_io *io)
{
	struct vscsi_io_result *result = &io->result;
	u32 end = vscsi_scsi_piece_end(io);
	struct vscsi_sense sense = {};

	if (result->host || !io->execution.piece_bytes || end >= io->cmd.data_length ||
	    result->residual != io->data.bytes - end)
		return false;
	if (result->status && !vscsi_scsi_recovered(io, &sense))
		return false;
	if (result->status && !io->execution.recovered)
		io->execution.recovered = BIT(16) | sense.code << 8 | sense.qualifier;
	result->has_sense = false;
	return true;
}

/* What an earlier piece was told, if the others ended well. */
static void vscsi_scsi_note_recovered(struct vscsi_io *io)
{
	struct vscsi_io_result *result = &io->result;
	u32 recovered = io->execution.recovered;

	if (!recovered || result->host || result->status)
		return;
	result->status = SAM_STAT_CHECK_CONDITION;
	memset(result->sense, 0, sizeof(result->sense));
	scsi_build_sense_buffer(0, result->sense, RECOVERED_ERROR, recovered >> 8 & 0xff,
				recovered & 0xff);
	result->has_sense = true;
}

/* Interrupt context. */
static VSCSI_REQUEST_ENDED(vscsi_scsi_done)
{
	struct vscsi_io *io = req->end_io_data;
	struct vscsi_io_result *result = &io->result;
	unsigned long flags;

	vscsi_scsi_note(io, blk_mq_rq_to_pdu(req), error);
	io->times.done = ktime_get_ns();

	spin_lock_irqsave(&io->execution.lock, flags);
	io->execution.request = NULL;
	io->execution.stage = VSCSI_REQUEST_NONE;
	if (io->execution.aborting && result->host)
		result->host = VSCSI_HOST_RESET;
	spin_unlock_irqrestore(&io->execution.lock, flags);
	blk_mq_free_request(req);

	if (vscsi_scsi_goes_on(io)) {
		vscsi_io_block(io, VSCSI_BLOCKED);
		return RQ_END_IO_NONE;
	}
	vscsi_share_leave(io, true);
	vscsi_scsi_note_recovered(io);
	vscsi_scsi_amend(io);
	vscsi_scsi_end(io);
	return RQ_END_IO_NONE;
}

/* Commands that wait for a request are started in the order in which they came. */
static void vscsi_scsi_start(struct vscsi_scsi_device *device, struct request *req, bool awaited)
{
	struct blk_plug *plug = current->plug;

	if (awaited)
		kref_get(&device->kref);
	/* A plug gives its requests to the adapter in reverse order. */
	if (plug)
		blk_finish_plug(plug);
	/* The command may be gone when it returns. */
	blk_execute_rq_nowait(req, false);
	if (plug)
		blk_start_plug(plug);
	if (awaited) {
		atomic_dec(&device->queued);
		vscsi_scsi_device_put(device);
	}
}

/* False if somebody wants the command back already. */
static bool vscsi_scsi_arm(struct vscsi_io *io, struct request *req)
{
	struct vscsi_execution *execution = &io->execution;
	bool armed;

	req->end_io = vscsi_scsi_done;
	req->end_io_data = io;
	spin_lock_irq(&execution->lock);
	armed = !execution->aborting;
	if (armed) {
		execution->request = req;
		execution->stage = VSCSI_REQUEST_STARTED;
	}
	spin_unlock_irq(&execution->lock);
	return armed;
}

static struct request *vscsi_scsi_request(struct vscsi_io *io, blk_mq_req_flags_t flags)
{
	struct scsi_device *sdev = vscsi_scsi_device_pin(io->execution.device);
	struct request *req = vscsi_io_request(io, sdev, flags);

	vscsi_sdev_unpin(sdev);
	return req;
}

/* The request that is ready, or one that is waited for; with the command's data. */
static struct request *vscsi_scsi_prepare(struct vscsi_io *io)
{
	struct vscsi_execution *execution = &io->execution;
	struct request *req;
	int err;

	if (execution->stage == VSCSI_REQUEST_READY) {
		req = execution->request;
		execution->stage = VSCSI_REQUEST_NONE;
	} else {
		req = vscsi_scsi_request(io, 0);
		if (IS_ERR(req))
			return req;
	}
	err = vscsi_request_map(io, req);
	if (!err)
		return req;
	vscsi_request_drop(req);
	return ERR_PTR(err);
}

/* The command, or its next piece: 0, or it is not with the device. */
static int vscsi_scsi_go(struct vscsi_io *io)
{
	struct vscsi_scsi_device *device = io->execution.device;
	struct request *req = vscsi_scsi_prepare(io);
	bool awaited = io->execution.stage == VSCSI_REQUEST_AWAITED;

	if (IS_ERR(req))
		return PTR_ERR(req);
	if (vscsi_scsi_arm(io, req)) {
		vscsi_scsi_start(device, req, awaited);
		return 0;
	}
	vscsi_request_drop(req);
	return -ECANCELED;
}

/* True if that is its result. */
static bool vscsi_scsi_note_failure(struct vscsi_io *io, int err)
{
	switch (err) {
	case -ECANCELED:
		vscsi_io_note_host(io, VSCSI_KNOWN_DEVICE, VSCSI_HOST_RESET);
		return true;
	case -ENODEV: /* dom0 has lost it: the guest shall see that, not wait for it */
		vscsi_scsi_device_look(io->execution.device, false);
		vscsi_io_note_host(io, VSCSI_KNOWN_DEVICE, VSCSI_HOST_NO_CONNECT);
		return true;
	default:
		return false;
	}
}

static sense_reason_t vscsi_scsi_submit(struct vscsi_io *io)
{
	int err = vscsi_scsi_go(io);

	if (!err)
		return TCM_NO_SENSE;
	vscsi_share_leave(io, false);
	if (vscsi_scsi_note_failure(io, err)) {
		target_complete_cmd(&io->cmd, SAM_STAT_GOOD);
		return TCM_NO_SENSE;
	}
	if (err != -EINVAL)
		return TCM_LOGICAL_UNIT_COMMUNICATION_FAILURE;
	pr_warn_ratelimited("%s: %u bytes in %u pieces are more than its host adapter takes: let the guest use smaller blocks\n",
			    io->execution.device->identity, io->data.bytes,
			    io->cmd.t_data_nents);
	return TCM_INVALID_CDB_FIELD;
}

/* The next piece of a read or write that is more than the host adapter takes. */
static void vscsi_scsi_resume(struct vscsi_io *io)
{
	int err;

	io->execution.piece_from += io->execution.piece_bytes;
	/* A reset that found nothing of it at the device ends it too. */
	if (READ_ONCE(io->execution.aborting) || vscsi_share_was_reset(io))
		err = -ECANCELED;
	else
		err = vscsi_scsi_go(io);
	if (!err)
		return;
	vscsi_share_leave(io, false);
	if (!vscsi_scsi_note_failure(io, err))
		vscsi_io_note_check(io, NOT_READY, 0x08, 0);
	vscsi_scsi_end(io);
}

/* The ring's thread with a request that is ready; else target core's work, which may wait for one. */
static sense_reason_t vscsi_scsi_execute(struct se_cmd *cmd)
{
	struct vscsi_io *io = to_vscsi_io(cmd);

	if (vscsi_share_take_attention(io)) {
		target_complete_cmd(cmd, SAM_STAT_GOOD);
		return TCM_NO_SENSE;
	}
	switch (vscsi_share_enter(io)) {
	case VSCSI_GATE_CONFLICT:
		return TCM_RESERVATION_CONFLICT;
	case VSCSI_GATE_BUSY:
		target_complete_cmd(cmd, SAM_STAT_BUSY);
		return TCM_NO_SENSE;
	case VSCSI_GATE_IGNORE:
		target_complete_cmd(cmd, SAM_STAT_GOOD);
		return TCM_NO_SENSE;
	default:
		return vscsi_scsi_submit(io);
	}
}

static bool vscsi_scsi_take(struct vscsi_io *io)
{
	io->cmd.execute_cmd = vscsi_scsi_execute;
	io->execution.piece_from = 0;
	io->execution.piece_bytes = 0;
	io->execution.recovered = 0;
	if (vscsi_direct_wanted())
		io->execution.ender = VSCSI_ENDS_RING;
	return true;
}

/*
 * A request is taken before execution, so that the ring's thread can execute the
 * command.  If there is none, or others that came before wait for one, the command
 * waits too.  Not what is submitted once more: that is done where it ended, and
 * could go round.
 */
static bool vscsi_scsi_waits(struct vscsi_io *io, bool first)
{
	struct vscsi_execution *execution = &io->execution;
	struct vscsi_scsi_device *device = execution->device;
	struct request *req;

	if (!first || execution->ender != VSCSI_ENDS_RING)
		return true;
	if (!atomic_read(&device->queued)) {
		req = vscsi_scsi_request(io, BLK_MQ_REQ_NOWAIT);
		if (!IS_ERR(req)) {
			execution->request = req;
			execution->stage = VSCSI_REQUEST_READY;
			return false;
		}
	}
	execution->stage = VSCSI_REQUEST_AWAITED;
	atomic_inc(&device->queued);
	return true;
}

const struct vscsi_executor vscsi_scsi_executor = {
	.link		= vscsi_scsi_link,
	.unlink		= vscsi_scsi_unlink,
	.find		= vscsi_scsi_find,
	.use		= vscsi_scsi_use,
	.take		= vscsi_scsi_take,
	.waits		= vscsi_scsi_waits,
	.over		= vscsi_scsi_over,
	.abort		= vscsi_scsi_abort,
	.resume		= vscsi_scsi_resume,
	.comes_back	= true,
};
