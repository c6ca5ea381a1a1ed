/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * The border between the C shim (kernel) and the C++ engine.  This is the only
 * header that both sides see.
 *
 * 64-bit values are "unsigned long long" on both sides: <cstdint> and the
 * kernel name different types, and kCFI hashes types.  Enumerations cross the
 * border as plain ints for the same reason.
 *
 * Ring layout and protocol: Xen's public/io/vscsiif.h.
 */
#ifndef VSCSI_ENGINE_H
#define VSCSI_ENGINE_H

#ifdef __KERNEL__
#include <linux/stddef.h>
#include <linux/types.h>
#else
#include <stdbool.h>
#include <stddef.h>
#endif

typedef unsigned char vscsi_u8;
typedef unsigned short vscsi_u16;
typedef unsigned int vscsi_u32;
typedef unsigned long long vscsi_u64;

#ifdef __cplusplus
extern "C" {
#define VSCSI_NOEXCEPT noexcept
#else
#define VSCSI_NOEXCEPT
#endif

/* A ring page holds 16 requests; no more can be in flight. */
#define VSCSI_SLOTS 16u
/*
 * Most data segments of one request, advertised as feature-sg-grant: 4 MiB, wherever in
 * its page it begins, and some more.
 */
#define VSCSI_MAX_SEGMENTS 1040u
/* Those that a slot has room for without more memory: as many as the stock frontend sends. */
#define VSCSI_FEW_SEGMENTS 128u
/* Segments that fit into the request itself, also the most list pages. */
#define VSCSI_DIRECT_SEGMENTS 26u
#define VSCSI_PAGE_BYTES 4096u
#define VSCSI_CDB_BYTES 16u
#define VSCSI_SENSE_BYTES 96u
/* Memory for one slot's few segments, which must not cross a page. */
#define VSCSI_LIST_BYTES 1024u
/* The same for all that there may be, from the beginning of a page on. */
#define VSCSI_LONG_LIST_BYTES (VSCSI_MAX_SEGMENTS * 8u)
/* Copies that bring the lists of one request in: one each, and one more where they cross a page. */
#define VSCSI_LIST_COPIES (VSCSI_DIRECT_SEGMENTS + VSCSI_LONG_LIST_BYTES / VSCSI_PAGE_BYTES)

struct vscsi_ring_engine;
struct vscsi_lun_map;

/*
 * One piece of a grant copy.  It never crosses a page on either side.  For
 * data, page counts the slot's data pages; for descriptor lists it counts pages
 * from the start of the slot's list memory, and page_offset from there.
 */
struct vscsi_copy {
	vscsi_u32 grant;
	vscsi_u16 grant_offset;
	vscsi_u16 page;
	vscsi_u16 page_offset;
	vscsi_u16 length;
};

/* Where a walk over a slot's segments stands; zero it before the first call. */
struct vscsi_cursor {
	vscsi_u32 segment;
	vscsi_u32 done;
	vscsi_u32 moved;
};

/* What vscsi_fetch() found. */
#define VSCSI_FETCH_EMPTY 0   /* no request */
#define VSCSI_FETCH_LIST 1    /* indirect: copy the lists, then vscsi_lists_done() */
#define VSCSI_FETCH_COMMAND 2 /* ready for submission */
#define VSCSI_FETCH_TASK 3    /* abort or reset */
#define VSCSI_FETCH_REJECT 4  /* the slot already holds an error response */
#define VSCSI_FETCH_BROKEN 5  /* producer index impossible: stop the ring */
#define VSCSI_FETCH_ROOM 6    /* a request, and its slot has no list yet: nothing was fetched */

/* vscsi_command.device: the REPORT LUNS well known logical unit of a target. */
#define VSCSI_WELL_KNOWN (~0u - 1)

/* Data directions, as on the wire. */
#define VSCSI_TO_DEVICE 1
#define VSCSI_FROM_DEVICE 2
#define VSCSI_NO_DATA 3

/* Task management functions. */
#define VSCSI_TASK_ABORT 1
#define VSCSI_TASK_RESET 2

/* Host results, values as on the wire. */
#define VSCSI_HOST_OK 0
#define VSCSI_HOST_NO_CONNECT 1
#define VSCSI_HOST_BUSY 2
#define VSCSI_HOST_TIME_OUT 3
#define VSCSI_HOST_ABORT 5
#define VSCSI_HOST_ERROR 7
#define VSCSI_HOST_RESET 8
#define VSCSI_HOST_DISRUPTED 14 /* the transport is: worth another try */

/* Why requests were rejected: indices of vscsi_counters.rejected. */
#define VSCSI_REJECT_ACTION 0     /* unknown action */
#define VSCSI_REJECT_CDB_LENGTH 1 /* zero, over 16, or a longer variable CDB */
#define VSCSI_REJECT_DIRECTION 2
#define VSCSI_REJECT_SEGMENTS 3 /* too many segments or list pages */
#define VSCSI_REJECT_LIST 4     /* list page length or offset */
#define VSCSI_REJECT_SEGMENT 5  /* a segment that leaves its page */
#define VSCSI_REJECT_LUN 6      /* no such device */
#define VSCSI_REJECT_RQID 7     /* request id already in flight */
#define VSCSI_REJECT_GRANT 8    /* the hypervisor refused a copy */
#define VSCSI_REJECT_KINDS 9
#define VSCSI_NOT_REJECTED (-1)

struct vscsi_counters {
	vscsi_u64 requests;
	vscsi_u64 responses;
	vscsi_u64 notifications;
	vscsi_u64 bytes_out; /* to the device */
	vscsi_u64 bytes_in;  /* from the device */
	vscsi_u64 aborts;
	vscsi_u64 resets;
	vscsi_u64 rejected[VSCSI_REJECT_KINDS];
};

/* A slot that is ready for target core. */
struct vscsi_command {
	const vscsi_u8 *cdb; /* 16 bytes, padded with zeros */
	vscsi_u64 tag;       /* differs for every use of a slot */
	vscsi_u32 device;
	vscsi_u32 direction;
	vscsi_u32 data_bytes;
	vscsi_u32 pages;        /* data pages that the copy needs */
	vscsi_u32 first_offset; /* where the data starts in the first page */
	vscsi_u32 cdb_bytes;    /* as the frontend says */
	vscsi_u32 timeout;      /* seconds that the frontend will wait; 0 if it did not say */
	vscsi_u16 channel, id;  /* of the target */
	vscsi_u16 rqid;         /* the frontend's name for it */
};

/* A task management request. */
struct vscsi_task {
	vscsi_u32 function;
	vscsi_u32 device;
	vscsi_u64 tag;       /* of the command to abort */
	vscsi_u32 in_flight; /* abort: whether that command is still running */
	vscsi_u32 covered;   /* a bit for each slot whose command it is about */
};

/* Result of a command; sense may be null. */
struct vscsi_result {
	vscsi_u32 host;
	vscsi_u32 status;   /* SAM-5 status byte */
	vscsi_u32 residual; /* bytes asked for and not moved; 0 on overflow */
	vscsi_u32 sense_bytes;
	const vscsi_u8 *sense;
};

/*
 * Threads: everything marked (ring) is called by the ring's one thread,
 * everything marked (completion) by one completer at a time.  The two may run
 * at the same time.  vscsi_ring_init() runs alone.  None of them sleeps.
 */
size_t vscsi_ring_engine_bytes(void) VSCSI_NOEXCEPT;
/* shared: the mapped ring page. */
struct vscsi_ring_engine *vscsi_ring_init(void *memory, void *shared) VSCSI_NOEXCEPT;
/*
 * (ring) VSCSI_LIST_BYTES for the segments of a slot, without which it is not
 * used; null takes them back.  The slot is free, or there will be no more copies
 * of its request.  Low slots are used first.
 */
void vscsi_give_list(struct vscsi_ring_engine *ring, vscsi_u32 slot, void *list) VSCSI_NOEXCEPT;
/*
 * (ring) The same, with VSCSI_LONG_LIST_BYTES; also between VSCSI_FETCH_LIST and the copies
 * of the lists, which a slot with more than VSCSI_FEW_SEGMENTS has to have.
 */
void vscsi_give_long_list(struct vscsi_ring_engine *ring, vscsi_u32 slot, void *list) VSCSI_NOEXCEPT;
/* (ring) Segments that the lists of an indirect slot name. */
vscsi_u32 vscsi_list_segments(const struct vscsi_ring_engine *ring, vscsi_u32 slot) VSCSI_NOEXCEPT;
/* (ring) Takes one request.  *slot is set except for EMPTY and BROKEN. */
int vscsi_fetch(struct vscsi_ring_engine *ring, const struct vscsi_lun_map *luns,
		vscsi_u32 *slot) VSCSI_NOEXCEPT;
/* (ring) True if requests remain. */
bool vscsi_has_requests(struct vscsi_ring_engine *ring) VSCSI_NOEXCEPT;
/* (ring) The same; else asks the frontend for a notification. */
bool vscsi_more_requests(struct vscsi_ring_engine *ring) VSCSI_NOEXCEPT;
/* (ring) Copies that bring an indirect slot's lists in; at most VSCSI_LIST_COPIES. */
vscsi_u32 vscsi_list_copies(const struct vscsi_ring_engine *ring, vscsi_u32 slot,
			    struct vscsi_copy *copies, vscsi_u32 room) VSCSI_NOEXCEPT;
/* (ring) After those copies: COMMAND or REJECT. */
int vscsi_lists_done(struct vscsi_ring_engine *ring, vscsi_u32 slot,
		     bool copied) VSCSI_NOEXCEPT;
/* (ring) */
void vscsi_command_of(const struct vscsi_ring_engine *ring, vscsi_u32 slot,
		      struct vscsi_command *out) VSCSI_NOEXCEPT;
/* (ring) A task covers only commands that were fetched before it. */
void vscsi_task_of(const struct vscsi_ring_engine *ring, vscsi_u32 slot,
		   struct vscsi_task *out) VSCSI_NOEXCEPT;
/*
 * (ring before submission, completion after it) The next copies between the
 * slot's segments and its pages, up to limit bytes in all; 0 when done.
 */
vscsi_u32 vscsi_data_copies(const struct vscsi_ring_engine *ring, vscsi_u32 slot,
			    struct vscsi_cursor *at, vscsi_u32 limit,
			    struct vscsi_copy *copies, vscsi_u32 room) VSCSI_NOEXCEPT;
/* (ring before submission, completion after it) Sets what will be answered. */
void vscsi_set_result(struct vscsi_ring_engine *ring, vscsi_u32 slot,
		      const struct vscsi_result *result) VSCSI_NOEXCEPT;
void vscsi_set_task_result(struct vscsi_ring_engine *ring, vscsi_u32 slot,
			   bool success) VSCSI_NOEXCEPT;
/*
 * (completion) A bit for each slot whose command the task covers and which has
 * no response yet.  A frontend that reads success before these responses takes
 * the commands' request ids back.
 */
vscsi_u32 vscsi_task_unanswered(const struct vscsi_ring_engine *ring,
				vscsi_u32 slot) VSCSI_NOEXCEPT;
void vscsi_set_copy_failed(struct vscsi_ring_engine *ring, vscsi_u32 slot) VSCSI_NOEXCEPT;
/* (completion) Frees the slot and writes its response, not yet visible. */
void vscsi_respond(struct vscsi_ring_engine *ring, vscsi_u32 slot) VSCSI_NOEXCEPT;
/* (completion) Frees the slot of a ring whose page is gone. */
void vscsi_forget(struct vscsi_ring_engine *ring, vscsi_u32 slot) VSCSI_NOEXCEPT;
/* (completion) Makes responses visible; true if the frontend wants an event. */
bool vscsi_publish(struct vscsi_ring_engine *ring) VSCSI_NOEXCEPT;
/* Any thread; the numbers may be mid-update. */
void vscsi_read_counters(const struct vscsi_ring_engine *ring,
			 struct vscsi_counters *out) VSCSI_NOEXCEPT;
vscsi_u32 vscsi_in_flight(const struct vscsi_ring_engine *ring) VSCSI_NOEXCEPT;
/* A bit for each slot that is in use. */
vscsi_u32 vscsi_busy_slots(const struct vscsi_ring_engine *ring) VSCSI_NOEXCEPT;

/*
 * What a CDB may do; cdb.hpp and the table in cdb_table.cc have the commands.
 * A device_type is the PERIPHERAL DEVICE TYPE of SPC-4 6.6.2.
 */
struct vscsi_cdb_view {
	const vscsi_u8 *cdb;   /* 16 bytes */
	vscsi_u32 direction;   /* VSCSI_TO_DEVICE..., as the guest claims */
	vscsi_u32 bytes;       /* of data, as the guest claims */
	vscsi_u32 device_type;
	bool emulated;         /* target core's, not passed through */
	bool read_only;        /* by ACL, portal group or backstore */
};
#define VSCSI_CDB_PASS 0
#define VSCSI_CDB_INVALID_FIELD 1   /* ILLEGAL REQUEST, INVALID FIELD IN CDB */
#define VSCSI_CDB_UNSUPPORTED 2     /* ILLEGAL REQUEST, INVALID COMMAND OPERATION CODE */
#define VSCSI_CDB_WRITE_PROTECTED 3 /* DATA PROTECT, WRITE PROTECTED */
/*
 * A claim that is not the CDB's own direction is an INVALID FIELD: target core
 * goes by it when it asks who may write.  What changes the medium is
 * WRITE_PROTECTED where the device is read_only, whatever the claim.
 */
int vscsi_cdb_verdict(const struct vscsi_cdb_view *view) VSCSI_NOEXCEPT;
/*
 * Bytes of the CDB: by its group (SPC-4 4.3.1); a vendor's or variable length
 * one has as many as the frontend says, 6 at least and 16 at most.
 */
vscsi_u32 vscsi_cdb_bytes(const vscsi_u8 *cdb, vscsi_u32 said) VSCSI_NOEXCEPT;
/* False for what waits for nothing but the medium. */
bool vscsi_cdb_may_wait(const vscsi_u8 *cdb, vscsi_u32 device_type) VSCSI_NOEXCEPT;
/* Whether it is a plain read from, or write to, a disk in that direction. */
bool vscsi_cdb_is_plain(const vscsi_u8 *cdb, vscsi_u32 direction, vscsi_u32 device_type) VSCSI_NOEXCEPT;
/*
 * Seconds that a host adapter gives the command.  said: what the frontend says, 0 if it
 * does not.  The wire has 16 bits for it, so that a limit of days arrives as anything:
 * of commands that may take hours, and of the largest values, it is not believed.  The
 * guest's abort comes by its own clock in any case.
 */
vscsi_u32 vscsi_cdb_time_limit(const vscsi_u8 *cdb, vscsi_u32 device_type,
			       vscsi_u32 said) VSCSI_NOEXCEPT;

/* Sense key, additional sense code and its qualifier. */
struct vscsi_sense {
	vscsi_u8 key, code, qualifier;
	bool valid;
};
/*
 * Of sense data in either format, current or deferred (SPC-4 4.5.2, 4.5.3).  All
 * zeros if there is none, or too little for a sense key; sense may be null if
 * bytes is 0.
 */
void vscsi_sense_of(const vscsi_u8 *sense, vscsi_u32 bytes, struct vscsi_sense *out) VSCSI_NOEXCEPT;
/*
 * Whether a device has carried a command out that ended so; sense, bytes of it, counts if
 * the status is CHECK CONDITION.
 */
#define VSCSI_EFFECT_NONE 0
#define VSCSI_EFFECT_ALL 1
#define VSCSI_EFFECT_UNKNOWN 2 /* its adapter gave it back, say */
vscsi_u32 vscsi_effect_of(vscsi_u32 host, vscsi_u32 status, const vscsi_u8 *sense,
			  vscsi_u32 bytes) VSCSI_NOEXCEPT;

/*
 * What a guest is told of the block layer's status: a result of the host adapter, or a
 * SAM-5 status; key and the rest are 0 without CHECK CONDITION.
 */
struct vscsi_block_answer {
	vscsi_u8 host, status, key, code, qualifier;
};
/* error: the positive errno of that status, 0 if it is none. */
void vscsi_block_status(vscsi_u32 error, bool write, struct vscsi_block_answer *out) VSCSI_NOEXCEPT;
/*
 * The wire's word for a result of the host adapter that holds the device.  What
 * the host has timed out it has aborted as well.
 */
vscsi_u32 vscsi_host_result(vscsi_u32 host) VSCSI_NOEXCEPT;
/*
 * Sets the write protect bit in the answer to a MODE SENSE (SPC-4 7.5.5, SBC-3
 * 6.5.1, SSC-3 8.3): bytes of data are at data.  Any other CDB changes nothing.
 */
void vscsi_protect_mode_sense(const vscsi_u8 *cdb, vscsi_u8 *data, vscsi_u32 bytes) VSCSI_NOEXCEPT;

/* Raises the transfer length of a Block Limits VPD page; see block_limits.hpp. */
void vscsi_widen_block_limits(vscsi_u8 *page, vscsi_u32 bytes, vscsi_u32 blocks) VSCSI_NOEXCEPT;

/* Virtual address of a device; the host number is the frontend's own affair. */
struct vscsi_address {
	vscsi_u32 host, channel, id, lun;
};

/*
 * LUN map: virtual address to device handle.  The caller serialises changes
 * against look-ups.  Its memory is the caller's: vscsi_luns_bytes(capacity).
 */
size_t vscsi_luns_bytes(vscsi_u32 capacity) VSCSI_NOEXCEPT;
struct vscsi_lun_map *vscsi_luns_init(void *memory, vscsi_u32 capacity) VSCSI_NOEXCEPT;
/* 0, or VSCSI_LUNS_FULL, or VSCSI_LUNS_TAKEN. */
int vscsi_luns_add(struct vscsi_lun_map *map, const struct vscsi_address *address,
		   vscsi_u32 device) VSCSI_NOEXCEPT;
bool vscsi_luns_remove(struct vscsi_lun_map *map,
		       const struct vscsi_address *address) VSCSI_NOEXCEPT;
bool vscsi_luns_find(const struct vscsi_lun_map *map, const struct vscsi_address *address,
		     vscsi_u32 *device) VSCSI_NOEXCEPT;
/* Copies all entries into an empty map of at least the same capacity. */
void vscsi_luns_move(struct vscsi_lun_map *to, const struct vscsi_lun_map *from) VSCSI_NOEXCEPT;
#define VSCSI_LUNS_FULL 1
#define VSCSI_LUNS_TAKEN 2

/*
 * The answer to REPORT LUNS (SPC-4 6.33) at a target: what the guest has there.
 * LUNs to 255 come in peripheral, others in flat space addressing (SAM-5 4.7.7).
 */
/* False if the CDB's SELECT REPORT is none that is known. */
bool vscsi_report_luns_valid(const vscsi_u8 *cdb) VSCSI_NOEXCEPT;
/*
 * Writes bytes from offset on, a multiple of 8, of the answer; what is beyond
 * its end is left alone.  Returns the length of the whole answer.
 */
vscsi_u32 vscsi_report_luns(const struct vscsi_lun_map *map, vscsi_u32 channel, vscsi_u32 id,
			    const vscsi_u8 *cdb, vscsi_u32 offset, vscsi_u8 *out,
			    vscsi_u32 bytes) VSCSI_NOEXCEPT;
/*
 * What the well known logical unit answers to anything but REPORT LUNS: writes
 * the data, sets its length and the result.  room: at least VSCSI_WELL_KNOWN_BYTES.
 */
#define VSCSI_WELL_KNOWN_BYTES 36u
void vscsi_well_known_answer(const vscsi_u8 *cdb, vscsi_u8 *out, vscsi_u32 *bytes,
			     struct vscsi_result *result) VSCSI_NOEXCEPT;

/* Names.  Each returns 0 or a VSCSI_NAME_* reason. */
#define VSCSI_NAME_SYNTAX 1 /* not of the expected form */
#define VSCSI_NAME_RANGE 2  /* a number too large */
#define VSCSI_NAME_LENGTH 3 /* too long */
#define VSCSI_NAME_BYTES 224u

#define VSCSI_ANY_TPG (~0u)

/* p-dev: "PORT:LUN" or "PORT,TPGT:LUN", PORT a target port name or an alias. */
struct vscsi_pdev {
	vscsi_u32 tpgt; /* VSCSI_ANY_TPG if not given */
	vscsi_u32 lun;
	char port[VSCSI_NAME_BYTES];
};

/*
 * What binds a portal group to one guest: the guest's UUID, or its name.  Valid
 * unless it is empty, or no guest can have it.
 */
int vscsi_check_binding(const char *text) VSCSI_NOEXCEPT;
/* Who has the UUID of another guest for its name is not that guest. */
bool vscsi_binding_allows(const char *binding, const char *name, const char *uuid) VSCSI_NOEXCEPT;

/* v-dev: "h:c:t:l", decimal; LUN to 16383, the others to 65535. */
int vscsi_parse_vdev(const char *text, struct vscsi_address *out) VSCSI_NOEXCEPT;
int vscsi_parse_pdev(const char *text, struct vscsi_pdev *out) VSCSI_NOEXCEPT;

/* Transport protocol of a port name, values of SPC-4 table "PROTOCOL IDENTIFIER". */
#define VSCSI_PROTOCOL_FCP 0
#define VSCSI_PROTOCOL_ISCSI 5
#define VSCSI_PROTOCOL_SAS 6
/* By prefix: "naa." SAS, "fc." FCP, "iqn." iSCSI.  *skip: bytes before the name proper. */
int vscsi_parse_port(const char *text, vscsi_u32 *protocol, vscsi_u32 *skip) VSCSI_NOEXCEPT;
/*
 * A stable initiator port name for a guest.  uuid: 8-4-4-4-12 hex digits.
 * SAS: naa.5 with Xen's OUI 00163e and 36 bits of a hash; FCP: the same number
 * as eight colon-separated bytes; iSCSI: iqn...:UUID.
 */
int vscsi_initiator_name(vscsi_u32 protocol, const char *uuid, char *out,
			 size_t out_bytes) VSCSI_NOEXCEPT;

/*
 * The N_Port behind a portal group (NPIV, FC-LS-3): "WWPN:WWNN@fabric:WWN" or
 * "WWPN:WWNN@hba:WWPN", each name 16 hex digits and none of them zero.
 * *wwpn: the virtual port's own name.
 */
int vscsi_parse_vport(const char *text, vscsi_u64 *wwpn) VSCSI_NOEXCEPT;
/* wwpn as an initiator port name; VSCSI_NAME_SYNTAX for a protocol that has none of this form. */
int vscsi_vport_name(vscsi_u32 protocol, vscsi_u64 wwpn, char *out, size_t out_bytes) VSCSI_NOEXCEPT;

/* Xenbus states, as in Xen's public/io/xenbus.h. */
#define VSCSI_XB_UNKNOWN 0
#define VSCSI_XB_INITIALISING 1
#define VSCSI_XB_INIT_WAIT 2
#define VSCSI_XB_INITIALISED 3
#define VSCSI_XB_CONNECTED 4
#define VSCSI_XB_CLOSING 5
#define VSCSI_XB_CLOSED 6
#define VSCSI_XB_RECONFIGURING 7
#define VSCSI_XB_RECONFIGURED 8

/* What to do next with the controller (the virtual host). */
struct vscsi_host_view {
	vscsi_u32 frontend;   /* frontend's xenbus state */
	vscsi_u32 backend;    /* our own xenbus state */
	bool ring_live;       /* a ring is connected */
	bool ring_draining;   /* an earlier ring still has commands in flight */
	bool seen_connected;  /* this ring's frontend has been Connected */
	bool ring_changed;    /* frontend's ring reference or event channel is another */
	bool online;
	bool restarted;       /* frontend closed or began anew since the last connect */
	bool rested;          /* our state has been Closed for long enough to be seen */
	bool ready;           /* WAIT_READY was carried out, and no CONNECT since */
};
#define VSCSI_HOST_NOTHING 0
#define VSCSI_HOST_WAIT_READY 1  /* switch to InitWait */
#define VSCSI_HOST_CONNECT 2     /* map ring, add devices, switch to Connected */
#define VSCSI_HOST_DISCONNECT 3  /* stop the ring, look again when drained */
#define VSCSI_HOST_SETTLE 4      /* confirm devices, be Connected */
#define VSCSI_HOST_RECONFIGURE 5 /* add and remove devices, switch to Reconfigured */
#define VSCSI_HOST_CLOSING 6     /* switch to Closing */
#define VSCSI_HOST_CLOSED 7      /* reset devices, switch to Closed */
#define VSCSI_HOST_UNREGISTER 8  /* the frontend is gone for good */
#define VSCSI_HOST_AWAIT 9       /* not yet: an earlier ring is draining */
int vscsi_host_step(const struct vscsi_host_view *view) VSCSI_NOEXCEPT;

/* What to do with one vscsi-devs/dev-N during a host action. */
struct vscsi_device_view {
	vscsi_u32 host_action; /* CONNECT, SETTLE, RECONFIGURE or CLOSED */
	vscsi_u32 backend;     /* backend's device state */
	vscsi_u32 frontend;    /* frontend's device state, 0 if it has none */
	bool mapped;           /* its v-dev is mapped */
	bool round_begins;     /* first RECONFIGURE since the frontend was Connected */
	bool asked;            /* ASK was carried out since it was mapped */
};
#define VSCSI_DEVICE_NOTHING 0
#define VSCSI_DEVICE_MAP 1        /* map, then Initialised; on failure Closed and why */
#define VSCSI_DEVICE_MAP_KEEP 2   /* map and keep the state (a frontend that resumes) */
#define VSCSI_DEVICE_CONNECTED 3  /* write Connected */
#define VSCSI_DEVICE_REFUSED 4    /* the frontend could not add it: unmap, Closed and why */
#define VSCSI_DEVICE_UNMAP 5      /* unmap, then Closed */
#define VSCSI_DEVICE_RESET 6      /* write Initialising, for the next connection */
#define VSCSI_DEVICE_ASK 7        /* offered once more: no answer will say that it is there */
int vscsi_device_step(const struct vscsi_device_view *view) VSCSI_NOEXCEPT;

/*
 * Tasks, and what a device does not end in time.  The shim carries out what is
 * decided here.  Ages are in milliseconds, and stay at ~0 when they would be more.
 * "After" a time means that it has passed and a tick more, "at" a time that it has
 * passed.
 */

/*
 * Whether target core must carry a task out.  Asked once, after the commands that
 * it covers and that were never submitted have been dropped, so that only those
 * count that something is done for.
 */
struct vscsi_task_view {
	vscsi_u32 function;   /* VSCSI_TASK_ABORT or VSCSI_TASK_RESET */
	vscsi_u32 covered;    /* a bit for each slot whose command it covers, and that is not over now */
	vscsi_u32 comes_back; /* of these, those that end by themselves: a task cannot hasten them */
	bool well_known;      /* for the REPORT LUNS well known logical unit */
	bool abandoned;       /* the device still has commands that the guest was answered without */
	bool passed_through;  /* it is a device that hears of a reset */
};
#define VSCSI_TASK_DONE 0         /* it succeeds, once all that it covers is answered */
#define VSCSI_TASK_SUBMIT 1       /* target core carries it out */
#define VSCSI_TASK_RESET_DEVICE 2 /* the device is reset; target core has nothing to wait for */
int vscsi_task_step(const struct vscsi_task_view *view) VSCSI_NOEXCEPT;

/* How often to look at tasks that are not answered, and at commands that are held back. */
#define VSCSI_OVERDUE_EVERY_MS 1000u

/*
 * Whether the guest goes on without the device: after 10 s, and while no more than
 * VSCSI_SLOTS commands and tasks of the ring are abandoned, these included.  For
 * each task anew, since the one before may have abandoned some.
 */
struct vscsi_overdue_view {
	vscsi_u32 age_ms;    /* since the task was submitted */
	vscsi_u32 abandoned; /* commands and tasks of the ring that the device still has */
	vscsi_u32 covered;   /* a bit for each unanswered command that the task covers */
};
#define VSCSI_OVERDUE_WAIT 0
#define VSCSI_OVERDUE_ANSWER 1 /* abandon and answer what it covers, then itself */
int vscsi_overdue_step(const struct vscsi_overdue_view *view) VSCSI_NOEXCEPT;

/*
 * What becomes of a command for a device that may still have abandoned ones,
 * which nothing must overtake.  It is held back until after 1 s; with age 0 this
 * says whether to hold it back at all.
 */
struct vscsi_parked_view {
	vscsi_u32 age_ms; /* since it was first held back */
	bool abandoned;   /* the device still has commands that the guest was answered without */
};
#define VSCSI_PARKED_KEEP 0
#define VSCSI_PARKED_SUBMIT 1
#define VSCSI_PARKED_BUSY 2 /* answer BUSY: the guest shall try again */
int vscsi_parked_step(const struct vscsi_parked_view *view) VSCSI_NOEXCEPT;

/*
 * Whether an adapter may be asked now to give a command back: that costs work
 * which all of its users may feel.  At the guest's own limit it may; before that in
 * a burst of 100 ms, which begins with the first that is asked for, at 10 s from
 * the one before.
 */
struct vscsi_early_abort_view {
	vscsi_u32 age_ms;         /* of the command, since submission */
	vscsi_u32 timeout;        /* seconds that the guest gives it; 0 if it did not say */
	vscsi_u32 since_burst_ms; /* since the device's last burst began; ~0 if there was none */
};
#define VSCSI_ABORT_LATER 0        /* ask again at the next look */
#define VSCSI_ABORT_NOW 1          /* its time is over, or a burst goes on */
#define VSCSI_ABORT_BEGINS_BURST 2 /* now, and with it a burst begins */
int vscsi_early_abort_step(const struct vscsi_early_abort_view *view) VSCSI_NOEXCEPT;

#ifdef __cplusplus
}
#endif
#endif
