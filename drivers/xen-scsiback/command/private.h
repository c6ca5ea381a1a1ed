/* SPDX-License-Identifier: GPL-2.0 */
/* Between the files of command/. */
#ifndef VSCSI_COMMAND_PRIVATE_H
#define VSCSI_COMMAND_PRIVATE_H

#include "command.h"

/* The stair up; unit.c. */
extern const struct vscsi_command_callbacks *vscsi_command_up;

/* start.c: the ring's thread, or where the command ended if it is not the first time; may sleep. */
void vscsi_command_start(struct vscsi_request *request, bool first);

/* task.c */
/* Its turn has come.  Process context; may sleep. */
void vscsi_task_start_reset(struct vscsi_request *request);
/* The same, without target core. */
void vscsi_task_start_device_reset(struct vscsi_request *request);
/* Process context: target core has done with a task. */
void vscsi_task_released(struct vscsi_request *request);

/* unit.c: one at a time of what target core cannot have two of. */
/* Starts request->turn, now or when those before it have left; false: no memory. */
bool vscsi_unit_enter(struct vscsi_request *request, const void *dev);
void vscsi_unit_leave(struct vscsi_unit *unit);
/* Starts request->turn, which is for no unit: it waits for nothing. */
void vscsi_unit_pass(struct vscsi_request *request);
/* What a reset of this LUN will meet: an address, to compare only. */
const void *vscsi_unit_of(struct vscsi_lun *lun);

/* report.c: process context.  The guest's LUNs in place of the portal group's. */
void vscsi_report_guest_luns(struct vscsi_request *request);

#endif
