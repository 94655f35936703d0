/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * wfdtsmux-private.h - the two halves of wfdtsmux
 *
 * wfdtsmux.c is the element: pads, events, states, properties and the task that
 * speaks up when no access unit has come for so long that tables and clock are
 * overdue.  wfdtsmux-stream.c is what happens to an access unit.  Each sink pad
 * packs and pushes in its own streaming thread; "lock" makes that one access
 * unit after the other.
 *
 * Locks: "lock" covers the packer and all of the stream's state, and is held
 * while pushing.  "task_lock" covers what tells the task to run, and is never
 * held while pushing, so a state change does not wait for what is downstream.
 * Order: lock, then task_lock.
 */
#pragma once

#include <gst/base/gstadapter.h>

#include "h264-au.h"
#include "ts-packer.h"
#include "wfdtsmux.h"

GST_DEBUG_CATEGORY_EXTERN(wfd_ts_mux_debug);

struct input {
	GstPad *pad; /* NULL: not requested */
	GstSegment segment;
	struct wfd_ts_format format;
	gboolean eos;
	gint64 sent_pts; /* of the latest access unit that was sent; G_MININT64: this chain call has sent none */
};

struct settings {
	guint64 pcr_interval;
	guint64 psi_interval;
	guint64 pcr_lag;
	guint64 spread;
	guint packets_per_buffer;
	guint pmt_pid;
};

struct _WfdTsMux {
	GstElement parent;
	GstPad *src;

	struct settings settings; /* object lock */

	GMutex lock;
	struct wfd_ts_packer *packer;
	struct input inputs[WFD_TS_N_STREAMS];
	struct wfd_h264_parameter_sets sets;
	GstAdapter *lpcm; /* samples short of a PES packet */
	gboolean head_sent; /* stream-start, caps and segment are out */
	gboolean muted;
	gboolean picture_sent; /* the first IDR since it was not muted is out */
	gint64 sound_from; /* PTS of that picture */
	gboolean sound_sent; /* sound since then is out */
	gboolean live_known;
	gboolean live;
	gboolean discont; /* the next buffer says so */
	gint64 now; /* latest time used, running time */

	GMutex task_lock;
	GCond wake;
	gboolean stopping;
	gboolean playing;
	gboolean flowing; /* something was sent, no EOS yet, and a clock tells the time */
	GstClockID alarm; /* what the task sleeps on */
};


/* wfdtsmux-stream.c; all but the chain function with "lock" held */

GstFlowReturn wfd_ts_mux_chain(GstPad *pad, GstObject *parent, GstBuffer *buffer);
gboolean wfd_ts_mux_set_audio_caps(WfdTsMux *self, struct input *input, GstCaps *caps);
gboolean wfd_ts_mux_set_video_caps(WfdTsMux *self, struct input *input, GstCaps *caps);

/* Give the packer the present values of the properties. */
void wfd_ts_mux_apply_settings(WfdTsMux *self);

/* Running time by the clock; FALSE if the pipeline is not live or does not play. */
gboolean wfd_ts_mux_clock_time(WfdTsMux *self, gint64 *now);

/* Send stream-start, caps and segment unless they are out. */
void wfd_ts_mux_push_head(WfdTsMux *self);

/* Takes @packets; @au is the access unit in them and @au_buffer what it came in, NULL if there is none. */
GstFlowReturn wfd_ts_mux_push_packets(WfdTsMux *self, GByteArray *packets, guint wrote,
				      const struct wfd_ts_access_unit *au, GstBuffer *au_buffer);

/* wfdtsmux.c: whether tables and clock have to be kept alive by the task; task_lock not held */
void wfd_ts_mux_set_flowing(WfdTsMux *self, gboolean flowing);
