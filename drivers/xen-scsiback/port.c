// SPDX-License-Identifier: GPL-2.0
/* Target ports (WWNs) and target portal groups in configfs. */
#include "shim.h"

#include <linux/module.h>
#include <linux/slab.h>
#include <linux/utsname.h>

DEFINE_MUTEX(vscsi_tpgs_lock);
LIST_HEAD(vscsi_tpgs);
static DECLARE_WAIT_QUEUE_HEAD(vscsi_tpg_unpinned);

struct se_wwn *vscsi_make_wwn(struct target_fabric_configfs *tf,
			      struct config_group *group, const char *name)
{
	struct vscsi_port *port;
	u32 protocol, skip;
	int bad;

	bad = vscsi_parse_port(name, &protocol, &skip);
	if (bad == VSCSI_NAME_LENGTH) {
		pr_err("target port '%s': name too long, at most %u bytes\n", name,
		       VSCSI_NAME_BYTES - 1);
		return ERR_PTR(-ENAMETOOLONG);
	}
	if (bad) {
		pr_err("target port '%s': expected a name that begins with naa., fc. or iqn.\n",
		       name);
		return ERR_PTR(-EINVAL);
	}
	port = kzalloc(sizeof(*port), GFP_KERNEL);
	if (!port)
		return ERR_PTR(-ENOMEM);
	port->protocol = protocol;
	strscpy(port->name, name + skip, sizeof(port->name));
	return &port->se_wwn;
}

void vscsi_drop_wwn(struct se_wwn *wwn)
{
	kfree(to_vscsi_port(wwn));
}

struct se_portal_group *vscsi_make_tpg(struct se_wwn *wwn, const char *name)
{
	struct vscsi_port *port = to_vscsi_port(wwn);
	struct vscsi_tpg *tpg;
	u16 tpgt;
	int err;

	if (strncmp(name, "tpgt_", 5) || kstrtou16(name + 5, 10, &tpgt)) {
		pr_err("%s: '%s' is no target portal group: expected tpgt_N, N from 0 to 65535\n",
		       port->name, name);
		return ERR_PTR(-EINVAL);
	}
	tpg = kzalloc(sizeof(*tpg), GFP_KERNEL);
	if (!tpg)
		return ERR_PTR(-ENOMEM);
	tpg->port = port;
	tpg->tpgt = tpgt;
	INIT_LIST_HEAD(&tpg->sessions);
	xa_init(&tpg->passthrough);
	xa_init(&tpg->direct);
	err = core_tpg_register(wwn, &tpg->se_tpg, port->protocol);
	if (err < 0) {
		kfree(tpg);
		return ERR_PTR(err);
	}
	mutex_lock(&vscsi_tpgs_lock);
	list_add_tail(&tpg->entry, &vscsi_tpgs);
	mutex_unlock(&vscsi_tpgs_lock);
	return &tpg->se_tpg;
}

void vscsi_drop_tpg(struct se_portal_group *se_tpg)
{
	struct vscsi_tpg *tpg = to_vscsi_tpg(se_tpg);

	mutex_lock(&vscsi_tpgs_lock);
	list_del(&tpg->entry);
	mutex_unlock(&vscsi_tpgs_lock);
	/*
	 * Only a look-up in its last steps; configfs refuses it the TPG.  The
	 * condition must not sleep, and who lowers pins does not look at it again.
	 */
	wait_event(vscsi_tpg_unpinned, !READ_ONCE(tpg->pins));
	core_tpg_deregister(se_tpg);
	xa_destroy(&tpg->passthrough);
	xa_destroy(&tpg->direct);
	kfree(tpg);
}

static bool vscsi_tpg_has_lun(struct vscsi_tpg *tpg, u32 number)
{
	struct se_lun *lun;
	bool found = false;

	mutex_lock(&tpg->se_tpg.tpg_lun_mutex);
	hlist_for_each_entry(lun, &tpg->se_tpg.tpg_lun_hlist, link) {
		if (lun->unpacked_lun == number) {
			found = true;
			break;
		}
	}
	mutex_unlock(&tpg->se_tpg.tpg_lun_mutex);
	return found;
}

static bool vscsi_tpg_named(const struct vscsi_tpg *tpg, const char *name)
{
	if (tpg->alias[0] && !strcmp(tpg->alias, name))
		return true;
	if (tpg->port->protocol == SCSI_PROTOCOL_FCP && !strncmp(name, "fc.", 3))
		name += 3;
	return !strcmp(tpg->port->name, name);
}

/*
 * Of several portal groups of a port, the one with the lowest tag that has the
 * LUN and may be used by the guest, unless p-dev gives the tag.
 */
static struct vscsi_tpg *vscsi_tpg_find(const struct vscsi_pdev *pdev,
					const struct vscsi_guest *guest, struct vscsi_why *why)
{
	/* The nearest that there was to a portal group. */
	enum { NO_PORT, NO_TAG, NO_LUN, NOT_ALLOWED } miss = NO_PORT;
	struct vscsi_tpg *tpg, *best = NULL;

	lockdep_assert_held(&vscsi_tpgs_lock);
	vscsi_why(why, "no target port or alias of that name in the xen-pvscsi fabric");
	list_for_each_entry(tpg, &vscsi_tpgs, entry) {
		if (!vscsi_tpg_named(tpg, pdev->port))
			continue;
		if (pdev->tpgt != VSCSI_ANY_TPG && pdev->tpgt != tpg->tpgt) {
			if (miss < NO_TAG)
				vscsi_why(why,
					  "the target port has no portal group with that tag");
			miss = max_t(int, miss, NO_TAG);
			continue;
		}
		if (!vscsi_tpg_has_lun(tpg, pdev->lun)) {
			if (miss < NO_LUN)
				vscsi_why(why, "the target port has no such LUN");
			miss = max_t(int, miss, NO_LUN);
			continue;
		}
		if (!vscsi_tpg_allows(tpg, guest, miss < NOT_ALLOWED ? why : NULL)) {
			miss = NOT_ALLOWED;
			continue;
		}
		if (!best || tpg->tpgt < best->tpgt)
			best = tpg;
	}
	return best;
}

struct vscsi_tpg *vscsi_tpg_pin(const struct vscsi_pdev *pdev, const struct vscsi_guest *guest,
				struct vscsi_why *why)
{
	struct vscsi_tpg *tpg;
	int err;

	mutex_lock(&vscsi_tpgs_lock);
	tpg = vscsi_tpg_find(pdev, guest, why);
	if (tpg)
		WRITE_ONCE(tpg->pins, tpg->pins + 1);
	mutex_unlock(&vscsi_tpgs_lock);
	if (!tpg)
		return ERR_PTR(-ENOENT);

	/* Not under the lock: configfs takes locks that rmdir holds above us. */
	err = target_depend_item(&tpg->se_tpg.tpg_group.cg_item);

	mutex_lock(&vscsi_tpgs_lock);
	WRITE_ONCE(tpg->pins, tpg->pins - 1);
	mutex_unlock(&vscsi_tpgs_lock);
	wake_up_all(&vscsi_tpg_unpinned);
	if (err) {
		vscsi_why(why, "the target portal group is being removed");
		return ERR_PTR(err);
	}
	return tpg;
}

void vscsi_tpg_unpin(struct vscsi_tpg *tpg)
{
	target_undepend_item(&tpg->se_tpg.tpg_group.cg_item);
}

static ssize_t vscsi_wwn_version_show(struct config_item *item, char *page)
{
	return sysfs_emit(page, "xen-pvscsi fabric module on %s/%s on %s\n", utsname()->sysname,
			  utsname()->machine, utsname()->release);
}

CONFIGFS_ATTR_RO(vscsi_wwn_, version);

struct configfs_attribute *vscsi_wwn_attrs[] = {
	&vscsi_wwn_attr_version,
	NULL,
};
