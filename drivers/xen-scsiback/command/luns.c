// SPDX-License-Identifier: GPL-2.0
/* What a guest has: its v-devs by virtual address, in a map that grows. */
#include "private.h"

#include <linux/mm.h>

#define VSCSI_FIRST_LUNS 16
#define VSCSI_MOST_LUNS 16384

static struct vscsi_lun_map *vscsi_lun_map_alloc(u32 room)
{
	void *memory = kvzalloc(vscsi_luns_bytes(room), GFP_KERNEL);

	return memory ? vscsi_luns_init(memory, room) : NULL;
}

int vscsi_lun_table_init(struct vscsi_lun_table *table)
{
	table->map = vscsi_lun_map_alloc(VSCSI_FIRST_LUNS);
	if (!table->map)
		return -ENOMEM;
	table->room = VSCSI_FIRST_LUNS;
	spin_lock_init(&table->lock);
	xa_init_flags(&table->luns, XA_FLAGS_ALLOC);
	return 0;
}

void vscsi_lun_table_exit(struct vscsi_lun_table *table)
{
	xa_destroy(&table->luns);
	kvfree(table->map);
}

void vscsi_lun_init(struct vscsi_lun *lun)
{
	spin_lock_init(&lun->reset_lock);
	INIT_LIST_HEAD(&lun->resets);
	INIT_LIST_HEAD(&lun->followers);
}

static int vscsi_lun_table_grow(struct vscsi_lun_table *table)
{
	struct vscsi_lun_map *old, *new;
	u32 room = table->room * 2;

	if (room > VSCSI_MOST_LUNS)
		return -ENOSPC;
	new = vscsi_lun_map_alloc(room);
	if (!new)
		return -ENOMEM;
	spin_lock(&table->lock);
	old = table->map;
	vscsi_luns_move(new, old);
	table->map = new;
	spin_unlock(&table->lock);
	table->room = room;
	kvfree(old);
	return 0;
}

int vscsi_lun_table_add(struct vscsi_lun_table *table, struct vscsi_lun *lun)
{
	int full, err;

	err = xa_alloc(&table->luns, &lun->handle, lun, xa_limit_31b, GFP_KERNEL);
	if (err)
		return err;
	for (;;) {
		spin_lock(&table->lock);
		full = vscsi_luns_add(table->map, &lun->address, lun->handle);
		spin_unlock(&table->lock);
		if (!full)
			return 0;
		err = full == VSCSI_LUNS_TAKEN ? -EEXIST : vscsi_lun_table_grow(table);
		if (err)
			break;
	}
	xa_erase(&table->luns, lun->handle);
	return err;
}

/* New requests find it no more; those in flight keep it until they end. */
void vscsi_lun_table_remove(struct vscsi_lun_table *table, struct vscsi_lun *lun)
{
	spin_lock(&table->lock);
	vscsi_luns_remove(table->map, &lun->address);
	xa_erase(&table->luns, lun->handle);
	spin_unlock(&table->lock);
}
