/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* vscsiif.h includes the kernel's own grant_table.h by its relative path, after ring.h asked for this. */
