// SPDX-License-Identifier: GPL-2.0
/*
 * statistics/ below the xenbus device in sysfs: a controller's numbers, and in
 * lun-H:C:T:L those of each device.  Show functions wait for no device and
 * complete no work, so directories can be removed while they are read.
 */
#define pr_fmt(fmt) "xen-pvscsi: " fmt

#include "private.h"

#include <linux/device.h>
#include <linux/kobject.h>
#include <linux/slab.h>
#include <linux/sysfs.h>

struct vscsi_controller_counts {
	struct kobject kobj;
	struct vscsi_watched *watched;	/* there as long as the directory */
};

struct vscsi_lun_counts {
	struct kobject kobj;
	struct vscsi_address address;
	bool shown;			/* show and hide, which do not overlap */
	struct vscsi_lun_statistics numbers;
};

struct vscsi_attribute {
	struct attribute attr;
	ssize_t (*show)(struct kobject *kobj, size_t offset, char *page);
	size_t offset;
};

static ssize_t vscsi_attribute_show(struct kobject *kobj, struct attribute *attr, char *page)
{
	const struct vscsi_attribute *known = container_of(attr, struct vscsi_attribute, attr);

	return known->show(kobj, known->offset, page);
}

static const struct sysfs_ops vscsi_sysfs_ops = {
	.show = vscsi_attribute_show,
};

#define VSCSI_ATTRIBUTE(variable, file, function, where)			\
	static struct vscsi_attribute variable = {				\
		.attr = { .name = file, .mode = 0444 },				\
		.show = function,						\
		.offset = where,						\
	}

/* A controller. */

static void vscsi_controller_read(struct kobject *kobj, struct vscsi_controller_numbers *out)
{
	vscsi_watch_up->numbers(container_of(kobj, struct vscsi_controller_counts, kobj)->watched,
				out);
}

static ssize_t vscsi_ring_show(struct kobject *kobj, size_t offset, char *page)
{
	struct vscsi_controller_numbers numbers;

	vscsi_controller_read(kobj, &numbers);
	return sysfs_emit(page, "%llu\n", *(u64 *)((char *)&numbers.sum + offset));
}

static ssize_t vscsi_ring_in_flight_show(struct kobject *kobj, size_t offset, char *page)
{
	struct vscsi_controller_numbers numbers;

	vscsi_controller_read(kobj, &numbers);
	return sysfs_emit(page, "%u\n", numbers.in_flight);
}

/* Commands that were answered and that the device still has. */
static ssize_t vscsi_ring_abandoned_show(struct kobject *kobj, size_t offset, char *page)
{
	struct vscsi_controller_numbers numbers;

	vscsi_controller_read(kobj, &numbers);
	return sysfs_emit(page, "%u\n", numbers.abandoned);
}

#define VSCSI_RING_NUMBER(file, member)						\
	VSCSI_ATTRIBUTE(vscsi_ring_##file, #file, vscsi_ring_show,		\
			offsetof(struct vscsi_ring_statistics, member))

VSCSI_ATTRIBUTE(vscsi_ring_in_flight, "in_flight", vscsi_ring_in_flight_show, 0);
VSCSI_ATTRIBUTE(vscsi_ring_abandoned, "abandoned", vscsi_ring_abandoned_show, 0);
VSCSI_RING_NUMBER(requests, engine.requests);
VSCSI_RING_NUMBER(responses, engine.responses);
VSCSI_RING_NUMBER(notifications, engine.notifications);
VSCSI_RING_NUMBER(interrupts, interrupts);
VSCSI_RING_NUMBER(bytes_read, engine.bytes_in);
VSCSI_RING_NUMBER(bytes_written, engine.bytes_out);
VSCSI_RING_NUMBER(aborts, engine.aborts);
VSCSI_RING_NUMBER(resets, engine.resets);
VSCSI_RING_NUMBER(copies, copies);
VSCSI_RING_NUMBER(copy_calls, copy_calls);
VSCSI_RING_NUMBER(maps, maps);
VSCSI_RING_NUMBER(rejected_action, engine.rejected[VSCSI_REJECT_ACTION]);
VSCSI_RING_NUMBER(rejected_cdb_length, engine.rejected[VSCSI_REJECT_CDB_LENGTH]);
VSCSI_RING_NUMBER(rejected_direction, engine.rejected[VSCSI_REJECT_DIRECTION]);
VSCSI_RING_NUMBER(rejected_segments, engine.rejected[VSCSI_REJECT_SEGMENTS]);
VSCSI_RING_NUMBER(rejected_list, engine.rejected[VSCSI_REJECT_LIST]);
VSCSI_RING_NUMBER(rejected_segment, engine.rejected[VSCSI_REJECT_SEGMENT]);
VSCSI_RING_NUMBER(rejected_lun, engine.rejected[VSCSI_REJECT_LUN]);
VSCSI_RING_NUMBER(rejected_rqid, engine.rejected[VSCSI_REJECT_RQID]);
VSCSI_RING_NUMBER(rejected_grant, engine.rejected[VSCSI_REJECT_GRANT]);

static struct attribute *vscsi_ring_attrs[] = {
	&vscsi_ring_in_flight.attr,
	&vscsi_ring_abandoned.attr,
	&vscsi_ring_requests.attr,
	&vscsi_ring_responses.attr,
	&vscsi_ring_notifications.attr,
	&vscsi_ring_interrupts.attr,
	&vscsi_ring_bytes_read.attr,
	&vscsi_ring_bytes_written.attr,
	&vscsi_ring_aborts.attr,
	&vscsi_ring_resets.attr,
	&vscsi_ring_copies.attr,
	&vscsi_ring_copy_calls.attr,
	&vscsi_ring_maps.attr,
	&vscsi_ring_rejected_action.attr,
	&vscsi_ring_rejected_cdb_length.attr,
	&vscsi_ring_rejected_direction.attr,
	&vscsi_ring_rejected_segments.attr,
	&vscsi_ring_rejected_list.attr,
	&vscsi_ring_rejected_segment.attr,
	&vscsi_ring_rejected_lun.attr,
	&vscsi_ring_rejected_rqid.attr,
	&vscsi_ring_rejected_grant.attr,
	NULL
};
ATTRIBUTE_GROUPS(vscsi_ring);

static void vscsi_controller_counts_release(struct kobject *kobj)
{
	kfree(container_of(kobj, struct vscsi_controller_counts, kobj));
}

static struct kobj_type vscsi_ring_ktype = {
	.release	= vscsi_controller_counts_release,
	.sysfs_ops	= &vscsi_sysfs_ops,
	.default_groups	= vscsi_ring_groups,
};

int vscsi_statistics_add(struct vscsi_watched *watched, struct device *dev)
{
	struct vscsi_controller_counts *counts = kzalloc(sizeof(*counts), GFP_KERNEL);
	int err;

	if (!counts)
		return -ENOMEM;
	counts->watched = watched;
	err = kobject_init_and_add(&counts->kobj, &vscsi_ring_ktype, &dev->kobj, "statistics");
	if (err) {
		kobject_put(&counts->kobj);
		return err;
	}
	mutex_lock(&watched->lock);
	watched->counts = counts;
	mutex_unlock(&watched->lock);
	return 0;
}

void vscsi_statistics_remove(struct vscsi_watched *watched)
{
	struct vscsi_controller_counts *counts;

	/* From here on no LUN comes to it. */
	mutex_lock(&watched->lock);
	counts = watched->counts;
	watched->counts = NULL;
	mutex_unlock(&watched->lock);
	if (!counts)
		return;
	kobject_del(&counts->kobj);
	kobject_put(&counts->kobj);
}

/* A LUN. */

static const struct vscsi_lun_statistics *vscsi_lun_numbers(struct kobject *kobj)
{
	return &container_of(kobj, struct vscsi_lun_counts, kobj)->numbers;
}

static ssize_t vscsi_lun_show(struct kobject *kobj, size_t offset, char *page)
{
	const char *numbers = (const char *)vscsi_lun_numbers(kobj);

	return sysfs_emit(page, "%llu\n", READ_ONCE(*(const u64 *)(numbers + offset)));
}

static ssize_t vscsi_lun_in_flight_show(struct kobject *kobj, size_t offset, char *page)
{
	const struct vscsi_lun_statistics *numbers = vscsi_lun_numbers(kobj);
	/* In this order it is never below what is true. */
	u64 completed = smp_load_acquire(&numbers->completed);

	return sysfs_emit(page, "%llu\n", READ_ONCE(numbers->requests) - completed);
}

/* A line for each power of two: what is below it, in ns, and how many. */
static ssize_t vscsi_lun_latency_show(struct kobject *kobj, size_t offset, char *page)
{
	const struct vscsi_latency *latency =
		(const void *)((const char *)vscsi_lun_numbers(kobj) + offset);
	int at = 0;
	u32 i;

	for (i = 0; i < VSCSI_LATENCY_BUCKETS - 1; i++)
		at += sysfs_emit_at(page, at, "%llu %llu\n", 1ull << (VSCSI_LATENCY_SHIFT + i),
				    READ_ONCE(latency->bucket[i]));
	return at + sysfs_emit_at(page, at, "inf %llu\n", READ_ONCE(latency->bucket[i]));
}

#define VSCSI_LUN_NUMBER(file, member)						\
	VSCSI_ATTRIBUTE(vscsi_lun_##file, #file, vscsi_lun_show,		\
			offsetof(struct vscsi_lun_statistics, member))
#define VSCSI_LUN_LATENCY(what)							\
	VSCSI_LUN_NUMBER(time_##what, what.sum);				\
	VSCSI_ATTRIBUTE(vscsi_lun_latency_##what, "latency_" #what,		\
			vscsi_lun_latency_show, offsetof(struct vscsi_lun_statistics, what))

VSCSI_ATTRIBUTE(vscsi_lun_in_flight, "in_flight", vscsi_lun_in_flight_show, 0);
VSCSI_LUN_NUMBER(requests, requests);
VSCSI_LUN_NUMBER(reads, reads);
VSCSI_LUN_NUMBER(writes, writes);
VSCSI_LUN_NUMBER(bytes_read, bytes_read);
VSCSI_LUN_NUMBER(bytes_written, bytes_written);
VSCSI_LUN_NUMBER(aborts, aborts);
VSCSI_LUN_NUMBER(resets, resets);
VSCSI_LUN_NUMBER(errors_check_condition, errors[VSCSI_ERROR_CHECK_CONDITION]);
VSCSI_LUN_NUMBER(errors_conflict, errors[VSCSI_ERROR_CONFLICT]);
VSCSI_LUN_NUMBER(errors_busy, errors[VSCSI_ERROR_BUSY]);
VSCSI_LUN_NUMBER(errors_status, errors[VSCSI_ERROR_STATUS]);
VSCSI_LUN_NUMBER(errors_host, errors[VSCSI_ERROR_HOST]);
VSCSI_LUN_NUMBER(errors_aborted, errors[VSCSI_ERROR_ABORTED]);
VSCSI_LUN_LATENCY(queue);
VSCSI_LUN_LATENCY(device);
VSCSI_LUN_LATENCY(total);

static struct attribute *vscsi_lun_attrs[] = {
	&vscsi_lun_in_flight.attr,
	&vscsi_lun_requests.attr,
	&vscsi_lun_reads.attr,
	&vscsi_lun_writes.attr,
	&vscsi_lun_bytes_read.attr,
	&vscsi_lun_bytes_written.attr,
	&vscsi_lun_aborts.attr,
	&vscsi_lun_resets.attr,
	&vscsi_lun_errors_check_condition.attr,
	&vscsi_lun_errors_conflict.attr,
	&vscsi_lun_errors_busy.attr,
	&vscsi_lun_errors_status.attr,
	&vscsi_lun_errors_host.attr,
	&vscsi_lun_errors_aborted.attr,
	&vscsi_lun_time_queue.attr,
	&vscsi_lun_time_device.attr,
	&vscsi_lun_time_total.attr,
	&vscsi_lun_latency_queue.attr,
	&vscsi_lun_latency_device.attr,
	&vscsi_lun_latency_total.attr,
	NULL
};
ATTRIBUTE_GROUPS(vscsi_lun);

static void vscsi_lun_counts_release(struct kobject *kobj)
{
	kfree(container_of(kobj, struct vscsi_lun_counts, kobj));
}

static struct kobj_type vscsi_lun_ktype = {
	.release	= vscsi_lun_counts_release,
	.sysfs_ops	= &vscsi_sysfs_ops,
	.default_groups	= vscsi_lun_groups,
};

struct vscsi_lun_counts *vscsi_lun_counts_alloc(const struct vscsi_address *address)
{
	struct vscsi_lun_counts *counts = kzalloc(sizeof(*counts), GFP_KERNEL);

	if (!counts)
		return NULL;
	counts->address = *address;
	kobject_init(&counts->kobj, &vscsi_lun_ktype);
	return counts;
}

void vscsi_lun_counts_show(struct vscsi_watched *watched, struct vscsi_lun_counts *counts,
			   const char *owner)
{
	const struct vscsi_address *address = &counts->address;
	int err;

	mutex_lock(&watched->lock);
	if (watched->counts) {
		err = kobject_add(&counts->kobj, &watched->counts->kobj, "lun-%u:%u:%u:%u",
				  address->host, address->channel, address->id, address->lun);
		counts->shown = !err;
		if (err)
			pr_warn("%s: no statistics of LUN %u:%u:%u:%u: error %d\n", owner,
				address->host, address->channel, address->id, address->lun, err);
	}
	mutex_unlock(&watched->lock);
}

void vscsi_lun_counts_hide(struct vscsi_lun_counts *counts)
{
	if (counts->shown)
		kobject_del(&counts->kobj);
	counts->shown = false;
}

void vscsi_lun_counts_put(struct vscsi_lun_counts *counts)
{
	if (counts)
		kobject_put(&counts->kobj);
}

/* Counting. */

void vscsi_count_request(struct vscsi_lun_counts *counts, u32 function)
{
	vscsi_lun_requested(&counts->numbers, function);
}

void vscsi_count_answer(struct vscsi_lun_counts *counts, const struct vscsi_outcome *outcome,
			const struct vscsi_times *times)
{
	vscsi_lun_completed(&counts->numbers, outcome, times);
}
