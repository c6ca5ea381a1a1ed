/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What differs between Linux 6.1, 6.12 and 7.2; compat.kbuild finds out which it is.  No
 * file but this and compat.c asks for the kernel.  A newer one's word stands first.
 */
#ifndef VSCSI_COMPAT_H
#define VSCSI_COMPAT_H

#include <linux/blk-mq.h>
#include <linux/blkdev.h>
#include <linux/percpu.h>
#include <linux/shrinker.h>
#include <linux/workqueue.h>

#include <scsi/scsi_proto.h>
#include <target/target_core_backend.h>
#include <target/target_core_base.h>

#ifdef VSCSI_KERNEL_PLAIN_UNALIGNED
#include <linux/unaligned.h>
#else
#include <asm/unaligned.h>
#endif

#ifndef VSCSI_KERNEL_RELEASE_6
#define RELEASE_6 RELEASE
#endif

#ifndef VSCSI_KERNEL_PERCPU_WORKQUEUES
/* What a queue without WQ_UNBOUND is there. */
#define WQ_PERCPU 0
#endif

#ifndef VSCSI_KERNEL_EXEC_CMD_OPS
#define exec_cmd_ops sbc_ops
#endif

/* The head of a function that hears of a request's end. */
#ifdef VSCSI_KERNEL_ENDS_IN_BATCHES
#define VSCSI_REQUEST_ENDED(function)                                                   \
	enum rq_end_io_ret function(struct request *req, blk_status_t error,            \
				    const struct io_comp_batch *batch)
#else
#define VSCSI_REQUEST_ENDED(function)                                                   \
	enum rq_end_io_ret function(struct request *req, blk_status_t error)
#endif

#ifdef VSCSI_KERNEL_ASKS_FOR_SUBMISSION
/* Commands are executed where target_submit() is called, unless the backstore says otherwise. */
#define VSCSI_SUBMISSION .default_submit_type = TARGET_DIRECT_SUBMIT, .direct_submit_supp = 1,
#else
#define VSCSI_SUBMISSION
#endif

/* One that counts and scans; name as in debugfs.  NULL: no memory. */
typedef unsigned long vscsi_shrink(struct shrinker *shrinker, struct shrink_control *control);

struct shrinker *vscsi_shrinker_create(const char *name, vscsi_shrink *count, vscsi_shrink *scan);
void vscsi_shrinker_destroy(struct shrinker *shrinker);

/* The device of that number, or an error; who else has it open keeps it.  May sleep. */
struct block_device *vscsi_bdev_find(dev_t number);

/*
 * A bio for a request of q is filled with these two: false, if that was too much already;
 * in the end, how many of its bytes q's adapter takes in one request.
 */
static inline bool vscsi_bio_add(struct request_queue *q, struct bio *bio, struct page *page,
				 u32 bytes, u32 offset)
{
#ifdef VSCSI_KERNEL_SPLITS_BIOS
	return bio_add_page(bio, page, bytes, offset) == bytes;
#else
	return bio_add_pc_page(q, bio, page, bytes, offset) == bytes;
#endif
}

static inline u32 vscsi_bio_fits(struct request_queue *q, struct bio *bio)
{
#ifdef VSCSI_KERNEL_SPLITS_BIOS
	unsigned int segments;
	int sectors = bio_split_io_at(bio, &q->limits, &segments,
				      queue_max_hw_sectors(q) << SECTOR_SHIFT, 0);

	if (sectors)
		return sectors > 0 ? sectors << SECTOR_SHIFT : 0;
#endif
	return bio->bi_iter.bi_size;
}

/* May sleep. */
int vscsi_map_kernel(struct request *req, void *data, u32 bytes);

/* One that ran alone must be ended by target core, which else lets none run any more. */
static inline bool vscsi_runs_alone(const struct se_cmd *cmd)
{
#ifdef VSCSI_KERNEL_PERCPU_TASK_SETS
	return cmd->se_cmd_flags & SCF_TASK_ORDERED_SYNC;
#else
	return false;
#endif
}

/* What target core does at a command's end; those that wait for those before them are its own. */
static inline void vscsi_leave_task_set(struct se_cmd *cmd)
{
	struct se_device *dev = cmd->se_dev;

#ifdef VSCSI_KERNEL_PERCPU_TASK_SETS
	if (cmd->se_cmd_flags & SCF_TASK_ATTR_SET) {
		cmd->se_cmd_flags &= ~SCF_TASK_ATTR_SET;
		percpu_ref_put(&dev->non_ordered);
	}
#else
	if (cmd->se_cmd_flags & SCF_TASK_ATTR_SET) {
		cmd->se_cmd_flags &= ~SCF_TASK_ATTR_SET;
		atomic_dec_mb(&dev->non_ordered);
	}
	if (atomic_read(&dev->delayed_cmd_count) > 0)
		schedule_work(&dev->delayed_cmd_work);
#endif
}

static inline void vscsi_count_data(struct se_lun *lun, bool from_device, u32 bytes)
{
#ifdef VSCSI_KERNEL_PERCPU_LUN_STATS
	if (!lun->lun_stats)
		return;
	if (from_device)
		this_cpu_add(lun->lun_stats->tx_data_octets, bytes);
	else
		this_cpu_add(lun->lun_stats->rx_data_octets, bytes);
#else
	if (from_device)
		atomic_long_add(bytes, &lun->lun_stats.tx_data_octets);
	else
		atomic_long_add(bytes, &lun->lun_stats.rx_data_octets);
#endif
}

#endif
