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
#include "shim.h"
#include "request.h"

#include <linux/blk-mq.h>
#include <linux/highmem.h>
#include <linux/slab.h>

#include <scsi/scsi_cmnd.h>
#include <scsi/scsi_device.h>
#include <scsi/scsi_host.h>
#include <target/target_core_backend.h>

#define VSCSI_RELEASE_TIMEOUT (30 * HZ)
/*
 * An abort before the guest's own limit has passed costs the adapter work that
 * all of its users may feel, so a device gets a burst of them now and then.
 */
#define VSCSI_EARLY_ABORT_EVERY (10 * HZ)
#define VSCSI_EARLY_ABORT_BURST (HZ / 10)
/* SPC-4: BUS DEVICE RESET FUNCTION OCCURRED. */
#define VSCSI_RESET_OCCURRED 0x2903

struct vscsi_passthrough {
	struct kref kref;		/* each LUN that exports it, each command */
	struct list_head entry;		/* vscsi_passthrough_lock */
	struct scsi_device *sdev;	/* referenced */
	atomic_t queued;		/* commands that may be waiting for a tag */
	spinlock_t gate_lock;
	struct vscsi_gate gate;		/* gate_lock */
	u32 attentions;			/* gate_lock: unit attentions so far */
	u16 attention;			/* gate_lock: code and qualifier of the last one */
	unsigned long early_abort;	/* gate_lock: jiffies of the last burst */
	struct rcu_head rcu;
};

static DEFINE_MUTEX(vscsi_passthrough_lock);
static LIST_HEAD(vscsi_passthroughs);	/* vscsi_passthrough_lock */

static void vscsi_release_device(struct scsi_device *sdev);

static void vscsi_passthrough_free(struct kref *kref)
{
	struct vscsi_passthrough *pass = container_of(kref, struct vscsi_passthrough, kref);

	list_del(&pass->entry);
	mutex_unlock(&vscsi_passthrough_lock);
	if (pass->gate.reserved)
		vscsi_release_device(pass->sdev);
	scsi_device_put(pass->sdev);
	kfree_rcu(pass, rcu);
}

/* May sleep. */
static void vscsi_passthrough_unref(struct vscsi_passthrough *pass)
{
	kref_put_mutex(&pass->kref, vscsi_passthrough_free, &vscsi_passthrough_lock);
}

/* pscsi tells the address of its device in words only. */
static struct scsi_device *vscsi_passthrough_device(struct se_device *dev)
{
	u32 host, channel, id, lun;
	struct scsi_device *sdev;
	struct Scsi_Host *shost;
	char *text;
	int found;

	if (strcmp(dev->transport->name, "pscsi"))
		return NULL;
	text = (char *)get_zeroed_page(GFP_KERNEL);
	if (!text)
		return NULL;
	dev->transport->show_configfs_dev_params(dev, text);
	found = sscanf(text,
		       "SCSI Device Bus Location: Channel ID: %u Target ID: %u LUN: %u Host ID: %u",
		       &channel, &id, &lun, &host);
	free_page((unsigned long)text);
	if (found != 4)
		return NULL;
	shost = scsi_host_lookup(host);
	if (!shost)
		return NULL;
	sdev = scsi_device_lookup(shost, channel, id, lun);
	scsi_host_put(shost);
	return sdev;
}

static struct vscsi_passthrough *vscsi_passthrough_of(struct scsi_device *sdev)
{
	struct vscsi_passthrough *pass;

	lockdep_assert_held(&vscsi_passthrough_lock);
	list_for_each_entry(pass, &vscsi_passthroughs, entry) {
		if (pass->sdev == sdev && kref_get_unless_zero(&pass->kref)) {
			scsi_device_put(sdev);
			return pass;
		}
	}
	pass = kzalloc(sizeof(*pass), GFP_KERNEL);
	if (!pass) {
		scsi_device_put(sdev);
		return NULL;
	}
	kref_init(&pass->kref);
	spin_lock_init(&pass->gate_lock);
	pass->early_abort = jiffies - VSCSI_EARLY_ABORT_EVERY;
	pass->sdev = sdev;
	list_add(&pass->entry, &vscsi_passthroughs);
	return pass;
}

/* A backstore was linked to a LUN.  configfs; may sleep. */
int vscsi_passthrough_link(struct se_portal_group *se_tpg, struct se_lun *lun)
{
	struct vscsi_tpg *tpg = to_vscsi_tpg(se_tpg);
	struct se_device *dev = rcu_dereference_raw(lun->lun_se_dev);
	struct vscsi_passthrough *pass;
	struct scsi_device *sdev;
	int err;

	sdev = vscsi_passthrough_device(dev);
	if (!sdev)
		return 0;
	mutex_lock(&vscsi_passthrough_lock);
	pass = vscsi_passthrough_of(sdev);
	mutex_unlock(&vscsi_passthrough_lock);
	if (!pass)
		return 0;
	err = xa_err(xa_store(&tpg->passthrough, lun->unpacked_lun, pass, GFP_KERNEL));
	if (err)
		vscsi_passthrough_unref(pass);
	return 0;
}

/* The backstore goes; commands in flight keep what they use. */
void vscsi_passthrough_unlink(struct se_portal_group *se_tpg, struct se_lun *lun)
{
	struct vscsi_passthrough *pass;

	pass = xa_erase(&to_vscsi_tpg(se_tpg)->passthrough, lun->unpacked_lun);
	if (pass)
		vscsi_passthrough_unref(pass);
}

static struct vscsi_passthrough *vscsi_passthrough_get(struct vscsi_tpg *tpg, u64 lun)
{
	struct vscsi_passthrough *pass;

	rcu_read_lock();
	pass = xa_load(&tpg->passthrough, lun);
	if (pass && !kref_get_unless_zero(&pass->kref))
		pass = NULL;
	rcu_read_unlock();
	return pass;
}

/* May sleep. */
void vscsi_passthrough_put(struct vscsi_slot *slot)
{
	struct vscsi_passthrough *pass = slot->passthrough;

	if (!pass)
		return;
	/* Target core ended it before it was executed. */
	if (slot->ready)
		vscsi_request_drop(slot->ready);
	slot->ready = NULL;
	if (slot->queued)
		atomic_dec(&pass->queued);
	slot->queued = false;
	slot->passthrough = NULL;
	vscsi_passthrough_unref(pass);
}

static void *vscsi_first_page(struct vscsi_slot *slot)
{
	return kmap_local_page(sg_page(slot->sgl)) + slot->sgl->offset;
}

/*
 * The device tells a unit attention to whoever comes next, and knows one nexus
 * only: the other guests that share it are told here.  gate_lock held.
 */
static void vscsi_note_attention(struct vscsi_passthrough *pass, struct vscsi_device *told,
				 const u8 *sense)
{
	bool descriptor = (sense[0] & 0x7f) >= 0x72;
	bool up_to_date = told->attentions == pass->attentions;

	if ((sense[descriptor ? 1 : 2] & 0xf) != UNIT_ATTENTION)
		return;
	pass->attentions++;
	pass->attention = descriptor ? sense[2] << 8 | sense[3] : sense[12] << 8 | sense[13];
	if (up_to_date)
		told->attentions = pass->attentions;
}

static void vscsi_leave_gate(struct vscsi_slot *slot, bool good, const u8 *sense)
{
	struct vscsi_gate_outcome outcome = { .good = good, .sense = sense };
	struct vscsi_passthrough *pass = slot->passthrough;
	unsigned long flags;
	void *data = NULL;

	if (slot->bytes) {
		data = vscsi_first_page(slot);
		outcome.data = data;
		outcome.data_bytes = slot->sgl->length;
	}
	spin_lock_irqsave(&pass->gate_lock, flags);
	vscsi_gate_leave(&pass->gate, slot->device->session->nexus, slot->cdb, &outcome);
	if (sense)
		vscsi_note_attention(pass, slot->device, sense);
	spin_unlock_irqrestore(&pass->gate_lock, flags);
	if (data)
		kunmap_local(data);
}

/* Whether the guest must hear of a unit attention first; sense data if so. */
static bool vscsi_take_attention(struct vscsi_slot *slot)
{
	struct vscsi_passthrough *pass = slot->passthrough;
	struct vscsi_device *device = slot->device;
	u16 attention = 0;

	/* SAM-5 5.14: these do not report one. */
	if (slot->cdb[0] == INQUIRY || slot->cdb[0] == REQUEST_SENSE)
		return false;
	spin_lock_irq(&pass->gate_lock);
	if (device->attentions != pass->attentions) {
		device->attentions = pass->attentions;
		attention = pass->attention;
	}
	spin_unlock_irq(&pass->gate_lock);
	if (!attention)
		return false;
	memset(slot->sense, 0, sizeof(slot->sense));
	scsi_build_sense_buffer(0, slot->sense, UNIT_ATTENTION, attention >> 8, attention & 0xff);
	slot->has_sense = true;
	slot->host = VSCSI_HOST_OK;
	slot->status = SAM_STAT_CHECK_CONDITION;
	slot->residual = slot->bytes;
	slot->result_known = true;
	target_complete_cmd(&slot->cmd, SAM_STAT_GOOD);
	return true;
}

/* Interrupt context. */
static enum rq_end_io_ret vscsi_passthrough_done(struct request *req, blk_status_t error)
{
	struct scsi_cmnd *scmd = blk_mq_rq_to_pdu(req);
	struct vscsi_slot *slot = req->end_io_data;
	struct se_cmd *cmd = &slot->cmd;
	const u8 *sense = NULL;
	unsigned long flags;

	slot->host = vscsi_host_result(host_byte(scmd->result));
	slot->status = scmd->result & 0xff;
	/* Ended before it reached the adapter. */
	if (error && !scmd->result)
		slot->host = VSCSI_HOST_ERROR;
	/* More than was asked for: libiscsi counts what did not fit, all else came. */
	slot->residual = scmd->resid_len <= slot->bytes ? scmd->resid_len : 0;
	if (slot->host)
		slot->residual = slot->bytes;
	if (slot->status == SAM_STAT_CHECK_CONDITION) {
		memcpy(slot->sense, scmd->sense_buffer, VSCSI_SENSE_BYTES);
		slot->has_sense = true;
		sense = slot->sense;
	}
	slot->data_ready = slot->from_device && slot->residual < slot->bytes;
	slot->result_known = true;
	slot->done_ns = ktime_get_ns();

	spin_lock_irqsave(&slot->request_lock, flags);
	slot->request = NULL;
	if (slot->aborting && slot->host)
		slot->host = VSCSI_HOST_RESET;
	spin_unlock_irqrestore(&slot->request_lock, flags);
	blk_mq_free_request(req);

	vscsi_leave_gate(slot, !slot->host && !slot->status, sense);
	if (slot->data_ready && !slot->status && target_lun_is_rdonly(cmd)) {
		void *data = vscsi_first_page(slot);

		vscsi_protect_mode_sense(slot->cdb, data, slot->sgl->length);
		kunmap_local(data);
	}
	/* Target core only passes on that it is over; the result is in the slot. */
	slot->bio_status = BLK_STS_OK;
	if (slot->direct)
		vscsi_direct_executed(slot);
	else
		target_complete_cmd(cmd, SAM_STAT_GOOD);
	return RQ_END_IO_NONE;
}

/* Commands that wait for a tag are started in the order in which they came. */
static void vscsi_passthrough_start(struct vscsi_slot *slot, struct request *req)
{
	struct vscsi_passthrough *pass = slot->passthrough;
	struct blk_plug *plug = current->plug;
	bool queued = slot->queued;

	slot->queued = false;
	if (queued)
		kref_get(&pass->kref);
	/* A plug gives its requests to the adapter in reverse order. */
	if (plug)
		blk_finish_plug(plug);
	/* The slot may be gone when it returns. */
	blk_execute_rq_nowait(req, false);
	if (plug)
		blk_start_plug(plug);
	if (queued) {
		atomic_dec(&pass->queued);
		vscsi_passthrough_unref(pass);
	}
}

/* The ring's thread with a request that is ready; else target core's work, which may wait for a tag. */
static sense_reason_t vscsi_passthrough_execute(struct se_cmd *cmd)
{
	struct vscsi_slot *slot = to_vscsi_slot(cmd);
	struct vscsi_passthrough *pass = slot->passthrough;
	struct scsi_device *sdev = pass->sdev;
	struct request *req = slot->ready;
	int verdict, err;

	if (vscsi_take_attention(slot))
		return TCM_NO_SENSE;
	spin_lock_irq(&pass->gate_lock);
	verdict = vscsi_gate_enter(&pass->gate, slot->device->session->nexus, slot->cdb);
	spin_unlock_irq(&pass->gate_lock);
	switch (verdict) {
	case VSCSI_GATE_CONFLICT:
		return TCM_RESERVATION_CONFLICT;
	case VSCSI_GATE_BUSY:
		target_complete_cmd(cmd, SAM_STAT_BUSY);
		return TCM_NO_SENSE;
	case VSCSI_GATE_IGNORE:
		target_complete_cmd(cmd, SAM_STAT_GOOD);
		return TCM_NO_SENSE;
	}

	if (!req)
		req = vscsi_slot_request(slot, sdev, 0);
	slot->ready = NULL;
	if (IS_ERR(req)) {
		err = PTR_ERR(req);
		goto leave;
	}
	err = vscsi_request_map(slot, req);
	if (err) {
		vscsi_request_drop(req);
		goto leave;
	}
	req->end_io = vscsi_passthrough_done;
	req->end_io_data = slot;

	spin_lock_irq(&slot->request_lock);
	if (slot->aborting)
		err = -EINTR;
	else
		slot->request = req;
	spin_unlock_irq(&slot->request_lock);
	if (err) {
		vscsi_request_drop(req);
		vscsi_leave_gate(slot, false, NULL);
		slot->host = VSCSI_HOST_RESET;
		slot->residual = slot->bytes;
		slot->result_known = true;
		target_complete_cmd(cmd, SAM_STAT_GOOD);
		return TCM_NO_SENSE;
	}
	vscsi_passthrough_start(slot, req);
	return TCM_NO_SENSE;

leave:
	vscsi_leave_gate(slot, false, NULL);
	if (err != -EINVAL)
		return TCM_LOGICAL_UNIT_COMMUNICATION_FAILURE;
	pr_warn_ratelimited("%s: %u bytes in %u pieces are more than its host adapter takes: let the guest use smaller blocks\n",
			    dev_name(&sdev->sdev_gendev), slot->bytes, cmd->t_data_nents);
	return TCM_INVALID_CDB_FIELD;
}

/* The device keeps the last one that it used. */
static void vscsi_device_uses(struct vscsi_device *device, struct vscsi_passthrough *pass)
{
	struct vscsi_passthrough *old = device->passthrough;

	if (old == pass)
		return;
	kref_get(&pass->kref);
	device->passthrough = pass;
	spin_lock_irq(&pass->gate_lock);
	device->attentions = pass->attentions;
	spin_unlock_irq(&pass->gate_lock);
	if (old)
		vscsi_passthrough_unref(old);
}

/* The device is gone; control work. */
void vscsi_passthrough_leave(struct vscsi_device *device)
{
	if (device->passthrough)
		vscsi_passthrough_unref(device->passthrough);
	device->passthrough = NULL;
}

/* After parsing: takes the command over from pscsi.  May sleep. */
void vscsi_passthrough_adopt(struct vscsi_slot *slot)
{
	struct se_cmd *cmd = &slot->cmd;

	if (!(cmd->se_dev->transport_flags & TRANSPORT_FLAG_PASSTHROUGH) ||
	    slot->cdb[0] == REPORT_LUNS)
		return;
	slot->passthrough = vscsi_passthrough_get(to_vscsi_tpg(cmd->se_lun->lun_tpg),
						  cmd->se_lun->unpacked_lun);
	if (!slot->passthrough)
		return;
	cmd->execute_cmd = vscsi_passthrough_execute;
	slot->direct = vscsi_direct_wanted();
	/* Once more is target core's work, and the device known already. */
	if (current == slot->ring->thread)
		vscsi_device_uses(slot->device, slot->passthrough);
}

/*
 * A request before execution, so that the ring's thread can execute the command:
 * it has aborts to read, and must not wait for a tag.  False if there is none, or
 * if others that came before wait for one.  Ring thread.
 */
bool vscsi_passthrough_prepare(struct vscsi_slot *slot)
{
	struct vscsi_passthrough *pass = slot->passthrough;
	struct request *req;

	if (!atomic_read(&pass->queued)) {
		req = vscsi_slot_request(slot, pass->sdev, BLK_MQ_REQ_NOWAIT);
		if (!IS_ERR(req)) {
			slot->ready = req;
			return true;
		}
	}
	slot->queued = true;
	atomic_inc(&pass->queued);
	return false;
}

static bool vscsi_may_abort(struct vscsi_slot *slot)
{
	struct vscsi_passthrough *pass = slot->passthrough;
	unsigned long now = jiffies, flags;
	bool may = true;

	if (slot->command.timeout &&
	    time_after_eq(now, slot->since + slot->command.timeout * HZ))
		return true;
	spin_lock_irqsave(&pass->gate_lock, flags);
	if (time_after_eq(now, pass->early_abort + VSCSI_EARLY_ABORT_EVERY))
		pass->early_abort = now;
	else if (time_after(now, pass->early_abort + VSCSI_EARLY_ABORT_BURST))
		may = false;
	spin_unlock_irqrestore(&pass->gate_lock, flags);
	return may;
}

/*
 * Makes the adapter abort it.  Any context; to be called again until the
 * command is over: a transport may put it off, and what the adapter does not
 * have yet is only given a short time there.
 */
void vscsi_passthrough_abort(struct vscsi_slot *slot)
{
	unsigned long flags;

	spin_lock_irqsave(&slot->request_lock, flags);
	slot->aborting = true;
	if (slot->request && vscsi_may_abort(slot)) {
		WRITE_ONCE(slot->request->timeout, 1);
		blk_abort_request(slot->request);
	}
	spin_unlock_irqrestore(&slot->request_lock, flags);
}

/* The host's nexus still holds what a guest reserved.  Does not wait. */
static void vscsi_release_device(struct scsi_device *sdev)
{
	static const u8 cdb[6] = { RELEASE };
	struct request *req;

	req = vscsi_request_alloc(sdev, REQ_OP_DRV_IN, BLK_MQ_REQ_NOWAIT, cdb, sizeof(cdb),
				  VSCSI_RELEASE_TIMEOUT);
	if (IS_ERR(req)) {
		sdev_printk(KERN_WARNING, sdev, "xen-pvscsi: a guest's reservation stays\n");
		return;
	}
	/* Without end_io the request frees itself. */
	blk_execute_rq_nowait(req, false);
}

/* The I_T nexus is lost: RESERVE goes with it (SPC-2 5.5.2).  May sleep. */
void vscsi_passthrough_session_ended(u32 nexus)
{
	struct vscsi_passthrough *pass;
	bool release;

	mutex_lock(&vscsi_passthrough_lock);
	list_for_each_entry(pass, &vscsi_passthroughs, entry) {
		spin_lock_irq(&pass->gate_lock);
		release = vscsi_gate_session_ended(&pass->gate, nexus);
		spin_unlock_irq(&pass->gate_lock);
		if (release)
			vscsi_release_device(pass->sdev);
	}
	mutex_unlock(&vscsi_passthrough_lock);
}

/*
 * A LOGICAL UNIT RESET ends RESERVE as well, and everybody hears of it.  Ring
 * thread.
 */
void vscsi_passthrough_reset(struct vscsi_device *device)
{
	struct vscsi_passthrough *pass = device->passthrough;
	bool release;

	if (!pass)
		return;
	spin_lock_irq(&pass->gate_lock);
	release = vscsi_gate_reset(&pass->gate);
	pass->attentions++;
	pass->attention = VSCSI_RESET_OCCURRED;
	spin_unlock_irq(&pass->gate_lock);
	if (release)
		vscsi_release_device(pass->sdev);
}
