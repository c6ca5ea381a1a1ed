// SPDX-License-Identifier: GPL-2.0
/* Which SCSI device of dom0 is behind a pscsi backstore. */
#define pr_fmt(fmt) "xen-pvscsi: " fmt

#include "private.h"

#include <linux/slab.h>

#include <scsi/scsi_device.h>
#include <scsi/scsi_host.h>
#include <target/target_core_backend.h>

/* pscsi tells the address of its device in words only.  An error pointer if it cannot be had. */
static struct scsi_device *vscsi_pscsi_device(struct se_device *dev)
{
	u32 host, channel, id, lun;
	struct scsi_device *sdev;
	struct Scsi_Host *shost;
	char *text;
	int found;

	text = (char *)get_zeroed_page(GFP_KERNEL);
	if (!text)
		return ERR_PTR(-ENOMEM);
	dev->transport->show_configfs_dev_params(dev, text);
	found = sscanf(text,
		       "SCSI Device Bus Location: Channel ID: %u Target ID: %u LUN: %u Host ID: %u",
		       &channel, &id, &lun, &host);
	free_page((unsigned long)text);
	if (found != 4)
		return ERR_PTR(-ENXIO);
	shost = scsi_host_lookup(host);
	if (!shost)
		return ERR_PTR(-ENXIO);
	sdev = scsi_device_lookup(shost, channel, id, lun);
	scsi_host_put(shost);
	if (sdev && !vscsi_identity_fits(sdev, dev)) {
		pr_warn("%s: another device is where that of backstore %s was: guests do not get it\n",
			dev_name(&sdev->sdev_gendev), config_item_name(&dev->dev_group.cg_item));
		scsi_device_put(sdev);
		sdev = NULL;
	}
	return sdev ? sdev : ERR_PTR(-ENXIO);
}

/* One that has been away and is found as another LUN's backstore. */
static bool vscsi_scsi_device_was(struct vscsi_scsi_device *device, const char *identity)
{
	return vscsi_sdev_gone(device->sdev) && !strcmp(device->identity, identity);
}

static struct vscsi_scsi_device *vscsi_scsi_device_known(struct scsi_device *sdev,
							 const char *identity)
{
	struct vscsi_scsi_device *device;

	lockdep_assert_held(&vscsi_scsi_devices_lock);
	list_for_each_entry(device, &vscsi_scsi_device_list, entry) {
		if (device->sdev == sdev && vscsi_scsi_device_get(device)) {
			scsi_device_put(sdev);
			return device;
		}
		if (vscsi_scsi_device_was(device, identity) && vscsi_scsi_device_get(device)) {
			vscsi_scsi_device_replace(device, sdev);
			return device;
		}
	}
	return NULL;
}

/* The caller's reference to sdev becomes that of what is returned; NULL: no memory. */
static struct vscsi_scsi_device *vscsi_scsi_device_of(struct scsi_device *sdev)
{
	struct vscsi_scsi_device *device, *known;

	lockdep_assert_held(&vscsi_scsi_devices_lock);
	device = kzalloc(sizeof(*device), GFP_KERNEL);
	if (!device) {
		scsi_device_put(sdev);
		return NULL;
	}
	vscsi_identity_of(sdev, device->identity, sizeof(device->identity));
	known = vscsi_scsi_device_known(sdev, device->identity);
	if (known) {
		kfree(device);
		return known;
	}
	kref_init(&device->kref);
	spin_lock_init(&device->lock);
	mutex_init(&device->reset_lock);
	device->sdev = sdev;
	vscsi_look_prepare(device);
	list_add(&device->entry, &vscsi_scsi_device_list);
	return device;
}

struct vscsi_scsi_device *vscsi_scsi_device_find(struct se_device *dev)
{
	struct vscsi_scsi_device *device;
	struct scsi_device *sdev;

	if (strcmp(dev->transport->name, "pscsi"))
		return NULL;
	sdev = vscsi_pscsi_device(dev);
	if (IS_ERR(sdev))
		return ERR_CAST(sdev);
	mutex_lock(&vscsi_scsi_devices_lock);
	device = vscsi_scsi_device_of(sdev);
	mutex_unlock(&vscsi_scsi_devices_lock);
	if (!device)
		return ERR_PTR(-ENOMEM);
	vscsi_scsi_device_look(device, true);
	return device;
}
