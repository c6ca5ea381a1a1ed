// SPDX-License-Identifier: GPL-2.0
/* The attribute "guests" of a portal group: who is connected. */
#include "private.h"

#include <linux/module.h>
#include <linux/string.h>

#include <xen/xenbus.h>

static const char *vscsi_session_state(const struct vscsi_session *session)
{
	switch (READ_ONCE(session->initiator->dev->state)) {
	case XenbusStateConnected:
	case XenbusStateReconfiguring:
	case XenbusStateReconfigured:
		return "connected";
	case XenbusStateClosing:
	case XenbusStateClosed:
		return "closing";
	default:
		return "connecting";
	}
}

/* One line for each nexus; as many as a page holds. */
static ssize_t vscsi_tpg_guests_show(struct config_item *item, char *page)
{
	struct vscsi_tpg *tpg = to_vscsi_tpg(to_tpg(item));
	struct vscsi_session *session;
	struct vscsi_mapping *mapping;
	int at = 0, line;
	char separator;

	mutex_lock(&vscsi_tpgs_lock);
	list_for_each_entry(session, &tpg->sessions, tpg_entry) {
		line = at;
		at += sysfs_emit_at(page, at, "domid=%u uuid=%s vhost=%s initiator=%s state=%s",
				    session->initiator->domid, session->guest.uuid,
				    kbasename(session->initiator->dev->nodename), session->port,
				    vscsi_session_state(session));
		if (list_empty(&session->mapped))
			at += sysfs_emit_at(page, at, " luns=-");
		separator = '=';
		list_for_each_entry(mapping, &session->mapped, entry) {
			at += sysfs_emit_at(page, at, "%s%c%u=%u:%u:%u:%u",
					    separator == '=' ? " luns" : "", separator,
					    mapping->lun, mapping->address.host,
					    mapping->address.channel, mapping->address.id,
					    mapping->address.lun);
			separator = ',';
		}
		/* Last, since it may have blanks. */
		at += sysfs_emit_at(page, at, " name=%s\n", session->guest.name);
		if (at >= PAGE_SIZE - 1) {
			at = line;
			break;
		}
	}
	mutex_unlock(&vscsi_tpgs_lock);
	return at;
}

struct configfs_attribute vscsi_tpg_attr_guests = {
	.ca_owner	= THIS_MODULE,
	.ca_name	= "guests",
	.ca_mode	= 0444,
	.show		= vscsi_tpg_guests_show,
};
