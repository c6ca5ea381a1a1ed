// SPDX-License-Identifier: GPL-2.0
/*
 * Memory of a ring's slots.  A ring has as many as its frontend has had requests
 * in flight since it was last idle, and the tables for long transfers with those
 * that had one.  The first slot stays, so that a ring at rest takes little and
 * wakes without an allocation.
 *
 * A slot is a page, with its segment list at the end.  Not slab objects: of
 * those, caches keep slabs that nobody uses.
 */
#include "private.h"

#include <linux/mm.h>
#include <linux/vmalloc.h>

#include <xen/page.h>

/* For data in more pages than a slot has room for. */
struct vscsi_table {
	struct scatterlist sgl[VSCSI_FEW_SEGMENTS];
	struct bio_vec vecs[VSCSI_FEW_SEGMENTS];
};

/* For more segments than the stock frontend sends.  From the beginning of a page on. */
struct vscsi_long_table {
	u8 list[VSCSI_LONG_LIST_BYTES];
	struct scatterlist sgl[VSCSI_MAX_SEGMENTS];
	struct bio_vec vecs[VSCSI_MAX_SEGMENTS];
};

static void vscsi_slot_use_few(struct vscsi_slot *slot)
{
	vscsi_data_use(&vscsi_slot_io(slot)->data, slot->few_sgl, slot->few_vecs, VSCSI_FEW_PAGES);
}

struct vscsi_slot *vscsi_slot_alloc(struct vscsi_ring *ring, u32 index)
{
	struct vscsi_slot *slot = (void *)get_zeroed_page(GFP_NOIO | __GFP_NOWARN);

	BUILD_BUG_ON(sizeof(*slot) + VSCSI_LIST_BYTES > PAGE_SIZE);
	if (!slot)
		return NULL;
	slot->ring = ring;
	slot->index = index;
	vscsi_slot_use_few(slot);
	vscsi_request_init(&slot->request, &ring->queue);
	return slot;
}

static void vscsi_slot_free_table(struct vscsi_slot *slot)
{
	if (slot->table)
		free_pages((unsigned long)slot->table, get_order(sizeof(*slot->table)));
	vfree(slot->long_table);
	slot->table = NULL;
	slot->long_table = NULL;
	vscsi_slot_use_few(slot);
}

void vscsi_slot_free(struct vscsi_slot *slot)
{
	if (!slot)
		return;
	vscsi_slot_free_table(slot);
	free_page((unsigned long)slot);
}

static void *vscsi_slot_few(struct vscsi_slot *slot)
{
	return (void *)slot + PAGE_SIZE - VSCSI_LIST_BYTES;
}

void *vscsi_slot_list(struct vscsi_slot *slot)
{
	return slot->long_table ? slot->long_table->list : vscsi_slot_few(slot);
}

unsigned long vscsi_slot_list_gfn(const void *at)
{
	return is_vmalloc_addr(at) ? pfn_to_gfn(vmalloc_to_pfn(at)) : virt_to_gfn(at);
}

bool vscsi_slot_fits(struct vscsi_slot *slot, u32 pages)
{
	if (pages <= VSCSI_FEW_PAGES || slot->table || slot->long_table)
		return true;
	slot->table = (void *)__get_free_pages(GFP_NOIO | __GFP_NOWARN,
					       get_order(sizeof(*slot->table)));
	if (!slot->table)
		return false;
	vscsi_data_use(&vscsi_slot_io(slot)->data, slot->table->sgl, slot->table->vecs,
		       VSCSI_FEW_SEGMENTS);
	slot->ring->spacious = true;
	return true;
}

/* No segment has more than a page, so what fits here has no more pages either. */
bool vscsi_slot_lists(struct vscsi_slot *slot, u32 segments)
{
	struct vscsi_long_table *table;

	if (segments <= VSCSI_FEW_SEGMENTS || slot->long_table)
		return true;
	table = __vmalloc(sizeof(*table), GFP_NOIO | __GFP_NOWARN);
	if (!table)
		return false;
	vscsi_slot_free_table(slot);
	slot->long_table = table;
	vscsi_data_use(&vscsi_slot_io(slot)->data, table->sgl, table->vecs, VSCSI_MAX_SEGMENTS);
	vscsi_give_long_list(slot->ring->engine, slot->index, table->list);
	slot->ring->spacious = true;
	return true;
}

bool vscsi_slot_make(struct vscsi_ring *ring, u32 index)
{
	struct vscsi_slot *slot = vscsi_slot_alloc(ring, index);

	if (!slot)
		return false;
	/* For who looks at it with the complete_lock. */
	smp_store_release(&ring->slot[index], slot);
	vscsi_give_list(ring->engine, index, vscsi_slot_list(slot));
	if (index)
		ring->spacious = true;
	return true;
}

static void vscsi_slot_unmake(struct vscsi_ring *ring, u32 index)
{
	vscsi_give_list(ring->engine, index, NULL);
	vscsi_slot_free(ring->slot[index]);
	ring->slot[index] = NULL;
}

static bool vscsi_slot_has_table(const struct vscsi_slot *slot)
{
	return READ_ONCE(slot->table) || READ_ONCE(slot->long_table);
}

static void vscsi_slot_shrink(struct vscsi_slot *slot)
{
	vscsi_slot_free_table(slot);
	vscsi_give_list(slot->ring->engine, slot->index, vscsi_slot_few(slot));
}

void vscsi_slots_trim(struct vscsi_ring *ring)
{
	bool left = false;
	u32 busy, i;

	lockdep_assert_held(&ring->complete_lock);
	/* Nobody has a slot that is not busy, and only this thread makes one so. */
	busy = vscsi_busy_slots(ring->engine);
	for (i = 0; i < VSCSI_SLOTS; i++) {
		if (!ring->slot[i])
			continue;
		if (busy & BIT(i))
			left |= i || vscsi_slot_has_table(ring->slot[i]);
		else if (i)
			vscsi_slot_unmake(ring, i);
		else
			vscsi_slot_shrink(ring->slot[i]);
	}
	ring->spacious = left;
}

void vscsi_slots_exit(struct vscsi_ring *ring)
{
	u32 i;

	for (i = 0; i < VSCSI_SLOTS; i++)
		vscsi_slot_free(ring->slot[i]);
}

void vscsi_slots_count(const struct vscsi_ring *ring, u32 *slots, u32 *tables)
{
	u32 i;

	lockdep_assert_held(&ring->complete_lock);
	*slots = 0;
	*tables = 0;
	for (i = 0; i < VSCSI_SLOTS; i++) {
		const struct vscsi_slot *slot = READ_ONCE(ring->slot[i]);

		*slots += !!slot;
		*tables += slot && vscsi_slot_has_table(slot);
	}
}
