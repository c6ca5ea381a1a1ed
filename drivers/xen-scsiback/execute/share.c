// SPDX-License-Identifier: GPL-2.0
/*
 * Several guests on one device that is passed through.  It knows one I_T nexus
 * only, the host's: a gate keeps the others out of what one guest has reserved,
 * each guest hears of every unit attention, and early aborts, which all of the
 * adapter's users feel, are few.
 */
#include "private.h"

#include <linux/highmem.h>

#include <scsi/scsi_common.h>
#include <scsi/scsi_device.h>
#include <scsi/scsi_proto.h>

/* SPC-4: BUS DEVICE RESET FUNCTION OCCURRED, I_T NEXUS LOSS OCCURRED, REPORTED LUNS DATA HAS CHANGED. */
#define VSCSI_RESET_OCCURRED 0x2903
#define VSCSI_NEXUS_LOST 0x2907
#define VSCSI_LUNS_CHANGED 0x3f0e

/*
 * The device tells a unit attention to whoever comes next; the others are told here.
 * Whoever has not heard of earlier ones hears the first of those instead: each guest
 * hears each once, in the order in which the device had them.
 */
static void vscsi_note_attention(struct vscsi_scsi_device *device, struct vscsi_io *io, u16 code)
{
	bool up_to_date = !vscsi_attention_due(&device->attentions, io->itl->attentions);
	u8 *sense = io->result.sense;
	u16 due;

	lockdep_assert_held(&device->lock);
	vscsi_attention_add(&device->attentions, code);
	device->newcomer = device->attentions.count;
	/* As REQUEST SENSE's data it cannot be another one's place. */
	if (!up_to_date && !io->result.has_sense)
		return;
	due = vscsi_attention_next(&device->attentions, &io->itl->attentions);
	if (up_to_date)
		return;
	memset(sense, 0, VSCSI_SENSE_BYTES);
	scsi_build_sense_buffer(0, sense, UNIT_ATTENTION, due >> 8, due & 0xff);
}

int vscsi_share_enter(struct vscsi_io *io)
{
	struct vscsi_scsi_device *device = io->execution.device;
	bool inherited = false, handled;
	unsigned long flags;
	int verdict;

	spin_lock_irqsave(&device->lock, flags);
	verdict = vscsi_gate_enter(&device->gate, io->itl->nexus, io->cdb);
	if (verdict == VSCSI_GATE_CONFLICT) {
		inherited = vscsi_gate_is_inherited(&device->gate);
		if (device->unread)
			verdict = VSCSI_GATE_BUSY;
	}
	handled = READ_ONCE(device->sdev->handler) != device->handler;
	io->execution.resets = device->resets;
	io->execution.resets_known = device->gate.resets;
	spin_unlock_irqrestore(&device->lock, flags);
	/* The device says who holds it now; or dom0 has a device handler for it since. */
	if (inherited || handled)
		vscsi_scsi_device_look(device, false);
	return verdict;
}

/* A unit attention that came with the command; 0 if none did. */
static u16 vscsi_attention_of(const struct vscsi_io *io, bool good, const u8 *data)
{
	struct vscsi_sense sense;
	u16 code;

	if (io->result.has_sense) {
		vscsi_sense_of(io->result.sense, VSCSI_SENSE_BYTES, &sense);
		return sense.key == UNIT_ATTENTION ? sense.code << 8 | sense.qualifier : 0;
	}
	if (good && data && io->result.residual < io->data.bytes &&
	    vscsi_sense_data_attention(io->cdb, data,
				       min(io->data.sgl->length,
					   io->data.bytes - io->result.residual), &code))
		return code;
	return 0;
}

static u32 vscsi_share_effect(const struct vscsi_io *io)
{
	const struct vscsi_io_result *result = &io->result;

	return vscsi_effect_of(result->host, result->status, result->sense,
			       result->has_sense ? VSCSI_SENSE_BYTES : 0);
}

void vscsi_share_leave(struct vscsi_io *io, bool ended)
{
	struct vscsi_gate_outcome outcome = {
		.effect = ended ? vscsi_share_effect(io) : VSCSI_EFFECT_NONE,
		.resets = io->execution.resets_known,
		.unheard = READ_ONCE(io->execution.forsaken),
	};
	struct vscsi_scsi_device *device = io->execution.device;
	unsigned long flags;
	void *data = NULL;
	bool owes;

	if (io->data.bytes) {
		data = vscsi_io_first_page(io);
		outcome.data = data;
		outcome.data_bytes = io->data.sgl->length;
	}
	outcome.attention = vscsi_attention_of(io, outcome.effect == VSCSI_EFFECT_ALL, data);
	spin_lock_irqsave(&device->lock, flags);
	vscsi_gate_leave(&device->gate, io->itl->nexus, io->cdb, &outcome);
	if (io->execution.device_type == TYPE_TAPE)
		vscsi_gate_paid(&device->gate, vscsi_keys_note(&device->keys, io->itl->nexus,
							       io->cdb, &outcome));
	if (outcome.attention)
		vscsi_note_attention(device, io, outcome.attention);
	owes = device->gate.owed;
	spin_unlock_irqrestore(&device->lock, flags);
	/* It may have waited for this command. */
	if (owes)
		vscsi_scsi_device_look(device, true);
	if (data)
		kunmap_local(data);
}

bool vscsi_share_take_attention(struct vscsi_io *io)
{
	struct vscsi_scsi_device *device = io->execution.device;
	struct vscsi_itl *itl = io->itl;
	unsigned long flags;
	u16 attention;

	/* SAM-5 5.14: these do not report one. */
	if (io->cdb[0] == INQUIRY || io->cdb[0] == REQUEST_SENSE)
		return false;
	spin_lock_irqsave(&device->lock, flags);
	attention = itl->own_attention;
	itl->own_attention = 0;
	if (!attention) {
		attention = vscsi_attention_next(&device->attentions, &itl->attentions);
		if (attention)
			device->newcomer = device->attentions.count;
	}
	spin_unlock_irqrestore(&device->lock, flags);
	if (attention)
		vscsi_io_note_check(io, UNIT_ATTENTION, attention >> 8, attention & 0xff);
	return attention;
}

void vscsi_share_use(struct vscsi_itl *itl, struct vscsi_scsi_device *device)
{
	struct vscsi_scsi_device *old = itl->device;

	if (old == device)
		return;
	kref_get(&device->kref);
	itl->device = device;
	spin_lock_irq(&device->lock);
	itl->attentions = device->newcomer;
	/* The LUN was linked to something else: what the guest knows of its device is wrong. */
	itl->own_attention = old || itl->elsewhere ? VSCSI_LUNS_CHANGED : 0;
	if (vscsi_gate_comes_back(&device->gate, itl->nexus))
		itl->own_attention = VSCSI_NEXUS_LOST;
	spin_unlock_irq(&device->lock);
	itl->elsewhere = false;
	if (old)
		vscsi_scsi_device_put(old);
}

void vscsi_share_forget(struct vscsi_itl *itl)
{
	struct vscsi_scsi_device *old = itl->device;

	itl->elsewhere = true;
	itl->device = NULL;
	if (old)
		vscsi_scsi_device_put(old);
}

/* It ends RESERVE and the prevention of medium removal as well, and everybody hears of it. */
void vscsi_share_reset(struct vscsi_scsi_device *device)
{
	int owed;

	spin_lock_irq(&device->lock);
	owed = vscsi_gate_reset(&device->gate);
	device->resets++;
	vscsi_attention_add(&device->attentions, VSCSI_RESET_OCCURRED);
	spin_unlock_irq(&device->lock);
	if (owed)
		vscsi_scsi_device_look(device, true);
}

bool vscsi_share_was_reset(struct vscsi_io *io)
{
	struct vscsi_scsi_device *device = io->execution.device;
	bool reset;

	spin_lock_irq(&device->lock);
	reset = device->resets != io->execution.resets;
	spin_unlock_irq(&device->lock);
	return reset;
}

/*
 * RESERVE (SPC-2 5.5.2) and the prevention of medium removal go with their nexus, and
 * keys of encryption if that is wanted.
 */
void vscsi_share_nexus_ended(struct vscsi_scsi_device *device, const void *argument)
{
	const struct vscsi_nexus_end *end = argument;
	int owed, keys;

	lockdep_assert_held(&vscsi_scsi_devices_lock);
	spin_lock_irq(&device->lock);
	owed = vscsi_gate_session_ended(&device->gate, end->nexus);
	keys = vscsi_keys_ended(&device->keys, end->nexus, end->clear_keys);
	vscsi_gate_owe(&device->gate, keys);
	owed |= keys;
	spin_unlock_irq(&device->lock);
	if (owed)
		vscsi_scsi_device_look(device, true);
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
