/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * The border between the C shim and the C++ engine of the frontend, xen-scsifront.  The
 * only header that both sides see.  Types as in engine.h.
 *
 * Nothing that the backend writes is believed: an answer is for a request that is in
 * flight, and within what that asked for, or it is none.
 */
#ifndef VSCSI_FRONT_H
#define VSCSI_FRONT_H

#include <vscsi/engine.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Entries of the largest ring, that of 16 pages; a power of two, as each ring's number is. */
#define VSCSI_FRONT_MOST_SLOTS 256u
#define VSCSI_FRONT_MOST_PAGE_ORDER 4u
/* Segments of a request that a frontend can use, and the pages that list them. */
#define VSCSI_FRONT_MOST_SEGMENTS 2048u
#define VSCSI_FRONT_LISTED (VSCSI_PAGE_BYTES / 8u) /* in one page */
#define VSCSI_FRONT_LISTS (VSCSI_FRONT_MOST_SEGMENTS / VSCSI_FRONT_LISTED)

/* A piece of a page, as on the wire. */
struct vscsi_segment {
	vscsi_u32 grant;
	vscsi_u16 offset;
	vscsi_u16 length;
};

/*
 * What a backend offers, and what a frontend makes of it.  A request of so many segments
 * has one segment for each page that it touches.
 */
struct vscsi_front_offer {
	vscsi_u32 sg_grant;       /* feature-sg-grant; 0: not there */
	vscsi_u32 ring_page_order; /* max-ring-page-order; 0: not there */
};
struct vscsi_front_limits {
	vscsi_u32 segments;
	vscsi_u32 sectors; /* of 512 bytes */
	vscsi_u32 page_order;
	vscsi_u32 commands; /* in flight at a time; what the ring has beyond these is for tasks */
};
void vscsi_front_limits_of(const struct vscsi_front_offer *offer,
			   struct vscsi_front_limits *limits) VSCSI_NOEXCEPT;

/* Pages that list so many segments; 0 if they fit into the request itself. */
vscsi_u32 vscsi_front_lists(vscsi_u32 segments) VSCSI_NOEXCEPT;
/* Bytes of the list in one of them. */
vscsi_u32 vscsi_front_list_bytes(vscsi_u32 segments, vscsi_u32 list) VSCSI_NOEXCEPT;

/* One ring.  All calls for it under its owner's one lock; none sleeps. */
struct vscsi_front_engine;
size_t vscsi_front_bytes(void) VSCSI_NOEXCEPT;
/* shared: its pages, one after the other, which are set to their first state. */
struct vscsi_front_engine *vscsi_front_init(void *memory, void *shared,
					    vscsi_u32 page_order) VSCSI_NOEXCEPT;
vscsi_u32 vscsi_front_slots(const struct vscsi_front_engine *ring) VSCSI_NOEXCEPT;

/*
 * A slot, with room in the ring for its request.  False if there is none: the last one
 * is left to tasks.
 */
bool vscsi_front_claim(struct vscsi_front_engine *ring, bool task, vscsi_u32 *slot) VSCSI_NOEXCEPT;
/* One that nothing was sent for. */
void vscsi_front_unclaim(struct vscsi_front_engine *ring, vscsi_u32 slot) VSCSI_NOEXCEPT;

#define VSCSI_FRONT_COMMAND 1
#define VSCSI_FRONT_ABORT 2
#define VSCSI_FRONT_RESET 3
struct vscsi_front_request {
	vscsi_u32 kind;
	const vscsi_u8 *cdb;
	vscsi_u32 cdb_bytes; /* to 16; what is beyond is not sent */
	vscsi_u32 timeout;   /* seconds */
	vscsi_u16 channel, id, lun;
	vscsi_u32 direction; /* VSCSI_TO_DEVICE... */
	vscsi_u32 bytes;     /* of data */
	vscsi_u32 aborted;   /* VSCSI_FRONT_ABORT: the slot of the command */
	/* Those of the data, or of the pages that list these. */
	const struct vscsi_segment *segment;
	vscsi_u32 segments;
	bool listed;
};
void vscsi_front_send(struct vscsi_front_engine *ring, vscsi_u32 slot,
		      const struct vscsi_front_request *request) VSCSI_NOEXCEPT;
/* Shows what was sent; true if the backend wants an event. */
bool vscsi_front_push(struct vscsi_front_engine *ring) VSCSI_NOEXCEPT;

/* What vscsi_front_take() found. */
#define VSCSI_FRONT_EMPTY 0  /* no answer */
#define VSCSI_FRONT_ANSWER 1 /* of a command, whose slot is free now */
#define VSCSI_FRONT_TASK 2   /* of a task, the same */
#define VSCSI_FRONT_STALE 3  /* of nothing that is in flight: dropped */
#define VSCSI_FRONT_BROKEN 4 /* the producer index is impossible, and will be */
struct vscsi_front_answer {
	vscsi_u32 slot;
	vscsi_u32 host;   /* VSCSI_HOST_..., of which each is Linux' own number */
	vscsi_u32 status; /* SAM-5 status */
	vscsi_u32 residual; /* never more than the request's bytes */
	vscsi_u32 sense_bytes;
	const vscsi_u8 *sense; /* until the next call */
	bool succeeded; /* of a task */
};
int vscsi_front_take(struct vscsi_front_engine *ring, struct vscsi_front_answer *answer) VSCSI_NOEXCEPT;
/* True if there is more; else the backend will notify of the next. */
bool vscsi_front_more(struct vscsi_front_engine *ring) VSCSI_NOEXCEPT;
/* Nobody waits for its answer any more, which is dropped if it comes.  The slot is free. */
void vscsi_front_forget(struct vscsi_front_engine *ring, vscsi_u32 slot) VSCSI_NOEXCEPT;

/* States of xenbus, as in Xen's io/xenbus.h. */

/* What follows from the backend's state. */
struct vscsi_front_view {
	int backend;
	int own; /* the frontend's */
};
#define VSCSI_FRONT_NOTHING 0
#define VSCSI_FRONT_CONNECT 1        /* offer a ring, then Initialised */
#define VSCSI_FRONT_JOIN 2           /* it has the ring: see to all devices, then Connected */
#define VSCSI_FRONT_REMOVE_DEVICES 3 /* those that go, then Reconfiguring */
#define VSCSI_FRONT_ADD_DEVICES 4    /* those that come, then Connected */
#define VSCSI_FRONT_CLOSE 5
int vscsi_front_step(const struct vscsi_front_view *view) VSCSI_NOEXCEPT;

/* What to do about one device, in one of these steps. */
struct vscsi_front_device_view {
	int step;
	int state;    /* the backend's, of the device */
	bool present; /* the host has it */
};
#define VSCSI_FRONT_DEVICE_KEEP 0
#define VSCSI_FRONT_DEVICE_ADD 1     /* then its own state is 4, or 6 if it cannot be had */
#define VSCSI_FRONT_DEVICE_CONFIRM 2 /* its own state is 4 */
#define VSCSI_FRONT_DEVICE_REMOVE 3  /* then its own state is 6 */
int vscsi_front_device_step(const struct vscsi_front_device_view *view) VSCSI_NOEXCEPT;

#ifdef __cplusplus
}
#endif
#endif
