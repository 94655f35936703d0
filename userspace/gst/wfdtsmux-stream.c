/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * wfdtsmux-stream.c - what wfdtsmux does with an access unit
 */
#include "wfdtsmux-private.h"

#include <string.h>

#define GST_CAT_DEFAULT wfd_ts_mux_debug

/* Source side */

void wfd_ts_mux_push_head(WfdTsMux *self)
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

GstFlowReturn wfd_ts_mux_push_packets(WfdTsMux *self, GByteArray *packets, guint wrote,
				  const struct wfd_ts_access_unit *au, GstBuffer *au_buffer)
{
	g_autoptr(GBytes) bytes = g_byte_array_free_to_bytes(packets);
	g_autoptr(GstBuffer) whole = gst_buffer_new_wrapped_bytes(bytes);
	gboolean audio_only = self->inputs[WFD_TS_VIDEO].pad == NULL;
	gsize size = g_bytes_get_size(bytes);
	GstBufferList *list;
	gsize chunk;

	GST_OBJECT_LOCK(self);
	chunk = self->settings.packets_per_buffer * WFD_TS_PACKET_SIZE;
	GST_OBJECT_UNLOCK(self);

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
	wfd_ts_mux_push_head(self);
	return gst_pad_push_list(self->src, list);
}

/* Time */

void wfd_ts_mux_apply_settings(WfdTsMux *self)
{
	struct settings settings;

	GST_OBJECT_LOCK(self);
	settings = self->settings;
	GST_OBJECT_UNLOCK(self);
	wfd_ts_packer_set_intervals(self->packer, settings.psi_interval, settings.pcr_interval);
	wfd_ts_packer_set_pcr_lag(self->packer, settings.pcr_lag);
	wfd_ts_packer_set_spread(self->packer, settings.spread);
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

gboolean wfd_ts_mux_clock_time(WfdTsMux *self, gint64 *now)
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
	if (!wfd_ts_mux_clock_time(self, &now))
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

gboolean wfd_ts_mux_set_audio_caps(WfdTsMux *self, struct input *input, GstCaps *caps)
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

gboolean wfd_ts_mux_set_video_caps(WfdTsMux *self, struct input *input, GstCaps *caps)
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
	gint64 now;

	wfd_ts_mux_apply_settings(self);
	au->stream = input - self->inputs;
	au->now = send_time(self, input->pad, au->dts);
	wrote = wfd_ts_packer_pack(self->packer, au, packets);
	self->discont |= (wrote & WFD_TS_WROTE_DISCONTINUITY) != 0;
	ret = wfd_ts_mux_push_packets(self, packets, wrote, au, buffer);
	if (ret == GST_FLOW_OK)
		input->sent_pts = au->pts;
	if (wfd_ts_mux_clock_time(self, &now))
		wfd_ts_mux_set_flowing(self, TRUE);
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
	if (self->muted)
		return GST_FLOW_OK;
	if (!self->picture_sent) {
		if (!h264.idr || input->format.codec == WFD_TS_CODEC_NONE || self->sets.pps->len == 0) {
			GST_INFO_OBJECT(input->pad, "dropped %" GST_PTR_FORMAT ": no IDR with SPS and PPS yet",
					buffer);
			return GST_FLOW_OK;
		}
		announce_audio(self);
		gst_adapter_clear(self->lpcm);
		self->picture_sent = TRUE;
		self->sound_from = au->pts;
		self->sound_sent = FALSE;
	}
	au->random_access = h264.idr;
	set_slices(self, au, &h264, map);
	return push_access_unit(self, input, au, buffer);
}

/* The running time of the first byte in the adapter. */
static gint64 lpcm_time(WfdTsMux *self, const struct input *input)
{
	guint64 distance;
	GstClockTime pts = gst_adapter_prev_pts(self->lpcm, &distance);
	guint bytes_per_second = input->format.rate * 4;

	return running_time(input, pts + gst_util_uint64_scale(distance, GST_SECOND, bytes_per_second));
}

/*
 * Sound begins with the first picture, and with a unit that is in time: while encoders start, some
 * are late.  Where it does not get in time within half a second, late sound is better than none.
 */
#define SOUND_START (500 * GST_MSECOND)

static gboolean sound_has_begun(WfdTsMux *self, gint64 pts)
{
	guint64 lag;
	gint64 now;

	if (pts < self->sound_from)
		return FALSE;
	GST_OBJECT_LOCK(self);
	lag = self->settings.pcr_lag;
	GST_OBJECT_UNLOCK(self);
	if (!self->sound_sent && pts < self->sound_from + (gint64)SOUND_START && wfd_ts_mux_clock_time(self, &now) &&
	    pts < now - (gint64)lag)
		return FALSE;
	self->sound_sent = TRUE;
	return TRUE;
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
		if (sound_has_begun(self, au.pts))
			ret = push_access_unit(self, input, &au, buffer);
		gst_adapter_unmap(self->lpcm);
		gst_adapter_flush(self->lpcm, WFD_TS_LPCM_BYTES);
	}
	return ret;
}

/*
 * Stream type 0x0F is ISO/IEC 13818-7, whose ADTS headers have the ID bit set; encoders write
 * that of 14496-3.  The frame behind it is the same: low complexity, without what only
 * MPEG-4 has.  A header with a checksum stays as it is, for that covers the bit.
 */
#define ADTS_HEADER_SIZE 7

static void set_adts_slices(const GstMapInfo *map, guint8 header[ADTS_HEADER_SIZE], struct wfd_ts_access_unit *au)
{
	gsize at = 0;

	if (map->size >= ADTS_HEADER_SIZE && map->data[0] == 0xff && (map->data[1] & 0xf7) == 0xf1) {
		at = ADTS_HEADER_SIZE;
		memcpy(header, map->data, at);
		header[1] |= 0x08;
		au->slices[au->n_slices++] = (struct wfd_ts_slice){ header, at };
	}
	au->slices[au->n_slices++] = (struct wfd_ts_slice){ map->data + at, map->size - at };
}

static GstFlowReturn audio_access_unit(WfdTsMux *self, struct input *input, GstBuffer *buffer,
				       const GstMapInfo *map, struct wfd_ts_access_unit *au)
{
	const struct input *video = &self->inputs[WFD_TS_VIDEO];
	guint8 header[ADTS_HEADER_SIZE];

	if (input->format.codec == WFD_TS_CODEC_NONE)
		return GST_FLOW_NOT_NEGOTIATED;
	if (self->muted || (video->pad && !video->eos && !self->picture_sent))
		return GST_FLOW_OK;
	if (input->format.codec == WFD_TS_CODEC_LPCM)
		return push_lpcm(self, input, buffer);
	if (!sound_has_begun(self, au->pts))
		return GST_FLOW_OK;
	if (input->format.codec == WFD_TS_CODEC_AAC)
		set_adts_slices(map, header, au);
	else
		au->slices[au->n_slices++] = (struct wfd_ts_slice){ map->data, map->size };
	return push_access_unit(self, input, au, buffer);
}

static GstClockTime flip_time(GstBuffer *buffer)
{
	static GstStaticCaps flip_caps = GST_STATIC_CAPS(WFD_FLIP_TIME_CAPS);
	g_autoptr(GstCaps) caps = gst_static_caps_get(&flip_caps);
	GstReferenceTimestampMeta *meta = gst_buffer_get_reference_timestamp_meta(buffer, caps);

	return meta ? meta->timestamp : GST_CLOCK_TIME_NONE;
}

GstFlowReturn wfd_ts_mux_chain(GstPad *pad, GstObject *parent, GstBuffer *buffer)
{
	WfdTsMux *self = WFD_TS_MUX(parent);
	struct input *input = gst_pad_get_element_private(pad);
	gboolean video = input == &self->inputs[WFD_TS_VIDEO];
	struct wfd_ts_access_unit au = { 0 };
	gint64 sent_pts;
	GstFlowReturn ret;
	guint64 time;
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
	input->sent_pts = G_MININT64;
	if (video)
		ret = video_access_unit(self, input, buffer, &map, &au);
	else
		ret = audio_access_unit(self, input, buffer, &map, &au);
	sent_pts = input->sent_pts;
	time = g_get_monotonic_time() * 1000;
	g_mutex_unlock(&self->lock);

	gst_buffer_unmap(buffer, &map);
	if (sent_pts != G_MININT64 && video)
		g_signal_emit_by_name(self, "au-sent", (guint64)sent_pts, (guint64)flip_time(buffer), time);
	else if (sent_pts != G_MININT64)
		g_signal_emit_by_name(self, "sound-sent", (guint64)sent_pts, time);
	gst_buffer_unref(buffer);
	return ret;
}
