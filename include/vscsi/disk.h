/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* What a guest is told of its disks, and in what pieces it uses them; part of the border of engine.h. */
#ifndef VSCSI_DISK_H
#define VSCSI_DISK_H

#include <vscsi/engine.h>

#ifdef __cplusplus
extern "C" {
#endif

/* READ CAPACITY (SBC-3 5.15, 5.16) of an emulated disk. */
struct vscsi_capacity {
	vscsi_u64 last_lba;
	vscsi_u32 block_bytes;
	vscsi_u16 lowest_aligned; /* logical block address */
	vscsi_u8 physical_exponent; /* logical blocks per physical block, as a power of two */
	vscsi_u8 protection;      /* PROT_EN and P_TYPE, as in byte 12 of READ CAPACITY(16) */
	bool thin;                /* LBPME */
	bool thin_reads_zeros;    /* LBPRZ */
};
#define VSCSI_CAPACITY_BYTES 32u
/*
 * Writes the answer, VSCSI_CAPACITY_BYTES at most, and returns its length; 0 for any
 * other command, and for one that the disk would refuse.
 */
vscsi_u32 vscsi_capacity_answer(const struct vscsi_capacity *capacity, const vscsi_u8 *cdb,
				vscsi_u8 *out) VSCSI_NOEXCEPT;
/* Whether a command reports a unit attention that is pending (SAM-5 5.14). */
bool vscsi_cdb_hears_attention(const vscsi_u8 *cdb) VSCSI_NOEXCEPT;

/*
 * Persistent reservations are of the nexus that a guest uses.  Neither target core, for
 * guests without an ACL, nor a device that is passed through, which knows the host's
 * nexus only, can register others for it; so SPC-4's two bits that ask for that are
 * neither offered (REPORT CAPABILITIES: SIP_C, ATP_C) nor accepted (SPEC_I_PT, ALL_TG_PT).
 */
/* True for a PERSISTENT RESERVE OUT that asks for it; bytes of its parameter list are at data. */
bool vscsi_registers_other_ports(const vscsi_u8 *cdb, const vscsi_u8 *data,
				 vscsi_u32 bytes) VSCSI_NOEXCEPT;
/* The answer to a PERSISTENT RESERVE IN; any other CDB changes nothing. */
void vscsi_hide_other_ports(const vscsi_u8 *cdb, vscsi_u8 *data, vscsi_u32 bytes) VSCSI_NOEXCEPT;

/*
 * The answer to a standard INQUIRY of an emulated disk: no guest may SET TARGET PORT GROUPS,
 * so access states change implicitly only (TPGS).  Any other CDB changes nothing.
 */
void vscsi_hide_explicit_alua(const vscsi_u8 *cdb, vscsi_u8 *data, vscsi_u32 bytes) VSCSI_NOEXCEPT;

/*
 * A read or write of blocks that is carried out in several commands, since it is more
 * than a host adapter takes.
 */
/* Bytes of each block of a command that moves so many bytes; 0 if it cannot be split. */
vscsi_u32 vscsi_split_block(const vscsi_u8 *cdb, vscsi_u32 device_type, vscsi_u32 bytes) VSCSI_NOEXCEPT;
/* The CDB for some of its blocks, the first of them counted from the command's own; 16 bytes each. */
void vscsi_split_piece(const vscsi_u8 *cdb, vscsi_u32 first, vscsi_u32 blocks,
		       vscsi_u8 *out) VSCSI_NOEXCEPT;

#ifdef __cplusplus
}
#endif

#endif
