// SPDX-License-Identifier: GPL-2.0
/* Requests of dom0's SCSI mid-layer: made, filled with a command's pages, dropped. */
#include "../kernel/compat.h"
#include "execute.h"
#include "request.h"

#include <scsi/scsi_cmnd.h>
#include <scsi/scsi_device.h>

#include <vscsi/disk.h>

/* Beyond the guest's own limit: its abort shall come first. */
#define VSCSI_TIMEOUT_MARGIN (30 * HZ)

static void vscsi_bio_end(struct bio *bio)
{
	bio_uninit(bio);
}

/* As much as the host adapter takes: how many bytes that is. */
static u32 vscsi_bio_fill(struct vscsi_io *io, struct request *req, u32 from, u32 bytes)
{
	u32 at = io->data.sgl->offset + from, left = bytes, length;
	struct bio *bio = &io->execution.bio;

	bio_init(bio, NULL, io->data.vecs, io->data.entries, req_op(req));
	bio->bi_end_io = vscsi_bio_end;
	for (; left; left -= length, at += length) {
		length = min_t(u32, left, PAGE_SIZE - offset_in_page(at));
		if (!vscsi_bio_add(req->q, bio, sg_page(&io->data.sgl[at >> PAGE_SHIFT]), length,
				   offset_in_page(at)))
			break;
	}
	return vscsi_bio_fits(req->q, bio);
}

/* A buffer of another length than the CDB says is not split; dom0 may not know the device's blocks. */
static bool vscsi_is_block_of(const struct scsi_device *sdev, u32 bytes)
{
	const u32 protection = 8;

	return !sdev->sector_size || bytes == sdev->sector_size ||
	       bytes == sdev->sector_size + protection;
}

/* The same, in whole blocks if it cannot be all; 0 if it is nothing. */
static u32 vscsi_bio_fit(struct vscsi_io *io, struct request *req, u32 from, u32 bytes)
{
	u32 fits = vscsi_bio_fill(io, req, from, bytes), block;

	if (fits == bytes)
		return bytes;
	bio_uninit(&io->execution.bio);
	block = vscsi_split_block(io->cdb, io->execution.device_type, io->cmd.data_length);
	if (!block || fits < block || !vscsi_is_block_of(req->q->queuedata, block))
		return 0;
	fits -= fits % block;
	return vscsi_bio_fill(io, req, from, fits);
}

static void vscsi_request_set_piece(struct vscsi_io *io, struct request *req, u32 from, u32 bytes)
{
	u32 block = vscsi_split_block(io->cdb, io->execution.device_type, io->cmd.data_length);
	struct scsi_cmnd *scmd = blk_mq_rq_to_pdu(req);

	vscsi_split_piece(io->cdb, from / block, bytes / block, scmd->cmnd);
}

int vscsi_request_map(struct vscsi_io *io, struct request *req)
{
	struct vscsi_execution *execution = &io->execution;
	u32 bytes = io->cmd.t_data_nents ? io->cmd.data_length - execution->piece_from : 0, fits;
	int err;

	execution->piece_bytes = 0;
	if (!bytes)
		return 0;
	fits = vscsi_bio_fit(io, req, execution->piece_from, bytes);
	if (!fits)
		return -EINVAL;
	err = blk_rq_append_bio(req, &execution->bio);
	if (err) {
		/* -EREMOTEIO in newer kernels; of more than the adapter takes, in either case. */
		bio_uninit(&execution->bio);
		return -EINVAL;
	}
	execution->piece_bytes = fits;
	if (fits != io->cmd.data_length)
		vscsi_request_set_piece(io, req, execution->piece_from, fits);
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
	u32 seconds = vscsi_cdb_time_limit(io->cdb, io->execution.device_type, io->command.timeout);

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
		err = vscsi_map_kernel(req, data, bytes);
	if (!err) {
		blk_execute_rq(req, false);
		scmd = blk_mq_rq_to_pdu(req);
		memcpy(sense, scmd->sense_buffer, VSCSI_SENSE_BYTES);
		err = host_byte(scmd->result) ? -EIO : scmd->result & 0xff;
	}
	blk_mq_free_request(req);
	return err;
}
