// SPDX-License-Identifier: GPL-2.0
/* Attributes of target portal groups: binding to a guest, names, who is connected. */
#define pr_fmt(fmt) "xen-pvscsi: " fmt

#include "private.h"

#include <linux/kstrtox.h>
#include <linux/string.h>

#include <scsi/scsi_proto.h>

static const char *vscsi_protocol_name(u32 protocol)
{
	switch (protocol) {
	case SCSI_PROTOCOL_SAS:
		return "SAS";
	case SCSI_PROTOCOL_FCP:
		return "FCP";
	default:
		return "iSCSI";
	}
}

static ssize_t vscsi_tpg_param_alias_show(struct config_item *item, char *page)
{
	struct vscsi_tpg *tpg = to_vscsi_tpg(param_to_tpg(item));
	ssize_t length;

	mutex_lock(&vscsi_tpgs_lock);
	length = sysfs_emit(page, "%s\n", tpg->alias);
	mutex_unlock(&vscsi_tpgs_lock);
	return length;
}

/* Copies one line of configfs input without its newline. */
static int vscsi_copy_line(char *to, size_t room, const char *page, size_t count)
{
	size_t length = strcspn(page, "\n");

	if (length > count)
		length = count;
	if (length >= room)
		return -ENAMETOOLONG;
	memcpy(to, page, length);
	to[length] = '\0';
	return 0;
}

static ssize_t vscsi_tpg_param_alias_store(struct config_item *item, const char *page,
					   size_t count)
{
	struct vscsi_tpg *tpg = to_vscsi_tpg(param_to_tpg(item)), *other;
	char alias[VSCSI_NAME_BYTES];
	int err;

	err = vscsi_copy_line(alias, sizeof(alias), page, count);
	if (err) {
		pr_err("%s: alias too long, at most %zu bytes\n", tpg->port->name,
		       sizeof(alias) - 1);
		return err;
	}
	mutex_lock(&vscsi_tpgs_lock);
	list_for_each_entry(other, &vscsi_tpgs, entry) {
		if (other != tpg && alias[0] && !strcmp(other->alias, alias)) {
			pr_err("alias '%s' is already that of %s tpgt_%u: choose another for %s tpgt_%u\n",
			       alias, other->port->name, other->tpgt, tpg->port->name,
			       tpg->tpgt);
			err = -EEXIST;
		}
	}
	if (!err)
		strscpy(tpg->alias, alias, sizeof(tpg->alias));
	mutex_unlock(&vscsi_tpgs_lock);
	return err ? err : count;
}

CONFIGFS_ATTR(vscsi_tpg_param_, alias);

static ssize_t vscsi_tpg_param_domain_show(struct config_item *item, char *page)
{
	struct vscsi_tpg *tpg = to_vscsi_tpg(param_to_tpg(item));
	ssize_t length;

	mutex_lock(&vscsi_tpgs_lock);
	length = sysfs_emit(page, "%s\n", tpg->domain);
	mutex_unlock(&vscsi_tpgs_lock);
	return length;
}

/* Whoever is connected must be the one that it is bound to. */
static int vscsi_tpg_bind(struct vscsi_tpg *tpg, const char *domain)
{
	struct vscsi_session *session;

	lockdep_assert_held(&vscsi_tpgs_lock);
	list_for_each_entry(session, &tpg->sessions, tpg_entry) {
		if (!domain[0] ||
		    vscsi_binding_allows(domain, session->guest.name, session->guest.uuid))
			continue;
		pr_err("%s tpgt_%u: domain %u '%s' uses it: detach its devices before binding it to '%s'\n",
		       tpg->port->name, tpg->tpgt, session->initiator->domid, session->guest.name,
		       domain);
		return -EBUSY;
	}
	strscpy(tpg->domain, domain, sizeof(tpg->domain));
	return 0;
}

static ssize_t vscsi_tpg_param_domain_store(struct config_item *item, const char *page,
					    size_t count)
{
	struct vscsi_tpg *tpg = to_vscsi_tpg(param_to_tpg(item));
	char domain[VSCSI_NAME_BYTES];
	int err;

	err = vscsi_copy_line(domain, sizeof(domain), page, count);
	if (!err && domain[0] && vscsi_check_binding(domain))
		err = -EINVAL;
	if (err) {
		pr_err("%s tpgt_%u: domain: expected a guest's UUID or its name, at most %zu bytes without / and control characters\n",
		       tpg->port->name, tpg->tpgt, sizeof(domain) - 1);
		return err;
	}
	mutex_lock(&vscsi_tpgs_lock);
	err = vscsi_tpg_bind(tpg, domain);
	mutex_unlock(&vscsi_tpgs_lock);
	return err ? err : count;
}

CONFIGFS_ATTR(vscsi_tpg_param_, domain);

static int vscsi_tpg_parse_bool(const struct vscsi_tpg *tpg, const char *name, const char *page,
				bool *value)
{
	int err = kstrtobool(page, value);

	if (err)
		pr_err("%s tpgt_%u: %s: expected 0 or 1\n", tpg->port->name, tpg->tpgt, name);
	return err;
}

/* Of what may change at any time. */
static ssize_t vscsi_tpg_store_bool(const struct vscsi_tpg *tpg, const char *name, const char *page,
				    size_t count, bool *to)
{
	bool value;
	int err = vscsi_tpg_parse_bool(tpg, name, page, &value);

	if (err)
		return err;
	WRITE_ONCE(*to, value);
	return count;
}

static ssize_t vscsi_tpg_param_ring_per_lun_show(struct config_item *item, char *page)
{
	struct vscsi_tpg *tpg = to_vscsi_tpg(param_to_tpg(item));

	return sysfs_emit(page, "%d\n", READ_ONCE(tpg->ring_per_lun));
}

static ssize_t vscsi_tpg_param_ring_per_lun_store(struct config_item *item, const char *page,
						  size_t count)
{
	struct vscsi_tpg *tpg = to_vscsi_tpg(param_to_tpg(item));

	return vscsi_tpg_store_bool(tpg, "ring_per_lun", page, count, &tpg->ring_per_lun);
}

CONFIGFS_ATTR(vscsi_tpg_param_, ring_per_lun);

static ssize_t vscsi_tpg_param_vport_show(struct config_item *item, char *page)
{
	struct vscsi_tpg *tpg = to_vscsi_tpg(param_to_tpg(item));
	ssize_t length;

	mutex_lock(&vscsi_tpgs_lock);
	length = sysfs_emit(page, "%s\n", tpg->vport);
	mutex_unlock(&vscsi_tpgs_lock);
	return length;
}

/* A name that is logged in twice on a fabric takes the devices from the first. */
static int vscsi_tpg_set_vport(struct vscsi_tpg *tpg, const char *vport, u64 wwpn)
{
	struct vscsi_tpg *other;

	lockdep_assert_held(&vscsi_tpgs_lock);
	if (wwpn != tpg->vport_wwpn && !list_empty(&tpg->sessions)) {
		pr_err("%s tpgt_%u: vport: a guest is connected by the name that it has: detach it first\n",
		       tpg->port->name, tpg->tpgt);
		return -EBUSY;
	}
	list_for_each_entry(other, &vscsi_tpgs, entry) {
		if (other == tpg || !wwpn || other->vport_wwpn != wwpn)
			continue;
		pr_err("%s tpgt_%u: vport: %s tpgt_%u has WWPN %016llx already: each needs one of its own\n",
		       tpg->port->name, tpg->tpgt, other->port->name, other->tpgt, wwpn);
		return -EEXIST;
	}
	strscpy(tpg->vport, vport, sizeof(tpg->vport));
	tpg->vport_wwpn = wwpn;
	return 0;
}

static ssize_t vscsi_tpg_param_vport_store(struct config_item *item, const char *page,
					   size_t count)
{
	struct vscsi_tpg *tpg = to_vscsi_tpg(param_to_tpg(item));
	char vport[VSCSI_VPORT_BYTES], name[VSCSI_NAME_BYTES];
	u64 wwpn = 0;
	int err;

	err = vscsi_copy_line(vport, sizeof(vport), page, count);
	if (!err && vport[0] &&
	    (vscsi_parse_vport(vport, &wwpn) ||
	     vscsi_vport_name(tpg->port->protocol, wwpn, name, sizeof(name))))
		err = -EINVAL;
	if (err) {
		pr_err("%s tpgt_%u: vport: expected WWPN:WWNN@fabric:WWN or WWPN:WWNN@hba:WWPN, each 16 hex digits, on a target port that begins with naa. or fc.\n",
		       tpg->port->name, tpg->tpgt);
		return err;
	}
	mutex_lock(&vscsi_tpgs_lock);
	err = vscsi_tpg_set_vport(tpg, vport, wwpn);
	mutex_unlock(&vscsi_tpgs_lock);
	return err ? err : count;
}

CONFIGFS_ATTR(vscsi_tpg_param_, vport);

struct configfs_attribute *vscsi_tpg_param_attrs[] = {
	&vscsi_tpg_param_attr_alias,
	&vscsi_tpg_param_attr_domain,
	&vscsi_tpg_param_attr_vport,
	&vscsi_tpg_param_attr_ring_per_lun,
	NULL,
};

static ssize_t vscsi_tpg_attrib_demo_mode_write_protect_show(struct config_item *item, char *page)
{
	struct vscsi_tpg *tpg = to_vscsi_tpg(attrib_to_tpg(item));

	return sysfs_emit(page, "%d\n", READ_ONCE(tpg->write_protect));
}

/*
 * Target core asks when it gives an initiator a LUN, and keeps the answer; so it
 * must be the same for as long as there is any LUN.
 */
static ssize_t vscsi_tpg_attrib_demo_mode_write_protect_store(struct config_item *item,
							      const char *page, size_t count)
{
	struct vscsi_tpg *tpg = to_vscsi_tpg(attrib_to_tpg(item));
	bool value;
	int err = vscsi_tpg_parse_bool(tpg, "demo_mode_write_protect", page, &value);

	if (err)
		return err;
	mutex_lock(&tpg->se_tpg.tpg_lun_mutex);
	if (value != tpg->write_protect && !hlist_empty(&tpg->se_tpg.tpg_lun_hlist))
		err = -EBUSY;
	else
		WRITE_ONCE(tpg->write_protect, value);
	mutex_unlock(&tpg->se_tpg.tpg_lun_mutex);
	if (err)
		pr_err("%s tpgt_%u: demo_mode_write_protect: has LUNs: remove them first\n",
		       tpg->port->name, tpg->tpgt);
	return err ? err : count;
}

CONFIGFS_ATTR(vscsi_tpg_attrib_, demo_mode_write_protect);

static ssize_t vscsi_tpg_attrib_wait_for_earlier_show(struct config_item *item, char *page)
{
	return sysfs_emit(page, "%d\n",
			  READ_ONCE(to_vscsi_tpg(attrib_to_tpg(item))->wait_for_earlier));
}

static ssize_t vscsi_tpg_attrib_wait_for_earlier_store(struct config_item *item, const char *page,
						       size_t count)
{
	struct vscsi_tpg *tpg = to_vscsi_tpg(attrib_to_tpg(item));

	return vscsi_tpg_store_bool(tpg, "wait_for_earlier", page, count, &tpg->wait_for_earlier);
}

CONFIGFS_ATTR(vscsi_tpg_attrib_, wait_for_earlier);

static ssize_t vscsi_tpg_attrib_clear_encryption_keys_show(struct config_item *item, char *page)
{
	return sysfs_emit(page, "%d\n", READ_ONCE(to_vscsi_tpg(attrib_to_tpg(item))->clear_keys));
}

static ssize_t vscsi_tpg_attrib_clear_encryption_keys_store(struct config_item *item,
							    const char *page, size_t count)
{
	struct vscsi_tpg *tpg = to_vscsi_tpg(attrib_to_tpg(item));

	return vscsi_tpg_store_bool(tpg, "clear_encryption_keys", page, count, &tpg->clear_keys);
}

CONFIGFS_ATTR(vscsi_tpg_attrib_, clear_encryption_keys);

struct configfs_attribute *vscsi_tpg_attrib_attrs[] = {
	&vscsi_tpg_attrib_attr_demo_mode_write_protect,
	&vscsi_tpg_attrib_attr_wait_for_earlier,
	&vscsi_tpg_attrib_attr_clear_encryption_keys,
	NULL,
};

/*
 * Every ring makes a nexus of its own.  The attribute is what stock tools
 * expect to find: a name that can be written once and cleared with NULL.
 */
static ssize_t vscsi_tpg_nexus_show(struct config_item *item, char *page)
{
	struct vscsi_tpg *tpg = to_vscsi_tpg(to_tpg(item));
	ssize_t length = -ENODEV;

	mutex_lock(&vscsi_tpgs_lock);
	if (tpg->nexus[0])
		length = sysfs_emit(page, "%s\n", tpg->nexus);
	mutex_unlock(&vscsi_tpgs_lock);
	return length;
}

static ssize_t vscsi_tpg_nexus_store(struct config_item *item, const char *page, size_t count)
{
	struct vscsi_tpg *tpg = to_vscsi_tpg(to_tpg(item));
	char name[VSCSI_NAME_BYTES];
	u32 protocol, skip;
	int err;

	err = vscsi_copy_line(name, sizeof(name), page, count);
	if (err)
		return err;

	if (!strcmp(name, "NULL")) {
		mutex_lock(&vscsi_tpgs_lock);
		err = tpg->nexus[0] ? 0 : -ENODEV;
		tpg->nexus[0] = '\0';
		mutex_unlock(&vscsi_tpgs_lock);
		return err ? err : count;
	}

	if (vscsi_parse_port(name, &protocol, &skip) || protocol != tpg->port->protocol) {
		pr_err("%s: '%s' is no initiator port name of protocol %s\n", tpg->port->name,
		       name, vscsi_protocol_name(tpg->port->protocol));
		return -EINVAL;
	}
	mutex_lock(&vscsi_tpgs_lock);
	if (tpg->nexus[0])
		err = -EEXIST;
	else
		strscpy(tpg->nexus, name + skip, sizeof(tpg->nexus));
	mutex_unlock(&vscsi_tpgs_lock);
	return err ? err : count;
}

CONFIGFS_ATTR(vscsi_tpg_, nexus);

struct configfs_attribute *vscsi_tpg_attrs[] = {
	&vscsi_tpg_attr_nexus,
	&vscsi_tpg_attr_guests,
	NULL,
};
