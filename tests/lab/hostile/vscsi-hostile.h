/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * What the module vscsi-hostile offers at /dev/vscsi-hostile.
 *
 * mmap: the ring page, after it HOSTILE_PAGES pages that the backend was
 * granted.  pread at 4 * N: the grant references of those pages from N on, 32
 * bits each; 0 for a page that is not granted.
 */
#ifndef VSCSI_HOSTILE_H
#define VSCSI_HOSTILE_H

#include <linux/ioctl.h>

/* 16 requests of 128 pages, their lists, and some for single requests. */
#define HOSTILE_PAGES (16 * 128 + 16 + 112)
#define HOSTILE_DEVICE "vscsi-hostile"

/* The argument is how many times to notify the backend. */
#define HOSTILE_NOTIFY _IO('h', 0)
/* The argument is the page's number. */
#define HOSTILE_GRANT _IO('h', 1)
#define HOSTILE_GRANT_READ_ONLY _IO('h', 2)
#define HOSTILE_GRANT_END _IO('h', 3)

#endif
