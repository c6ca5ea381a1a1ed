// SPDX-License-Identifier: GPL-2.0
/*
 * The size of an emulated disk: each guest hears that it has changed, and may ask for it
 * beside any persistent reservation, where target core would say RESERVATION CONFLICT.
 */
#include "private.h"

#include <linux/highmem.h>

#include <scsi/scsi_proto.h>
#include <target/target_core_backend.h>

#include <vscsi/disk.h>

static bool vscsi_is_emulated(const struct se_device *dev)
{
	return !(dev->transport_flags & TRANSPORT_FLAG_PASSTHROUGH);
}

bool vscsi_io_size_changed(struct vscsi_io *io)
{
	struct se_device *dev = io->cmd.se_dev;
	struct vscsi_itl *itl = io->itl;
	bool known = itl->sized == dev;
	u64 last_lba;

	if (!vscsi_is_emulated(dev) || !vscsi_cdb_hears_attention(io->cdb))
		return false;
	last_lba = dev->transport->get_blocks(dev);
	if (known && last_lba == itl->last_lba)
		return false;
	itl->sized = dev;
	itl->last_lba = last_lba;
	return known;
}

static u8 vscsi_protection(const struct se_cmd *cmd)
{
	const struct se_session *sess = cmd->se_sess;
	int type = cmd->se_dev->dev_attrib.pi_prot_type ?: sess->sess_prot_type;

	if (!(sess->sup_prot_ops & (TARGET_PROT_DIN_PASS | TARGET_PROT_DOUT_PASS)) || !type)
		return 0;
	return (type - 1) << 1 | 1;
}

static void vscsi_capacity_of(const struct se_cmd *cmd, struct vscsi_capacity *capacity)
{
	struct se_device *dev = cmd->se_dev;
	const struct target_backend_ops *ops = dev->transport;

	*capacity = (struct vscsi_capacity) {
		.last_lba = ops->get_blocks(dev),
		.block_bytes = dev->dev_attrib.block_size,
		.lowest_aligned = ops->get_alignment_offset_lbas ?
					  ops->get_alignment_offset_lbas(dev) : 0,
		.physical_exponent = ops->get_lbppbe ? ops->get_lbppbe(dev) : 0,
		.protection = vscsi_protection(cmd),
		.thin = dev->dev_attrib.emulate_tpu || dev->dev_attrib.emulate_tpws,
		.thin_reads_zeros = dev->dev_attrib.unmap_zeroes_data,
	};
}

/* SPC-2's RESERVE does keep others from it. */
static bool vscsi_is_reserved(struct se_device *dev)
{
	bool reserved;

	spin_lock(&dev->dev_reservation_lock);
	reserved = dev->dev_reservation_flags & DRF_SPC2_RESERVATIONS;
	spin_unlock(&dev->dev_reservation_lock);
	return reserved;
}

bool vscsi_io_tells_capacity(struct vscsi_io *io)
{
	struct vscsi_capacity capacity;
	struct se_cmd *cmd = &io->cmd;
	u8 answer[VSCSI_CAPACITY_BYTES];
	u32 bytes;

	if (cmd->scsi_status != SAM_STAT_RESERVATION_CONFLICT || !vscsi_is_emulated(cmd->se_dev) ||
	    vscsi_is_reserved(cmd->se_dev))
		return false;
	vscsi_capacity_of(cmd, &capacity);
	bytes = min(vscsi_capacity_answer(&capacity, io->cdb, answer), cmd->data_length);
	if (!bytes)
		return false;
	sg_copy_from_buffer(cmd->t_data_sg, cmd->t_data_nents, answer, bytes);
	vscsi_io_note_host(io, VSCSI_KNOWN_DEVICE, VSCSI_HOST_OK);
	io->result.residual = io->data.bytes - bytes;
	return true;
}
