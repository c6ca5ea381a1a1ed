// SPDX-License-Identifier: GPL-2.0
/* What the host itself asks of a passed-through device, and what it owes it for guests that are gone. */
#define pr_fmt(fmt) "xen-pvscsi: " fmt

#include "private.h"
#include "request.h"

#include <linux/slab.h>

#include <scsi/scsi_device.h>
#include <scsi/scsi_proto.h>

#define VSCSI_ASK_TIMEOUT (30 * HZ)
/* A device may have as many unit attentions to tell before it answers. */
#define VSCSI_ASK_TRIES 6

/* It was for the guests. */
static void vscsi_device_told(struct vscsi_scsi_device *device, const struct vscsi_sense *sense)
{
	u16 attention = sense->code << 8 | sense->qualifier;

	spin_lock_irq(&device->lock);
	vscsi_attention_add(&device->attentions, attention);
	vscsi_gate_hear(&device->gate, attention);
	spin_unlock_irq(&device->lock);
}

int vscsi_device_ask(struct vscsi_scsi_device *device, struct scsi_device *sdev,
		     blk_opf_t operation, const u8 *cdb, u32 cdb_bytes, void *data, u32 bytes)
{
	u8 sense[VSCSI_SENSE_BYTES];
	struct vscsi_sense found;
	int tries, status;

	for (tries = 0; tries < VSCSI_ASK_TRIES; tries++) {
		memset(sense, 0, sizeof(sense));
		status = vscsi_request_execute(sdev, operation, cdb, cdb_bytes, data, bytes, sense,
					       VSCSI_ASK_TIMEOUT);
		if (status != SAM_STAT_CHECK_CONDITION)
			return status ? -EIO : 0;
		vscsi_sense_of(sense, sizeof(sense), &found);
		if (found.key != UNIT_ATTENTION)
			return -EIO;
		vscsi_device_told(device, &found);
	}
	return -EIO;
}

static int vscsi_pay_keys(struct vscsi_scsi_device *device, struct scsi_device *sdev, int which)
{
	u8 *data = kzalloc(VSCSI_CLEAR_KEYS_BYTES, GFP_NOIO);
	struct vscsi_keys keys;
	u8 cdb[12];
	int err;

	if (!data)
		return -ENOMEM;
	spin_lock_irq(&device->lock);
	keys = device->keys;
	spin_unlock_irq(&device->lock);
	vscsi_keys_clear(&keys, which, cdb, data);
	err = vscsi_device_ask(device, sdev, REQ_OP_DRV_OUT, cdb, sizeof(cdb), data,
			       VSCSI_CLEAR_KEYS_BYTES);
	kfree(data);
	return err;
}

static int vscsi_pay(struct vscsi_scsi_device *device, struct scsi_device *sdev, int which)
{
	u8 cdb[6] = { which == VSCSI_GATE_RELEASE ? RELEASE_6 : ALLOW_MEDIUM_REMOVAL };

	if (which & (VSCSI_GATE_CLEAR_KEYS | VSCSI_GATE_CLEAR_ALL_KEYS))
		return vscsi_pay_keys(device, sdev, which);
	return vscsi_device_ask(device, sdev, REQ_OP_DRV_IN, cdb, sizeof(cdb), NULL, 0);
}

void vscsi_device_pay(struct vscsi_scsi_device *device, struct scsi_device *sdev)
{
	static const struct {
		int bit;
		const char *what;
	} debts[] = {
		{ VSCSI_GATE_RELEASE, "reservation" },
		{ VSCSI_GATE_ALLOW, "prevention of medium removal" },
		{ VSCSI_GATE_CLEAR_KEYS, "key of encryption" },
		{ VSCSI_GATE_CLEAR_ALL_KEYS, "key of encryption for all nexuses" },
	};
	u32 i;
	int due;

	spin_lock_irq(&device->lock);
	due = vscsi_gate_due(&device->gate);
	spin_unlock_irq(&device->lock);
	for (i = 0; i < ARRAY_SIZE(debts); i++) {
		if (!(due & debts[i].bit))
			continue;
		if (vscsi_pay(device, sdev, debts[i].bit))
			pr_warn_ratelimited("%s: a %s that is no guest's may stay: the device does not take it back\n",
					    dev_name(&sdev->sdev_gendev), debts[i].what);
		/* Or else nobody could use the device any more. */
		spin_lock_irq(&device->lock);
		vscsi_gate_paid(&device->gate, debts[i].bit);
		spin_unlock_irq(&device->lock);
	}
}
