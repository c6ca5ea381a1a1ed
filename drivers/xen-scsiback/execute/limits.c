// SPDX-License-Identifier: GPL-2.0
/*
 * What a guest is told, and what it may ask for, where neither target core nor a device
 * knows what a guest of ours can have.
 */
#include "private.h"
#include "limits.h"

#include <linux/highmem.h>

#include <scsi/scsi_proto.h>

#include <vscsi/disk.h>

#define VSCSI_EVPD 1

bool vscsi_io_parameters_refused(struct vscsi_io *io)
{
	bool refused;
	void *data;

	if (io->cdb[0] != PERSISTENT_RESERVE_OUT || !io->data.pages)
		return false;
	data = vscsi_io_first_page(io);
	refused = vscsi_registers_other_ports(io->cdb, data, min(io->data.bytes, io->data.sgl->length));
	kunmap_local(data);
	return refused;
}

void vscsi_ports_amend(struct vscsi_io *io)
{
	void *data;

	if ((io->cdb[0] != PERSISTENT_RESERVE_IN && io->cdb[0] != INQUIRY) || !io->data.pages)
		return;
	data = vscsi_io_first_page(io);
	vscsi_hide_other_ports(io->cdb, data, io->data.sgl->length);
	if (!io->execution.device)
		vscsi_hide_explicit_alua(io->cdb, data, io->data.sgl->length);
	kunmap_local(data);
}

/*
 * Target core takes the device's limit for a guest's: a guest would make two
 * commands of what fits one ring request, and one request of the block layer's.
 */
void vscsi_limits_amend(struct vscsi_io *io)
{
	u32 block = io->cmd.se_dev->dev_attrib.block_size;
	void *data;

	if (io->cdb[0] != INQUIRY || !(io->cdb[1] & VSCSI_EVPD) || !io->data.pages)
		return;
	data = vscsi_io_first_page(io);
	vscsi_widen_block_limits(data, io->data.sgl->length, VSCSI_FEW_SEGMENTS * PAGE_SIZE / block);
	kunmap_local(data);
}
