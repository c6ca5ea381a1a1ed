// SPDX-License-Identifier: GPL-2.0
/* Commands that nobody waits for an answer of: their memory is taken back from the backend. */
#include "private.h"

int vscsi_front_slot_of(struct vscsi_front_ring *ring, struct scsi_cmnd *cmd)
{
	u32 place = vscsi_front_place(cmd)->slot_and_one;

	if (!place || !ring->slot || place > vscsi_front_slots(ring->engine) ||
	    ring->slot[place - 1].cmd != cmd)
		return -1;
	return place - 1;
}

static bool vscsi_front_is_covered(const struct vscsi_front_slot *slot, const struct scsi_device *sdev,
				   const struct scsi_cmnd *only)
{
	if (!slot->cmd)
		return false;
	return only ? slot->cmd == only : !sdev || slot->cmd->device == sdev;
}

bool vscsi_front_take_back(struct vscsi_front_ring *ring, const struct scsi_device *sdev,
			   const struct scsi_cmnd *only, struct vscsi_front_done *done)
{
	u32 slots = vscsi_front_slots(ring->engine), i;
	bool all = true;

	lockdep_assert_held(&ring->lock);
	done->count = 0;
	for (i = 0; i < slots && done->count < VSCSI_FRONT_BATCH; i++) {
		struct vscsi_front_slot *slot = &ring->slot[i];
		struct scsi_cmnd *cmd = slot->cmd;

		if (!vscsi_front_is_covered(slot, sdev, only))
			continue;
		if (!vscsi_front_ungrant(slot)) {
			vscsi_front_break(ring, "the backend holds on to memory of a command that was given up");
			all = false;
			continue;
		}
		slot->cmd = NULL;
		vscsi_front_place(cmd)->slot_and_one = 0;
		vscsi_front_forget(ring->engine, i);
		cmd->result = DID_RESET << 16;
		done->cmd[done->count++] = cmd;
	}
	return all;
}

bool vscsi_front_ring_revoke(struct vscsi_front_ring *ring)
{
	struct vscsi_front_done done;
	unsigned long flags;
	bool all = true;

	do {
		spin_lock_irqsave(&ring->lock, flags);
		done.count = 0;
		if (ring->slot)
			all = vscsi_front_take_back(ring, NULL, NULL, &done);
		spin_unlock_irqrestore(&ring->lock, flags);
		vscsi_front_finish(&done);
	} while (done.count);
	return all;
}
