/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Trace events xen_scsiback:*, a request's life and the states that xenstore
 * shows.  Numbers only, so that filters can compare them: the guest, its
 * controller, and the virtual address.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM xen_scsiback

#if !defined(VSCSI_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define VSCSI_TRACE_H

#include <linux/tracepoint.h>

#include "shim.h"

#define vscsi_show_action(action)					\
	__print_symbolic(action, { 1, "command" }, { 2, "abort" }, { 3, "reset" })
#define vscsi_show_direction(direction)					\
	__print_symbolic(direction, { VSCSI_TO_DEVICE, "out" },		\
			 { VSCSI_FROM_DEVICE, "in" }, { VSCSI_NO_DATA, "none" })
#define vscsi_show_reject(reason)					\
	__print_symbolic(reason,					\
			 { VSCSI_REJECT_ACTION, "action" },		\
			 { VSCSI_REJECT_CDB_LENGTH, "cdb_length" },	\
			 { VSCSI_REJECT_DIRECTION, "direction" },	\
			 { VSCSI_REJECT_SEGMENTS, "segments" },		\
			 { VSCSI_REJECT_LIST, "list" },			\
			 { VSCSI_REJECT_SEGMENT, "segment" },		\
			 { VSCSI_REJECT_LUN, "lun" },			\
			 { VSCSI_REJECT_RQID, "rqid" },			\
			 { VSCSI_REJECT_GRANT, "grant" })
#define vscsi_show_state(state)						\
	__print_symbolic(state, { 0, "Unknown" }, { 1, "Initialising" },	\
			 { 2, "InitWait" }, { 3, "Initialised" },	\
			 { 4, "Connected" }, { 5, "Closing" },		\
			 { 6, "Closed" }, { 7, "Reconfiguring" },	\
			 { 8, "Reconfigured" })

/* What the guest sent, as it was read from the ring. */
DECLARE_EVENT_CLASS(vscsi_request,
	TP_PROTO(const struct vscsi_ring *ring, const struct vscsi_request_view *view),
	TP_ARGS(ring, view),
	TP_STRUCT__entry(
		__field(u32, domid)
		__field(u32, vhost)
		__field(u32, channel)
		__field(u32, id)
		__field(u32, lun)
		__field(u32, rqid)
		__field(u32, action)
		__field(int, reject)
		__field(u32, bytes)
		__field(u32, residual)
		__field(u32, result)
		__field(u32, cdb_bytes)
		__array(u8, cdb, VSCSI_CDB_BYTES)
	),
	TP_fast_assign(
		__entry->domid = ring->vhost->domid;
		__entry->vhost = ring->vhost->number;
		__entry->channel = view->channel;
		__entry->id = view->id;
		__entry->lun = view->lun;
		__entry->rqid = view->rqid;
		__entry->action = view->action;
		__entry->reject = view->reject;
		__entry->bytes = view->bytes;
		__entry->residual = view->residual;
		__entry->result = view->result;
		__entry->cdb_bytes = min_t(u32, view->cdb_bytes, VSCSI_CDB_BYTES);
		memcpy(__entry->cdb, view->cdb, VSCSI_CDB_BYTES);
	),
	TP_printk("vscsi-%u-%u %u:%u:%u rqid=%u %s cdb=%s bytes=%u",
		  __entry->domid, __entry->vhost, __entry->channel, __entry->id, __entry->lun,
		  __entry->rqid, vscsi_show_action(__entry->action),
		  __print_hex(__entry->cdb, __entry->cdb_bytes), __entry->bytes)
);

DEFINE_EVENT(vscsi_request, fetched,
	TP_PROTO(const struct vscsi_ring *ring, const struct vscsi_request_view *view),
	TP_ARGS(ring, view));

DEFINE_EVENT_PRINT(vscsi_request, rejected,
	TP_PROTO(const struct vscsi_ring *ring, const struct vscsi_request_view *view),
	TP_ARGS(ring, view),
	TP_printk("vscsi-%u-%u %u:%u:%u rqid=%u %s reason=%s cdb=%s",
		  __entry->domid, __entry->vhost, __entry->channel, __entry->id, __entry->lun,
		  __entry->rqid, vscsi_show_action(__entry->action),
		  vscsi_show_reject(__entry->reject),
		  __print_hex(__entry->cdb, __entry->cdb_bytes))
);

DEFINE_EVENT_PRINT(vscsi_request, responded,
	TP_PROTO(const struct vscsi_ring *ring, const struct vscsi_request_view *view),
	TP_ARGS(ring, view),
	TP_printk("vscsi-%u-%u %u:%u:%u rqid=%u %s result=0x%08x bytes=%u residual=%u",
		  __entry->domid, __entry->vhost, __entry->channel, __entry->id, __entry->lun,
		  __entry->rqid, vscsi_show_action(__entry->action), __entry->result,
		  __entry->bytes, __entry->residual)
);

TRACE_EVENT(submitted,
	TP_PROTO(const struct vscsi_slot *slot),
	TP_ARGS(slot),
	TP_STRUCT__entry(
		__field(u32, domid)
		__field(u32, vhost)
		__field(u32, channel)
		__field(u32, id)
		__field(u32, lun)
		__field(u32, rqid)
		__field(u64, tag)
		__field(u32, direction)
		__field(u32, bytes)
		__field(u64, queue_ns)
		__field(u32, cdb_bytes)
		__array(u8, cdb, VSCSI_CDB_BYTES)
	),
	TP_fast_assign(
		__entry->domid = slot->ring->vhost->domid;
		__entry->vhost = slot->ring->vhost->number;
		__entry->channel = slot->device->address.channel;
		__entry->id = slot->device->address.id;
		__entry->lun = slot->device->address.lun;
		__entry->rqid = slot->rqid;
		__entry->tag = slot->command.tag;
		__entry->direction = slot->command.direction;
		__entry->bytes = slot->bytes;
		__entry->queue_ns = slot->submitted_ns - slot->fetched_ns;
		__entry->cdb_bytes = min_t(u32, slot->command.cdb_bytes, VSCSI_CDB_BYTES);
		memcpy(__entry->cdb, slot->cdb, VSCSI_CDB_BYTES);
	),
	TP_printk("vscsi-%u-%u %u:%u:%u rqid=%u tag=%llu cdb=%s %s bytes=%u queue_ns=%llu",
		  __entry->domid, __entry->vhost, __entry->channel, __entry->id, __entry->lun,
		  __entry->rqid, __entry->tag, __print_hex(__entry->cdb, __entry->cdb_bytes),
		  vscsi_show_direction(__entry->direction), __entry->bytes, __entry->queue_ns)
);

/* It is over, as target core and the device see it. */
TRACE_EVENT(completed,
	TP_PROTO(const struct vscsi_slot *slot),
	TP_ARGS(slot),
	TP_STRUCT__entry(
		__field(u32, domid)
		__field(u32, vhost)
		__field(u32, channel)
		__field(u32, id)
		__field(u32, lun)
		__field(u32, rqid)
		__field(u64, tag)
		__field(u32, opcode)
		__field(u32, bytes)
		__field(u32, host)
		__field(u32, status)
		__field(u32, residual)
		__field(u32, key)
		__field(u32, asc)
		__field(u32, ascq)
		__field(u64, device_ns)
	),
	TP_fast_assign(
		/* SPC-4 4.5.2 and 4.5.3 */
		bool descriptor = (slot->sense[0] & 0x7f) >= 0x72;

		__entry->domid = slot->ring->vhost->domid;
		__entry->vhost = slot->ring->vhost->number;
		__entry->channel = slot->device->address.channel;
		__entry->id = slot->device->address.id;
		__entry->lun = slot->device->address.lun;
		__entry->rqid = slot->rqid;
		__entry->tag = slot->command.tag;
		__entry->opcode = slot->cdb[0];
		__entry->bytes = slot->bytes;
		__entry->host = slot->host;
		__entry->status = slot->status;
		__entry->residual = slot->residual;
		__entry->key = slot->has_sense ? slot->sense[descriptor ? 1 : 2] & 0xf : 0;
		__entry->asc = slot->has_sense ? slot->sense[descriptor ? 2 : 12] : 0;
		__entry->ascq = slot->has_sense ? slot->sense[descriptor ? 3 : 13] : 0;
		__entry->device_ns = slot->done_ns - slot->submitted_ns;
	),
	TP_printk("vscsi-%u-%u %u:%u:%u rqid=%u tag=%llu opcode=0x%02x bytes=%u host=%u status=0x%02x residual=%u sense=%x/%02x/%02x device_ns=%llu",
		  __entry->domid, __entry->vhost, __entry->channel, __entry->id, __entry->lun,
		  __entry->rqid, __entry->tag, __entry->opcode, __entry->bytes, __entry->host,
		  __entry->status, __entry->residual, __entry->key, __entry->asc, __entry->ascq,
		  __entry->device_ns)
);

/* A controller's state in xenstore: ours when it is written, the frontend's when it is seen. */
DECLARE_EVENT_CLASS(vscsi_state,
	TP_PROTO(const struct vscsi_vhost *vhost, u32 state),
	TP_ARGS(vhost, state),
	TP_STRUCT__entry(
		__field(u32, domid)
		__field(u32, vhost)
		__field(u32, state)
	),
	TP_fast_assign(
		__entry->domid = vhost->domid;
		__entry->vhost = vhost->number;
		__entry->state = state;
	),
	TP_printk("vscsi-%u-%u state=%s", __entry->domid, __entry->vhost,
		  vscsi_show_state(__entry->state))
);

DEFINE_EVENT(vscsi_state, backend_state,
	TP_PROTO(const struct vscsi_vhost *vhost, u32 state),
	TP_ARGS(vhost, state));

DEFINE_EVENT(vscsi_state, frontend_state,
	TP_PROTO(const struct vscsi_vhost *vhost, u32 state),
	TP_ARGS(vhost, state));

/* Of vscsi-devs/NAME, as it is written. */
TRACE_EVENT(device_state,
	TP_PROTO(const struct vscsi_vhost *vhost, const char *name, u32 state),
	TP_ARGS(vhost, name, state),
	TP_STRUCT__entry(
		__field(u32, domid)
		__field(u32, vhost)
		__field(u32, state)
		__array(char, name, 32)
	),
	TP_fast_assign(
		__entry->domid = vhost->domid;
		__entry->vhost = vhost->number;
		__entry->state = state;
		strscpy(__entry->name, name, sizeof(__entry->name));
	),
	TP_printk("vscsi-%u-%u %s state=%s", __entry->domid, __entry->vhost, __entry->name,
		  vscsi_show_state(__entry->state))
);

#endif

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>

#ifndef VSCSI_TRACE_REQUEST
#define VSCSI_TRACE_REQUEST
/* Ring thread. */
static inline void vscsi_trace_fetched(const struct vscsi_ring *ring, u32 slot)
{
	struct vscsi_request_view view;

	if (!trace_fetched_enabled())
		return;
	vscsi_view_of(ring->engine, slot, &view);
	trace_fetched(ring, &view);
}

/* Ring thread, or the completer. */
static inline void vscsi_trace_rejected(const struct vscsi_ring *ring, u32 slot)
{
	struct vscsi_request_view view;

	if (!trace_rejected_enabled())
		return;
	vscsi_view_of(ring->engine, slot, &view);
	if (view.reject != VSCSI_NOT_REJECTED)
		trace_rejected(ring, &view);
}

/* complete_lock held, before the response can be seen; not to a guest that has gone. */
static inline void vscsi_trace_responded(const struct vscsi_ring *ring, u32 slot, bool live)
{
	struct vscsi_request_view view;

	if (!live || !trace_responded_enabled())
		return;
	vscsi_view_of(ring->engine, slot, &view);
	trace_responded(ring, &view);
}
#endif
