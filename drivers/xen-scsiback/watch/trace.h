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

#include <vscsi/engine.h>

#include "watch.h"

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
	TP_PROTO(const struct vscsi_whose *whose, const struct vscsi_request_view *view),
	TP_ARGS(whose, view),
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
		__entry->domid = whose->domid;
		__entry->vhost = whose->controller;
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
	TP_PROTO(const struct vscsi_whose *whose, const struct vscsi_request_view *view),
	TP_ARGS(whose, view));

DEFINE_EVENT_PRINT(vscsi_request, rejected,
	TP_PROTO(const struct vscsi_whose *whose, const struct vscsi_request_view *view),
	TP_ARGS(whose, view),
	TP_printk("vscsi-%u-%u %u:%u:%u rqid=%u %s reason=%s cdb=%s",
		  __entry->domid, __entry->vhost, __entry->channel, __entry->id, __entry->lun,
		  __entry->rqid, vscsi_show_action(__entry->action),
		  vscsi_show_reject(__entry->reject),
		  __print_hex(__entry->cdb, __entry->cdb_bytes))
);

DEFINE_EVENT_PRINT(vscsi_request, responded,
	TP_PROTO(const struct vscsi_whose *whose, const struct vscsi_request_view *view),
	TP_ARGS(whose, view),
	TP_printk("vscsi-%u-%u %u:%u:%u rqid=%u %s result=0x%08x bytes=%u residual=%u",
		  __entry->domid, __entry->vhost, __entry->channel, __entry->id, __entry->lun,
		  __entry->rqid, vscsi_show_action(__entry->action), __entry->result,
		  __entry->bytes, __entry->residual)
);

TRACE_EVENT(submitted,
	TP_PROTO(const struct vscsi_whose *whose, const struct vscsi_address *address,
		 const struct vscsi_command *command, u64 queue_ns),
	TP_ARGS(whose, address, command, queue_ns),
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
		__entry->domid = whose->domid;
		__entry->vhost = whose->controller;
		__entry->channel = address->channel;
		__entry->id = address->id;
		__entry->lun = address->lun;
		__entry->rqid = command->rqid;
		__entry->tag = command->tag;
		__entry->direction = command->direction;
		__entry->bytes = command->data_bytes;
		__entry->queue_ns = queue_ns;
		__entry->cdb_bytes = min_t(u32, command->cdb_bytes, VSCSI_CDB_BYTES);
		memcpy(__entry->cdb, command->cdb, VSCSI_CDB_BYTES);
	),
	TP_printk("vscsi-%u-%u %u:%u:%u rqid=%u tag=%llu cdb=%s %s bytes=%u queue_ns=%llu",
		  __entry->domid, __entry->vhost, __entry->channel, __entry->id, __entry->lun,
		  __entry->rqid, __entry->tag, __print_hex(__entry->cdb, __entry->cdb_bytes),
		  vscsi_show_direction(__entry->direction), __entry->bytes, __entry->queue_ns)
);

/* A command is over, as target core and the device see it. */
TRACE_EVENT(completed,
	TP_PROTO(const struct vscsi_whose *whose, const struct vscsi_address *address,
		 const struct vscsi_command *command, const struct vscsi_result *result,
		 u64 device_ns),
	TP_ARGS(whose, address, command, result, device_ns),
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
		struct vscsi_sense sense;

		vscsi_sense_of(result->sense, result->sense_bytes, &sense);
		__entry->domid = whose->domid;
		__entry->vhost = whose->controller;
		__entry->channel = address->channel;
		__entry->id = address->id;
		__entry->lun = address->lun;
		__entry->rqid = command->rqid;
		__entry->tag = command->tag;
		__entry->opcode = command->cdb[0];
		__entry->bytes = command->data_bytes;
		__entry->host = result->host;
		__entry->status = result->status;
		__entry->residual = result->residual;
		__entry->key = sense.key;
		__entry->asc = sense.code;
		__entry->ascq = sense.qualifier;
		__entry->device_ns = device_ns;
	),
	TP_printk("vscsi-%u-%u %u:%u:%u rqid=%u tag=%llu opcode=0x%02x bytes=%u host=%u status=0x%02x residual=%u sense=%x/%02x/%02x device_ns=%llu",
		  __entry->domid, __entry->vhost, __entry->channel, __entry->id, __entry->lun,
		  __entry->rqid, __entry->tag, __entry->opcode, __entry->bytes, __entry->host,
		  __entry->status, __entry->residual, __entry->key, __entry->asc, __entry->ascq,
		  __entry->device_ns)
);

/* A controller's state in xenstore: ours when it is written, the frontend's when it is seen. */
DECLARE_EVENT_CLASS(vscsi_state,
	TP_PROTO(const struct vscsi_whose *whose, u32 state),
	TP_ARGS(whose, state),
	TP_STRUCT__entry(
		__field(u32, domid)
		__field(u32, vhost)
		__field(u32, state)
	),
	TP_fast_assign(
		__entry->domid = whose->domid;
		__entry->vhost = whose->controller;
		__entry->state = state;
	),
	TP_printk("vscsi-%u-%u state=%s", __entry->domid, __entry->vhost,
		  vscsi_show_state(__entry->state))
);

DEFINE_EVENT(vscsi_state, backend_state,
	TP_PROTO(const struct vscsi_whose *whose, u32 state),
	TP_ARGS(whose, state));

DEFINE_EVENT(vscsi_state, frontend_state,
	TP_PROTO(const struct vscsi_whose *whose, u32 state),
	TP_ARGS(whose, state));

/* Of vscsi-devs/NAME, as it is written. */
TRACE_EVENT(device_state,
	TP_PROTO(const struct vscsi_whose *whose, const char *name, u32 state),
	TP_ARGS(whose, name, state),
	TP_STRUCT__entry(
		__field(u32, domid)
		__field(u32, vhost)
		__field(u32, state)
		__array(char, name, 32)
	),
	TP_fast_assign(
		__entry->domid = whose->domid;
		__entry->vhost = whose->controller;
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
