// SPDX-License-Identifier: GPL-2.0
/* Grants of a command's pages, and the lists that name them. */
#include "private.h"

#include <linux/mm.h>
#include <linux/pfn.h>
#include <xen/page.h>

/* So many pages does the command's data touch. */
static u32 vscsi_front_pages_of(struct scsi_cmnd *cmd)
{
	u32 left = scsi_bufflen(cmd), pages = 0, length;
	struct scatterlist *sg;
	int i;

	/* The list may have more than the command wants moved. */
	scsi_for_each_sg(cmd, sg, scsi_sg_count(cmd), i) {
		length = min(left, sg->length);
		pages += length ? PFN_UP(offset_in_page(sg->offset) + length) : 0;
		left -= length;
	}
	return pages;
}

/* The slot's list pages, for that many segments; they stay with it. */
static int vscsi_front_lists_get(struct vscsi_front_ring *ring, struct vscsi_front_slot *slot,
				 u32 lists)
{
	u32 i;
	int ref;

	for (i = 0; i < lists; i++) {
		if (slot->list[i])
			continue;
		slot->list[i] = (void *)get_zeroed_page(GFP_ATOMIC | __GFP_NOWARN);
		if (!slot->list[i])
			return -EBUSY;
		ref = gnttab_grant_foreign_access(ring->dev->otherend_id,
						  virt_to_gfn(slot->list[i]), true);
		if (ref < 0) {
			free_page((unsigned long)slot->list[i]);
			slot->list[i] = NULL;
			return -EBUSY;
		}
		slot->list_grant[i] = ref;
	}
	return 0;
}

static struct vscsi_segment *vscsi_front_segment(struct vscsi_front_slot *slot, u32 i)
{
	return slot->listed ? &slot->list[i / VSCSI_FRONT_LISTED][i % VSCSI_FRONT_LISTED]
		      : &slot->direct[i];
}

static void vscsi_front_fill(struct vscsi_front_ring *ring, struct vscsi_front_slot *slot,
			     struct scsi_cmnd *cmd)
{
	bool read_only = cmd->sc_data_direction == DMA_TO_DEVICE;
	u32 left = scsi_bufflen(cmd), at = 0;
	struct scatterlist *sg;
	int i;

	scsi_for_each_sg(cmd, sg, scsi_sg_count(cmd), i) {
		u32 offset = sg->offset, end = offset + min(left, sg->length);

		left -= end - offset;
		while (offset < end) {
			struct vscsi_segment *segment = vscsi_front_segment(slot, at++);
			u32 length = min_t(u32, end - offset, PAGE_SIZE - offset_in_page(offset));
			struct page *page = sg_page(sg) + (offset >> PAGE_SHIFT);
			grant_ref_t ref = gnttab_claim_grant_reference(&slot->spare);

			gnttab_grant_foreign_access_ref(ref, ring->dev->otherend_id,
							xen_page_to_gfn(page), read_only);
			segment->grant = ref;
			segment->offset = offset_in_page(offset);
			segment->length = length;
			offset += length;
		}
	}
	slot->segments = at;
}

/* The request itself then names the pages that list its segments. */
static void vscsi_front_name_lists(struct vscsi_front_slot *slot, u32 segments, u32 lists)
{
	u32 i;

	for (i = 0; i < lists; i++)
		slot->direct[i] = (struct vscsi_segment){
			.grant = slot->list_grant[i],
			.length = vscsi_front_list_bytes(segments, i),
		};
}

int vscsi_front_grant(struct vscsi_front_ring *ring, struct vscsi_front_slot *slot,
		      struct scsi_cmnd *cmd)
{
	u32 pages = vscsi_front_pages_of(cmd), lists = vscsi_front_lists(pages);

	slot->segments = 0;
	slot->listed = false;
	if (!pages || cmd->sc_data_direction == DMA_NONE)
		return 0;
	if (pages > ring->limits.segments)
		return -E2BIG;
	if (vscsi_front_lists_get(ring, slot, lists))
		return -EBUSY;
	if (gnttab_alloc_grant_references(pages, &slot->spare))
		return -EBUSY;
	slot->listed = lists;
	vscsi_front_fill(ring, slot, cmd);
	vscsi_front_name_lists(slot, pages, lists);
	return 0;
}

bool vscsi_front_ungrant(struct vscsi_front_slot *slot)
{
	u32 segments = slot->segments, kept = 0, i;

	if (!segments)
		return true;
	for (i = 0; i < segments; i++) {
		struct vscsi_segment *segment = vscsi_front_segment(slot, i);

		if (gnttab_end_foreign_access_ref(segment->grant))
			gnttab_release_grant_reference(&slot->spare, segment->grant);
		else
			*vscsi_front_segment(slot, kept++) = *segment;
	}
	slot->segments = kept;
	if (kept)
		return false;
	gnttab_free_grant_references(slot->spare);
	return true;
}

void vscsi_front_free_lists(struct vscsi_front_ring *ring)
{
	u32 slots = vscsi_front_slots(ring->engine), i, list;

	for (i = 0; i < slots; i++)
		for (list = 0; list < VSCSI_FRONT_LISTS; list++)
			if (ring->slot[i].list[list])
				gnttab_end_foreign_access(ring->slot[i].list_grant[list],
							  virt_to_page(ring->slot[i].list[list]));
}
