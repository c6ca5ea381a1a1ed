/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The control path: xenbus devices of the kind vscsi, what xenstore says of them,
 * and what has to be done about it.  It is the highest folder, so it has no stair
 * of its own: what lower folders call in it is here for main.c to hand out.
 */
#ifndef VSCSI_CONTROL_H
#define VSCSI_CONTROL_H

struct seq_file;
struct vscsi_controller;
struct vscsi_controller_numbers;
struct vscsi_initiator;
struct vscsi_itl;
struct vscsi_watched;

int vscsi_control_init(void);
/* When no xenbus device is left: waits for the last works. */
void vscsi_control_exit(void);
int vscsi_xenbus_register(void);
void vscsi_xenbus_unregister(void);

/* Callbacks of execute/, ring/, target/ and watch/. */
void vscsi_itl_is_drained(struct vscsi_itl *itl);
void vscsi_controller_kick(struct vscsi_controller *controller);
void vscsi_controller_get(struct vscsi_controller *controller);
void vscsi_controller_put(struct vscsi_controller *controller);
void vscsi_initiator_kick(struct vscsi_initiator *initiator);
void vscsi_watched_numbers(struct vscsi_watched *watched, struct vscsi_controller_numbers *out);
void vscsi_watched_inflight(struct vscsi_watched *watched, struct seq_file *m);
void vscsi_watched_memory(struct vscsi_watched *watched, struct seq_file *m);

#endif
