/* SPDX-License-Identifier: GPL-2.0 */
/* What the script and the devices of the scripted host know of each other. */
#ifndef SCRIPTED_H
#define SCRIPTED_H

#include <linux/types.h>

/* Tape, disk; and for who asks for them a changer and another tape. */
#define SCRIPTED_LUNS 4

/* How many of these there are. */
extern u32 scripted_luns;
/* Whether the disk has target port groups. */
extern bool scripted_alua;

struct scsi_cmnd;

/* device.c */
/* The disk keeps what is written to it, so many MiB; with 0 it has 1 MiB and reads as a pattern. */
int scripted_make_store(u32 megabytes);
void scripted_free_store(void);

/* The script's lock is held. */
/* What a device does of itself; result and residual are 0 before. */
void scripted_execute(struct scsi_cmnd *cmd);
/* As much of a READ's data as its buffer takes. */
void scripted_data(struct scsi_cmnd *cmd, const void *data, u32 bytes);
void scripted_fill(struct scsi_cmnd *cmd, u32 bytes);
int scripted_set_serial(u32 lun, const char *serial);
/* A READ of this block of the disk's ends with a medium error there. */
void scripted_set_bad(u64 block);
void scripted_forget_bad(void);

#endif
