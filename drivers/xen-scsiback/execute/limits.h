/* SPDX-License-Identifier: GPL-2.0 */
/* Block Limits (SBC-3 6.5.3), as a guest shall see them. */
#ifndef VSCSI_LIMITS_H
#define VSCSI_LIMITS_H

struct vscsi_io;

/* Of an INQUIRY that target core has answered. */
void vscsi_limits_amend(struct vscsi_io *io);

#endif
