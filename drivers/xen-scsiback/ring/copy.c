// SPDX-License-Identifier: GPL-2.0
/* Grant copies between a guest's pages and ours, many to a hypercall. */
#include "private.h"

#include <linux/mm.h>
#include <xen/page.h>

static inline void vscsi_batch_add(struct vscsi_batch *batch, domid_t domid, u32 slot,
				   const struct vscsi_copy *copy, unsigned long gfn, u32 offset,
				   bool to_guest)
{
	struct gnttab_copy *op;

	if (batch->count == VSCSI_BATCH)
		vscsi_batch_flush(batch);
	op = &batch->op[batch->count];
	batch->slot[batch->count++] = slot;

	op->len = copy->length;
	op->status = GNTST_general_error;
	if (to_guest) {
		op->flags = GNTCOPY_dest_gref;
		op->source.u.gmfn = gfn;
		op->source.domid = DOMID_SELF;
		op->source.offset = offset;
		op->dest.u.ref = copy->grant;
		op->dest.domid = domid;
		op->dest.offset = copy->grant_offset;
	} else {
		op->flags = GNTCOPY_source_gref;
		op->source.u.ref = copy->grant;
		op->source.domid = domid;
		op->source.offset = copy->grant_offset;
		op->dest.u.gmfn = gfn;
		op->dest.domid = DOMID_SELF;
		op->dest.offset = offset;
	}
}

void vscsi_batch_flush(struct vscsi_batch *batch)
{
	u32 i;

	if (!batch->count)
		return;
	gnttab_batch_copy(batch->op, batch->count);
	WRITE_ONCE(batch->copies, batch->copies + batch->count);
	WRITE_ONCE(batch->calls, batch->calls + 1);
	for (i = 0; i < batch->count; i++)
		if (batch->op[i].status != GNTST_okay)
			batch->failed |= BIT(batch->slot[i]);
	batch->count = 0;
}

void vscsi_batch_lists(struct vscsi_ring *ring, struct vscsi_batch *batch, u32 slot)
{
	struct vscsi_copy copies[VSCSI_LIST_COPIES];
	u32 count, i;

	count = vscsi_list_copies(ring->engine, slot, copies, ARRAY_SIZE(copies));
	for (i = 0; i < count; i++) {
		void *to = vscsi_slot_list(ring->slot[slot]) + copies[i].page * PAGE_SIZE +
			   copies[i].page_offset;

		vscsi_batch_add(batch, ring->controller->domid, slot, &copies[i],
				vscsi_slot_list_gfn(to), offset_in_page(to), false);
	}
}

/* The first bytes of a slot's data, to the guest if it reads, else from it. */
void vscsi_batch_data(struct vscsi_ring *ring, struct vscsi_batch *batch,
		      struct vscsi_slot *slot, u32 bytes)
{
	struct scatterlist *sgl = vscsi_slot_io(slot)->data.sgl;
	bool to_guest = vscsi_io_reads(vscsi_slot_io(slot));
	domid_t domid = ring->controller->domid;
	struct vscsi_cursor at = {};
	struct vscsi_copy copies[32];
	u32 index = slot->index;
	u32 count, i;

	do {
		count = vscsi_data_copies(ring->engine, index, &at, bytes, copies,
					  ARRAY_SIZE(copies));
		for (i = 0; i < count; i++)
			vscsi_batch_add(batch, domid, index, &copies[i],
					xen_page_to_gfn(sg_page(&sgl[copies[i].page])),
					copies[i].page_offset, to_guest);
	} while (count == ARRAY_SIZE(copies));
}
