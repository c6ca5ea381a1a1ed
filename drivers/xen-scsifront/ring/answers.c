// SPDX-License-Identifier: GPL-2.0
/* Answers: what the backend has put on the ring, and commands that are over by it. */
#include "private.h"

#include <xen/events.h>

void vscsi_front_break(struct vscsi_front_ring *ring, const char *why)
{
	if (ring->broken)
		return;
	ring->broken = true;
	dev_err(&ring->dev->dev, "%s: no more is sent to the backend until it is connected again\n", why);
}

static void vscsi_front_task_over(struct vscsi_front_ring *ring,
				  const struct vscsi_front_answer *answer)
{
	if (ring->task != answer->slot)
		return;
	ring->task_succeeded = answer->succeeded;
	ring->task_over = true;
	wake_up_all(&ring->task_wait);
}

static void vscsi_front_command_over(struct vscsi_front_ring *ring,
				     const struct vscsi_front_answer *answer,
				     struct vscsi_front_done *done)
{
	struct vscsi_front_slot *slot = &ring->slot[answer->slot];
	struct scsi_cmnd *cmd = slot->cmd;

	if (!vscsi_front_ungrant(slot)) {
		/* It may still write there: the command must not end. */
		vscsi_front_break(ring, "the backend uses memory of a command that it has ended");
		return;
	}
	slot->cmd = NULL;
	vscsi_front_place(cmd)->slot_and_one = 0;
	cmd->result = answer->host << 16 | answer->status;
	scsi_set_resid(cmd, answer->residual);
	if (answer->sense_bytes)
		memcpy(cmd->sense_buffer, answer->sense,
		       min_t(u32, answer->sense_bytes, SCSI_SENSE_BUFFERSIZE));
	done->cmd[done->count++] = cmd;
}

bool vscsi_front_answers(struct vscsi_front_ring *ring, struct vscsi_front_done *done)
{
	struct vscsi_front_answer answer;

	lockdep_assert_held(&ring->lock);
	done->count = 0;
	done->seen = 0;
	while (!ring->broken && done->count < VSCSI_FRONT_BATCH) {
		switch (vscsi_front_take(ring->engine, &answer)) {
		case VSCSI_FRONT_EMPTY:
			if (!vscsi_front_more(ring->engine))
				return false;
			continue;
		case VSCSI_FRONT_BROKEN:
			vscsi_front_break(ring, "impossible response producer index");
			return false;
		case VSCSI_FRONT_TASK:
			vscsi_front_task_over(ring, &answer);
			break;
		case VSCSI_FRONT_ANSWER:
			vscsi_front_command_over(ring, &answer, done);
			break;
		default:
			dev_warn_ratelimited(&ring->dev->dev,
					     "an answer to nothing that was asked is ignored\n");
		}
		done->seen++;
	}
	return !ring->broken;
}

void vscsi_front_finish(const struct vscsi_front_done *done)
{
	u32 i;

	for (i = 0; i < done->count; i++)
		scsi_done(done->cmd[i]);
}

/* Each answer is for a request that was sent, so this has an end. */
irqreturn_t vscsi_front_interrupt(int irq, void *data)
{
	struct vscsi_front_ring *ring = data;
	unsigned int eoi = XEN_EOI_FLAG_SPURIOUS;
	struct vscsi_front_done done;
	unsigned long flags;
	bool more;

	do {
		spin_lock_irqsave(&ring->lock, flags);
		/* Between two connections there is none. */
		more = ring->live && vscsi_front_answers(ring, &done);
		if (!ring->live)
			done.count = done.seen = 0;
		spin_unlock_irqrestore(&ring->lock, flags);
		vscsi_front_finish(&done);
		if (done.seen)
			eoi = 0;
	} while (more);
	xen_irq_lateeoi(irq, eoi);
	return IRQ_HANDLED;
}
