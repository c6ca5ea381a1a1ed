// SPDX-License-Identifier: GPL-2.0
/*
 * What a guest is told that it has at a target: its own devices there, by their
 * virtual LUNs, whatever the portal groups have.
 */
#include "shim.h"

#include <linux/highmem.h>
#include <linux/minmax.h>
#include <asm/unaligned.h>

/* Fills the slot's pages; returns the length of the whole list. */
static u32 vscsi_fill_luns(struct vscsi_slot *slot, const u8 *cdb, u32 channel, u32 id)
{
	struct scatterlist *sg = slot->pages ? slot->sgl : NULL;
	struct vscsi_vhost *vhost = slot->ring->vhost;
	u32 at = 0, total = 0;

	spin_lock(&vhost->map_lock);
	for (; sg && at <= total; sg = sg_next(sg)) {
		u8 *page = kmap_local_page(sg_page(sg));

		total = vscsi_report_luns(vhost->luns, channel, id, cdb, at, page + sg->offset,
					  sg->length);
		kunmap_local(page);
		at += sg->length;
	}
	spin_unlock(&vhost->map_lock);
	return total;
}

static u32 vscsi_report_bytes(const struct vscsi_slot *slot, const u8 *cdb, u32 total)
{
	/* ALLOCATION LENGTH. */
	return min3(total, get_unaligned_be32(&cdb[6]), slot->bytes);
}

/* Target core's list is dropped. */
void vscsi_report_guest_luns(struct vscsi_slot *slot)
{
	const struct vscsi_address *address = &slot->device->address;
	u32 total;

	if (!slot->from_device)
		return;
	total = vscsi_fill_luns(slot, slot->cdb, address->channel, address->id);
	slot->residual = slot->bytes - vscsi_report_bytes(slot, slot->cdb, total);
}

void vscsi_answer_well_known(struct vscsi_slot *slot)
{
	struct vscsi_result result = {};
	const struct vscsi_command *command = &slot->command;
	const u8 *cdb = command->cdb;
	u8 data[VSCSI_WELL_KNOWN_BYTES];
	u32 bytes, total;

	if (cdb[0] == REPORT_LUNS && vscsi_report_luns_valid(cdb)) {
		total = vscsi_fill_luns(slot, cdb, command->channel, command->id);
		bytes = vscsi_report_bytes(slot, cdb, total);
	} else {
		vscsi_well_known_answer(cdb, data, &bytes, &result);
		bytes = min(bytes, slot->bytes);
		if (slot->pages)
			bytes = sg_copy_from_buffer(slot->sgl, slot->pages, data, bytes);
	}
	slot->host = result.host;
	slot->status = result.status;
	if (result.sense) {
		memcpy(slot->sense, result.sense, result.sense_bytes);
		slot->has_sense = true;
	}
	if (!slot->from_device)
		bytes = 0;
	slot->data_ready = bytes;
	slot->residual = slot->bytes - bytes;
	vscsi_complete(slot);
}
