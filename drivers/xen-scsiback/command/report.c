// SPDX-License-Identifier: GPL-2.0
/*
 * What a guest is told that it has at a target: its own devices there, by their
 * virtual LUNs, whatever the portal groups have.
 */
#include "private.h"

#include <linux/highmem.h>
#include <linux/minmax.h>

#include <scsi/scsi_proto.h>

#include "../kernel/compat.h"

/* Fills the request's pages; returns the length of the whole list. */
static u32 vscsi_fill_luns(struct vscsi_request *request, u32 channel, u32 id)
{
	struct vscsi_lun_table *table = request->queue->luns;
	struct vscsi_data *data = &request->io.data;
	struct scatterlist *sg = data->pages ? data->sgl : NULL;
	u32 at = 0, total = 0;

	spin_lock(&table->lock);
	for (; sg && at <= total; sg = sg_next(sg)) {
		u8 *page = kmap_local_page(sg_page(sg));

		total = vscsi_report_luns(table->map, channel, id, request->io.cdb, at,
					  page + sg->offset, sg->length);
		kunmap_local(page);
		at += sg->length;
	}
	spin_unlock(&table->lock);
	return total;
}

static u32 vscsi_report_bytes(const struct vscsi_io *io, u32 total)
{
	/* ALLOCATION LENGTH. */
	return min3(total, get_unaligned_be32(&io->cdb[6]), io->data.bytes);
}

/* Target core's list is dropped. */
void vscsi_report_guest_luns(struct vscsi_request *request)
{
	const struct vscsi_address *address = &request->lun->address;
	struct vscsi_io *io = &request->io;
	u32 total;

	if (!vscsi_io_reads(io))
		return;
	total = vscsi_fill_luns(request, address->channel, address->id);
	io->result.residual = io->data.bytes - vscsi_report_bytes(io, total);
}

void vscsi_answer_well_known(struct vscsi_request *request)
{
	struct vscsi_io *io = &request->io;
	const struct vscsi_command *command = &io->command;
	struct vscsi_result result = {};
	u8 data[VSCSI_WELL_KNOWN_BYTES];
	u32 bytes;

	if (io->cdb[0] == REPORT_LUNS && vscsi_report_luns_valid(io->cdb)) {
		bytes = vscsi_report_bytes(io, vscsi_fill_luns(request, command->channel,
							       command->id));
	} else {
		vscsi_well_known_answer(io->cdb, data, &bytes, &result);
		bytes = min(bytes, io->data.bytes);
		if (io->data.pages)
			bytes = sg_copy_from_buffer(io->data.sgl, io->data.pages, data, bytes);
	}
	vscsi_io_note_host(io, VSCSI_KNOWN_DEVICE, result.host);
	io->result.status = result.status;
	if (result.sense) {
		memcpy(io->result.sense, result.sense, result.sense_bytes);
		io->result.has_sense = true;
	}
	if (vscsi_io_reads(io))
		io->result.residual = io->data.bytes - bytes;
	vscsi_command_up->over(request);
}
