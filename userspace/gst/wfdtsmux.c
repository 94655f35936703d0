/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * wfdtsmux.c - the transport stream of Wi-Fi Display as a GStreamer element
 *
 * Each sink pad packs and pushes in its own streaming thread; "lock" makes that
 * one access unit after the other.  A task on the source pad speaks up when no
 * access unit has come for so long that tables and clock are overdue.
 *
 * Locks: "lock" covers the packer and all of the stream's state, and is held
 * while pushing.  "task_lock" covers what tells the task to run, and is never
 * held while pushing, so a state change does not wait for what is downstream.
 * Order: lock, then task_lock.
 */
#include "wfdtsmux.h"

#include <gst/base/gstadapter.h>

#include "h264-au.h"
#include "ts-packer.h"
#include "wfdrtppay.h"

GST_DEBUG_CATEGORY_STATIC(wfd_ts_mux_debug);
#define GST_CAT_DEFAULT wfd_ts_mux_debug

struct input {
	GstPad *pad; /* NULL: not requested */
	GstSegment segment;
	struct wfd_ts_format format;
	gboolean eos;
};

struct settings {
	guint64 pcr_interval;
	guint64 psi_interval;
	guint64 pcr_lead;
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
	gboolean picture_sent; /* the first IDR is out */
	gboolean live_known;
	gboolean live;
	gboolean discont; /* the next buffer says so */
	gint64 now; /* latest time used, running time */

	GMutex task_lock;
	GCond wake;
	gboolean stopping;
	gboolean playing;
	gboolean flowing; /* something was sent, and a clock tells the time */
	GstClockID alarm; /* what the task sleeps on */
};

G_DEFINE_FINAL_TYPE(WfdTsMux, wfd_ts_mux, GST_TYPE_ELEMENT)

enum {
	PROP_PCR_INTERVAL = 1,
	PROP_PSI_INTERVAL,
	PROP_PCR_LEAD,
	PROP_PACKETS_PER_BUFFER,
	PROP_PMT_PID,
	N_PROPS,
};

static GParamSpec *props[N_PROPS];

enum {
	SIGNAL_AU_SENT,
	N_SIGNALS,
};

static guint signals[N_SIGNALS];

static GstStaticPadTemplate video_template =
	GST_STATIC_PAD_TEMPLATE("video", GST_PAD_SINK, GST_PAD_REQUEST,
				GST_STATIC_CAPS("video/x-h264, stream-format=(string)byte-stream, "
						"alignment=(string)au"));

static GstStaticPadTemplate audio_template =
	GST_STATIC_PAD_TEMPLATE("audio", GST_PAD_SINK, GST_PAD_REQUEST,
				GST_STATIC_CAPS("audio/x-raw, format=(string)S16BE, layout=(string)interleaved, "
						"rate=(int){48000, 44100}, channels=(int)2; "
						"audio/mpeg, mpegversion=(int){2, 4}, stream-format=(string)adts, "
						"framed=(boolean)true; "
						"audio/x-ac3, framed=(boolean)true"));

static GstStaticPadTemplate src_template =
	GST_STATIC_PAD_TEMPLATE("src", GST_PAD_SRC, GST_PAD_ALWAYS,
				GST_STATIC_CAPS("video/mpegts, systemstream=(boolean)true, packetsize=(int)188"));

/* Source side */

static void push_head(WfdTsMux *self)
{
	GstSegment segment;
	GstCaps *caps;

	if (self->head_sent)
		return;
	gst_pad_push_event(self->src, gst_event_new_stream_start("wfd-program"));
	caps = gst_pad_get_pad_template_caps(self->src);
	gst_pad_push_event(self->src, gst_event_new_caps(caps));
	gst_caps_unref(caps);
	gst_segment_init(&segment, GST_FORMAT_TIME);
	gst_pad_push_event(self->src, gst_event_new_segment(&segment));
	self->head_sent = TRUE;
}

static void copy_reference_timestamps(GstBuffer *to, GstBuffer *from)
{
	gpointer state = NULL;
	GstMeta *meta;

	while ((meta = gst_buffer_iterate_meta_filtered(from, &state, GST_REFERENCE_TIMESTAMP_META_API_TYPE))) {
		GstReferenceTimestampMeta *time = (GstReferenceTimestampMeta *)meta;

		gst_buffer_add_reference_timestamp_meta(to, time->reference, time->timestamp, time->duration);
	}
}

/* Takes the bytes out of @packets; @au is the access unit in them, NULL if there is none. */
static GstFlowReturn push_packets(WfdTsMux *self, GByteArray *packets, guint wrote,
				  const struct wfd_ts_access_unit *au, GstBuffer *au_buffer)
{
	g_autoptr(GstBuffer) whole = NULL;
	gboolean audio_only = self->inputs[WFD_TS_VIDEO].pad == NULL;
	gsize size = packets->len;
	GstBufferList *list;
	gsize chunk;

	GST_OBJECT_LOCK(self);
	chunk = self->settings.packets_per_buffer * WFD_TS_PACKET_SIZE;
	GST_OBJECT_UNLOCK(self);

	whole = gst_buffer_new_wrapped_bytes(g_byte_array_free_to_bytes(packets));
	list = gst_buffer_list_new_sized((size + chunk - 1) / chunk);
	for (gsize offset = 0; offset < size; offset += chunk) {
		gsize length = MIN(chunk, size - offset);
		GstBuffer *buffer = gst_buffer_copy_region(whole, GST_BUFFER_COPY_MEMORY, offset, length);

		GST_BUFFER_PTS(buffer) = MAX(self->now, 0);
		if (offset == 0 && (wrote & WFD_TS_WROTE_PSI))
			GST_BUFFER_FLAG_SET(buffer, GST_BUFFER_FLAG_HEADER);
		if (offset == 0 && self->discont)
			GST_BUFFER_FLAG_SET(buffer, GST_BUFFER_FLAG_DISCONT);
		if (!audio_only && !(offset == 0 && au && au->random_access))
			GST_BUFFER_FLAG_SET(buffer, GST_BUFFER_FLAG_DELTA_UNIT);
		if (offset + length == size && au && au->stream == WFD_TS_VIDEO) {
			GST_BUFFER_FLAG_SET(buffer, GST_BUFFER_FLAG_MARKER);
			copy_reference_timestamps(buffer, au_buffer);
		}
		gst_buffer_list_add(list, buffer);
	}
	self->discont = FALSE;
	push_head(self);
	return gst_pad_push_list(self->src, list);
}

/* Time */

static void apply_settings(WfdTsMux *self)
{
	struct settings settings;

	GST_OBJECT_LOCK(self);
	settings = self->settings;
	GST_OBJECT_UNLOCK(self);
	wfd_ts_packer_set_intervals(self->packer, settings.psi_interval, settings.pcr_interval);
	wfd_ts_packer_set_pcr_lead(self->packer, settings.pcr_lead);
	if (!wfd_ts_packer_set_pmt_pid(self->packer, settings.pmt_pid))
		GST_WARNING_OBJECT(self, "PID 0x%04x cannot be the PMT's, kept the former", settings.pmt_pid);
}

static gboolean peer_is_live(GstPad *pad)
{
	g_autoptr(GstQuery) query = gst_query_new_latency();
	gboolean live = FALSE;

	if (gst_pad_peer_query(pad, query))
		gst_query_parse_latency(query, &live, NULL, NULL);
	return live;
}

static gboolean clock_time(WfdTsMux *self, gint64 *now)
{
	GstClockTime time;
	gboolean playing;

	g_mutex_lock(&self->task_lock);
	playing = self->playing;
	g_mutex_unlock(&self->task_lock);
	if (!self->live || !playing)
		return FALSE;
	time = gst_element_get_current_running_time(GST_ELEMENT(self));
	*now = time;
	return GST_CLOCK_TIME_IS_VALID(time);
}

/* The time at which an access unit leaves; without a clock the stream's own time has to do. */
static gint64 send_time(WfdTsMux *self, GstPad *pad, gint64 dts)
{
	gint64 now;

	if (!self->live_known) {
		self->live = peer_is_live(pad);
		self->live_known = TRUE;
		GST_INFO_OBJECT(self, "PCR follows the %s", self->live ? "clock" : "time stamps");
	}
	if (!clock_time(self, &now))
		now = MAX(dts, self->now);
	self->now = now;
	return now;
}

static gint64 running_time(const struct input *input, GstClockTime time)
{
	guint64 running = 0;

	if (gst_segment_to_running_time_full(&input->segment, GST_FORMAT_TIME, time, &running) < 0)
		return -(gint64)running;
	return running;
}

/* Task: tables and clock while nothing flows */

static void wake_task(WfdTsMux *self)
{
	g_mutex_lock(&self->task_lock);
	if (!self->flowing) {
		self->flowing = TRUE;
		g_cond_signal(&self->wake);
	}
	g_mutex_unlock(&self->task_lock);
}

/* Whether to go on; waits until there is something to watch. */
static gboolean task_wait_for_flow(WfdTsMux *self)
{
	gboolean run;

	g_mutex_lock(&self->task_lock);
	while (!self->stopping && !(self->playing && self->flowing))
		g_cond_wait(&self->wake, &self->task_lock);
	run = !self->stopping;
	g_mutex_unlock(&self->task_lock);
	return run;
}

static void task_sleep_until(WfdTsMux *self, gint64 time)
{
	g_autoptr(GstClock) clock = gst_element_get_clock(GST_ELEMENT(self));
	GstClockTime base = gst_element_get_base_time(GST_ELEMENT(self));
	GstClockID alarm = NULL;

	g_mutex_lock(&self->task_lock);
	if (self->playing && !self->stopping && clock)
		alarm = self->alarm = gst_clock_new_single_shot_id(clock, base + MAX(time, 0));
	g_mutex_unlock(&self->task_lock);
	if (!alarm)
		return;

	gst_clock_id_wait(alarm, NULL);

	g_mutex_lock(&self->task_lock);
	self->alarm = NULL;
	g_mutex_unlock(&self->task_lock);
	gst_clock_id_unref(alarm);
}

static void push_idle(WfdTsMux *self)
{
	GByteArray *packets = g_byte_array_sized_new(3 * WFD_TS_PACKET_SIZE);
	guint wrote = 0;
	gint64 now;

	apply_settings(self);
	if (clock_time(self, &now)) {
		wrote = wfd_ts_packer_pack_idle(self->packer, now, packets);
		self->now = now;
	}
	if (wrote)
		push_packets(self, packets, wrote, NULL, NULL);
	else
		g_byte_array_unref(packets);
}

static void wfd_ts_mux_loop(gpointer data)
{
	WfdTsMux *self = data;
	gint64 deadline;

	if (!task_wait_for_flow(self))
		return;
	g_mutex_lock(&self->lock);
	deadline = wfd_ts_packer_idle_deadline(self->packer);
	g_mutex_unlock(&self->lock);

	task_sleep_until(self, deadline);

	g_mutex_lock(&self->lock);
	push_idle(self);
	g_mutex_unlock(&self->lock);
}

static void set_playing(WfdTsMux *self, gboolean playing)
{
	g_mutex_lock(&self->task_lock);
	self->playing = playing;
	if (!playing && self->alarm)
		gst_clock_id_unschedule(self->alarm);
	g_cond_signal(&self->wake);
	g_mutex_unlock(&self->task_lock);
}

static gboolean wfd_ts_mux_src_activate_mode(GstPad *pad, GstObject *parent, GstPadMode mode, gboolean active)
{
	WfdTsMux *self = WFD_TS_MUX(parent);

	if (mode != GST_PAD_MODE_PUSH)
		return FALSE;
	g_mutex_lock(&self->task_lock);
	self->stopping = !active;
	if (!active && self->alarm)
		gst_clock_id_unschedule(self->alarm);
	g_cond_signal(&self->wake);
	g_mutex_unlock(&self->task_lock);
	if (active)
		return gst_pad_start_task(pad, wfd_ts_mux_loop, self, NULL);
	return gst_pad_stop_task(pad);
}

/* Formats */

static gboolean audio_format(GstCaps *caps, struct wfd_ts_format *format)
{
	GstStructure *s = gst_caps_get_structure(caps, 0);
	gint rate = 0, channels = 0;

	*format = (struct wfd_ts_format){ 0 };
	if (gst_structure_has_name(s, "audio/x-raw"))
		format->codec = WFD_TS_CODEC_LPCM;
	else if (gst_structure_has_name(s, "audio/mpeg"))
		format->codec = WFD_TS_CODEC_AAC;
	else
		format->codec = WFD_TS_CODEC_AC3;
	if (!gst_structure_get_int(s, "rate", &rate) || !gst_structure_get_int(s, "channels", &channels))
		return FALSE;
	format->rate = rate;
	format->channels = channels;
	return TRUE;
}

static gboolean set_format(WfdTsMux *self, struct input *input, const struct wfd_ts_format *format)
{
	if (!wfd_ts_packer_set_format(self->packer, input - self->inputs, format))
		return FALSE;
	input->format = *format;
	return TRUE;
}

static gboolean set_audio_caps(WfdTsMux *self, struct input *input, GstCaps *caps)
{
	struct wfd_ts_format format;

	gst_adapter_clear(self->lpcm);
	if (audio_format(caps, &format) && set_format(self, input, &format))
		return TRUE;
	GST_ERROR_OBJECT(input->pad, "Wi-Fi Display has no such audio: %" GST_PTR_FORMAT, caps);
	return FALSE;
}

/* The profile in the PMT is that of the stream, known from its first SPS on. */
static void set_video_format(WfdTsMux *self, struct input *input)
{
	struct wfd_ts_format format = { .codec = WFD_TS_CODEC_H264 };
	guint8 profile[3];

	if (!wfd_h264_parameter_sets_profile(&self->sets, profile))
		return;
	format.profile_idc = profile[0];
	format.constraint_flags = profile[1];
	format.level_idc = profile[2];
	set_format(self, input, &format);
}

static gboolean set_video_caps(WfdTsMux *self, struct input *input, GstCaps *caps)
{
	const GValue *value = gst_structure_get_value(gst_caps_get_structure(caps, 0), "codec_data");
	GstBuffer *buffer = value ? gst_value_get_buffer(value) : NULL;
	GstMapInfo map;

	if (!buffer || !gst_buffer_map(buffer, &map, GST_MAP_READ))
		return TRUE;
	if (!wfd_h264_codec_data(map.data, map.size, &self->sets))
		GST_WARNING_OBJECT(input->pad, "no SPS and PPS in codec_data, hoping for those of the stream");
	gst_buffer_unmap(buffer, &map);
	return TRUE;
}

/*
 * Audio that has not started yet, but whose format is already fixed, goes into
 * the first PMT: not every sink follows a PMT that changes.
 */
static void announce_audio(WfdTsMux *self)
{
	struct input *audio = &self->inputs[WFD_TS_AUDIO];
	g_autoptr(GstCaps) template_caps = NULL;
	g_autoptr(GstCaps) caps = NULL;
	struct wfd_ts_format format;

	if (!audio->pad || audio->eos || audio->format.codec != WFD_TS_CODEC_NONE)
		return;
	template_caps = gst_pad_get_pad_template_caps(audio->pad);
	caps = gst_pad_peer_query_caps(audio->pad, template_caps);
	if (!caps || gst_caps_is_empty(caps) || gst_caps_get_size(caps) != 1)
		return;
	if (audio_format(caps, &format) && wfd_ts_packer_set_format(self->packer, WFD_TS_AUDIO, &format))
		GST_DEBUG_OBJECT(audio->pad, "announced before it started: %" GST_PTR_FORMAT, caps);
}

/* Access units */

static GstFlowReturn push_access_unit(WfdTsMux *self, struct input *input, struct wfd_ts_access_unit *au,
				      GstBuffer *buffer)
{
	/* the payload, an eighth for headers, tables and clock: rarely too little */
	gsize size = gst_buffer_get_size(buffer);
	GByteArray *packets = g_byte_array_sized_new(size + size / 8 + 8 * WFD_TS_PACKET_SIZE);
	GstFlowReturn ret;
	guint wrote;

	apply_settings(self);
	au->stream = input - self->inputs;
	au->now = send_time(self, input->pad, au->dts);
	wrote = wfd_ts_packer_pack(self->packer, au, packets);
	self->discont |= (wrote & WFD_TS_WROTE_DISCONTINUITY) != 0;
	ret = push_packets(self, packets, wrote, au, buffer);
	if (self->live)
		wake_task(self);
	return ret;
}

static void set_slices(WfdTsMux *self, struct wfd_ts_access_unit *au, const struct wfd_h264_au *h264,
		       const GstMapInfo *map)
{
	/* Access unit delimiter for slices of any type */
	static const guint8 delimiter[] = { 0, 0, 0, 1, 0x09, 0xf0 };
	struct wfd_ts_slice *slice = au->slices;

	if (h264->has_aud)
		*slice++ = (struct wfd_ts_slice){ map->data, h264->aud_end };
	else
		*slice++ = (struct wfd_ts_slice){ delimiter, sizeof(delimiter) };
	if (h264->idr && !(h264->has_sps && h264->has_pps)) {
		*slice++ = (struct wfd_ts_slice){ self->sets.sps->data, self->sets.sps->len };
		*slice++ = (struct wfd_ts_slice){ self->sets.pps->data, self->sets.pps->len };
	}
	*slice++ = (struct wfd_ts_slice){ map->data + h264->aud_end, map->size - h264->aud_end };
	au->n_slices = slice - au->slices;
}

static gboolean set_times(const struct input *input, GstBuffer *buffer, struct wfd_ts_access_unit *au)
{
	GstClockTime pts = GST_BUFFER_PTS(buffer);
	GstClockTime dts = GST_BUFFER_DTS(buffer);

	if (!GST_CLOCK_TIME_IS_VALID(pts))
		pts = dts;
	if (!GST_CLOCK_TIME_IS_VALID(pts))
		return FALSE;
	au->pts = running_time(input, pts);
	au->dts = GST_CLOCK_TIME_IS_VALID(dts) ? MIN(running_time(input, dts), au->pts) : au->pts;
	return TRUE;
}

static GstFlowReturn video_access_unit(WfdTsMux *self, struct input *input, GstBuffer *buffer,
				       const GstMapInfo *map, struct wfd_ts_access_unit *au)
{
	struct wfd_h264_au h264;

	wfd_h264_au_scan(map->data, map->size, &self->sets, &h264);
	set_video_format(self, input);
	if (!self->picture_sent) {
		if (!h264.idr || input->format.codec == WFD_TS_CODEC_NONE || self->sets.pps->len == 0) {
			GST_INFO_OBJECT(input->pad, "dropped %" GST_PTR_FORMAT ": no IDR with SPS and PPS yet",
					buffer);
			return GST_FLOW_OK;
		}
		announce_audio(self);
		self->picture_sent = TRUE;
	}
	au->random_access = h264.idr;
	set_slices(self, au, &h264, map);
	return push_access_unit(self, input, au, buffer);
}

/* The running time of the first byte in the adapter. */
static gint64 lpcm_time(WfdTsMux *self, struct input *input)
{
	guint64 distance;
	GstClockTime pts = gst_adapter_prev_pts(self->lpcm, &distance);
	guint bytes_per_second = input->format.rate * 4;

	return running_time(input, pts + gst_util_uint64_scale(distance, GST_SECOND, bytes_per_second));
}

static GstFlowReturn push_lpcm(WfdTsMux *self, struct input *input, GstBuffer *buffer)
{
	GstFlowReturn ret = GST_FLOW_OK;

	if (GST_BUFFER_IS_DISCONT(buffer))
		gst_adapter_clear(self->lpcm);
	gst_adapter_push(self->lpcm, gst_buffer_ref(buffer));
	while (ret == GST_FLOW_OK && gst_adapter_available(self->lpcm) >= WFD_TS_LPCM_BYTES) {
		struct wfd_ts_access_unit au = { 0 };

		au.pts = au.dts = lpcm_time(self, input);
		au.slices[0].data = gst_adapter_map(self->lpcm, WFD_TS_LPCM_BYTES);
		au.slices[0].size = WFD_TS_LPCM_BYTES;
		au.n_slices = 1;
		ret = push_access_unit(self, input, &au, buffer);
		gst_adapter_unmap(self->lpcm);
		gst_adapter_flush(self->lpcm, WFD_TS_LPCM_BYTES);
	}
	return ret;
}

static GstFlowReturn audio_access_unit(WfdTsMux *self, struct input *input, GstBuffer *buffer,
				       const GstMapInfo *map, struct wfd_ts_access_unit *au)
{
	const struct input *video = &self->inputs[WFD_TS_VIDEO];

	if (input->format.codec == WFD_TS_CODEC_NONE)
		return GST_FLOW_NOT_NEGOTIATED;
	if (video->pad && !video->eos && !self->picture_sent)
		return GST_FLOW_OK;
	if (input->format.codec == WFD_TS_CODEC_LPCM)
		return push_lpcm(self, input, buffer);
	au->slices[0] = (struct wfd_ts_slice){ map->data, map->size };
	au->n_slices = 1;
	return push_access_unit(self, input, au, buffer);
}

static GstClockTime flip_time(GstBuffer *buffer)
{
	static GstStaticCaps flip_caps = GST_STATIC_CAPS(WFD_FLIP_TIME_CAPS);
	g_autoptr(GstCaps) caps = gst_static_caps_get(&flip_caps);
	GstReferenceTimestampMeta *meta = gst_buffer_get_reference_timestamp_meta(buffer, caps);

	return meta ? meta->timestamp : GST_CLOCK_TIME_NONE;
}

static GstFlowReturn wfd_ts_mux_chain(GstPad *pad, GstObject *parent, GstBuffer *buffer)
{
	WfdTsMux *self = WFD_TS_MUX(parent);
	struct input *input = gst_pad_get_element_private(pad);
	gboolean video = input == &self->inputs[WFD_TS_VIDEO];
	struct wfd_ts_access_unit au = { 0 };
	gboolean sent = FALSE;
	GstFlowReturn ret;
	guint64 time = 0;
	GstMapInfo map;

	if (!set_times(input, buffer, &au)) {
		GST_ELEMENT_ERROR(self, STREAM, MUX, (NULL),
				  ("buffer without time stamp on pad %s; put a parser or a live source before it",
				   GST_PAD_NAME(pad)));
		gst_buffer_unref(buffer);
		return GST_FLOW_ERROR;
	}
	if (!gst_buffer_map(buffer, &map, GST_MAP_READ)) {
		GST_ELEMENT_ERROR(self, RESOURCE, READ, (NULL), ("buffer on pad %s cannot be mapped",
								 GST_PAD_NAME(pad)));
		gst_buffer_unref(buffer);
		return GST_FLOW_ERROR;
	}

	g_mutex_lock(&self->lock);
	if (video) {
		ret = video_access_unit(self, input, buffer, &map, &au);
		sent = ret == GST_FLOW_OK && self->picture_sent;
		time = g_get_monotonic_time() * 1000;
	} else {
		ret = audio_access_unit(self, input, buffer, &map, &au);
	}
	g_mutex_unlock(&self->lock);

	gst_buffer_unmap(buffer, &map);
	if (sent)
		g_signal_emit(self, signals[SIGNAL_AU_SENT], 0, (guint64)au.pts, (guint64)flip_time(buffer),
			      time);
	gst_buffer_unref(buffer);
	return ret;
}

/* Events */

static gboolean set_caps(WfdTsMux *self, struct input *input, GstEvent *event)
{
	GstCaps *caps;
	gboolean ok;

	gst_event_parse_caps(event, &caps);
	g_mutex_lock(&self->lock);
	if (input == &self->inputs[WFD_TS_VIDEO])
		ok = set_video_caps(self, input, caps);
	else
		ok = set_audio_caps(self, input, caps);
	g_mutex_unlock(&self->lock);
	return ok;
}

static gboolean set_segment(WfdTsMux *self, struct input *input, GstEvent *event)
{
	const GstSegment *segment;

	gst_event_parse_segment(event, &segment);
	if (segment->format != GST_FORMAT_TIME) {
		GST_ERROR_OBJECT(input->pad, "segment in %s, wanted time", gst_format_get_name(segment->format));
		return FALSE;
	}
	g_mutex_lock(&self->lock);
	input->segment = *segment;
	g_mutex_unlock(&self->lock);
	return TRUE;
}

static gboolean end_stream(WfdTsMux *self, struct input *input)
{
	gboolean all = TRUE;

	g_mutex_lock(&self->lock);
	input->eos = TRUE;
	for (guint i = 0; i < WFD_TS_N_STREAMS; i++)
		all &= !self->inputs[i].pad || self->inputs[i].eos;
	if (all)
		push_head(self);
	g_mutex_unlock(&self->lock);
	return !all || gst_pad_push_event(self->src, gst_event_new_eos());
}

/* Running time may start anew. */
static void flush(WfdTsMux *self, struct input *input)
{
	g_mutex_lock(&self->lock);
	gst_segment_init(&input->segment, GST_FORMAT_UNDEFINED);
	input->eos = FALSE;
	gst_adapter_clear(self->lpcm);
	wfd_ts_packer_discontinuity(self->packer);
	self->head_sent = FALSE;
	self->now = G_MININT64;
	g_mutex_unlock(&self->lock);
}

static gboolean wfd_ts_mux_sink_event(GstPad *pad, GstObject *parent, GstEvent *event)
{
	WfdTsMux *self = WFD_TS_MUX(parent);
	struct input *input = gst_pad_get_element_private(pad);
	gboolean ok = TRUE;

	switch (GST_EVENT_TYPE(event)) {
	case GST_EVENT_CAPS:
		ok = set_caps(self, input, event);
		break;
	case GST_EVENT_SEGMENT:
		ok = set_segment(self, input, event);
		break;
	case GST_EVENT_EOS:
		ok = end_stream(self, input);
		break;
	case GST_EVENT_FLUSH_STOP:
		flush(self, input);
		return gst_pad_event_default(pad, parent, event);
	case GST_EVENT_STREAM_START:
	case GST_EVENT_STREAM_COLLECTION:
	case GST_EVENT_STREAM_GROUP_DONE:
	case GST_EVENT_TAG:
	case GST_EVENT_TOC:
	case GST_EVENT_GAP:
		/* of one stream; the program has its own, or none */
		break;
	default:
		return gst_pad_event_default(pad, parent, event);
	}
	gst_event_unref(event);
	return ok;
}

/* Pads */

static GstPad *wfd_ts_mux_request_new_pad(GstElement *element, GstPadTemplate *template, const char *name,
					  const GstCaps *caps)
{
	WfdTsMux *self = WFD_TS_MUX(element);
	const char *kind = GST_PAD_TEMPLATE_NAME_TEMPLATE(template);
	struct input *input = &self->inputs[g_str_equal(kind, "video") ? WFD_TS_VIDEO : WFD_TS_AUDIO];
	GstPad *pad;

	g_mutex_lock(&self->lock);
	if (input->pad) {
		g_mutex_unlock(&self->lock);
		GST_ERROR_OBJECT(self, "pad %s is already in use; the program has one", kind);
		return NULL;
	}
	pad = gst_pad_new_from_template(template, kind);
	*input = (struct input){ .pad = pad };
	gst_segment_init(&input->segment, GST_FORMAT_UNDEFINED);
	g_mutex_unlock(&self->lock);

	gst_pad_set_element_private(pad, input);
	gst_pad_set_chain_function(pad, wfd_ts_mux_chain);
	gst_pad_set_event_function(pad, wfd_ts_mux_sink_event);
	gst_element_add_pad(element, pad);
	return pad;
}

static void wfd_ts_mux_release_pad(GstElement *element, GstPad *pad)
{
	static const struct wfd_ts_format none = { WFD_TS_CODEC_NONE };
	WfdTsMux *self = WFD_TS_MUX(element);
	struct input *input = gst_pad_get_element_private(pad);

	/* Waits for the chain function; nothing uses the input from here on. */
	gst_pad_set_active(pad, FALSE);
	g_mutex_lock(&self->lock);
	wfd_ts_packer_set_format(self->packer, input - self->inputs, &none);
	*input = (struct input){ 0 };
	g_mutex_unlock(&self->lock);
	gst_element_remove_pad(element, pad);
}

/* Element */

static void reset(WfdTsMux *self)
{
	static const struct wfd_ts_format none = { WFD_TS_CODEC_NONE };

	for (guint i = 0; i < WFD_TS_N_STREAMS; i++) {
		struct input *input = &self->inputs[i];

		wfd_ts_packer_set_format(self->packer, i, &none);
		*input = (struct input){ .pad = input->pad };
		gst_segment_init(&input->segment, GST_FORMAT_UNDEFINED);
	}
	wfd_ts_packer_discontinuity(self->packer);
	g_byte_array_set_size(self->sets.sps, 0);
	g_byte_array_set_size(self->sets.pps, 0);
	gst_adapter_clear(self->lpcm);
	self->head_sent = FALSE;
	self->picture_sent = FALSE;
	self->live_known = FALSE;
	self->live = FALSE;
	self->discont = TRUE;
	self->now = G_MININT64;
	self->flowing = FALSE;
}

static GstStateChangeReturn wfd_ts_mux_change_state(GstElement *element, GstStateChange transition)
{
	WfdTsMux *self = WFD_TS_MUX(element);
	GstStateChangeReturn ret;

	if (transition == GST_STATE_CHANGE_PLAYING_TO_PAUSED)
		set_playing(self, FALSE);
	ret = GST_ELEMENT_CLASS(wfd_ts_mux_parent_class)->change_state(element, transition);
	if (ret == GST_STATE_CHANGE_FAILURE)
		return ret;
	if (transition == GST_STATE_CHANGE_PAUSED_TO_PLAYING)
		set_playing(self, TRUE);
	else if (transition == GST_STATE_CHANGE_PAUSED_TO_READY)
		reset(self);
	return ret;
}

static void wfd_ts_mux_set_property(GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
	WfdTsMux *self = WFD_TS_MUX(object);

	GST_OBJECT_LOCK(self);
	switch (id) {
	case PROP_PCR_INTERVAL:
		self->settings.pcr_interval = g_value_get_uint64(value);
		break;
	case PROP_PSI_INTERVAL:
		self->settings.psi_interval = g_value_get_uint64(value);
		break;
	case PROP_PCR_LEAD:
		self->settings.pcr_lead = g_value_get_uint64(value);
		break;
	case PROP_PACKETS_PER_BUFFER:
		self->settings.packets_per_buffer = g_value_get_uint(value);
		break;
	case PROP_PMT_PID:
		self->settings.pmt_pid = g_value_get_uint(value);
		break;
	default:
		G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
	}
	GST_OBJECT_UNLOCK(self);
}

static void wfd_ts_mux_get_property(GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
	WfdTsMux *self = WFD_TS_MUX(object);

	GST_OBJECT_LOCK(self);
	switch (id) {
	case PROP_PCR_INTERVAL:
		g_value_set_uint64(value, self->settings.pcr_interval);
		break;
	case PROP_PSI_INTERVAL:
		g_value_set_uint64(value, self->settings.psi_interval);
		break;
	case PROP_PCR_LEAD:
		g_value_set_uint64(value, self->settings.pcr_lead);
		break;
	case PROP_PACKETS_PER_BUFFER:
		g_value_set_uint(value, self->settings.packets_per_buffer);
		break;
	case PROP_PMT_PID:
		g_value_set_uint(value, self->settings.pmt_pid);
		break;
	default:
		G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
	}
	GST_OBJECT_UNLOCK(self);
}

static void wfd_ts_mux_finalize(GObject *object)
{
	WfdTsMux *self = WFD_TS_MUX(object);

	wfd_ts_packer_free(self->packer);
	wfd_h264_parameter_sets_clear(&self->sets);
	g_object_unref(self->lpcm);
	g_mutex_clear(&self->lock);
	g_mutex_clear(&self->task_lock);
	g_cond_clear(&self->wake);
	G_OBJECT_CLASS(wfd_ts_mux_parent_class)->finalize(object);
}

static void wfd_ts_mux_class_init(WfdTsMuxClass *klass)
{
	const GParamFlags flags = G_PARAM_READWRITE | G_PARAM_CONSTRUCT | G_PARAM_STATIC_STRINGS;
	GObjectClass *object_class = G_OBJECT_CLASS(klass);
	GstElementClass *element_class = GST_ELEMENT_CLASS(klass);

	GST_DEBUG_CATEGORY_INIT(wfd_ts_mux_debug, "wfdtsmux", 0, "Wi-Fi Display transport stream");
	object_class->set_property = wfd_ts_mux_set_property;
	object_class->get_property = wfd_ts_mux_get_property;
	object_class->finalize = wfd_ts_mux_finalize;
	props[PROP_PCR_INTERVAL] =
		g_param_spec_uint64("pcr-interval", "PCR interval", "Longest time between two PCRs (ns)", 0,
				    WFD_TS_MAX_INTERVAL, 40 * GST_MSECOND, flags);
	props[PROP_PSI_INTERVAL] =
		g_param_spec_uint64("psi-interval", "PSI interval", "Longest time between two PATs and PMTs (ns)",
				    0, WFD_TS_MAX_INTERVAL, WFD_TS_MAX_INTERVAL, flags);
	props[PROP_PCR_LEAD] =
		g_param_spec_uint64("pcr-lead", "PCR lead", "How far the PCR runs behind the PTS (ns)", 0,
				    GST_SECOND, 40 * GST_MSECOND, flags);
	props[PROP_PACKETS_PER_BUFFER] =
		g_param_spec_uint("packets-per-buffer", "Packets per buffer", "Transport packets in a buffer", 1,
				  WFD_TS_PACKETS_PER_RTP, WFD_TS_PACKETS_PER_RTP, flags);
	props[PROP_PMT_PID] = g_param_spec_uint("pmt-pid", "PMT PID", "Where the program map table is", 0x0010,
						0x1ffe, WFD_TS_PID_PMT, flags);
	g_object_class_install_properties(object_class, N_PROPS, props);
	signals[SIGNAL_AU_SENT] = g_signal_new("au-sent", WFD_TYPE_TS_MUX, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
					       G_TYPE_NONE, 3, G_TYPE_UINT64, G_TYPE_UINT64, G_TYPE_UINT64);

	gst_element_class_add_static_pad_template(element_class, &video_template);
	gst_element_class_add_static_pad_template(element_class, &audio_template);
	gst_element_class_add_static_pad_template(element_class, &src_template);
	gst_element_class_set_static_metadata(element_class, "Wi-Fi Display transport stream", "Codec/Muxer",
					      "Packs H.264 and audio as Wi-Fi Display prescribes, without delay",
					      "Miracast for Linux");
	element_class->request_new_pad = wfd_ts_mux_request_new_pad;
	element_class->release_pad = wfd_ts_mux_release_pad;
	element_class->change_state = wfd_ts_mux_change_state;
}

static void wfd_ts_mux_init(WfdTsMux *self)
{
	g_mutex_init(&self->lock);
	g_mutex_init(&self->task_lock);
	g_cond_init(&self->wake);
	self->packer = wfd_ts_packer_new();
	self->lpcm = gst_adapter_new();
	wfd_h264_parameter_sets_init(&self->sets);
	reset(self);

	self->src = gst_pad_new_from_static_template(&src_template, "src");
	gst_pad_use_fixed_caps(self->src);
	gst_pad_set_activatemode_function(self->src, wfd_ts_mux_src_activate_mode);
	gst_element_add_pad(GST_ELEMENT(self), self->src);
}

gboolean wfd_ts_mux_register(void)
{
	return gst_element_register(NULL, "wfdtsmux", GST_RANK_NONE, WFD_TYPE_TS_MUX) &&
	       gst_element_register(NULL, "wfdrtppay", GST_RANK_NONE, WFD_TYPE_RTP_PAY);
}
