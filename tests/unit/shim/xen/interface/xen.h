/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* What the kernel's xen/interface/grant_table.h needs of its neighbours. */
#ifndef VSCSI_SHIM_XEN_H
#define VSCSI_SHIM_XEN_H

typedef uint16_t domid_t;
typedef unsigned long xen_pfn_t;
typedef unsigned long xen_ulong_t;

#define GUEST_HANDLE(name) name##_guest_handle
#define DEFINE_GUEST_HANDLE_STRUCT(name) typedef struct name *GUEST_HANDLE(name)
typedef void *GUEST_HANDLE(void);
typedef unsigned char *GUEST_HANDLE(uchar);
typedef xen_pfn_t *GUEST_HANDLE(xen_pfn_t);
typedef xen_ulong_t *GUEST_HANDLE(xen_ulong_t);
typedef uint64_t *GUEST_HANDLE(uint64_t);

#endif
