// SPDX-License-Identifier: GPL-2.0
/*
 * Load and unload.  Here every folder gets its stair up: the callbacks by which it
 * tells those above it what has happened.
 */
#define pr_fmt(fmt) "xen-pvscsi: " fmt

#include <linux/module.h>

#include <xen/xen.h>

#include "command/command.h"
#include "control/control.h"
#include "execute/execute.h"
#include "ring/ring.h"
#include "target/target.h"
#include "watch/watch.h"

/* Ring pages and grants are of Xen's size; the engine lays data out in pages of that size. */
static_assert(PAGE_SIZE == VSCSI_PAGE_BYTES);

static const struct vscsi_watch_callbacks vscsi_watch_stair = {
	.numbers	= vscsi_watched_numbers,
	.inflight	= vscsi_watched_inflight,
	.memory		= vscsi_watched_memory,
};

static const struct vscsi_execute_callbacks vscsi_execute_stair = {
	.ended		= vscsi_ring_executed,
	.drained	= vscsi_itl_is_drained,
};

static const struct vscsi_command_callbacks vscsi_command_stair = {
	.over		= vscsi_request_over,
};

static const struct vscsi_ring_callbacks vscsi_ring_stair = {
	.kick		= vscsi_controller_kick,
	.get		= vscsi_controller_get,
	.put		= vscsi_controller_put,
};

static const struct vscsi_target_callbacks vscsi_target_stair = {
	.kick		= vscsi_initiator_kick,
};

/* From the bottom up. */
static int __init vscsi_start(void)
{
	int err;

	vscsi_watch_init(&vscsi_watch_stair);
	err = vscsi_execute_init(&vscsi_execute_stair);
	if (err)
		goto watch;
	err = vscsi_command_init(&vscsi_command_stair);
	if (err)
		goto execute;
	err = vscsi_rings_init(&vscsi_ring_stair);
	if (err)
		goto command;
	err = vscsi_target_register(&vscsi_target_stair);
	if (err)
		goto rings;
	err = vscsi_control_init();
	if (err)
		goto target;
	err = vscsi_xenbus_register();
	if (!err)
		return 0;

	vscsi_control_exit();
target:
	vscsi_target_unregister();
rings:
	vscsi_rings_exit();
command:
	vscsi_command_exit();
execute:
	vscsi_execute_exit();
watch:
	vscsi_watch_exit();
	return err;
}

static int __init vscsi_init(void)
{
	int err;

	if (!xen_domain()) {
		pr_err("not running on Xen: this module serves Xen guests and needs a Xen dom0 or driver domain\n");
		return -ENODEV;
	}
	err = vscsi_start();
	if (err)
		pr_err("cannot start: error %d\n", err);
	return err;
}

static void __exit vscsi_exit(void)
{
	vscsi_xenbus_unregister();
	vscsi_control_exit();
	vscsi_target_unregister();
	vscsi_rings_exit();
	vscsi_command_exit();
	vscsi_execute_exit();
	vscsi_watch_exit();
}

module_init(vscsi_init);
module_exit(vscsi_exit);

MODULE_DESCRIPTION("Xen PV SCSI backend: target core fabric xen-pvscsi");
MODULE_LICENSE("GPL");
MODULE_ALIAS("xen-backend:vscsi");
MODULE_AUTHOR("xen-pvscsi authors");
MODULE_VERSION(XEN_PVSCSI_VERSION);
