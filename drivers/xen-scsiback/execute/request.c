// SPDX-License-Identifier: GPL-2.0
/* Requests of dom0's SCSI mid-layer: made, filled with a command's pages, dropped. */
#include "execute.h"
#include "request.h"

#include <linux/slab.h>

#include <scsi/scsi_cmnd.h>
#include <scsi/scsi_device.h>

/* Beyond the guest's own limit: its abort shall come first. */
#define VSCSI_TIMEOUT_MARGIN (30 * HZ)
/* For a guest that does not say. */
#define VSCSI_UNKNOWN_TIMEOUT 900

static void vscsi_bio_end(struct bio *bio)
{
	bool own = bio->bi_private;

	bio_uninit(bio);
	if (!own)
		kfree(bio);
}

/* The command's own for the first, which mostly is all. */
static struct bio *vscsi_bio_make(struct vscsi_io *io, struct request *req, u32 pages)
{
	struct bio *bio = &io->execution.bio;

	if (!req->bio) {
		bio_init(bio, NULL, io->data.vecs, pages, req_op(req));
		bio->bi_private = io;
	} else {
		bio = bio_kmalloc(pages, GFP_NOIO);
		if (!bio)
			return NULL;
		bio_init(bio, NULL, bio->bi_inline_vecs, pages, req_op(req));
	}
	bio->bi_end_io = vscsi_bio_end;
	return bio;
}

int vscsi_request_map(struct vscsi_io *io, struct request *req)
{
	u32 count = io->cmd.t_data_nents, done = 0;
	struct scatterlist *sg = io->data.sgl;

	while (done < count) {
		u32 before = done;
		struct bio *bio;
		int err;

		bio = vscsi_bio_make(io, req, count - done);
		if (!bio)
			return -ENOMEM;
		for (; done < count; done++, sg++)
			if (bio_add_pc_page(req->q, bio, sg_page(sg), sg->length, sg->offset) !=
			    sg->length)
				break;
		err = done == before ? -EINVAL : blk_rq_append_bio(req, bio);
		if (err) {
			vscsi_bio_end(bio);
			return err;
		}
	}
	return 0;
}

void vscsi_request_drop(struct request *req)
{
	struct bio *bio;

	while ((bio = req->bio)) {
		req->bio = bio->bi_next;
		vscsi_bio_end(bio);
	}
	req->biotail = NULL;
	blk_mq_free_request(req);
}

struct request *vscsi_request_alloc(struct scsi_device *sdev, blk_opf_t operation,
				    blk_mq_req_flags_t flags, const u8 *cdb, u32 cdb_bytes,
				    u32 timeout)
{
	struct scsi_cmnd *scmd;
	struct request *req;

	req = scsi_alloc_request(sdev->request_queue, operation, flags);
	if (IS_ERR(req))
		return req;
	scmd = blk_mq_rq_to_pdu(req);
	scmd->cmd_len = cdb_bytes;
	memcpy(scmd->cmnd, cdb, cdb_bytes);
	/* Whether to repeat a command is the guest's decision. */
	scmd->allowed = 0;
	req->rq_flags |= RQF_QUIET;
	scmd->result = 0;
	req->timeout = timeout;
	return req;
}

static u32 vscsi_request_timeout(const struct vscsi_io *io, struct scsi_device *sdev)
{
	u32 seconds = io->command.timeout ? io->command.timeout : VSCSI_UNKNOWN_TIMEOUT;

	return max_t(u32, seconds * HZ + VSCSI_TIMEOUT_MARGIN, sdev->request_queue->rq_timeout);
}

struct request *vscsi_io_request(struct vscsi_io *io, struct scsi_device *sdev,
				 blk_mq_req_flags_t flags)
{
	blk_opf_t operation = io->cmd.data_direction == DMA_TO_DEVICE ? REQ_OP_DRV_OUT
								      : REQ_OP_DRV_IN;

	return vscsi_request_alloc(sdev, operation, flags, io->cdb, io->command.cdb_bytes,
				   vscsi_request_timeout(io, sdev));
}

int vscsi_request_execute(struct scsi_device *sdev, blk_opf_t operation, const u8 *cdb,
			  u32 cdb_bytes, void *data, u32 bytes, u8 *sense, u32 timeout)
{
	struct scsi_cmnd *scmd;
	struct request *req;
	int err = 0;

	req = vscsi_request_alloc(sdev, operation, 0, cdb, cdb_bytes, timeout);
	if (IS_ERR(req))
		return PTR_ERR(req);
	if (bytes)
		err = blk_rq_map_kern(sdev->request_queue, req, data, bytes, GFP_NOIO);
	if (!err) {
		blk_execute_rq(req, false);
		scmd = blk_mq_rq_to_pdu(req);
		memcpy(sense, scmd->sense_buffer, VSCSI_SENSE_BYTES);
		err = host_byte(scmd->result) ? -EIO : scmd->result & 0xff;
	}
	blk_mq_free_request(req);
	return err;
}
