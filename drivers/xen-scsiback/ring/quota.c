// SPDX-License-Identifier: GPL-2.0
/*
 * What a guest may have, with all of its rings.  Pages for data: each guest has a share
 * that no other can take, however many of its rings wait for a device that does not
 * answer; beyond that all guests have a common pool.  Lines in dom0's log: a guest whose
 * commands make target core complain waits with the next ones.
 */
#include "private.h"

#include <linux/module.h>
#include <linux/slab.h>

#include <vscsi/complaints.h>

static unsigned int vscsi_max_pool_pages = 16384;
module_param_named(max_pool_pages, vscsi_max_pool_pages, uint, 0644);
MODULE_PARM_DESC(max_pool_pages,
		 "most pages for data that guests hold beyond their shares, together (default 16384)");

static unsigned int vscsi_guest_pool_pages = 1024;
module_param_named(guest_pool_pages, vscsi_guest_pool_pages, uint, 0644);
MODULE_PARM_DESC(guest_pool_pages,
		 "a guest's own share of pages for data, which others cannot take (default 1024)");

static unsigned int vscsi_guest_complaints = 40;
module_param_named(guest_complaints, vscsi_guest_complaints, uint, 0644);
MODULE_PARM_DESC(guest_complaints,
		 "commands a second of a guest that target core may complain of in the log (default 40, 0: any number)");

/* Of a guest; kept by its rings. */
struct vscsi_quota {
	struct list_head entry;		/* vscsi_quotas_lock */
	domid_t domid;
	u32 rings;			/* vscsi_quotas_lock */
	spinlock_t lock;
	u32 pages;			/* lock: of all of the guest's rings */
	u32 common;			/* lock: as many of those are from the common pool */
	struct vscsi_complaints complaints;	/* lock to change */
};

static DEFINE_MUTEX(vscsi_quotas_lock);
static LIST_HEAD(vscsi_quotas);		/* vscsi_quotas_lock */
static atomic_t vscsi_common_pages;	/* the sum of all common */

struct vscsi_quota *vscsi_quota_get(domid_t domid)
{
	struct vscsi_quota *quota;

	mutex_lock(&vscsi_quotas_lock);
	list_for_each_entry(quota, &vscsi_quotas, entry)
		if (quota->domid == domid)
			goto found;
	quota = kzalloc(sizeof(*quota), GFP_KERNEL);
	if (!quota)
		goto unlock;
	quota->domid = domid;
	spin_lock_init(&quota->lock);
	list_add(&quota->entry, &vscsi_quotas);
found:
	quota->rings++;
unlock:
	mutex_unlock(&vscsi_quotas_lock);
	return quota;
}

void vscsi_quota_put(struct vscsi_quota *quota)
{
	mutex_lock(&vscsi_quotas_lock);
	if (!--quota->rings) {
		list_del(&quota->entry);
		kfree(quota);
	}
	mutex_unlock(&vscsi_quotas_lock);
}

bool vscsi_quota_take(struct vscsi_quota *quota, u32 pages, bool must)
{
	u32 share = READ_ONCE(vscsi_guest_pool_pages), own, more;
	bool taken = true;

	spin_lock(&quota->lock);
	own = quota->pages - quota->common;
	more = pages - min(pages, share - min(share, own));
	if (more) {
		u32 common = atomic_add_return(more, &vscsi_common_pages);

		taken = must || common <= READ_ONCE(vscsi_max_pool_pages);
		if (!taken)
			atomic_sub(more, &vscsi_common_pages);
	}
	if (taken) {
		quota->pages += pages;
		quota->common += more;
	}
	spin_unlock(&quota->lock);
	return taken;
}

bool vscsi_quota_exceeded(const struct vscsi_quota *quota)
{
	return READ_ONCE(quota->common);
}

/* What is common goes first, for whoever needs it. */
void vscsi_quota_give(struct vscsi_quota *quota, u32 pages)
{
	u32 common;

	spin_lock(&quota->lock);
	common = min(pages, quota->common);
	quota->pages -= pages;
	quota->common -= common;
	spin_unlock(&quota->lock);
	atomic_sub(common, &vscsi_common_pages);
}

void vscsi_quota_complaint(struct vscsi_quota *quota, u64 now)
{
	u32 most = READ_ONCE(vscsi_guest_complaints);

	if (!most)
		return;
	spin_lock(&quota->lock);
	vscsi_complaint_count(&quota->complaints, now, most);
	spin_unlock(&quota->lock);
}

bool vscsi_quota_noisy(const struct vscsi_quota *quota, u64 now)
{
	struct vscsi_complaints complaints = {
		.paid_until = READ_ONCE(quota->complaints.paid_until),
	};

	return vscsi_complaints_exceeded(&complaints, now) && READ_ONCE(vscsi_guest_complaints);
}
