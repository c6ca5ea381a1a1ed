// SPDX-License-Identifier: GPL-2.0
/*
 * Several guests on one device that is passed through.  It knows one I_T nexus
 * only, the host's: a gate keeps the others out of what one guest has reserved,
 * each guest hears of every unit attention, and early aborts, which all of the
 * adapter's users feel, are few.
 */
#include "private.h"
#include "request.h"

#include <linux/highmem.h>

#include <scsi/scsi_proto.h>

/* SPC-4: BUS DEVICE RESET FUNCTION OCCURRED. */
#define VSCSI_RESET_OCCURRED 0x2903

/* The device tells a unit attention to whoever comes next; the others are told here. */
static void vscsi_note_attention(struct vscsi_scsi_device *device, struct vscsi_itl *told,
				 const u8 *sense)
{
	bool up_to_date = told->attentions == device->attentions;
	struct vscsi_sense found;

	lockdep_assert_held(&device->lock);
	vscsi_sense_of(sense, VSCSI_SENSE_BYTES, &found);
	if (found.key != UNIT_ATTENTION)
		return;
	device->attentions++;
	device->attention = found.code << 8 | found.qualifier;
	if (up_to_date)
		told->attentions = device->attentions;
}

int vscsi_share_enter(struct vscsi_io *io)
{
	struct vscsi_scsi_device *device = io->execution.device;
	unsigned long flags;
	int verdict;

	spin_lock_irqsave(&device->lock, flags);
	verdict = vscsi_gate_enter(&device->gate, io->itl->nexus, io->cdb);
	spin_unlock_irqrestore(&device->lock, flags);
	return verdict;
}

void vscsi_share_leave(struct vscsi_io *io, bool good, const u8 *sense)
{
	struct vscsi_gate_outcome outcome = { .good = good, .sense = sense };
	struct vscsi_scsi_device *device = io->execution.device;
	unsigned long flags;
	void *data = NULL;

	if (io->data.bytes) {
		data = vscsi_io_first_page(io);
		outcome.data = data;
		outcome.data_bytes = io->data.sgl->length;
	}
	spin_lock_irqsave(&device->lock, flags);
	vscsi_gate_leave(&device->gate, io->itl->nexus, io->cdb, &outcome);
	if (sense)
		vscsi_note_attention(device, io->itl, sense);
	spin_unlock_irqrestore(&device->lock, flags);
	if (data)
		kunmap_local(data);
}

bool vscsi_share_take_attention(struct vscsi_io *io)
{
	struct vscsi_scsi_device *device = io->execution.device;
	struct vscsi_itl *itl = io->itl;
	unsigned long flags;
	u16 attention;
	bool due;

	/* SAM-5 5.14: these do not report one. */
	if (io->cdb[0] == INQUIRY || io->cdb[0] == REQUEST_SENSE)
		return false;
	spin_lock_irqsave(&device->lock, flags);
	due = itl->attentions != device->attentions;
	itl->attentions = device->attentions;
	attention = device->attention;
	spin_unlock_irqrestore(&device->lock, flags);
	if (due)
		vscsi_io_note_check(io, UNIT_ATTENTION, attention >> 8, attention & 0xff);
	return due;
}

void vscsi_share_use(struct vscsi_itl *itl, struct vscsi_scsi_device *device)
{
	struct vscsi_scsi_device *old = itl->device;

	if (old == device)
		return;
	kref_get(&device->kref);
	itl->device = device;
	spin_lock_irq(&device->lock);
	itl->attentions = device->attentions;
	spin_unlock_irq(&device->lock);
	if (old)
		vscsi_scsi_device_put(old);
}

/* A LOGICAL UNIT RESET ends RESERVE as well, and everybody hears of it. */
void vscsi_share_reset(struct vscsi_scsi_device *device)
{
	bool release;

	spin_lock_irq(&device->lock);
	release = vscsi_gate_reset(&device->gate);
	device->attentions++;
	device->attention = VSCSI_RESET_OCCURRED;
	spin_unlock_irq(&device->lock);
	if (release)
		vscsi_request_release(device->sdev);
}

/* RESERVE goes with its nexus (SPC-2 5.5.2). */
void vscsi_share_nexus_ended(struct vscsi_scsi_device *device, u32 nexus)
{
	bool release;

	spin_lock_irq(&device->lock);
	release = vscsi_gate_session_ended(&device->gate, nexus);
	spin_unlock_irq(&device->lock);
	if (release)
		vscsi_request_release(device->sdev);
}

bool vscsi_share_may_abort(struct vscsi_io *io)
{
	struct vscsi_scsi_device *device = io->execution.device;
	struct vscsi_early_abort_view view = {
		.age_ms = vscsi_io_age_ms(io),
		.timeout = io->command.timeout,
		.since_burst_ms = ~0u,
	};
	unsigned long flags;
	int step;

	lockdep_assert_held(&io->execution.lock);
	spin_lock_irqsave(&device->lock, flags);
	if (device->early_aborts)
		view.since_burst_ms = vscsi_ms_since(device->early_abort);
	step = vscsi_early_abort_step(&view);
	if (step == VSCSI_ABORT_BEGINS_BURST) {
		device->early_aborts = true;
		device->early_abort = jiffies;
	}
	spin_unlock_irqrestore(&device->lock, flags);
	return step != VSCSI_ABORT_LATER;
}
