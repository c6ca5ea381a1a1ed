// SPDX-License-Identifier: GPL-2.0
/* What differs between kernels, and is not called for each command. */
#include "compat.h"

#include <linux/slab.h>

#ifdef VSCSI_KERNEL_ALLOCATES_SHRINKERS
struct shrinker *vscsi_shrinker_create(const char *name, vscsi_shrink *count, vscsi_shrink *scan)
{
	struct shrinker *shrinker = shrinker_alloc(0, "%s", name);

	if (shrinker) {
		shrinker->count_objects = count;
		shrinker->scan_objects = scan;
		shrinker_register(shrinker);
	}
	return shrinker;
}

void vscsi_shrinker_destroy(struct shrinker *shrinker)
{
	shrinker_free(shrinker);
}
#else
struct shrinker *vscsi_shrinker_create(const char *name, vscsi_shrink *count, vscsi_shrink *scan)
{
	struct shrinker *shrinker = kzalloc(sizeof(*shrinker), GFP_KERNEL);

	if (!shrinker)
		return NULL;
	shrinker->count_objects = count;
	shrinker->scan_objects = scan;
	shrinker->seeks = DEFAULT_SEEKS;
	if (!register_shrinker(shrinker, "%s", name))
		return shrinker;
	kfree(shrinker);
	return NULL;
}

void vscsi_shrinker_destroy(struct shrinker *shrinker)
{
	unregister_shrinker(shrinker);
	kfree(shrinker);
}
#endif

struct block_device *vscsi_bdev_find(dev_t number)
{
	struct block_device *bdev;
#ifdef VSCSI_KERNEL_OPENS_BDEV_FILES
	struct file *file = bdev_file_open_by_dev(number, BLK_OPEN_READ, NULL, NULL);

	if (IS_ERR(file))
		return ERR_CAST(file);
	bdev = file_bdev(file);
	bdev_fput(file);
#else
	bdev = blkdev_get_by_dev(number, FMODE_READ, NULL);
	if (!IS_ERR(bdev))
		blkdev_put(bdev, FMODE_READ);
#endif
	return bdev;
}

int vscsi_map_kernel(struct request *req, void *data, u32 bytes)
{
#ifdef VSCSI_KERNEL_MAPS_WITHOUT_QUEUE
	return blk_rq_map_kern(req, data, bytes, GFP_NOIO);
#else
	return blk_rq_map_kern(req->q, req, data, bytes, GFP_NOIO);
#endif
}
