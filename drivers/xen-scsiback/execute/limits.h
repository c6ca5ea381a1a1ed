/* SPDX-License-Identifier: GPL-2.0 */
/* Answers of target core and of devices, as a guest shall see them.  Any context. */
#ifndef VSCSI_LIMITS_H
#define VSCSI_LIMITS_H

struct vscsi_io;

/* Block Limits (SBC-3 6.5.3), of an INQUIRY that target core has answered. */
void vscsi_limits_amend(struct vscsi_io *io);
/* Of a PERSISTENT RESERVE IN or INQUIRY that ended well. */
void vscsi_ports_amend(struct vscsi_io *io);

#endif
