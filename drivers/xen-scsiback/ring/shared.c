// SPDX-License-Identifier: GPL-2.0
/*
 * The page that a frontend shares.  Not mapped by xenbus_map_ring_valloc(): for each
 * reference that cannot be mapped it prints a line and writes Closing, and a guest
 * can make that happen as often as it writes to xenstore.
 */
#include "private.h"

#include <linux/mm.h>

#include <xen/grant_table.h>

int vscsi_shared_map(struct vscsi_ring *ring)
{
	struct gnttab_map_grant_ref map;
	struct page *page;
	int err;

	err = gnttab_alloc_pages(1, &page);
	if (err)
		return err;
	gnttab_set_map_op(&map, (unsigned long)page_address(page), GNTMAP_host_map, ring->grant,
			  ring->controller->domid);
	err = gnttab_map_refs(&map, NULL, &page, 1);
	if (!err && map.status != GNTST_okay)
		err = -EINVAL;
	if (err) {
		gnttab_free_pages(1, &page);
		return err;
	}
	ring->shared_page = page;
	ring->shared_handle = map.handle;
	ring->shared = page_address(page);
	return 0;
}

void vscsi_shared_unmap(struct vscsi_ring *ring)
{
	struct gnttab_unmap_grant_ref unmap;

	gnttab_set_unmap_op(&unmap, (unsigned long)ring->shared, GNTMAP_host_map,
			    ring->shared_handle);
	ring->shared = NULL;
	if (WARN_ON(gnttab_unmap_refs(&unmap, NULL, &ring->shared_page, 1)))
		return;
	gnttab_free_pages(1, &ring->shared_page);
}
