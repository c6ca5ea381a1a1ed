// SPDX-License-Identifier: GPL-2.0
/* Portal groups by name: which one a p-dev means, and whether a guest may use it. */
#include "private.h"

#include <linux/wait.h>

#include <scsi/scsi_proto.h>

const struct vscsi_target_callbacks *vscsi_target_up;

DEFINE_MUTEX(vscsi_tpgs_lock);
LIST_HEAD(vscsi_tpgs);
static DECLARE_WAIT_QUEUE_HEAD(vscsi_tpg_unpinned);

bool vscsi_tpg_allows(const struct vscsi_tpg *tpg, const struct vscsi_guest *guest,
		      struct vscsi_why *why)
{
	lockdep_assert_held(&vscsi_tpgs_lock);
	if (!tpg->domain[0] || vscsi_binding_allows(tpg->domain, guest->name, guest->uuid))
		return true;
	if (why)
		vscsi_why(why,
			  "%s tpgt_%u is bound to domain '%s', this is '%s' (%s): see its param/domain",
			  tpg->port->name, tpg->tpgt, tpg->domain, guest->name, guest->uuid);
	return false;
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

void vscsi_tpg_withdraw(struct vscsi_tpg *tpg)
{
	mutex_lock(&vscsi_tpgs_lock);
	list_del(&tpg->entry);
	mutex_unlock(&vscsi_tpgs_lock);
	/*
	 * Only a look-up in its last steps; configfs refuses it the TPG.  The
	 * condition must not sleep, and who lowers pins does not look at it again.
	 */
	wait_event(vscsi_tpg_unpinned, !READ_ONCE(tpg->pins));
}
