// SPDX-License-Identifier: GPL-2.0
/* Target ports (WWNs) and target portal groups in configfs. */
#define pr_fmt(fmt) "xen-pvscsi: " fmt

#include "private.h"

#include <linux/slab.h>
#include <linux/utsname.h>

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
	tpg->wait_for_earlier = true;
	INIT_LIST_HEAD(&tpg->sessions);
	INIT_LIST_HEAD(&tpg->leaving);
	vscsi_backings_init(&tpg->backings);
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

	vscsi_tpg_withdraw(tpg);
	core_tpg_deregister(se_tpg);
	vscsi_backings_exit(&tpg->backings);
	kfree(tpg);
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
