// SPDX-License-Identifier: GPL-2.0
/*
 * Target core takes the device's limit for a guest's: a guest would make two
 * commands of what fits one ring request, and one request of the block layer's.
 */
#include "private.h"
#include "limits.h"

#include <linux/highmem.h>

#include <scsi/scsi_proto.h>

#define VSCSI_EVPD 1

void vscsi_limits_amend(struct vscsi_io *io)
{
	u32 block = io->cmd.se_dev->dev_attrib.block_size;
	void *data;

	if (io->cdb[0] != INQUIRY || !(io->cdb[1] & VSCSI_EVPD) || !io->data.pages)
		return;
	data = vscsi_io_first_page(io);
	vscsi_widen_block_limits(data, io->data.sgl->length, VSCSI_MAX_SEGMENTS * PAGE_SIZE / block);
	kunmap_local(data);
}
