// SPDX-License-Identifier: GPL-2.0
/*
 * Pages that data is copied through.  A page belongs to one ring at a time and
 * is zeroed when it comes to it, so that nothing of another guest can be
 * copied out.  Their number is bounded (quota.c); a ring with no page lent may
 * exceed the bounds, so that each can always finish one request of the largest size.
 */
#include "private.h"

#include <linux/mm.h>

static DEFINE_SPINLOCK(vscsi_pool_lock);
static LIST_HEAD(vscsi_pool_rings);	/* vscsi_pool_lock */

/* Free pages, linked through their private field. */
static void vscsi_stack_push(struct vscsi_page_stack *stack, struct page *page)
{
	set_page_private(page, (unsigned long)stack->top);
	stack->top = page;
	stack->count++;
}

static struct page *vscsi_stack_pop(struct vscsi_page_stack *stack)
{
	struct page *page = stack->top;

	stack->top = (struct page *)page_private(page);
	stack->count--;
	return page;
}

bool vscsi_pages_init(struct vscsi_ring *ring)
{
	ring->pages.quota = vscsi_quota_get(ring->controller->domid);
	if (!ring->pages.quota)
		return false;
	spin_lock_init(&ring->pages.lock);
	spin_lock(&vscsi_pool_lock);
	list_add_tail(&ring->pages.pool_entry, &vscsi_pool_rings);
	spin_unlock(&vscsi_pool_lock);
	return true;
}

static void vscsi_free_page(struct page *page)
{
	set_page_private(page, 0);
	__free_page(page);
}

static void vscsi_free_stack(struct vscsi_page_stack *stack)
{
	while (stack->count)
		vscsi_free_page(vscsi_stack_pop(stack));
}

void vscsi_pages_trim(struct vscsi_ring *ring)
{
	struct vscsi_page_stack pages;

	spin_lock(&ring->pages.lock);
	pages = ring->pages.cache;
	ring->pages.cache = (struct vscsi_page_stack){};
	spin_unlock(&ring->pages.lock);
	vscsi_quota_give(ring->pages.quota, pages.count);
	vscsi_free_stack(&pages);
}

void vscsi_pages_exit(struct vscsi_ring *ring)
{
	spin_lock(&vscsi_pool_lock);
	list_del(&ring->pages.pool_entry);
	spin_unlock(&vscsi_pool_lock);
	vscsi_pages_trim(ring);
	vscsi_quota_put(ring->pages.quota);
}

/*
 * Takes up to wanted cached pages from rings; if it is for one, from all others whose
 * guests hold more than their share, since nothing else can be had by that one.
 */
static unsigned long vscsi_pool_reclaim(unsigned long wanted, const struct vscsi_ring *but)
{
	struct vscsi_page_stack pages = {};
	struct vscsi_ring *ring;
	unsigned long freed;
	u32 had;

	spin_lock(&vscsi_pool_lock);
	list_for_each_entry(ring, &vscsi_pool_rings, pages.pool_entry) {
		if (ring == but || (but && !vscsi_quota_exceeded(ring->pages.quota)))
			continue;
		/* Allocation happens without the page lock, so this cannot deadlock. */
		spin_lock(&ring->pages.lock);
		had = ring->pages.cache.count;
		while (ring->pages.cache.count && pages.count < wanted)
			vscsi_stack_push(&pages, vscsi_stack_pop(&ring->pages.cache));
		vscsi_quota_give(ring->pages.quota, had - ring->pages.cache.count);
		spin_unlock(&ring->pages.lock);
	}
	spin_unlock(&vscsi_pool_lock);
	freed = pages.count;
	vscsi_free_stack(&pages);
	return freed;
}

/*
 * Lends pages to a slot and builds its scatterlist.  False if there are none
 * now: the ring is woken when some of its own come back.
 */
static bool vscsi_pages_try(struct vscsi_slot *slot, u32 pages, u32 offset, u32 bytes)
{
	struct vscsi_data *data = &vscsi_slot_io(slot)->data;
	struct vscsi_ring *ring = slot->ring;
	struct page *page;
	u32 had, got = 0;

	if (!vscsi_slot_fits(slot, pages)) {
		set_bit(VSCSI_RING_STARVED, &ring->flags);
		return false;
	}
	vscsi_data_end(data, pages);
	spin_lock(&ring->pages.lock);
	had = min(pages, ring->pages.cache.count);
	if (had < pages &&
	    !vscsi_quota_take(ring->pages.quota, pages - had, !ring->pages.lent)) {
		set_bit(VSCSI_RING_STARVED, &ring->flags);
		spin_unlock(&ring->pages.lock);
		return false;
	}
	ring->pages.lent += pages;
	while (got < had)
		sg_assign_page(&data->sgl[got++], vscsi_stack_pop(&ring->pages.cache));
	spin_unlock(&ring->pages.lock);

	for (; got < pages; got++) {
		page = alloc_page(GFP_NOIO | __GFP_ZERO | __GFP_NOWARN);
		if (!page)
			goto no_memory;
		sg_assign_page(&data->sgl[got], page);
	}
	for (got = 0; got < pages; got++) {
		data->sgl[got].offset = offset;
		data->sgl[got].length = min_t(u32, bytes, PAGE_SIZE - offset);
		bytes -= data->sgl[got].length;
		offset = 0;
	}
	data->pages = pages;
	return true;

no_memory:
	vscsi_quota_give(ring->pages.quota, pages - got);
	spin_lock(&ring->pages.lock);
	ring->pages.lent -= pages;
	while (got)
		vscsi_stack_push(&ring->pages.cache, sg_page(&data->sgl[--got]));
	/* With nothing lent nobody would wake the ring; it looks again by itself. */
	set_bit(VSCSI_RING_STARVED, &ring->flags);
	spin_unlock(&ring->pages.lock);
	return false;
}

bool vscsi_pages_get(struct vscsi_slot *slot, u32 pages, u32 offset, u32 bytes)
{
	if (vscsi_pages_try(slot, pages, offset, bytes))
		return true;
	/* Other rings may sit on pages that they do not use. */
	return vscsi_pool_reclaim(pages, slot->ring) &&
	       vscsi_pages_try(slot, pages, offset, bytes);
}

/* Completer, or the ring thread before submission. */
void vscsi_pages_put(struct vscsi_slot *slot)
{
	struct vscsi_data *data = &vscsi_slot_io(slot)->data;
	struct vscsi_ring *ring = slot->ring;
	u32 i;

	if (!data->pages)
		return;
	spin_lock(&ring->pages.lock);
	for (i = 0; i < data->pages; i++)
		vscsi_stack_push(&ring->pages.cache, sg_page(&data->sgl[i]));
	ring->pages.lent -= data->pages;
	spin_unlock(&ring->pages.lock);
	data->pages = 0;
	if (test_and_clear_bit(VSCSI_RING_STARVED, &ring->flags))
		vscsi_ring_kick(ring);
}

void vscsi_pages_disown(struct vscsi_slot *slot, bool undo)
{
	struct vscsi_data *data = &vscsi_slot_io(slot)->data;
	struct vscsi_ring *ring = slot->ring;

	spin_lock(&ring->pages.lock);
	ring->pages.lent += undo ? data->pages : -data->pages;
	spin_unlock(&ring->pages.lock);
}

void vscsi_pages_drop(struct vscsi_slot *slot)
{
	struct vscsi_data *data = &vscsi_slot_io(slot)->data;
	u32 i;

	for (i = 0; i < data->pages; i++)
		vscsi_free_page(sg_page(&data->sgl[i]));
	vscsi_quota_give(slot->ring->pages.quota, data->pages);
	data->pages = 0;
}

static unsigned long vscsi_pool_count(struct shrinker *shrinker, struct shrink_control *control)
{
	struct vscsi_ring *ring;
	unsigned long count = 0;

	spin_lock(&vscsi_pool_lock);
	list_for_each_entry(ring, &vscsi_pool_rings, pages.pool_entry)
		count += READ_ONCE(ring->pages.cache.count);
	spin_unlock(&vscsi_pool_lock);
	return count ? count : SHRINK_EMPTY;
}

static unsigned long vscsi_pool_scan(struct shrinker *shrinker, struct shrink_control *control)
{
	unsigned long freed = vscsi_pool_reclaim(control->nr_to_scan, NULL);

	return freed ? freed : SHRINK_STOP;
}

static struct shrinker *vscsi_pool_shrinker;

int vscsi_pool_init(void)
{
	vscsi_pool_shrinker = vscsi_shrinker_create("xen-pvscsi", vscsi_pool_count, vscsi_pool_scan);
	return vscsi_pool_shrinker ? 0 : -ENOMEM;
}

void vscsi_pool_exit(void)
{
	vscsi_shrinker_destroy(vscsi_pool_shrinker);
}
