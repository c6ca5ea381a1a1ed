/* SPDX-License-Identifier: GPL-2.0 */
/* The size of an emulated disk. */
#ifndef VSCSI_CAPACITY_H
#define VSCSI_CAPACITY_H

struct vscsi_io;

/*
 * True if the command asks for the capacity, and target core has refused it for a
 * persistent reservation: then it is answered.  Process context.
 */
bool vscsi_capacity_beside_reservation(struct vscsi_io *io);

#endif
