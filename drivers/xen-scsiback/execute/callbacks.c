// SPDX-License-Identifier: GPL-2.0
/* What every executor needs: the stair up, and the switch that turns the direct ways off. */
#include "private.h"

#include <linux/module.h>

const struct vscsi_execute_callbacks *vscsi_execute_up;

static bool vscsi_direct_enabled = true;
module_param_named(direct, vscsi_direct_enabled, bool, 0644);
MODULE_PARM_DESC(direct, "reads and writes of iblock backstores, and all commands of pscsi's, go to dom0's devices without target core's detours (default Y)");

bool vscsi_direct_wanted(void)
{
	return READ_ONCE(vscsi_direct_enabled);
}

static void vscsi_itl_drained(struct kref *kref)
{
	vscsi_execute_up->drained(container_of(kref, struct vscsi_itl, kref));
}

void vscsi_itl_put(struct vscsi_itl *itl)
{
	kref_put(&itl->kref, vscsi_itl_drained);
}
