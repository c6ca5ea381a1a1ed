// SPDX-License-Identifier: GPL-2.0
/* The pages of a command. */
#include "private.h"

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

void *vscsi_io_first_page(struct vscsi_io *io)
{
	return kmap_local_page(sg_page(io->data.sgl)) + io->data.sgl->offset;
}
