// SPDX-License-Identifier: GPL-2.0
/* Which device it is, wherever dom0 finds it: what VPD pages 83h or 80h say (SPC-4 7.8). */
#include "private.h"

#include <linux/ctype.h>

#include <scsi/scsi_device.h>
#include <target/target_core_base.h>

/* Its serial number without blanks around it; empty if there is none. */
static void vscsi_serial_of(struct scsi_device *sdev, char *text, size_t room)
{
	const struct scsi_vpd *page;
	size_t bytes = 0;

	text[0] = '\0';
	rcu_read_lock();
	page = rcu_dereference(sdev->vpd_pg80);
	if (page && page->len > 4) {
		bytes = min_t(size_t, page->len - 4, room - 1);
		memcpy(text, page->data + 4, bytes);
		text[bytes] = '\0';
	}
	rcu_read_unlock();
	strim(text);
	if (bytes && isspace(text[0]))
		memmove(text, skip_spaces(text), strlen(skip_spaces(text)) + 1);
}

void vscsi_identity_of(struct scsi_device *sdev, char *text, size_t room)
{
	char serial[VSCSI_IDENTITY_BYTES / 2];
	int length;

	length = scnprintf(text, room, "%.8s %.16s ", sdev->vendor, sdev->model);
	if (scsi_vpd_lun_id(sdev, text + length, room - length) > 0)
		return;
	vscsi_serial_of(sdev, serial, sizeof(serial));
	if (serial[0])
		scnprintf(text + length, room - length, "serial %s", serial);
	else
		scnprintf(text + length, room - length, "at %s", dev_name(&sdev->sdev_gendev));
}

/* pscsi has asked its device for its serial number when the backstore was made. */
bool vscsi_identity_fits(struct scsi_device *sdev, const struct se_device *dev)
{
	char serial[VSCSI_IDENTITY_BYTES / 2], made[sizeof(dev->t10_wwn.unit_serial)];

	vscsi_serial_of(sdev, serial, sizeof(serial));
	strscpy(made, dev->t10_wwn.unit_serial, sizeof(made));
	return !serial[0] || !made[0] || !strcmp(strim(made), serial);
}
