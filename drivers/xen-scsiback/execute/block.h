/* SPDX-License-Identifier: GPL-2.0 */
/* What an iblock backstore does besides reads and writes. */
#ifndef VSCSI_BLOCK_H
#define VSCSI_BLOCK_H

struct vscsi_io;

/*
 * Where iblock would not say what the device has answered, it is done here, in place of
 * iblock, when target core executes the command.
 */
void vscsi_block_take(struct vscsi_io *io);
/* A WRITE SAME that is blocked; may sleep for as long as the device takes. */
void vscsi_block_resume(struct vscsi_io *io);

#endif
