// SPDX-License-Identifier: GPL-2.0
/* The pages of a command. */
#include "private.h"

#include <linux/bio.h>
#include <linux/highmem.h>

void vscsi_data_use(struct vscsi_data *data, struct scatterlist *sgl, struct bio_vec *vecs,
		    u32 entries)
{
	data->sgl = sgl;
	data->vecs = vecs;
	sg_init_table(sgl, entries);
	data->entries = entries;
}

void vscsi_data_end(struct vscsi_data *data, u32 entries)
{
	sg_unmark_end(&data->sgl[data->entries - 1]);
	sg_mark_end(&data->sgl[entries - 1]);
	data->entries = entries;
}

/* The data begins in the first page; all others are full. */
void vscsi_data_add_to(const struct vscsi_data *data, struct bio *bio, u32 from, u32 bytes)
{
	u32 at = data->sgl->offset + from, length;

	for (; bytes; bytes -= length, at += length) {
		length = min_t(u32, bytes, PAGE_SIZE - offset_in_page(at));
		__bio_add_page(bio, sg_page(&data->sgl[at >> PAGE_SHIFT]), length, offset_in_page(at));
	}
}

void *vscsi_io_first_page(struct vscsi_io *io)
{
	return kmap_local_page(sg_page(io->data.sgl)) + io->data.sgl->offset;
}
