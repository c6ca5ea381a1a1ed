// SPDX-License-Identifier: GPL-2.0
/*
 * Reads and writes of iblock backstores, as one bio from the ring's thread; and
 * the end of these and of what passthrough.c executes.
 * Target core does all that comes before: LUN, access, unit attentions, ALUA,
 * reservations, task attributes.  What it would do afterwards, a work item and
 * with it a context switch for each command, is done here for all that ended
 * together: Documentation/performance.md has what that is worth.
 *
 * Whatever is unusual (protection information, an error, an abort) goes the
 * way that target core has for it.
 *
 * The ring's thread does not wait for a device, since it has aborts to read and
 * other LUNs to serve: what would have had to is started by a work item of its
 * v-dev, which may.
 */
#include "shim.h"

#include <linux/blkdev.h>
#include <linux/highmem.h>
#include <linux/module.h>
#include <linux/slab.h>

#include <scsi/scsi_proto.h>
#include <target/target_core_backend.h>

/* A guest waits for its writes, so no throttle for what is written back holds them. */
#define VSCSI_WRITE (REQ_OP_WRITE | REQ_SYNC | REQ_IDLE)

static bool vscsi_direct_enabled = true;
module_param_named(direct, vscsi_direct_enabled, bool, 0644);
MODULE_PARM_DESC(direct, "reads and writes of iblock backstores, and all commands of pscsi's, go to dom0's devices without target core's detours (default Y)");

static struct workqueue_struct *vscsi_finish_wq;
static struct workqueue_struct *vscsi_blocked_wq;

/* iblock tells its device in words only. */
static dev_t vscsi_direct_device(struct se_device *dev)
{
	unsigned int major, minor;
	dev_t number = 0;
	char *text, *at;

	if (strcmp(dev->transport->name, "iblock"))
		return 0;
	text = (char *)get_zeroed_page(GFP_KERNEL);
	if (!text)
		return 0;
	dev->transport->show_configfs_dev_params(dev, text);
	at = strstr(text, "Major: ");
	if (at && sscanf(at, "Major: %u Minor: %u", &major, &minor) == 2)
		number = MKDEV(major, minor);
	free_page((unsigned long)text);
	return number;
}

/*
 * A backstore was linked to a LUN; if its device cannot be had, iblock does the
 * work.  May sleep.  iblock keeps the device open for as long as a LUN or a
 * command needs it, so no reference is kept here.
 */
void vscsi_direct_link(struct se_portal_group *se_tpg, struct se_lun *lun)
{
	dev_t number = vscsi_direct_device(rcu_dereference_raw(lun->lun_se_dev));
	struct block_device *bdev;

	if (!number)
		return;
	bdev = blkdev_get_by_dev(number, FMODE_READ, NULL);
	if (IS_ERR(bdev))
		return;
	blkdev_put(bdev, FMODE_READ);
	xa_store(&to_vscsi_tpg(se_tpg)->direct, lun->unpacked_lun, bdev, GFP_KERNEL);
}

void vscsi_direct_unlink(struct se_portal_group *se_tpg, struct se_lun *lun)
{
	xa_erase(&to_vscsi_tpg(se_tpg)->direct, lun->unpacked_lun);
}

static bool vscsi_is_plain_read_or_write(const struct se_cmd *cmd)
{
	switch (cmd->t_task_cdb[0]) {
	case READ_6:
	case READ_10:
	case READ_12:
	case READ_16:
		return cmd->data_direction == DMA_FROM_DEVICE;
	case WRITE_6:
	case WRITE_10:
	case WRITE_12:
	case WRITE_16:
		return cmd->data_direction == DMA_TO_DEVICE;
	default:
		return false;
	}
}

bool vscsi_direct_wanted(void)
{
	return READ_ONCE(vscsi_direct_enabled);
}

/*
 * The one who adds the first sees to all that follow, unless the ring's thread is
 * submitting: then it will.
 */
void vscsi_direct_executed(struct vscsi_slot *slot)
{
	struct vscsi_ring *ring = slot->ring;

	if (in_task() && current == READ_ONCE(ring->thread)) {
		llist_add(&slot->executed, &ring->executed);
		return;
	}
	/* The slot, and with it the ring, may be gone once it is on the list. */
	kref_get(&ring->kref);
	if (!llist_add(&slot->executed, &ring->executed) || READ_ONCE(ring->submitting) ||
	    !queue_work(vscsi_finish_wq, &ring->finish))
		vscsi_ring_put(ring);
}

void vscsi_direct_submitted(struct vscsi_ring *ring)
{
	/* Who added before, and saw it still set, has added what is found now. */
	smp_store_mb(ring->submitting, false);
	vscsi_direct_finish_all(ring);
}

/* Any context. */
static void vscsi_bio_ended(struct bio *bio)
{
	struct vscsi_slot *slot = bio->bi_private;

	slot->bio_status = bio->bi_status;
	slot->done_ns = ktime_get_ns();
	bio_uninit(bio);
	vscsi_direct_executed(slot);
}

static blk_opf_t vscsi_direct_operation(const struct se_cmd *cmd, struct block_device *bdev)
{
	if (cmd->data_direction == DMA_FROM_DEVICE)
		return REQ_OP_READ;
	/* Without a volatile cache a write is on the medium when it ends. */
	if (bdev_fua(bdev) && (cmd->se_cmd_flags & SCF_FUA || !bdev_write_cache(bdev)))
		return VSCSI_WRITE | REQ_FUA;
	return VSCSI_WRITE;
}

static void vscsi_direct_submit(struct vscsi_slot *slot, blk_opf_t flags)
{
	struct block_device *bdev = slot->bdev;
	struct se_cmd *cmd = &slot->cmd;
	u32 count = cmd->t_data_nents, i;
	struct bio *bio = &slot->bio;

	bio_init(bio, bdev, slot->vecs, count, vscsi_direct_operation(cmd, bdev) | flags);
	bio->bi_iter.bi_sector = target_to_linux_sector(cmd->se_dev, cmd->t_task_lba);
	bio->bi_end_io = vscsi_bio_ended;
	bio->bi_private = slot;
	for (i = 0; i < count; i++)
		__bio_add_page(bio, sg_page(&slot->sgl[i]), slot->sgl[i].length,
			       slot->sgl[i].offset);
	submit_bio(bio);
}

/* A bio that may not wait cannot be split either. */
static blk_opf_t vscsi_direct_patience(const struct vscsi_slot *slot)
{
	struct request_queue *queue = bdev_get_queue(slot->bdev);
	bool whole = slot->cmd.data_length <= queue_max_sectors(queue) << SECTOR_SHIFT &&
		     slot->cmd.t_data_nents <= queue_max_segments(queue);

	return whole && bdev_nowait(slot->bdev) ? REQ_NOWAIT : 0;
}

/* All of target core's checks are passed; mostly the ring's thread. */
static sense_reason_t vscsi_direct_execute(struct se_cmd *cmd)
{
	struct vscsi_slot *slot = to_vscsi_slot(cmd);

	vscsi_direct_submit(slot, vscsi_direct_patience(slot));
	return TCM_NO_SENSE;
}

/* It would have had to wait; the slot holds its device until it is over. */
static void vscsi_direct_block(struct vscsi_slot *slot)
{
	struct vscsi_device *device = slot->device;

	kref_get(&device->kref);
	llist_add(&slot->executed, &device->blocked);
	if (!queue_work(vscsi_blocked_wq, &device->unblock))
		vscsi_device_put(device);
}

void vscsi_direct_unblock(struct work_struct *work)
{
	struct vscsi_device *device = container_of(work, struct vscsi_device, unblock);
	struct llist_node *blocked = llist_reverse_order(llist_del_all(&device->blocked));
	struct vscsi_slot *slot, *next;

	/* Each may be over, and gone, before the next is looked at. */
	llist_for_each_entry_safe(slot, next, blocked, executed)
		vscsi_direct_submit(slot, 0);
	vscsi_device_put(device);
}

/* After parsing: takes the command over from iblock.  Ring thread. */
bool vscsi_direct_adopt(struct vscsi_slot *slot)
{
	struct se_cmd *cmd = &slot->cmd;
	struct block_device *bdev;

	if (!vscsi_direct_wanted())
		return false;
	if (!(cmd->se_cmd_flags & SCF_SCSI_DATA_CDB) || !cmd->t_data_nents || cmd->prot_op ||
	    cmd->transport_complete_callback || !vscsi_is_plain_read_or_write(cmd))
		return false;
	bdev = xa_load(&to_vscsi_tpg(cmd->se_lun->lun_tpg)->direct, cmd->se_lun->unpacked_lun);
	if (!bdev)
		return false;
	slot->bdev = bdev;
	cmd->execute_cmd = vscsi_direct_execute;
	return true;
}

/*
 * Target core takes the device's limit for a guest's: a guest would make two
 * commands of what fits one ring request, and one request of the block layer's.
 */
void vscsi_direct_inquired(struct vscsi_slot *slot)
{
	struct se_cmd *cmd = &slot->cmd;
	u8 *data;

	/* EVPD */
	if (!(slot->cdb[1] & 1) || !slot->data_ready || !slot->pages ||
	    !xa_load(&to_vscsi_tpg(cmd->se_lun->lun_tpg)->direct, cmd->se_lun->unpacked_lun))
		return;
	data = kmap_local_page(sg_page(slot->sgl));
	vscsi_widen_block_limits(data + slot->sgl->offset, slot->sgl->length,
				 VSCSI_MAX_SEGMENTS * PAGE_SIZE /
					 cmd->se_dev->dev_attrib.block_size);
	kunmap_local(data);
}

/* False if somebody wants the command back: then target core ends it. */
static bool vscsi_direct_claim(struct se_cmd *cmd)
{
	bool mine;

	spin_lock_irq(&cmd->t_state_lock);
	mine = !(cmd->transport_state & (CMD_T_ABORTED | CMD_T_STOP));
	if (mine) {
		/* From here on an abort passes it over. */
		cmd->t_state = TRANSPORT_COMPLETE;
		cmd->transport_state |= CMD_T_COMPLETE;
		cmd->transport_state &= ~CMD_T_ACTIVE;
	}
	spin_unlock_irq(&cmd->t_state_lock);
	return mine;
}

/* Commands that wait for those before them, if any do, are target core's. */
static void vscsi_direct_leave_task_set(struct se_cmd *cmd)
{
	struct se_device *dev = cmd->se_dev;

	if (cmd->se_cmd_flags & SCF_TASK_ATTR_SET) {
		cmd->se_cmd_flags &= ~SCF_TASK_ATTR_SET;
		atomic_dec_mb(&dev->non_ordered);
	}
	if (atomic_read(&dev->delayed_cmd_count) > 0)
		schedule_work(&dev->delayed_cmd_work);
}

static void vscsi_direct_finish(struct vscsi_slot *slot)
{
	struct se_cmd *cmd = &slot->cmd;

	/* A device below a stacked one may know no bios that do not wait. */
	if ((slot->bio_status == BLK_STS_AGAIN || slot->bio_status == BLK_STS_NOTSUPP) &&
	    slot->bio.bi_opf & REQ_NOWAIT) {
		slot->done_ns = 0;
		vscsi_direct_block(slot);
		return;
	}
	if (slot->bio_status || !vscsi_direct_claim(cmd)) {
		target_complete_cmd(cmd, slot->bio_status ? SAM_STAT_CHECK_CONDITION : SAM_STAT_GOOD);
		return;
	}
	vscsi_direct_leave_task_set(cmd);
	if (slot->from_device) {
		atomic_long_add(cmd->data_length, &cmd->se_lun->lun_stats.tx_data_octets);
		vscsi_queue_data_in(cmd);
	} else {
		atomic_long_add(cmd->data_length, &cmd->se_lun->lun_stats.rx_data_octets);
		vscsi_queue_status(cmd);
	}
	/* Nobody else has a reference, so release_cmd follows at once. */
	slot->quiet = true;
	transport_generic_free_cmd(cmd, 0);
}

/* Ends all that was executed, with one answer for all.  May sleep; the caller holds the ring. */
void vscsi_direct_finish_all(struct vscsi_ring *ring)
{
	struct llist_node *executed = llist_reverse_order(llist_del_all(&ring->executed));
	struct vscsi_slot *slot, *next;

	if (!executed)
		return;
	llist_for_each_entry_safe(slot, next, executed, executed)
		vscsi_direct_finish(slot);
	vscsi_drain(ring);
	/* Pairs with the barrier in vscsi_ring_stop(). */
	smp_mb();
	if (READ_ONCE(ring->stopped))
		vscsi_vhost_kick(ring->vhost);
}

void vscsi_direct_finish_work(struct work_struct *work)
{
	struct vscsi_ring *ring = container_of(work, struct vscsi_ring, finish);

	vscsi_direct_finish_all(ring);
	vscsi_ring_put(ring);
}

int vscsi_direct_init(void)
{
	vscsi_finish_wq = alloc_workqueue("xen-vscsi-finish", WQ_HIGHPRI | WQ_MEM_RECLAIM, 0);
	vscsi_blocked_wq = alloc_workqueue("xen-vscsi-wait", WQ_UNBOUND | WQ_MEM_RECLAIM,
					   WQ_UNBOUND_MAX_ACTIVE);
	if (vscsi_finish_wq && vscsi_blocked_wq)
		return 0;
	vscsi_direct_exit();
	return -ENOMEM;
}

void vscsi_direct_exit(void)
{
	if (vscsi_blocked_wq)
		destroy_workqueue(vscsi_blocked_wq);
	if (vscsi_finish_wq)
		destroy_workqueue(vscsi_finish_wq);
}
