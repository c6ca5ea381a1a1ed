/* SPDX-License-Identifier: GPL-2.0 */
/* Requests of dom0's SCSI mid-layer for commands that are passed through. */
#ifndef VSCSI_REQUEST_H
#define VSCSI_REQUEST_H

#include <linux/blk-mq.h>

struct scsi_device;
struct vscsi_io;

/* An error pointer if there is none; sleeps for one without BLK_MQ_REQ_NOWAIT.  Timeout in jiffies. */
struct request *vscsi_request_alloc(struct scsi_device *sdev, blk_opf_t operation,
				    blk_mq_req_flags_t flags, const u8 *cdb, u32 cdb_bytes,
				    u32 timeout);
/* The same, for a guest's command. */
struct request *vscsi_io_request(struct vscsi_io *io, struct scsi_device *sdev,
				 blk_mq_req_flags_t flags);
/*
 * The command's pages from piece_from on become the request's; of a read or write of blocks
 * as many as the host adapter takes, and its CDB is for these.  May sleep.
 */
int vscsi_request_map(struct vscsi_io *io, struct request *req);
/* A request that was not started. */
void vscsi_request_drop(struct request *req);
/*
 * Moves so many bytes, none or more; may sleep.  SAM-5 status, with sense of
 * VSCSI_SENSE_BYTES, or an error if the command did not come to one.
 */
int vscsi_request_execute(struct scsi_device *sdev, blk_opf_t operation, const u8 *cdb,
			  u32 cdb_bytes, void *data, u32 bytes, u8 *sense, u32 timeout);

#endif
