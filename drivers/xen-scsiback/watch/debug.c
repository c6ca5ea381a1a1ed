// SPDX-License-Identifier: GPL-2.0
/*
 * debugfs xen-scsiback/vscsi-D-N/inflight: what each slot in use waits for, and
 * memory: what the ring holds now.  A controller that has gone while commands of
 * it are with a device is still there, as vscsi-D-N.SERIAL.
 */
#include "private.h"

#include <linux/atomic.h>
#include <linux/debugfs.h>
#include <linux/module.h>
#include <linux/seq_file.h>

const struct vscsi_watch_callbacks *vscsi_watch_up;

static struct dentry *vscsi_debugfs;

static int memory_show(struct seq_file *m, void *unused)
{
	vscsi_watch_up->memory(m->private, m);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(memory);

static int inflight_show(struct seq_file *m, void *unused)
{
	seq_puts(m, "slot  rqid state         age_ms v-dev p-dev bytes cdb\n");
	vscsi_watch_up->inflight(m->private, m);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(inflight);

void vscsi_inflight_add(struct vscsi_watched *watched, const char *name)
{
	watched->debug = debugfs_create_dir(name, vscsi_debugfs);
	debugfs_create_file("inflight", 0400, watched->debug, watched, &inflight_fops);
	debugfs_create_file("memory", 0400, watched->debug, watched, &memory_fops);
}

void vscsi_inflight_leave(struct vscsi_watched *watched, const char *name)
{
	static atomic_t serial = ATOMIC_INIT(0);
	char left[64];

	debugfs_remove(watched->debug);
	snprintf(left, sizeof(left), "%s.%u", name, atomic_inc_return(&serial));
	vscsi_inflight_add(watched, left);
}

void vscsi_inflight_remove(struct vscsi_watched *watched)
{
	debugfs_remove(watched->debug);
}

void vscsi_watched_init(struct vscsi_watched *watched)
{
	mutex_init(&watched->lock);
}

void vscsi_watch_init(const struct vscsi_watch_callbacks *callbacks)
{
	vscsi_watch_up = callbacks;
	vscsi_debugfs = debugfs_create_dir("xen-scsiback", NULL);
}

void vscsi_watch_exit(void)
{
	debugfs_remove(vscsi_debugfs);
}
