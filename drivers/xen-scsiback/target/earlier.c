// SPDX-License-Identifier: GPL-2.0
/*
 * What an I_T nexus has left with a LUN's device.  A guest that is destroyed, or
 * whose device is detached, may come back at once, by a new controller that knows
 * nothing of the old one: its commands must not be overtaken by those of before.
 */
#include "private.h"

void vscsi_session_map(struct vscsi_session *session, struct vscsi_mapping *mapping)
{
	mapping->session = session;
	mutex_lock(&vscsi_tpgs_lock);
	list_add_tail(&mapping->entry, &session->mapped);
	mutex_unlock(&vscsi_tpgs_lock);
}

void vscsi_session_unmap(struct vscsi_mapping *mapping)
{
	mutex_lock(&vscsi_tpgs_lock);
	list_move_tail(&mapping->entry, &mapping->session->tpg->leaving);
	mutex_unlock(&vscsi_tpgs_lock);
}

void vscsi_session_unmapped(struct vscsi_mapping *mapping)
{
	if (!mapping->session)
		return;
	mutex_lock(&vscsi_tpgs_lock);
	list_del(&mapping->entry);
	mutex_unlock(&vscsi_tpgs_lock);
}

static bool vscsi_same_nexus(const struct vscsi_session *session,
			     const struct vscsi_session *other)
{
	return session->nexus == other->nexus && !strcmp(session->port, other->port);
}

static bool vscsi_leaves_commands(const struct vscsi_session *session, u32 lun)
{
	const struct vscsi_mapping *mapping;

	lockdep_assert_held(&vscsi_tpgs_lock);
	list_for_each_entry(mapping, &session->tpg->leaving, entry)
		if (mapping->lun == lun && vscsi_same_nexus(mapping->session, session) &&
		    vscsi_itl_in_use(mapping->itl, false))
			return true;
	return false;
}

static bool vscsi_has_commands(const struct vscsi_session *session, u32 lun)
{
	const struct vscsi_mapping *mapping;

	lockdep_assert_held(&vscsi_tpgs_lock);
	list_for_each_entry(mapping, &session->mapped, entry)
		if (mapping->lun == lun && vscsi_itl_in_use(mapping->itl, true))
			return true;
	return false;
}

/*
 * A guest that is moved within this host is two domains for a while.  The old one
 * runs no more, but what it sent may still be with the device.
 */
static bool vscsi_moved_from(const struct vscsi_session *session, u32 lun)
{
	const struct vscsi_session *other;

	lockdep_assert_held(&vscsi_tpgs_lock);
	list_for_each_entry(other, &session->tpg->sessions, tpg_entry)
		if (other->initiator->domid != session->initiator->domid &&
		    vscsi_same_nexus(other, session) && vscsi_has_commands(other, lun))
			return true;
	return false;
}

bool vscsi_session_waits(const struct vscsi_session *session, u32 lun)
{
	bool waits;

	if (!READ_ONCE(session->tpg->wait_for_earlier))
		return false;
	mutex_lock(&vscsi_tpgs_lock);
	waits = vscsi_leaves_commands(session, lun) || vscsi_moved_from(session, lun);
	mutex_unlock(&vscsi_tpgs_lock);
	return waits;
}
