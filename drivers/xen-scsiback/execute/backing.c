// SPDX-License-Identifier: GPL-2.0
/* What the backstores of a portal group's LUNs are: chosen when they are linked. */
#include "private.h"

#include <linux/slab.h>

#include <target/target_core_backend.h>

/* The last one takes every backstore. */
static const struct vscsi_executor *const vscsi_executors[] = {
	&vscsi_bio_executor,
	&vscsi_scsi_executor,
	&vscsi_core_executor,
};

void vscsi_backings_init(struct vscsi_backings *backings)
{
	xa_init(&backings->by_lun);
}

void vscsi_backings_exit(struct vscsi_backings *backings)
{
	xa_destroy(&backings->by_lun);
}

static void vscsi_backing_free(struct vscsi_backing *backing)
{
	if (backing->executor->unlink)
		backing->executor->unlink(backing);
	kfree_rcu(backing, rcu);
}

void vscsi_backing_link(struct vscsi_backings *backings, struct se_lun *lun)
{
	struct se_device *dev = rcu_dereference_raw(lun->lun_se_dev);
	struct vscsi_backing *backing = kzalloc(sizeof(*backing), GFP_KERNEL);
	u32 i;

	if (!backing)
		return;
	for (i = 0; !vscsi_executors[i]->link(backing, dev); i++)
		;
	backing->executor = vscsi_executors[i];
	backing->device_type = dev->transport->get_device_type(dev);
	if (xa_err(xa_store(&backings->by_lun, lun->unpacked_lun, backing, GFP_KERNEL)))
		vscsi_backing_free(backing);
}

/* Commands in flight keep what they use. */
void vscsi_backing_unlink(struct vscsi_backings *backings, struct se_lun *lun)
{
	struct vscsi_backing *backing = xa_erase(&backings->by_lun, lun->unpacked_lun);

	if (backing)
		vscsi_backing_free(backing);
}
