/* SPDX-License-Identifier: GPL-2.0 */
/* Between the files of watch/. */
#ifndef VSCSI_WATCH_PRIVATE_H
#define VSCSI_WATCH_PRIVATE_H

#include "watch.h"

/* The stair up; set before anything can be read. */
extern const struct vscsi_watch_callbacks *vscsi_watch_up;

#endif
