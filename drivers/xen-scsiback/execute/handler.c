// SPDX-License-Identifier: GPL-2.0
/*
 * dom0's device handlers (scsi_dh_alua, say) look at sense data before anybody else, and
 * answer some unit attentions by repeating the command: no guest would hear of those.  They
 * cannot be detached from a device.  So the handler of one that is passed through is
 * replaced by its like, which looks, does what it does, and lets unit attentions pass.
 * For dom0's own commands that makes no difference: the mid-layer repeats them itself.
 */
#define pr_fmt(fmt) "xen-pvscsi: " fmt

#include "private.h"

#include <linux/slab.h>

#include <scsi/scsi.h>
#include <scsi/scsi_common.h>
#include <scsi/scsi_device.h>
#include <scsi/scsi_dh.h>
#include <scsi/scsi_proto.h>

struct vscsi_handler {
	struct scsi_device_handler like;
	struct scsi_device_handler *of;
	struct list_head entry;		/* vscsi_handlers_lock */
	u32 users;			/* vscsi_handlers_lock: devices that have it */
};

static DEFINE_MUTEX(vscsi_handlers_lock);
/* Who reads a device's handler takes no lock, so they stay until the module goes. */
static LIST_HEAD(vscsi_handlers);		/* vscsi_handlers_lock */

static enum scsi_disposition vscsi_handler_check_sense(struct scsi_device *sdev,
							struct scsi_sense_hdr *sense);

/* Ours, or NULL. */
static struct vscsi_handler *to_vscsi_handler(struct scsi_device_handler *handler)
{
	if (!handler || handler->check_sense != vscsi_handler_check_sense)
		return NULL;
	return container_of(handler, struct vscsi_handler, like);
}

/* Where the mid-layer ends commands; any context. */
static enum scsi_disposition vscsi_handler_check_sense(struct scsi_device *sdev,
							struct scsi_sense_hdr *sense)
{
	struct vscsi_handler *own = to_vscsi_handler(READ_ONCE(sdev->handler));
	enum scsi_disposition said = SCSI_RETURN_NOT_HANDLED;

	if (own)
		said = own->of->check_sense(sdev, sense);
	return sense->sense_key == UNIT_ATTENTION ? SCSI_RETURN_NOT_HANDLED : said;
}

static struct vscsi_handler *vscsi_handler_like(struct scsi_device_handler *of)
{
	struct vscsi_handler *own;

	lockdep_assert_held(&vscsi_handlers_lock);
	list_for_each_entry(own, &vscsi_handlers, entry)
		if (own->of == of)
			goto found;
	own = kzalloc(sizeof(*own), GFP_KERNEL);
	if (!own)
		return NULL;
	own->of = of;
	list_add(&own->entry, &vscsi_handlers);
found:
	/* Its module may have gone and come again. */
	if (!own->users) {
		own->like = *of;
		own->like.check_sense = vscsi_handler_check_sense;
	}
	return own;
}

const void *vscsi_handler_quieten(struct scsi_device *sdev)
{
	struct scsi_device_handler *of;
	struct vscsi_handler *own;

	mutex_lock(&vscsi_handlers_lock);
	of = READ_ONCE(sdev->handler);
	if (of && of->check_sense && !to_vscsi_handler(of)) {
		own = vscsi_handler_like(of);
		if (own && cmpxchg(&sdev->handler, of, &own->like) == of) {
			own->users++;
			pr_info("%s: dom0's device handler %s lets unit attentions pass to guests\n",
				dev_name(&sdev->sdev_gendev), of->name);
		}
	}
	of = READ_ONCE(sdev->handler);
	mutex_unlock(&vscsi_handlers_lock);
	return of;
}

void vscsi_handler_restore(struct scsi_device *sdev)
{
	struct vscsi_handler *own;

	mutex_lock(&vscsi_handlers_lock);
	own = to_vscsi_handler(READ_ONCE(sdev->handler));
	if (own) {
		WRITE_ONCE(sdev->handler, own->of);
		own->users--;
	}
	mutex_unlock(&vscsi_handlers_lock);
}

void vscsi_handlers_exit(void)
{
	struct vscsi_handler *own, *next;

	/* Somebody may still be in the one that a device had. */
	synchronize_rcu();
	list_for_each_entry_safe(own, next, &vscsi_handlers, entry)
		kfree(own);
}
