// SPDX-License-Identifier: GPL-2.0
/* LUNs, as the backend's xenstore nodes have them. */
#include "private.h"

#include <linux/slab.h>

#include <scsi/scsi_device.h>

struct vscsi_front_vdev {
	char state_node[64];
	int state;			/* the backend's */
	u32 channel, id, lun;
};

static bool vscsi_front_read_vdev(struct vscsi_front *front, const char *name,
				  struct vscsi_front_vdev *vdev)
{
	const char *backend = front->dev->otherend;
	char path[64];
	u32 host;

	snprintf(vdev->state_node, sizeof(vdev->state_node), "vscsi-devs/%s/state", name);
	vdev->state = xenbus_read_unsigned(backend, vdev->state_node, XenbusStateUnknown);
	snprintf(path, sizeof(path), "vscsi-devs/%s/v-dev", name);
	return xenbus_scanf(XBT_NIL, backend, path, "%u:%u:%u:%u", &host, &vdev->channel, &vdev->id,
			    &vdev->lun) == 4;
}

static void vscsi_front_say(struct vscsi_front *front, const struct vscsi_front_vdev *vdev, int state)
{
	int err = xenbus_printf(XBT_NIL, front->dev->nodename, vdev->state_node, "%d", state);

	if (err)
		xenbus_dev_error(front->dev, err, "writing %s", vdev->state_node);
}

static void vscsi_front_add(struct vscsi_front *front, const struct vscsi_front_vdev *vdev)
{
	int err = scsi_add_device(front->host, vdev->channel, vdev->id, vdev->lun);

	if (err)
		dev_err(&front->dev->dev, "no device at %u:%u:%u: error %d\n", vdev->channel, vdev->id,
			vdev->lun, err);
	vscsi_front_say(front, vdev, err ? XenbusStateClosed : XenbusStateConnected);
}

static void vscsi_front_device(struct vscsi_front *front, int step, const struct vscsi_front_vdev *vdev)
{
	struct scsi_device *sdev = scsi_device_lookup(front->host, vdev->channel, vdev->id, vdev->lun);
	struct vscsi_front_device_view view = {
		.step = step,
		.state = vdev->state,
		.present = sdev,
	};

	switch (vscsi_front_device_step(&view)) {
	case VSCSI_FRONT_DEVICE_ADD:
		vscsi_front_add(front, vdev);
		break;
	case VSCSI_FRONT_DEVICE_CONFIRM:
		vscsi_front_say(front, vdev, XenbusStateConnected);
		break;
	case VSCSI_FRONT_DEVICE_REMOVE:
		if (sdev)
			scsi_remove_device(sdev);
		vscsi_front_say(front, vdev, XenbusStateClosed);
		break;
	}
	if (sdev)
		scsi_device_put(sdev);
}

void vscsi_front_devices(struct vscsi_front *front, int step)
{
	struct vscsi_front_vdev vdev;
	unsigned int count, i;
	char **names;

	names = xenbus_directory(XBT_NIL, front->dev->otherend, "vscsi-devs", &count);
	if (IS_ERR(names))
		return;
	for (i = 0; i < count; i++)
		if (vscsi_front_read_vdev(front, names[i], &vdev))
			vscsi_front_device(front, step, &vdev);
	kfree(names);
}
