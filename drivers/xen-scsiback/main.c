// SPDX-License-Identifier: GPL-2.0
#include "shim.h"

#include <linux/module.h>
#include <xen/xen.h>

/* The control work of every vhost; a vhost's work never runs twice at a time. */
struct workqueue_struct *vscsi_control_wq;
/* Commands that wait for others; each may take as long as a device does. */
struct workqueue_struct *vscsi_submit_wq;

static int __init vscsi_init(void)
{
	int err;

	if (!xen_domain()) {
		pr_err("not running on Xen: this module serves Xen guests and needs a Xen dom0 or driver domain\n");
		return -ENODEV;
	}

	vscsi_control_wq = alloc_workqueue("xen-vscsi", WQ_UNBOUND | WQ_MEM_RECLAIM, 0);
	if (!vscsi_control_wq)
		return -ENOMEM;
	vscsi_submit_wq = alloc_workqueue("xen-vscsi-submit", WQ_UNBOUND | WQ_MEM_RECLAIM, 0);
	if (!vscsi_submit_wq) {
		err = -ENOMEM;
		goto destroy_control;
	}
	err = vscsi_pool_init();
	if (err)
		goto destroy_submit;
	err = vscsi_direct_init();
	if (err)
		goto exit_pool_only;
	vscsi_inflight_init();
	err = vscsi_fabric_register();
	if (err)
		goto exit_pool;
	err = vscsi_xenbus_register();
	if (err)
		goto unregister_fabric;
	return 0;

unregister_fabric:
	vscsi_fabric_unregister();
exit_pool:
	vscsi_inflight_exit();
	vscsi_direct_exit();
exit_pool_only:
	vscsi_pool_exit();
destroy_submit:
	destroy_workqueue(vscsi_submit_wq);
destroy_control:
	destroy_workqueue(vscsi_control_wq);
	pr_err("cannot start: error %d\n", err);
	return err;
}

static void __exit vscsi_exit(void)
{
	vscsi_xenbus_unregister();
	/* The tails of control works: each vhost held the module until there. */
	destroy_workqueue(vscsi_control_wq);
	destroy_workqueue(vscsi_submit_wq);
	vscsi_fabric_unregister();
	vscsi_inflight_exit();
	vscsi_direct_exit();
	vscsi_pool_exit();
}

module_init(vscsi_init);
module_exit(vscsi_exit);

MODULE_DESCRIPTION("Xen PV SCSI backend: target core fabric xen-pvscsi");
MODULE_LICENSE("GPL");
MODULE_ALIAS("xen-backend:vscsi");
MODULE_AUTHOR("xen-pvscsi authors");
