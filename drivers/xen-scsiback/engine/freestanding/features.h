/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* libstdc++'s configuration asks for this header of the C library. */
#ifndef __GLIBC_PREREQ
#define __GLIBC_PREREQ(major, minor) 0
#endif
