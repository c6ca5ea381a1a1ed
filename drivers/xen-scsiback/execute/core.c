// SPDX-License-Identifier: GPL-2.0
/* Target core's own execution, for every backstore that none of ours knows. */
#include "private.h"

#include <target/target_core_backend.h>

static int vscsi_core_link(struct vscsi_backing *backing, struct se_device *dev)
{
	backing->memory = !strcmp(dev->transport->name, "rd_mcp");
	return 0;
}

static bool vscsi_core_find(struct vscsi_io *io, const struct vscsi_backing *backing)
{
	io->execution.memory = backing->memory;
	return true;
}

static sense_reason_t vscsi_core_execute(struct se_cmd *cmd)
{
	struct vscsi_io *io = to_vscsi_io(cmd);

	if (vscsi_io_unwanted(io))
		return TCM_LOGICAL_UNIT_COMMUNICATION_FAILURE;
	return io->execution.core(cmd);
}

void vscsi_core_take(struct vscsi_io *io)
{
	io->execution.core = io->cmd.execute_cmd;
	io->cmd.execute_cmd = vscsi_core_execute;
}

/* Memory backstores do not wait; all others may, for files, flushes or tags. */
static bool vscsi_core_waits(struct vscsi_io *io, bool first)
{
	return !io->execution.memory || vscsi_cdb_may_wait(io->cdb, io->execution.device_type);
}

const struct vscsi_executor vscsi_core_executor = {
	.link		= vscsi_core_link,
	.find		= vscsi_core_find,
	.waits		= vscsi_core_waits,
};
