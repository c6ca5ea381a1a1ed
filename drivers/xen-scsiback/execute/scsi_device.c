// SPDX-License-Identifier: GPL-2.0
/* The SCSI devices of dom0 behind pscsi backstores; LUNs that export the same one share it. */
#include "private.h"
#include "request.h"

#include <linux/slab.h>

#include <scsi/scsi_device.h>
#include <scsi/scsi_host.h>
#include <target/target_core_backend.h>

static DEFINE_MUTEX(vscsi_scsi_devices_lock);
static LIST_HEAD(vscsi_scsi_device_list);	/* vscsi_scsi_devices_lock */

static void vscsi_scsi_device_free(struct kref *kref)
{
	struct vscsi_scsi_device *device = container_of(kref, struct vscsi_scsi_device, kref);

	lockdep_assert_held(&vscsi_scsi_devices_lock);
	list_del(&device->entry);
	mutex_unlock(&vscsi_scsi_devices_lock);
	if (device->gate.reserved)
		vscsi_request_release(device->sdev);
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

/* pscsi tells the address of its device in words only. */
static struct scsi_device *vscsi_pscsi_device(struct se_device *dev)
{
	u32 host, channel, id, lun;
	struct scsi_device *sdev;
	struct Scsi_Host *shost;
	char *text;
	int found;

	if (strcmp(dev->transport->name, "pscsi"))
		return NULL;
	text = (char *)get_zeroed_page(GFP_KERNEL);
	if (!text)
		return NULL;
	dev->transport->show_configfs_dev_params(dev, text);
	found = sscanf(text,
		       "SCSI Device Bus Location: Channel ID: %u Target ID: %u LUN: %u Host ID: %u",
		       &channel, &id, &lun, &host);
	free_page((unsigned long)text);
	if (found != 4)
		return NULL;
	shost = scsi_host_lookup(host);
	if (!shost)
		return NULL;
	sdev = scsi_device_lookup(shost, channel, id, lun);
	scsi_host_put(shost);
	return sdev;
}

/* The caller's reference to sdev becomes that of what is returned. */
static struct vscsi_scsi_device *vscsi_scsi_device_of(struct scsi_device *sdev)
{
	struct vscsi_scsi_device *device;

	lockdep_assert_held(&vscsi_scsi_devices_lock);
	list_for_each_entry(device, &vscsi_scsi_device_list, entry) {
		if (device->sdev == sdev && vscsi_scsi_device_get(device)) {
			scsi_device_put(sdev);
			return device;
		}
	}
	device = kzalloc(sizeof(*device), GFP_KERNEL);
	if (!device) {
		scsi_device_put(sdev);
		return NULL;
	}
	kref_init(&device->kref);
	spin_lock_init(&device->lock);
	device->sdev = sdev;
	list_add(&device->entry, &vscsi_scsi_device_list);
	return device;
}

struct vscsi_scsi_device *vscsi_scsi_device_find(struct se_device *dev)
{
	struct scsi_device *sdev = vscsi_pscsi_device(dev);
	struct vscsi_scsi_device *device;

	if (!sdev)
		return NULL;
	mutex_lock(&vscsi_scsi_devices_lock);
	device = vscsi_scsi_device_of(sdev);
	mutex_unlock(&vscsi_scsi_devices_lock);
	return device;
}

void vscsi_scsi_devices(void (*function)(struct vscsi_scsi_device *device, u32 argument),
			u32 argument)
{
	struct vscsi_scsi_device *device;

	mutex_lock(&vscsi_scsi_devices_lock);
	list_for_each_entry(device, &vscsi_scsi_device_list, entry)
		function(device, argument);
	mutex_unlock(&vscsi_scsi_devices_lock);
}
