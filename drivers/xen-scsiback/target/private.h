/* SPDX-License-Identifier: GPL-2.0 */
/* Between the files of target/. */
#ifndef VSCSI_TARGET_PRIVATE_H
#define VSCSI_TARGET_PRIVATE_H

#include "target.h"

/* The stair up; tpg.c. */
extern const struct vscsi_target_callbacks *vscsi_target_up;

/* tpg.c: portal groups by name. */
extern struct mutex vscsi_tpgs_lock;
extern struct list_head vscsi_tpgs;	/* vscsi_tpgs_lock */
/* The TPG that p-dev means for this guest, pinned in configfs; or an error and why.  May sleep. */
struct vscsi_tpg *vscsi_tpg_pin(const struct vscsi_pdev *pdev, const struct vscsi_guest *guest,
				struct vscsi_why *why);
void vscsi_tpg_unpin(struct vscsi_tpg *tpg);
/* Nobody finds it any more, and nobody who did still uses it.  May sleep. */
void vscsi_tpg_withdraw(struct vscsi_tpg *tpg);
/* Whether a guest may use it; vscsi_tpgs_lock held.  why may be NULL. */
bool vscsi_tpg_allows(const struct vscsi_tpg *tpg, const struct vscsi_guest *guest,
		      struct vscsi_why *why);

/* port.c: configfs; may sleep. */
extern struct configfs_attribute *vscsi_wwn_attrs[];
struct se_wwn *vscsi_make_wwn(struct target_fabric_configfs *tf,
			      struct config_group *group, const char *name);
void vscsi_drop_wwn(struct se_wwn *wwn);
struct se_portal_group *vscsi_make_tpg(struct se_wwn *wwn, const char *name);
void vscsi_drop_tpg(struct se_portal_group *se_tpg);

/* attribute.c, guests.c: attributes of portal groups. */
extern struct configfs_attribute *vscsi_tpg_attrs[];
extern struct configfs_attribute vscsi_tpg_attr_guests;
extern struct configfs_attribute *vscsi_tpg_attrib_attrs[];
extern struct configfs_attribute *vscsi_tpg_param_attrs[];

/* session.c */
void vscsi_sessions_init(void);
u32 vscsi_session_index(struct se_session *se_sess);
/* configfs: an ACL was made for an initiator that may be here already. */
void vscsi_session_acl_made(struct se_node_acl *nacl);
/* configfs: target core is about to wait for the end of this session. */
void vscsi_session_close(struct se_session *se_sess);

static inline struct vscsi_tpg *to_vscsi_tpg(struct se_portal_group *se_tpg)
{
	return container_of(se_tpg, struct vscsi_tpg, se_tpg);
}

static inline struct vscsi_port *to_vscsi_port(struct se_wwn *wwn)
{
	return container_of(wwn, struct vscsi_port, se_wwn);
}

#endif
