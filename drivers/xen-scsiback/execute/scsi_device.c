// SPDX-License-Identifier: GPL-2.0
/* The SCSI devices of dom0 behind pscsi backstores; LUNs that export the same one share it. */
#include "private.h"

#include <linux/slab.h>

#include <scsi/scsi_device.h>

DEFINE_MUTEX(vscsi_scsi_devices_lock);
LIST_HEAD(vscsi_scsi_device_list);		/* vscsi_scsi_devices_lock */

static void vscsi_scsi_device_free(struct kref *kref)
{
	struct vscsi_scsi_device *device = container_of(kref, struct vscsi_scsi_device, kref);

	lockdep_assert_held(&vscsi_scsi_devices_lock);
	list_del(&device->entry);
	mutex_unlock(&vscsi_scsi_devices_lock);
	vscsi_handler_restore(device->sdev);
	scsi_device_put(device->sdev);
	kfree_rcu(device, rcu);
}

void vscsi_scsi_device_put(struct vscsi_scsi_device *device)
{
	kref_put_mutex(&device->kref, vscsi_scsi_device_free, &vscsi_scsi_devices_lock);
}

bool vscsi_scsi_device_get(struct vscsi_scsi_device *device)
{
	return kref_get_unless_zero(&device->kref);
}

struct scsi_device *vscsi_scsi_device_pin(struct vscsi_scsi_device *device)
{
	struct scsi_device *sdev;
	unsigned long flags;

	spin_lock_irqsave(&device->lock, flags);
	sdev = device->sdev;
	get_device(&sdev->sdev_gendev);
	spin_unlock_irqrestore(&device->lock, flags);
	return sdev;
}

void vscsi_sdev_unpin(struct scsi_device *sdev)
{
	put_device(&sdev->sdev_gendev);
}

bool vscsi_sdev_gone(const struct scsi_device *sdev)
{
	enum scsi_device_state state = READ_ONCE(sdev->sdev_state);

	return state == SDEV_CANCEL || state == SDEV_DEL;
}

void vscsi_scsi_devices(void (*function)(struct vscsi_scsi_device *device, const void *argument),
			const void *argument)
{
	struct vscsi_scsi_device *device;

	mutex_lock(&vscsi_scsi_devices_lock);
	list_for_each_entry(device, &vscsi_scsi_device_list, entry)
		function(device, argument);
	mutex_unlock(&vscsi_scsi_devices_lock);
}
