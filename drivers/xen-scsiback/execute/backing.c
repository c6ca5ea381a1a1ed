// SPDX-License-Identifier: GPL-2.0
/* What the backstores of a portal group's LUNs are: chosen when they are linked. */
#define pr_fmt(fmt) "xen-pvscsi: " fmt

#include "private.h"

#include <linux/slab.h>

#include <target/target_core_backend.h>

/* The last one takes every backstore. */
static const struct vscsi_executor *const vscsi_executors[] = {
	&vscsi_bio_executor,
	&vscsi_file_executor,
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

static int vscsi_backing_find(struct vscsi_backing *backing, struct se_device *dev)
{
	u32 i;
	int err;

	for (i = 0; i < ARRAY_SIZE(vscsi_executors); i++) {
		err = vscsi_executors[i]->link(backing, dev);
		if (err == -ENODEV)
			continue;
		backing->executor = vscsi_executors[i];
		backing->device_type = dev->transport->get_device_type(dev);
		return err;
	}
	return -ENODEV;
}

static int vscsi_backing_make(struct vscsi_backings *backings, struct se_lun *lun,
			      struct se_device *dev)
{
	struct vscsi_backing *backing = kzalloc(sizeof(*backing), GFP_KERNEL);
	int err;

	if (!backing)
		return -ENOMEM;
	err = vscsi_backing_find(backing, dev);
	if (err) {
		kfree(backing);
		return err;
	}
	err = xa_err(xa_store(&backings->by_lun, lun->unpacked_lun, backing, GFP_KERNEL));
	if (err)
		vscsi_backing_free(backing);
	return err;
}

/* Where it fails a passed-through device stays BUSY: without its gate no guest gets it. */
void vscsi_backing_link(struct vscsi_backings *backings, struct se_lun *lun)
{
	struct se_device *dev = rcu_dereference_raw(lun->lun_se_dev);
	int err = vscsi_backing_make(backings, lun, dev);

	if (err)
		pr_err("LUN %llu, backstore %s: error %d; if it is pscsi, its LUN is busy until it is removed and added again\n",
		       lun->unpacked_lun, config_item_name(&dev->dev_group.cg_item), err);
}

struct vscsi_scsi_device *vscsi_backing_device(struct vscsi_backings *backings, u32 lun)
{
	struct vscsi_scsi_device *device = NULL;
	const struct vscsi_backing *backing;

	rcu_read_lock();
	backing = xa_load(&backings->by_lun, lun);
	if (backing && backing->device && vscsi_scsi_device_get(backing->device))
		device = backing->device;
	rcu_read_unlock();
	return device;
}

bool vscsi_backing_passes_through(struct vscsi_backings *backings, u32 lun)
{
	const struct vscsi_backing *backing;
	bool found;

	rcu_read_lock();
	backing = xa_load(&backings->by_lun, lun);
	found = backing && backing->device;
	rcu_read_unlock();
	return found;
}

/* Commands in flight keep what they use. */
void vscsi_backing_unlink(struct vscsi_backings *backings, struct se_lun *lun)
{
	struct vscsi_backing *backing = xa_erase(&backings->by_lun, lun->unpacked_lun);

	if (backing)
		vscsi_backing_free(backing);
}
