// SPDX-License-Identifier: GPL-2.0
/*
 * A passed-through device is looked at: is it there, is it back, what is owed to it, and
 * does it hold a reservation of before this module knew it.
 */
#define pr_fmt(fmt) "xen-pvscsi: " fmt

#include "private.h"

#include <linux/slab.h>

#include <scsi/scsi_device.h>
#include <scsi/scsi_proto.h>

#define VSCSI_LOOK_EVERY HZ
/* Service actions of PERSISTENT RESERVE IN, and a type (SPC-4 6.15). */
#define VSCSI_READ_KEYS 0
#define VSCSI_READ_RESERVATION 1
#define VSCSI_EXCLUSIVE_ACCESS 3
/* SPC-4: POWER ON, RESET, OR BUS DEVICE RESET OCCURRED. */
#define VSCSI_POWER_ON 0x2900

static struct workqueue_struct *vscsi_look_wq;

struct vscsi_search {
	const struct vscsi_scsi_device *device;
	struct scsi_device *lost;
	struct scsi_device *found;	/* referenced */
	char *identity;			/* VSCSI_IDENTITY_BYTES */
	char *stranger;			/* the same: who is where the device was, or empty */
};

static int vscsi_search_one(struct device *dev, void *data)
{
	struct vscsi_search *search = data;
	struct scsi_device *sdev, *lost = search->lost;

	if (!scsi_is_sdev_device(dev))
		return 0;
	sdev = to_scsi_device(dev);
	if (vscsi_sdev_gone(sdev))
		return 0;
	vscsi_identity_of(sdev, search->identity, VSCSI_IDENTITY_BYTES);
	if (strcmp(search->identity, search->device->identity)) {
		if (sdev->host == lost->host && sdev->channel == lost->channel &&
		    sdev->id == lost->id && sdev->lun == lost->lun)
			strscpy(search->stranger, search->identity, VSCSI_IDENTITY_BYTES);
		return 0;
	}
	if (scsi_device_get(sdev))
		return 0;
	search->found = sdev;
	return 1;
}

void vscsi_scsi_device_replace(struct vscsi_scsi_device *device, struct scsi_device *sdev)
{
	struct scsi_device *old;

	spin_lock_irq(&device->lock);
	old = device->sdev;
	device->sdev = sdev;
	device->unread = true;
	vscsi_gate_reset(&device->gate);
	vscsi_gate_inherit(&device->gate, VSCSI_EXCLUSIVE_ACCESS, true);
	vscsi_attention_add(&device->attentions, VSCSI_POWER_ON);
	device->stranger[0] = '\0';
	spin_unlock_irq(&device->lock);
	vscsi_handler_restore(old);
	scsi_device_put(old);
	pr_info("%s (%s) is back\n", dev_name(&sdev->sdev_gendev), device->identity);
}

static void vscsi_device_search(struct vscsi_scsi_device *device, struct scsi_device *lost)
{
	struct vscsi_search search = { .device = device, .lost = lost };

	search.identity = kzalloc(2 * VSCSI_IDENTITY_BYTES, GFP_NOIO);
	if (!search.identity)
		return;
	search.stranger = search.identity + VSCSI_IDENTITY_BYTES;
	bus_for_each_dev(lost->sdev_gendev.bus, NULL, &search, vscsi_search_one);
	if (search.found) {
		vscsi_scsi_device_replace(device, search.found);
	} else if (search.stranger[0] && strcmp(search.stranger, device->stranger)) {
		strscpy(device->stranger, search.stranger, sizeof(device->stranger));
		pr_warn("%s: another device (%s) is where %s was: guests do not get it\n",
			dev_name(&lost->sdev_gendev), search.stranger, device->identity);
	}
	kfree(search.identity);
}

/* PERSISTENT RESERVE IN (SPC-4 6.15). */
static int vscsi_reserve_in(struct vscsi_scsi_device *device, struct scsi_device *sdev, u8 action,
			    u8 *data, u32 bytes)
{
	u8 cdb[10] = { PERSISTENT_RESERVE_IN, action };

	put_unaligned_be16(bytes, &cdb[7]);
	return vscsi_device_ask(device, sdev, REQ_OP_DRV_IN, cdb, sizeof(cdb), data, bytes);
}

/*
 * The device knows this host as one nexus.  What it holds may be another host's as well:
 * then it refuses the same commands, and PERSISTENT RESERVE OUT is left to it.
 */
static void vscsi_device_read(struct vscsi_scsi_device *device, struct scsi_device *sdev)
{
	u8 *data = kzalloc(24, GFP_NOIO);
	bool registered = false;
	u8 type = 0;

	if (data && !vscsi_reserve_in(device, sdev, VSCSI_READ_KEYS, data, 8))
		registered = get_unaligned_be32(&data[4]);
	if (registered && !vscsi_reserve_in(device, sdev, VSCSI_READ_RESERVATION, data, 24) &&
	    get_unaligned_be32(&data[4]) >= 16)
		type = data[21] & 0xf;
	kfree(data);
	spin_lock_irq(&device->lock);
	vscsi_gate_inherit(&device->gate, type, registered);
	device->unread = false;
	spin_unlock_irq(&device->lock);
}

/* Since it was paid: the device has told of a reset. */
static bool vscsi_device_to_pay(struct vscsi_scsi_device *device)
{
	int due;

	spin_lock_irq(&device->lock);
	due = vscsi_gate_due(&device->gate);
	spin_unlock_irq(&device->lock);
	return due;
}

static bool vscsi_device_to_read(struct vscsi_scsi_device *device)
{
	bool due;

	spin_lock_irq(&device->lock);
	due = device->unread || vscsi_gate_is_inherited(&device->gate);
	spin_unlock_irq(&device->lock);
	return due;
}

static void vscsi_device_quieten(struct vscsi_scsi_device *device, struct scsi_device *sdev)
{
	const void *handler = vscsi_handler_quieten(sdev);

	spin_lock_irq(&device->lock);
	device->handler = handler;
	spin_unlock_irq(&device->lock);
}

static void vscsi_device_look(struct work_struct *work)
{
	struct vscsi_scsi_device *device = container_of(work, struct vscsi_scsi_device, look);
	struct scsi_device *sdev = vscsi_scsi_device_pin(device);

	if (vscsi_sdev_gone(sdev)) {
		vscsi_device_search(device, sdev);
		vscsi_sdev_unpin(sdev);
		sdev = vscsi_scsi_device_pin(device);
	}
	if (!vscsi_sdev_gone(sdev)) {
		vscsi_device_quieten(device, sdev);
		vscsi_device_pay(device, sdev);
		if (vscsi_device_to_read(device))
			vscsi_device_read(device, sdev);
		if (vscsi_device_to_pay(device))
			vscsi_scsi_device_look(device, true);
	}
	vscsi_sdev_unpin(sdev);
	vscsi_scsi_device_put(device);
}

void vscsi_scsi_device_look(struct vscsi_scsi_device *device, bool now)
{
	unsigned long flags;
	bool due;

	spin_lock_irqsave(&device->lock, flags);
	due = now || time_after(jiffies, device->looked + VSCSI_LOOK_EVERY);
	if (due)
		device->looked = jiffies;
	spin_unlock_irqrestore(&device->lock, flags);
	if (!due)
		return;
	kref_get(&device->kref);
	if (!queue_work(vscsi_look_wq, &device->look))
		/* The caller has one. */
		refcount_dec(&device->kref.refcount);
}

void vscsi_look_prepare(struct vscsi_scsi_device *device)
{
	INIT_WORK(&device->look, vscsi_device_look);
	device->unread = true;
	vscsi_gate_inherit(&device->gate, VSCSI_EXCLUSIVE_ACCESS, true);
}

int vscsi_look_init(void)
{
	vscsi_look_wq = alloc_workqueue("xen-vscsi-look", WQ_UNBOUND | WQ_MEM_RECLAIM, 0);
	return vscsi_look_wq ? 0 : -ENOMEM;
}

void vscsi_look_exit(void)
{
	destroy_workqueue(vscsi_look_wq);
	vscsi_handlers_exit();
}
