/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * Target core tells dom0's log of commands that it does not take, a line or more for
 * each, most of them without a limit.  A guest may have so many a second; part of the
 * border of engine.h.
 */
#ifndef VSCSI_COMPLAINTS_H
#define VSCSI_COMPLAINTS_H

#include <vscsi/engine.h>

#ifdef __cplusplus
extern "C" {
#endif

/* How a command ended that target core has executed. */
struct vscsi_complaint_view {
	const vscsi_u8 *cdb;
	vscsi_u32 status;
	struct vscsi_sense sense;
	const vscsi_u8 *parameters; /* those that came with it, as many as here are; may be null */
	vscsi_u32 parameter_bytes;
	vscsi_u32 data_bytes;       /* with those that are elsewhere */
};
/* Whether target core may have said something about it. */
bool vscsi_complains(const struct vscsi_complaint_view *view) VSCSI_NOEXCEPT;

/* Of a guest; zeroed before use.  Who counts has it to himself. */
struct vscsi_complaints {
	vscsi_u64 paid_until; /* ns: a guest with less behind it than now may go on */
};
/* One more, of so many that are allowed in a second, and of 256 at once. */
void vscsi_complaint_count(struct vscsi_complaints *complaints, vscsi_u64 now,
			   vscsi_u32 a_second) VSCSI_NOEXCEPT;
/* Whether it shall wait with its next command. */
bool vscsi_complaints_exceeded(const struct vscsi_complaints *complaints, vscsi_u64 now) VSCSI_NOEXCEPT;

#ifdef __cplusplus
}
#endif
#endif
