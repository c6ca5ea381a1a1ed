// SPDX-License-Identifier: GPL-2.0
/* Load and unload. */
#include <linux/module.h>

#include <xen/page.h>
#include <xen/xen.h>

#include <vscsi/front.h>

#include "control/control.h"

static_assert(XEN_PAGE_SIZE == PAGE_SIZE && PAGE_SIZE == VSCSI_PAGE_BYTES);

static int __init vscsi_front_module_init(void)
{
	if (!xen_domain())
		return -ENODEV;
	return vscsi_front_register();
}
module_init(vscsi_front_module_init);

static void __exit vscsi_front_module_exit(void)
{
	vscsi_front_unregister();
}
module_exit(vscsi_front_module_exit);

MODULE_DESCRIPTION("Xen PV SCSI frontend with large requests");
MODULE_LICENSE("GPL");
MODULE_VERSION(XEN_PVSCSI_VERSION);
MODULE_ALIAS("xen:vscsi");
