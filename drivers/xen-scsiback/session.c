// SPDX-License-Identifier: GPL-2.0
/*
 * I_T nexuses: one session for each vhost and TPG, so that reservations, unit
 * attentions and aborts are a guest's own.
 */
#include "shim.h"

#include <linux/atomic.h>
#include <linux/jhash.h>
#include <linux/slab.h>

/* Two vhosts of a guest must not make two ACLs of one name. */
static DEFINE_MUTEX(vscsi_session_setup_lock);

static atomic_t vscsi_session_indices = ATOMIC_INIT(0);

u32 vscsi_session_index(struct se_session *se_sess)
{
	struct vscsi_session *session = se_sess->fabric_sess_ptr;

	return session ? session->index : 0;
}

/* The guest's UUID, from /local/domain/N/vm = /vm/UUID; the caller frees it. */
static char *vscsi_guest_uuid(domid_t domid)
{
	char path[32], *vm, *slash, *uuid = NULL;

	snprintf(path, sizeof(path), "/local/domain/%u", domid);
	vm = xenbus_read(XBT_NIL, path, "vm", NULL);
	if (!IS_ERR(vm)) {
		slash = strrchr(vm, '/');
		if (slash)
			uuid = kstrdup(slash + 1, GFP_KERNEL);
		kfree(vm);
	}
	if (!uuid)
		uuid = kasprintf(GFP_KERNEL, "00000000-0000-0000-0000-%012x", domid);
	return uuid;
}

/* The initiator port name: the toolstack's choice, else one from the UUID. */
static int vscsi_initiator(struct vscsi_vhost *vhost, u32 protocol, char *name, size_t room)
{
	char *chosen, *uuid;
	int bad;

	chosen = xenbus_read(XBT_NIL, vhost->dev->nodename, "initiator", NULL);
	if (!IS_ERR(chosen)) {
		ssize_t length = strscpy(name, chosen, room);

		kfree(chosen);
		if (length > 0)
			return 0;
	}
	uuid = vscsi_guest_uuid(vhost->domid);
	if (!uuid)
		return -ENOMEM;
	bad = vscsi_initiator_name(protocol, uuid, name, room);
	kfree(uuid);
	return bad ? -EINVAL : 0;
}

struct vscsi_session *vscsi_session_get(struct vscsi_vhost *vhost,
					const struct vscsi_pdev *pdev, const char **why)
{
	char initiator[VSCSI_NAME_BYTES];
	struct vscsi_session *session;
	struct vscsi_tpg *tpg;
	int err;

	tpg = vscsi_tpg_pin(pdev, why);
	if (IS_ERR(tpg))
		return ERR_CAST(tpg);

	list_for_each_entry(session, &vhost->sessions, entry) {
		if (session->tpg == tpg) {
			vscsi_tpg_unpin(tpg);
			session->devices++;
			return session;
		}
	}

	session = kzalloc(sizeof(*session), GFP_KERNEL);
	if (!session) {
		err = -ENOMEM;
		*why = "out of memory";
		goto unpin;
	}
	err = vscsi_initiator(vhost, tpg->port->protocol, initiator, sizeof(initiator));
	if (err) {
		*why = "the guest's UUID in xenstore is malformed";
		goto free_session;
	}
	session->tpg = tpg;
	session->initiator = jhash(initiator, strlen(initiator), 0) | 1;
	session->index = atomic_inc_return(&vscsi_session_indices);
	session->devices = 1;
	mutex_lock(&vscsi_session_setup_lock);
	session->se_sess = target_setup_session(&tpg->se_tpg, 0, 0, TARGET_PROT_NORMAL, initiator,
						session, NULL);
	mutex_unlock(&vscsi_session_setup_lock);
	if (IS_ERR(session->se_sess)) {
		err = PTR_ERR(session->se_sess);
		*why = "target core refused the I_T nexus";
		goto free_session;
	}
	list_add(&session->entry, &vhost->sessions);
	return session;

free_session:
	kfree(session);
unpin:
	vscsi_tpg_unpin(tpg);
	return ERR_PTR(err);
}

void vscsi_session_put(struct vscsi_session *session)
{
	if (--session->devices)
		return;
	list_del(&session->entry);
	/* All commands were released; only their last steps may remain. */
	target_stop_session(session->se_sess);
	target_wait_for_sess_cmds(session->se_sess);
	target_remove_session(session->se_sess);
	vscsi_passthrough_session_ended(session->initiator);
	vscsi_tpg_unpin(session->tpg);
	kfree(session);
}
