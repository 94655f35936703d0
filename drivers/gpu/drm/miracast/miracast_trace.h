/* SPDX-License-Identifier: GPL-2.0-only */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM miracast

#if !defined(_MIRACAST_TRACE_H_) || defined(TRACE_HEADER_MULTI_READ)
#define _MIRACAST_TRACE_H_

#include <linux/tracepoint.h>

#include <drm/miracast.h>

/* -------------------------------------------------------------- messages */

TRACE_EVENT(miracast_msg_send,
	TP_PROTO(u32 target, u64 id, size_t in_len, size_t out_max, bool held),
	TP_ARGS(target, id, in_len, out_max, held),
	TP_STRUCT__entry(
		__field(u32, target)
		__field(u64, id)
		__field(u32, in_len)
		__field(u32, out_max)
		__field(bool, held)
	),
	TP_fast_assign(
		__entry->target = target;
		__entry->id = id;
		__entry->in_len = in_len;
		__entry->out_max = out_max;
		__entry->held = held;
	),
	TP_printk("target=%u id=%llu in_len=%u out_max=%u%s",
		  __entry->target, __entry->id, __entry->in_len,
		  __entry->out_max, __entry->held ? " held" : "")
);

TRACE_EVENT(miracast_msg_deliver,
	TP_PROTO(u32 target, u64 id, u16 type, u64 waited_ns),
	TP_ARGS(target, id, type, waited_ns),
	TP_STRUCT__entry(
		__field(u32, target)
		__field(u64, id)
		__field(u16, type)
		__field(u64, waited_ns)
	),
	TP_fast_assign(
		__entry->target = target;
		__entry->id = id;
		__entry->type = type;
		__entry->waited_ns = waited_ns;
	),
	TP_printk("target=%u id=%llu type=%s waited_ns=%llu",
		  __entry->target, __entry->id,
		  __print_symbolic(__entry->type,
				   { MIRACAST_REC_MESSAGE, "message" },
				   { MIRACAST_REC_CANCEL, "cancel" }),
		  __entry->waited_ns)
);

TRACE_EVENT(miracast_msg_done,
	TP_PROTO(u32 target, u64 id, int status, size_t bytes, u64 took_ns),
	TP_ARGS(target, id, status, bytes, took_ns),
	TP_STRUCT__entry(
		__field(u32, target)
		__field(u64, id)
		__field(int, status)
		__field(u32, bytes)
		__field(u64, took_ns)
	),
	TP_fast_assign(
		__entry->target = target;
		__entry->id = id;
		__entry->status = status;
		__entry->bytes = bytes;
		__entry->took_ns = took_ns;
	),
	TP_printk("target=%u id=%llu status=%d bytes=%u took_ns=%llu",
		  __entry->target, __entry->id, __entry->status,
		  __entry->bytes, __entry->took_ns)
);

/* --------------------------------------------------------------- session */

TRACE_EVENT(miracast_session_state,
	TP_PROTO(u32 target, u32 from, u32 to, u32 info, int status),
	TP_ARGS(target, from, to, info, status),
	TP_STRUCT__entry(
		__field(u32, target)
		__field(u32, from)
		__field(u32, to)
		__field(u32, info)
		__field(int, status)
	),
	TP_fast_assign(
		__entry->target = target;
		__entry->from = from;
		__entry->to = to;
		__entry->info = info;
		__entry->status = status;
	),
	TP_printk("target=%u from=%u to=%u info=0x%x status=%d",
		  __entry->target, __entry->from, __entry->to, __entry->info,
		  __entry->status)
);

TRACE_EVENT(miracast_status,
	TP_PROTO(u32 target, u32 status, int error, bool ends_session),
	TP_ARGS(target, status, error, ends_session),
	TP_STRUCT__entry(
		__field(u32, target)
		__field(u32, status)
		__field(int, error)
		__field(bool, ends_session)
	),
	TP_fast_assign(
		__entry->target = target;
		__entry->status = status;
		__entry->error = error;
		__entry->ends_session = ends_session;
	),
	TP_printk("target=%u status=%u error=%d%s",
		  __entry->target, __entry->status, __entry->error,
		  __entry->ends_session ? " ends session" : "")
);

/* -------------------------------------------------- statistics and chunks */

TRACE_EVENT(miracast_statistic,
	TP_PROTO(u32 target, const struct miracast_statistic *stat),
	TP_ARGS(target, stat),
	TP_STRUCT__entry(
		__field(u32, target)
		__field(u32, type)
		__field(u32, event)
		__field(u32, chunk_type)
		__field(u64, chunk_id)
		__field(u32, processing_time)
		__field(u32, encode_rate)
	),
	TP_fast_assign(
		__entry->target = target;
		__entry->type = stat->type;
		__entry->event = stat->event;
		__entry->chunk_type = stat->info.type;
		__entry->chunk_id = stat->info.id;
		__entry->processing_time = stat->info.processing_time;
		__entry->encode_rate = stat->info.encode_rate;
	),
	TP_printk("target=%u type=%s event=%u chunk=0x%x frame=%llu part=%llu time_us=%u rate_kbit=%u",
		  __entry->target,
		  __print_symbolic(__entry->type,
				   { MIRACAST_STATISTIC_CHUNK_COMPLETE, "chunk_complete" },
				   { MIRACAST_STATISTIC_CHUNK_SENT, "chunk_sent" },
				   { MIRACAST_STATISTIC_EVENT, "event" }),
		  __entry->event, __entry->chunk_type,
		  MIRACAST_CHUNK_ID_FRAME(__entry->chunk_id),
		  MIRACAST_CHUNK_ID_PART(__entry->chunk_id),
		  __entry->processing_time, __entry->encode_rate)
);

TRACE_EVENT(miracast_chunk,
	TP_PROTO(u32 target, const struct miracast_chunk_info *info, size_t len,
		 int ret),
	TP_ARGS(target, info, len, ret),
	TP_STRUCT__entry(
		__field(u32, target)
		__field(u32, type)
		__field(u64, id)
		__field(u32, processing_time)
		__field(u32, encode_rate)
		__field(u32, len)
		__field(int, ret)
	),
	TP_fast_assign(
		__entry->target = target;
		__entry->type = info->type;
		__entry->id = info->id;
		__entry->processing_time = info->processing_time;
		__entry->encode_rate = info->encode_rate;
		__entry->len = len;
		__entry->ret = ret;
	),
	TP_printk("target=%u type=0x%x frame=%llu part=%llu time_us=%u rate_kbit=%u len=%u ret=%d",
		  __entry->target, __entry->type,
		  MIRACAST_CHUNK_ID_FRAME(__entry->id),
		  MIRACAST_CHUNK_ID_PART(__entry->id),
		  __entry->processing_time, __entry->encode_rate,
		  __entry->len, __entry->ret)
);

/* ---------------------------------------------------------------- frames */

TRACE_EVENT(miracast_frame_flip,
	TP_PROTO(u32 connector, u64 seq, u64 buffer, bool full,
		 unsigned int rects, bool busy),
	TP_ARGS(connector, seq, buffer, full, rects, busy),
	TP_STRUCT__entry(
		__field(u32, connector)
		__field(u64, seq)
		__field(u64, buffer)
		__field(u32, rects)
		__field(bool, full)
		__field(bool, busy)
	),
	TP_fast_assign(
		__entry->connector = connector;
		__entry->seq = seq;
		__entry->buffer = buffer;
		__entry->rects = rects;
		__entry->full = full;
		__entry->busy = busy;
	),
	TP_printk("connector=%u seq=%llu buffer=%llu rects=%u%s%s",
		  __entry->connector, __entry->seq, __entry->buffer,
		  __entry->rects, __entry->full ? " full" : "",
		  __entry->busy ? " busy" : "")
);

TRACE_EVENT(miracast_frame_acquire,
	TP_PROTO(u32 connector, u64 seq, u64 buffer, u32 flags, u32 rects,
		 u64 age_ns),
	TP_ARGS(connector, seq, buffer, flags, rects, age_ns),
	TP_STRUCT__entry(
		__field(u32, connector)
		__field(u64, seq)
		__field(u64, buffer)
		__field(u32, flags)
		__field(u32, rects)
		__field(u64, age_ns)
	),
	TP_fast_assign(
		__entry->connector = connector;
		__entry->seq = seq;
		__entry->buffer = buffer;
		__entry->flags = flags;
		__entry->rects = rects;
		__entry->age_ns = age_ns;
	),
	TP_printk("connector=%u seq=%llu buffer=%llu flags=0x%x rects=%u age_ns=%llu",
		  __entry->connector, __entry->seq, __entry->buffer,
		  __entry->flags, __entry->rects, __entry->age_ns)
);

TRACE_EVENT(miracast_frame_release,
	TP_PROTO(u32 connector, u64 seq, u64 held_ns, bool revoked),
	TP_ARGS(connector, seq, held_ns, revoked),
	TP_STRUCT__entry(
		__field(u32, connector)
		__field(u64, seq)
		__field(u64, held_ns)
		__field(bool, revoked)
	),
	TP_fast_assign(
		__entry->connector = connector;
		__entry->seq = seq;
		__entry->held_ns = held_ns;
		__entry->revoked = revoked;
	),
	TP_printk("connector=%u seq=%llu held_ns=%llu%s",
		  __entry->connector, __entry->seq, __entry->held_ns,
		  __entry->revoked ? " revoked" : "")
);

TRACE_EVENT(miracast_frame_revoke,
	TP_PROTO(u32 connector, u64 seq, u64 held_ns),
	TP_ARGS(connector, seq, held_ns),
	TP_STRUCT__entry(
		__field(u32, connector)
		__field(u64, seq)
		__field(u64, held_ns)
	),
	TP_fast_assign(
		__entry->connector = connector;
		__entry->seq = seq;
		__entry->held_ns = held_ns;
	),
	TP_printk("connector=%u seq=%llu held_ns=%llu",
		  __entry->connector, __entry->seq, __entry->held_ns)
);

/* ----------------------------------------------------------------- sound */

TRACE_EVENT(miracast_sound_start,
	TP_PROTO(int card, u32 rate, u32 channels, u32 buffer, u32 period,
		 u64 frame, u64 time_ns),
	TP_ARGS(card, rate, channels, buffer, period, frame, time_ns),
	TP_STRUCT__entry(
		__field(int, card)
		__field(u32, rate)
		__field(u32, channels)
		__field(u32, buffer)
		__field(u32, period)
		__field(u64, frame)
		__field(u64, time_ns)
	),
	TP_fast_assign(
		__entry->card = card;
		__entry->rate = rate;
		__entry->channels = channels;
		__entry->buffer = buffer;
		__entry->period = period;
		__entry->frame = frame;
		__entry->time_ns = time_ns;
	),
	TP_printk("card=%d rate=%u channels=%u buffer=%u period=%u frame=%llu time_ns=%llu",
		  __entry->card, __entry->rate, __entry->channels,
		  __entry->buffer, __entry->period, __entry->frame,
		  __entry->time_ns)
);

TRACE_EVENT(miracast_sound_stop,
	TP_PROTO(int card, u64 position, u64 given, u64 lost),
	TP_ARGS(card, position, given, lost),
	TP_STRUCT__entry(
		__field(int, card)
		__field(u64, position)
		__field(u64, given)
		__field(u64, lost)
	),
	TP_fast_assign(
		__entry->card = card;
		__entry->position = position;
		__entry->given = given;
		__entry->lost = lost;
	),
	TP_printk("card=%d position=%llu given=%llu lost=%llu",
		  __entry->card, __entry->position, __entry->given,
		  __entry->lost)
);

TRACE_EVENT(miracast_sound_revoked,
	TP_PROTO(int card, u64 position, u64 lost),
	TP_ARGS(card, position, lost),
	TP_STRUCT__entry(
		__field(int, card)
		__field(u64, position)
		__field(u64, lost)
	),
	TP_fast_assign(
		__entry->card = card;
		__entry->position = position;
		__entry->lost = lost;
	),
	TP_printk("card=%d position=%llu lost=%llu",
		  __entry->card, __entry->position, __entry->lost)
);

#endif /* _MIRACAST_TRACE_H_ */

/* This part must be outside protection. */
#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE miracast_trace
#include <trace/define_trace.h>
