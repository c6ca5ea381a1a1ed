// SPDX-License-Identifier: GPL-2.0
/*
 * I_T nexuses: one session for each controller and TPG, so that reservations, unit
 * attentions and aborts are a guest's own.
 */
#include "private.h"

#include <linux/atomic.h>
#include <linux/jhash.h>
#include <linux/random.h>
#include <linux/slab.h>

#include <xen/xenbus.h>

/* Two controllers of a guest must not make two ACLs of one name. */
static DEFINE_MUTEX(vscsi_session_setup_lock);

static atomic_t vscsi_session_indices = ATOMIC_INIT(0);

/* In names of guests that xenstore has no UUID for; another one each time. */
static u32 vscsi_nameless;

void vscsi_sessions_init(void)
{
	vscsi_nameless = get_random_u32();
}

u32 vscsi_session_index(struct se_session *se_sess)
{
	struct vscsi_session *session = se_sess->fabric_sess_ptr;

	return session ? session->index : 0;
}

static u64 vscsi_tpg_vport(struct vscsi_tpg *tpg)
{
	u64 wwpn;

	mutex_lock(&vscsi_tpgs_lock);
	wwpn = tpg->vport_wwpn;
	mutex_unlock(&vscsi_tpgs_lock);
	return wwpn;
}

/* The initiator port name: the toolstack's choice, else its vport's, else one from the UUID. */
static int vscsi_initiator_port(struct vscsi_initiator *initiator, struct vscsi_tpg *tpg,
				char *name, size_t room, struct vscsi_why *why)
{
	u64 wwpn = vscsi_tpg_vport(tpg);
	u32 protocol = tpg->port->protocol;
	char fallback[sizeof(initiator->guest.uuid)];
	const char *uuid = initiator->guest.uuid;
	char *chosen;

	chosen = xenbus_read(XBT_NIL, initiator->dev->nodename, "initiator", NULL);
	if (!IS_ERR(chosen)) {
		ssize_t length = strscpy(name, chosen, room);

		kfree(chosen);
		if (length > 0)
			return 0;
	} else if (PTR_ERR(chosen) != -ENOENT) {
		/* Under another name it would be another initiator, with other rights. */
		vscsi_why(why, "reading initiator in the backend's directory: error %ld",
			  PTR_ERR(chosen));
		return PTR_ERR(chosen);
	}
	vscsi_why(why, "the guest's UUID in xenstore is malformed");
	if (wwpn)
		return vscsi_vport_name(protocol, wwpn, name, room) ? -EINVAL : 0;
	if (!uuid[0]) {
		/* Another guest has that number some day: not what this one has registered. */
		snprintf(fallback, sizeof(fallback), "%08x-0000-0000-0000-%012x",
			 vscsi_nameless, initiator->domid);
		uuid = fallback;
	}
	return vscsi_initiator_name(protocol, uuid, name, room) ? -EINVAL : 0;
}

/* Whether its portal group may serve the guest is decided as it is listed there. */
static bool vscsi_session_enlist(struct vscsi_session *session, struct vscsi_why *why)
{
	struct vscsi_tpg *tpg = session->tpg;
	bool allowed;

	mutex_lock(&vscsi_tpgs_lock);
	allowed = vscsi_tpg_allows(tpg, &session->guest, why);
	if (allowed)
		list_add_tail(&session->tpg_entry, &tpg->sessions);
	mutex_unlock(&vscsi_tpgs_lock);
	return allowed;
}

static void vscsi_session_delist(struct vscsi_session *session)
{
	mutex_lock(&vscsi_tpgs_lock);
	list_del(&session->tpg_entry);
	mutex_unlock(&vscsi_tpgs_lock);
}

/* With the name and guest set; the TPG is the caller's. */
static int vscsi_session_setup(struct vscsi_session *session, struct vscsi_why *why)
{
	struct se_session *se_sess;

	if (!vscsi_session_enlist(session, why))
		return -EACCES;
	mutex_lock(&vscsi_session_setup_lock);
	se_sess = target_setup_session(&session->tpg->se_tpg, 0, 0, TARGET_PROT_NORMAL,
				       session->port, session, NULL);
	mutex_unlock(&vscsi_session_setup_lock);
	if (IS_ERR(se_sess)) {
		vscsi_session_delist(session);
		vscsi_why(why, "target core refused the I_T nexus of initiator %s",
			  session->port);
		return PTR_ERR(se_sess);
	}
	mutex_lock(&vscsi_tpgs_lock);
	session->se_sess = se_sess;
	mutex_unlock(&vscsi_tpgs_lock);
	return 0;
}

/* Of initiator port and target port; the same when the guest comes back. */
static u32 vscsi_nexus_number(const struct vscsi_session *session)
{
	const struct vscsi_tpg *tpg = session->tpg;
	u32 target = jhash(tpg->port->name, strlen(tpg->port->name), tpg->tpgt);

	return jhash(session->port, strlen(session->port), target) | 1;
}

/* What target core knows by session, and ends with it: SPC-2's RESERVE of emulated devices. */
static void vscsi_reservations_move(struct vscsi_session *from, struct vscsi_session *to)
{
	struct se_portal_group *se_tpg = &from->tpg->se_tpg;
	struct se_device *dev;
	struct se_lun *lun;

	mutex_lock(&se_tpg->tpg_lun_mutex);
	hlist_for_each_entry(lun, &se_tpg->tpg_lun_hlist, link) {
		dev = rcu_dereference_protected(lun->lun_se_dev,
						lockdep_is_held(&se_tpg->tpg_lun_mutex));
		if (!dev)
			continue;
		spin_lock(&dev->dev_reservation_lock);
		if (dev->reservation_holder == from->se_sess)
			dev->reservation_holder = to->se_sess;
		spin_unlock(&dev->dev_reservation_lock);
	}
	mutex_unlock(&se_tpg->tpg_lun_mutex);
}

/* Several controllers of a guest have one nexus with a portal group. */
static bool vscsi_nexus_goes_on(struct vscsi_session *ended)
{
	struct vscsi_session *session;
	bool found = false;

	mutex_lock(&vscsi_tpgs_lock);
	list_for_each_entry(session, &ended->tpg->sessions, tpg_entry) {
		if (session->nexus != ended->nexus)
			continue;
		found = true;
		if (!session->se_sess)
			continue;
		vscsi_reservations_move(ended, session);
		break;
	}
	mutex_unlock(&vscsi_tpgs_lock);
	return found;
}

struct vscsi_session *vscsi_session_get(struct vscsi_initiator *initiator,
					const struct vscsi_pdev *pdev, struct vscsi_why *why)
{
	struct vscsi_session *session;
	struct vscsi_tpg *tpg;
	int err;

	err = initiator->guest.unread;
	if (err) {
		vscsi_why(why, "reading the guest's name and UUID: error %d", err);
		return ERR_PTR(err);
	}
	tpg = vscsi_tpg_pin(pdev, &initiator->guest, why);
	if (IS_ERR(tpg))
		return ERR_CAST(tpg);

	list_for_each_entry(session, &initiator->sessions, entry) {
		if (session->tpg != tpg)
			continue;
		vscsi_tpg_unpin(tpg);
		if (READ_ONCE(session->closing)) {
			vscsi_why(why, "the initiator's nexus is being ended in configfs");
			return ERR_PTR(-EBUSY);
		}
		session->devices++;
		return session;
	}

	session = kzalloc(sizeof(*session), GFP_KERNEL);
	if (!session) {
		err = -ENOMEM;
		vscsi_why(why, "out of memory");
		goto unpin;
	}
	session->initiator = initiator;
	session->tpg = tpg;
	session->guest = initiator->guest;
	session->index = atomic_inc_return(&vscsi_session_indices);
	session->devices = 1;
	INIT_LIST_HEAD(&session->mapped);
	err = vscsi_initiator_port(initiator, tpg, session->port, sizeof(session->port), why);
	if (err)
		goto free_session;
	session->nexus = vscsi_nexus_number(session);
	err = vscsi_session_setup(session, why);
	if (err)
		goto free_session;
	list_add(&session->entry, &initiator->sessions);
	vscsi_sessions_pin_acls(initiator);
	return session;

free_session:
	kfree(session);
unpin:
	vscsi_tpg_unpin(tpg);
	return ERR_PTR(err);
}

void vscsi_session_put(struct vscsi_session *session)
{
	struct vscsi_nexus_end end;
	bool goes_on;

	if (--session->devices)
		return;
	list_del(&session->entry);
	vscsi_session_delist(session);
	/* All commands were released; only their last steps may remain. */
	target_stop_session(session->se_sess);
	target_wait_for_sess_cmds(session->se_sess);
	goes_on = vscsi_nexus_goes_on(session);
	if (session->acl_pinned)
		target_undepend_item(&session->se_sess->se_node_acl->acl_group.cg_item);
	target_remove_session(session->se_sess);
	if (!goes_on) {
		end.nexus = session->nexus;
		end.clear_keys = READ_ONCE(session->tpg->clear_keys);
		vscsi_nexus_ended(&end);
	}
	vscsi_tpg_unpin(session->tpg);
	kfree(session);
}

/*
 * To remove an explicit ACL, target core waits for the end of its sessions, and
 * all of configfs with it: so rmdir is refused while a guest uses it.
 */
bool vscsi_sessions_pin_acls(struct vscsi_initiator *initiator)
{
	struct vscsi_session *session;
	bool again = false;

	list_for_each_entry(session, &initiator->sessions, entry) {
		struct se_node_acl *nacl = session->se_sess->se_node_acl;

		if (session->acl_pinned || READ_ONCE(nacl->dynamic_node_acl))
			continue;
		/* Fails while its directory is being made, or removed. */
		session->acl_pinned = !target_depend_item(&nacl->acl_group.cg_item);
		/* Its removal may have begun before the session was listed. */
		if (!session->acl_pinned && list_empty(&nacl->acl_list))
			WRITE_ONCE(session->closing, true);
		again |= !session->acl_pinned;
	}
	return again;
}

void vscsi_session_acl_made(struct se_node_acl *nacl)
{
	struct vscsi_tpg *tpg = to_vscsi_tpg(nacl->se_tpg);
	struct vscsi_session *session;

	mutex_lock(&vscsi_tpgs_lock);
	list_for_each_entry(session, &tpg->sessions, tpg_entry)
		if (session->se_sess && session->se_sess->se_node_acl == nacl)
			vscsi_target_up->kick(session->initiator);
	mutex_unlock(&vscsi_tpgs_lock);
}

/* The session may be gone by now: only its address is looked at. */
void vscsi_session_close(struct se_session *se_sess)
{
	struct vscsi_session *session;
	struct vscsi_tpg *tpg;

	mutex_lock(&vscsi_tpgs_lock);
	list_for_each_entry(tpg, &vscsi_tpgs, entry) {
		list_for_each_entry(session, &tpg->sessions, tpg_entry) {
			if (session->se_sess != se_sess)
				continue;
			WRITE_ONCE(session->closing, true);
			vscsi_target_up->kick(session->initiator);
		}
	}
	mutex_unlock(&vscsi_tpgs_lock);
}
