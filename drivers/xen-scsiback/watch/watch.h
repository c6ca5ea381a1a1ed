/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What an operator can see: numbers in sysfs, requests in flight in debugfs, and
 * trace events (trace.h).  This folder knows nothing of what it shows: it asks
 * through vscsi_watch_callbacks.
 */
#ifndef VSCSI_WATCH_H
#define VSCSI_WATCH_H

#include <linux/mutex.h>
#include <linux/types.h>

#include <vscsi/statistics.h>

struct dentry;
struct device;
struct seq_file;
struct vscsi_controller_counts;
struct vscsi_lun_counts;

/* Whose controller it is, as trace events name it. */
struct vscsi_whose {
	u32 domid;
	u32 controller;
};

/* A controller, as far as it is watched; embedded in who owns it. */
struct vscsi_watched {
	struct mutex lock;
	struct vscsi_controller_counts *counts;	/* lock; NULL: no directory in sysfs */
	struct dentry *debug;			/* its owner's: add, leave and remove do not overlap */
};

struct vscsi_controller_numbers {
	struct vscsi_ring_statistics sum;	/* over all its connections */
	u32 in_flight;
	u32 abandoned;
};

/* Asked while somebody reads a file.  May sleep, but wait for no device. */
struct vscsi_watch_callbacks {
	void (*numbers)(struct vscsi_watched *watched, struct vscsi_controller_numbers *out);
	/* A line for each request in flight. */
	void (*inflight)(struct vscsi_watched *watched, struct seq_file *m);
	/* What the ring holds now. */
	void (*memory)(struct vscsi_watched *watched, struct seq_file *m);
};

void vscsi_watch_init(const struct vscsi_watch_callbacks *callbacks);
void vscsi_watch_exit(void);

void vscsi_watched_init(struct vscsi_watched *watched);

/* statistics.c: may sleep.  The directory "statistics" below a device in sysfs. */
int vscsi_statistics_add(struct vscsi_watched *watched, struct device *dev);
/* Waits for its readers, which wait for nothing. */
void vscsi_statistics_remove(struct vscsi_watched *watched);
/* A LUN's numbers; those without a directory still count. */
struct vscsi_lun_counts *vscsi_lun_counts_alloc(const struct vscsi_address *address);
void vscsi_lun_counts_show(struct vscsi_watched *watched, struct vscsi_lun_counts *counts,
			   const char *owner);
/* Its name is free for another one; commands in flight still count. */
void vscsi_lun_counts_hide(struct vscsi_lun_counts *counts);
void vscsi_lun_counts_put(struct vscsi_lun_counts *counts);

/* Any context, one caller at a time for each LUN: a command (function 0) or a task was fetched. */
void vscsi_count_request(struct vscsi_lun_counts *counts, u32 function);
/* The same: a command was answered. */
void vscsi_count_answer(struct vscsi_lun_counts *counts, const struct vscsi_outcome *outcome,
			const struct vscsi_times *times);

/* debug.c: may sleep.  A directory of debugfs for a controller of that name. */
void vscsi_inflight_add(struct vscsi_watched *watched, const char *name);
/* The name is free for another controller; requests of this one can still be seen. */
void vscsi_inflight_leave(struct vscsi_watched *watched, const char *name);
void vscsi_inflight_remove(struct vscsi_watched *watched);

#endif
