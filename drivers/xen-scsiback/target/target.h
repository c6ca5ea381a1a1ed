/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The fabric xen-pvscsi: target ports and portal groups in configfs, and the I_T
 * nexuses of guests with them.
 *
 *   tpg      configfs; pinned by each session so that it cannot be removed, and
 *            so is the explicit ACL of a session
 *   session  one I_T nexus, of an initiator with a tpg; kept by its devices
 */
#ifndef VSCSI_TARGET_H
#define VSCSI_TARGET_H

#include <linux/list.h>
#include <linux/mutex.h>

#include <target/target_core_base.h>
#include <target/target_core_fabric.h>

#include <xen/interface/xen.h>

#include "../execute/execute.h"

struct xenbus_device;

struct vscsi_port {
	struct se_wwn se_wwn;
	u32 protocol;
	char name[VSCSI_NAME_BYTES];
};

#define VSCSI_VPORT_BYTES 64	/* WWPN:WWNN@fabric:WWN and the end of the string */

struct vscsi_tpg {
	struct se_portal_group se_tpg;
	struct vscsi_port *port;
	u16 tpgt;
	struct list_head entry;		/* vscsi_tpgs_lock */
	u32 pins;			/* vscsi_tpgs_lock to change: look-ups that use it */
	char alias[VSCSI_NAME_BYTES];	/* vscsi_tpgs_lock */
	char nexus[VSCSI_NAME_BYTES];	/* vscsi_tpgs_lock: kept for stock tools */
	char domain[VSCSI_NAME_BYTES];	/* vscsi_tpgs_lock: the one guest that it serves, or empty */
	char vport[VSCSI_VPORT_BYTES];	/* vscsi_tpgs_lock: its guest's port on a fabric, or empty */
	u64 vport_wwpn;			/* vscsi_tpgs_lock: of vport, or 0 */
	bool ring_per_lun;		/* one word: a wish to the tools */
	bool wait_for_earlier;		/* one word: see vscsi_session_waits() */
	bool clear_keys;		/* one word: of encryption, at the end of a nexus */
	bool write_protect;		/* changes under se_tpg.tpg_lun_mutex, while there is no LUN */
	struct list_head sessions;	/* vscsi_tpgs_lock */
	struct list_head leaving;	/* vscsi_tpgs_lock: mappings that are gone, but for their commands */
	struct vscsi_backings backings;
};

/* Who a guest is; empty where xenstore does not say. */
struct vscsi_guest {
	char name[VSCSI_NAME_BYTES];
	char uuid[40];
	int unread;	/* an error: name or UUID are not known, which is not to have none */
};

/* Why something cannot be done, for the operator. */
struct vscsi_why {
	char text[3 * VSCSI_NAME_BYTES + 160];	/* no name that is in it is cut */
};
#define vscsi_why(why, ...) snprintf((why)->text, sizeof((why)->text), __VA_ARGS__)

/* A guest's controller as an initiator; embedded in who owns it. */
struct vscsi_initiator {
	struct xenbus_device *dev;	/* referenced by its owner */
	domid_t domid;
	struct vscsi_guest guest;	/* its owner's: one thread at a time */
	struct list_head sessions;	/* as guest */
};

struct vscsi_session {
	struct list_head entry;		/* initiator's sessions */
	struct list_head tpg_entry;	/* vscsi_tpgs_lock */
	struct list_head mapped;	/* vscsi_tpgs_lock: its LUNs that are mapped */
	struct vscsi_initiator *initiator;
	struct vscsi_tpg *tpg;
	struct se_session *se_sess;	/* set once, vscsi_tpgs_lock for others than the initiator's owner */
	struct vscsi_guest guest;
	char port[VSCSI_NAME_BYTES];	/* initiator port name */
	u32 devices;			/* initiator's owner */
	u32 index;
	u32 nexus;			/* a number for initiator and target port, for reservations */
	bool acl_pinned;		/* initiator's owner: an explicit ACL, kept in configfs */
	bool closing;			/* set once: target core wants it gone */
};

/* A LUN of a session, as its portal group lists it. */
struct vscsi_mapping {
	struct list_head entry;		/* vscsi_tpgs_lock */
	struct vscsi_session *session;	/* NULL: it never was in the list */
	struct vscsi_itl *itl;
	u32 lun;
	struct vscsi_address address;
};

/* What comes up from here. */
struct vscsi_target_callbacks {
	/* Any context: a session of it is to be looked at. */
	void (*kick)(struct vscsi_initiator *initiator);
};

int vscsi_target_register(const struct vscsi_target_callbacks *callbacks);
void vscsi_target_unregister(void);

/* session.c: one caller at a time for each initiator; may sleep. */
/* The session with the portal group that p-dev means, or an error and why. */
struct vscsi_session *vscsi_session_get(struct vscsi_initiator *initiator,
					const struct vscsi_pdev *pdev, struct vscsi_why *why);
void vscsi_session_put(struct vscsi_session *session);
/* Keeps explicit ACLs of sessions in configfs; true if it must be tried again. */
bool vscsi_sessions_pin_acls(struct vscsi_initiator *initiator);

/* earlier.c: may sleep. */
/* Shows a LUN in its portal group's list of guests, and hides it. */
void vscsi_session_map(struct vscsi_session *session, struct vscsi_mapping *mapping);
void vscsi_session_unmap(struct vscsi_mapping *mapping);
/* The last command of what was unmapped is over; before its session is put. */
void vscsi_session_unmapped(struct vscsi_mapping *mapping);
/*
 * Whether a LUN's device still has commands that this nexus sent by an earlier
 * connection, and the portal group's attribute does not say to go on without them.
 */
bool vscsi_session_waits(const struct vscsi_session *session, u32 lun);

#endif
