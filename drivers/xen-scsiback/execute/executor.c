// SPDX-License-Identifier: GPL-2.0
/* A command's way through the executor of its LUN's backstore. */
#include "private.h"
#include "limits.h"

#include <target/target_core_backend.h>

void vscsi_io_init(struct vscsi_io *io)
{
	spin_lock_init(&io->execution.lock);
}

void vscsi_io_begin(struct vscsi_io *io)
{
	struct vscsi_execution *execution = &io->execution;

	io->times.submitted = 0;
	io->times.done = 0;
	io->data.bytes = 0;
	io->data.pages = 0;
	io->result.known = VSCSI_KNOWN_NOTHING;
	io->result.host = VSCSI_HOST_ERROR;
	io->result.status = 0;
	io->result.has_sense = false;
	io->result.residual = 0;
	/* Target core writes only parts of it. */
	memset(io->result.sense, 0, sizeof(io->result.sense));
	execution->executor = NULL;
	execution->ender = VSCSI_ENDS_CORE;
	execution->device = NULL;
	execution->stage = VSCSI_REQUEST_NONE;
	execution->aborting = false;
	execution->forsaken = false;
}

void vscsi_io_restart(struct vscsi_io *io)
{
	io->result.known = VSCSI_KNOWN_NOTHING;
	io->result.has_sense = false;
	io->result.residual = io->data.bytes;
	io->times.done = 0;
	io->execution.taken = false;
}

/* Where there was no memory for a backing, or it is not there yet. */
static u32 vscsi_device_type(const struct se_cmd *cmd)
{
	return cmd->se_dev->transport->get_device_type(cmd->se_dev);
}

static bool vscsi_is_passed_through(const struct se_cmd *cmd)
{
	return !strcmp(cmd->se_dev->transport->name, "pscsi");
}

void vscsi_io_find(struct vscsi_io *io, bool ring_thread)
{
	const struct vscsi_executor *executor = &vscsi_core_executor;
	struct vscsi_execution *execution = &io->execution;
	const struct vscsi_backing *backing;
	struct se_lun *lun = io->cmd.se_lun;
	bool elsewhere;

	execution->ender = VSCSI_ENDS_CORE;
	execution->bio_status = BLK_STS_OK;
	execution->error = 0;
	execution->memory = false;
	rcu_read_lock();
	/* Target core's dummy for LUN 0 has the number of a LUN that may be there. */
	backing = lun == lun->lun_tpg->tpg_virt_lun0 ?
			  NULL : xa_load(&io->itl->backings->by_lun, lun->unpacked_lun);
	if (backing && backing->executor->find(io, backing))
		executor = backing->executor;
	execution->device_type = backing ? backing->device_type : vscsi_device_type(&io->cmd);
	/* Its link or unlink is under way: not to be had past the gate. */
	execution->unknown = !backing && vscsi_is_passed_through(&io->cmd);
	elsewhere = backing && !backing->device;
	rcu_read_unlock();
	WRITE_ONCE(execution->executor, executor);
	if (!ring_thread)
		return;
	if (executor->use)
		executor->use(io);
	else if (elsewhere && !io->itl->elsewhere)
		vscsi_share_forget(io->itl);
}

void vscsi_io_take(struct vscsi_io *io)
{
	const struct vscsi_executor *executor = io->execution.executor;

	io->execution.taken = executor->take && executor->take(io);
	if (!io->execution.taken)
		vscsi_core_take(io);
}

bool vscsi_io_waits(struct vscsi_io *io, bool first)
{
	const struct vscsi_executor *executor =
		io->execution.taken ? io->execution.executor : &vscsi_core_executor;

	return executor->waits(io, first);
}

void vscsi_io_amend(struct vscsi_io *io)
{
	const struct vscsi_executor *executor = io->execution.executor;

	vscsi_ports_amend(io);
	if (executor && executor->amend)
		executor->amend(io);
}

void vscsi_io_over(struct vscsi_io *io)
{
	const struct vscsi_executor *executor = io->execution.executor;

	if (executor && executor->over)
		executor->over(io);
	WRITE_ONCE(io->execution.executor, NULL);
}

bool vscsi_io_comes_back(const struct vscsi_io *io)
{
	const struct vscsi_executor *executor = READ_ONCE(io->execution.executor);

	return executor && executor->comes_back && READ_ONCE(io->execution.taken);
}

void vscsi_io_abort(struct vscsi_io *io)
{
	const struct vscsi_executor *executor;
	unsigned long flags;

	spin_lock_irqsave(&io->execution.lock, flags);
	io->execution.aborting = true;
	executor = READ_ONCE(io->execution.executor);
	if (executor && executor->abort)
		executor->abort(io);
	spin_unlock_irqrestore(&io->execution.lock, flags);
}

bool vscsi_io_forsake(struct vscsi_io *io)
{
	unsigned long flags;
	bool forsaken;

	spin_lock_irqsave(&io->execution.lock, flags);
	/* Else its end is known by now, and counts. */
	forsaken = io->execution.stage == VSCSI_REQUEST_STARTED;
	io->execution.forsaken = forsaken;
	spin_unlock_irqrestore(&io->execution.lock, flags);
	return forsaken;
}

bool vscsi_itl_reset(struct vscsi_itl *itl, u32 lun)
{
	struct vscsi_scsi_device *device = vscsi_backing_device(itl->backings, lun);
	bool done;

	if (!device)
		return true;
	done = vscsi_scsi_device_reset(device);
	vscsi_scsi_device_put(device);
	return done;
}

bool vscsi_itl_passes_through(struct vscsi_itl *itl, u32 lun)
{
	return vscsi_backing_passes_through(itl->backings, lun);
}

void vscsi_nexus_ended(const struct vscsi_nexus_end *end)
{
	vscsi_scsi_devices(vscsi_share_nexus_ended, end);
}

int vscsi_execute_init(const struct vscsi_execute_callbacks *callbacks)
{
	int err;

	vscsi_execute_up = callbacks;
	err = vscsi_blocked_init();
	if (err)
		return err;
	err = vscsi_look_init();
	if (err)
		vscsi_blocked_exit();
	return err;
}

void vscsi_execute_exit(void)
{
	vscsi_look_exit();
	vscsi_blocked_exit();
}
