// SPDX-License-Identifier: GPL-2.0
/*
 * Memory of a ring's slots.  A ring has as many as its frontend has had requests
 * in flight since it was last idle, and the tables for long transfers with those
 * that had one.  The first slot stays, so that a ring at rest takes little and
 * wakes without an allocation.
 */
#include "shim.h"

#include <linux/slab.h>

/* For data in more pages than a slot has room for. */
struct vscsi_table {
	struct scatterlist sgl[VSCSI_MAX_SEGMENTS];
	struct bio_vec vecs[VSCSI_MAX_SEGMENTS];
};

static struct kmem_cache *vscsi_slot_cache;
static struct kmem_cache *vscsi_table_cache;

struct vscsi_slot *vscsi_slot_alloc(struct vscsi_ring *ring, u32 index)
{
	struct vscsi_slot *slot = kmem_cache_zalloc(vscsi_slot_cache, GFP_NOIO | __GFP_NOWARN);

	if (!slot)
		return NULL;
	slot->ring = ring;
	slot->index = index;
	slot->sgl = slot->few_sgl;
	slot->vecs = slot->few_vecs;
	atomic_set(&slot->state, VSCSI_SLOT_DONE);
	spin_lock_init(&slot->request_lock);
	INIT_WORK(&slot->submit, vscsi_submit_work);
	return slot;
}

static void vscsi_slot_free_table(struct vscsi_slot *slot)
{
	if (slot->table)
		kmem_cache_free(vscsi_table_cache, slot->table);
	slot->table = NULL;
	slot->sgl = slot->few_sgl;
	slot->vecs = slot->few_vecs;
}

void vscsi_slot_free(struct vscsi_slot *slot)
{
	if (!slot)
		return;
	vscsi_slot_free_table(slot);
	kmem_cache_free(vscsi_slot_cache, slot);
}

bool vscsi_slot_fits(struct vscsi_slot *slot, u32 pages)
{
	if (pages <= VSCSI_FEW_PAGES || slot->table)
		return true;
	slot->table = kmem_cache_alloc(vscsi_table_cache, GFP_NOIO | __GFP_NOWARN);
	if (!slot->table)
		return false;
	slot->sgl = slot->table->sgl;
	slot->vecs = slot->table->vecs;
	slot->ring->spacious = true;
	return true;
}

bool vscsi_slot_make(struct vscsi_ring *ring, u32 index)
{
	struct vscsi_slot *slot = vscsi_slot_alloc(ring, index);

	/* Of this size it does not cross a page. */
	ring->list[index] = kmalloc(VSCSI_LIST_BYTES, GFP_NOIO | __GFP_NOWARN);
	if (!slot || !ring->list[index]) {
		vscsi_slot_free(slot);
		kfree(ring->list[index]);
		ring->list[index] = NULL;
		return false;
	}
	/* For who looks at it with the complete_lock. */
	smp_store_release(&ring->slot[index], slot);
	vscsi_give_list(ring->engine, index, ring->list[index]);
	if (index)
		ring->spacious = true;
	return true;
}

static void vscsi_slot_unmake(struct vscsi_ring *ring, u32 index)
{
	vscsi_give_list(ring->engine, index, NULL);
	kfree(ring->list[index]);
	ring->list[index] = NULL;
	vscsi_slot_free(ring->slot[index]);
	ring->slot[index] = NULL;
}

void vscsi_slots_trim(struct vscsi_ring *ring)
{
	bool left = false;
	u32 busy, i;

	if (!ring->spacious)
		return;
	mutex_lock(&ring->complete_lock);
	/* Nobody has a slot that is not busy, and only this thread makes one so. */
	busy = vscsi_busy_slots(ring->engine);
	for (i = 0; i < VSCSI_SLOTS; i++) {
		if (!ring->slot[i])
			continue;
		if (busy & BIT(i))
			left |= i || ring->slot[i]->table;
		else if (i)
			vscsi_slot_unmake(ring, i);
		else
			vscsi_slot_free_table(ring->slot[i]);
	}
	ring->spacious = left;
	mutex_unlock(&ring->complete_lock);
	/* As in vscsi_drain(). */
	smp_mb();
	vscsi_drain(ring);
}

void vscsi_slots_exit(struct vscsi_ring *ring)
{
	u32 i;

	for (i = 0; i < VSCSI_SLOTS; i++) {
		kfree(ring->list[i]);
		vscsi_slot_free(ring->slot[i]);
	}
}

int vscsi_slots_init(void)
{
	vscsi_slot_cache = kmem_cache_create("xen-pvscsi-slot", sizeof(struct vscsi_slot), 0, 0,
					     NULL);
	if (!vscsi_slot_cache)
		return -ENOMEM;
	vscsi_table_cache = kmem_cache_create("xen-pvscsi-table", sizeof(struct vscsi_table), 0, 0,
					      NULL);
	if (vscsi_table_cache)
		return 0;
	kmem_cache_destroy(vscsi_slot_cache);
	return -ENOMEM;
}

void vscsi_slots_fini(void)
{
	kmem_cache_destroy(vscsi_table_cache);
	kmem_cache_destroy(vscsi_slot_cache);
}
