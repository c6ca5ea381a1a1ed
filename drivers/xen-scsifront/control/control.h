/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VSCSI_FRONT_CONTROL_H
#define VSCSI_FRONT_CONTROL_H

int vscsi_front_register(void);
void vscsi_front_unregister(void);

#endif
