/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * Statistics of a ring and of each LUN, part of the border of engine.h.  Every
 * number has one writer at a time and is read without a lock: a reader may see
 * one number of a moment and the next of a moment later.
 */
#ifndef VSCSI_STATISTICS_H
#define VSCSI_STATISTICS_H

#include <vscsi/engine.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Latencies by powers of two: bucket i counts those below 1024 << i ns that no
 * bucket before it counts, the last one all that are longer.
 */
#define VSCSI_LATENCY_BUCKETS 32u
#define VSCSI_LATENCY_SHIFT 10u

struct vscsi_latency {
	vscsi_u64 sum; /* ns */
	vscsi_u64 bucket[VSCSI_LATENCY_BUCKETS];
};

/* How commands failed: indices of vscsi_lun_statistics.errors. */
#define VSCSI_ERROR_CHECK_CONDITION 0
#define VSCSI_ERROR_CONFLICT 1 /* RESERVATION CONFLICT */
#define VSCSI_ERROR_BUSY 2     /* BUSY, TASK SET FULL */
#define VSCSI_ERROR_STATUS 3   /* another status */
#define VSCSI_ERROR_HOST 4     /* the host's fault or the transport's */
#define VSCSI_ERROR_ABORTED 5  /* aborted or reset, or the guest had gone */
#define VSCSI_ERROR_KINDS 6

/* Zeroed before use. */
struct vscsi_lun_statistics {
	/* (ring) */
	vscsi_u64 requests; /* commands */
	vscsi_u64 aborts;
	vscsi_u64 resets;
	/* (completion) on a cache line of their own, mostly */
	vscsi_u64 pad[5];
	vscsi_u64 completed;
	vscsi_u64 reads; /* commands with data from the device */
	vscsi_u64 writes;
	vscsi_u64 bytes_read;
	vscsi_u64 bytes_written;
	vscsi_u64 errors[VSCSI_ERROR_KINDS];
	struct vscsi_latency queue;  /* from fetch to submission */
	struct vscsi_latency device; /* from submission until it is over */
	struct vscsi_latency total;  /* from fetch to response */
};

/* When things happened to a command, in ns of any one clock. */
struct vscsi_times {
	vscsi_u64 fetched;
	vscsi_u64 submitted; /* 0: it never was */
	vscsi_u64 done;
	vscsi_u64 answered;
};

/* What a command came to. */
struct vscsi_outcome {
	vscsi_u32 host;
	vscsi_u32 status;
	vscsi_u32 direction;
	vscsi_u32 asked; /* bytes */
	vscsi_u32 moved; /* bytes */
};

/* (ring) Counts a command (function 0) or a task. */
void vscsi_lun_requested(struct vscsi_lun_statistics *lun, vscsi_u32 function) VSCSI_NOEXCEPT;
/* (completion) Counts a command that is over. */
void vscsi_lun_completed(struct vscsi_lun_statistics *lun, const struct vscsi_outcome *outcome,
			 const struct vscsi_times *times) VSCSI_NOEXCEPT;
/* (completion) Of a slot whose result is set. */
void vscsi_outcome_of(const struct vscsi_ring_engine *ring, vscsi_u32 slot,
		      struct vscsi_outcome *out) VSCSI_NOEXCEPT;

/* A ring's numbers; those that the shim counts are 0 from vscsi_read_counters(). */
struct vscsi_ring_statistics {
	struct vscsi_counters engine;
	vscsi_u64 interrupts;  /* events from the frontend */
	vscsi_u64 copies;      /* pieces of grant copies */
	vscsi_u64 copy_calls;  /* hypercalls that they took */
	vscsi_u64 maps;        /* grants mapped for data */
};
/* Adds an earlier connection's numbers. */
void vscsi_ring_statistics_add(struct vscsi_ring_statistics *to,
			       const struct vscsi_ring_statistics *from) VSCSI_NOEXCEPT;

/* What a slot's request is, for tracing; cdb stays the engine's. */
struct vscsi_request_view {
	const vscsi_u8 *cdb;
	vscsi_u32 cdb_bytes;
	vscsi_u32 direction;
	vscsi_u32 bytes;    /* 0 while not known */
	vscsi_u32 result;   /* as on the wire */
	vscsi_u32 residual;
	int reject; /* VSCSI_REJECT_*, or VSCSI_NOT_REJECTED */
	vscsi_u16 rqid;
	vscsi_u16 channel, id, lun;
	vscsi_u8 action; /* as on the wire */
};
/* (ring before submission, completion after it) */
void vscsi_view_of(const struct vscsi_ring_engine *ring, vscsi_u32 slot,
		   struct vscsi_request_view *out) VSCSI_NOEXCEPT;

#ifdef __cplusplus
}
#endif
#endif
