// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What comes out of the encoder, right in front of the mux: see media-pipeline-private.h.
 */
#include "media-pipeline-private.h"

#include "h264-promise.h"
#include "h264-sps.h"
#include "wfdtsmux.h"

/* Next to nothing, of what a picture may have. */
#define SETTLED_PART 50

/* ------------------------------------------------------------------ what M4 promised */

static void keep_promise(media_pipeline *p, GstBuffer *buffer)
{
	const struct video_encoder *of;
	struct wfd_selection selection;
	enum h264_promise promise;
	GstMapInfo map;

	g_mutex_lock(&p->lock);
	selection = p->selection;
	of = p->made_of;
	g_mutex_unlock(&p->lock);
	if (!gst_buffer_map(buffer, &map, GST_MAP_READWRITE))
		return;
	promise = h264_promise_keep(map.data, map.size, selection.profile, selection.level);
	gst_buffer_unmap(buffer, &map);
	if (promise == H264_PROMISE_BROKEN && !p->promise_broken) {
		g_warning("%s writes another profile than M4 has promised",
			  video_encoder_element(of));
		p->promise_broken = TRUE;
	}
}

/*
 * The desktop's pictures come when they come, whatever rate the encoder was told.  Gives
 * the access unit with an SPS that says so.
 */
static GstBuffer *clear_fixed_rate(GstBuffer *buffer)
{
	GByteArray *changed = g_byte_array_new();
	g_autoptr(GBytes) bytes = NULL;
	GstBuffer *copy;
	GstMapInfo map;

	if (gst_buffer_map(buffer, &map, GST_MAP_READ)) {
		wfd_h264_clear_fixed_rate(map.data, map.size, changed);
		gst_buffer_unmap(buffer, &map);
	}
	bytes = g_byte_array_free_to_bytes(changed);
	if (!g_bytes_get_size(bytes))
		return buffer;
	copy = gst_buffer_new_wrapped_bytes(bytes);
	gst_buffer_copy_into(copy, buffer, GST_BUFFER_COPY_METADATA, 0, -1);
	gst_buffer_unref(buffer);
	return copy;
}

/* --------------------------------------------------------------------- times */

/* x264enc moves the segment, and some encoders the times in it. */
static const GstSegment *pad_segment(GstPad *pad, GstEvent **event)
{
	const GstSegment *segment = NULL;

	*event = gst_pad_get_sticky_event(pad, GST_EVENT_SEGMENT, 0);
	if (*event)
		gst_event_parse_segment(*event, &segment);
	return segment;
}

static void set_flip_time(GstBuffer *buffer, const struct picture_time *picture)
{
	static GstStaticCaps flip_caps = GST_STATIC_CAPS(WFD_FLIP_TIME_CAPS);
	g_autoptr(GstCaps) reference = gst_static_caps_get(&flip_caps);
	GstReferenceTimestampMeta *meta;

	while ((meta = gst_buffer_get_reference_timestamp_meta(buffer, reference)))
		gst_buffer_remove_meta(buffer, (GstMeta *)meta);
	if (!picture->repeat)
		gst_buffer_add_reference_timestamp_meta(buffer, reference, picture->flip_ns,
							GST_CLOCK_TIME_NONE);
}

/* Which picture this is; FALSE if it was pushed before the latest PLAY. */
static gboolean identify(media_pipeline *p, gint64 pts, gboolean key, struct picture_time *picture)
{
	gboolean fresh;

	g_mutex_lock(&p->lock);
	if (!picture_times_pop(&p->times, pts, picture))
		*picture = (struct picture_time){
			.pts = picture_times_pts(&p->times, p->times.last_pts, -1),
			.play = p->play,
			.repeat = TRUE,
		};
	fresh = picture->play == p->play && p->playing;
	p->stats.frames_encoded++;
	p->stats.idr += key && fresh;
	g_mutex_unlock(&p->lock);
	return fresh;
}

/*
 * An encoder may know (wfdx264enc.h).  For others: a repeated picture into which the encoder
 * puts next to nothing is as good as it gets.  So is one that follows it and is as small: of
 * what it shows nothing can be left to add.
 */
static enum picture_gain gain_of(media_pipeline *p, const struct picture_time *picture, gboolean key, gsize bytes)
{
	enum picture_gain gain;
	gboolean little;

	g_mutex_lock(&p->lock);
	little = !key && bytes * 8 * SETTLED_PART < p->bit_rate / p->selection.mode->refresh_hz;
	p->settled = little && (picture->repeat || p->settled);
	gain = p->settled ? GAIN_NONE : GAIN_UNKNOWN;
	if (p->video_encoder && g_object_class_find_property(G_OBJECT_GET_CLASS(p->video_encoder), "settled")) {
		g_object_get(p->video_encoder, "settled", &p->settled, NULL);
		gain = p->settled ? GAIN_NONE : GAIN_SOME;
	}
	g_mutex_unlock(&p->lock);
	return gain;
}

/* Is new, and takes what a key frame between has left of its share: see key-frames.h. */
static void look_for_motion(media_pipeline *p, const struct picture_time *picture, gboolean key, gsize bytes)
{
	g_mutex_lock(&p->lock);
	if (!key && picture->moves && key_frames_is_busy(bytes, p->bit_rate / p->selection.mode->refresh_hz))
		key_frames_busy(&p->keys);
	g_mutex_unlock(&p->lock);
}

static GstPadProbeReturn encoded(GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
	media_pipeline *p = user_data;
	GstBuffer *buffer = gst_buffer_make_writable(gst_pad_probe_info_get_buffer(info));
	gboolean key = !GST_BUFFER_FLAG_IS_SET(buffer, GST_BUFFER_FLAG_DELTA_UNIT);
	g_autoptr(GstEvent) event = NULL;
	const GstSegment *segment = pad_segment(pad, &event);
	struct picture_time picture;
	guint64 pts;

	if (key)
		buffer = clear_fixed_rate(buffer);
	GST_PAD_PROBE_INFO_DATA(info) = buffer;
	if (!segment)
		return GST_PAD_PROBE_DROP;
	pts = gst_segment_to_running_time(segment, GST_FORMAT_TIME, GST_BUFFER_PTS(buffer));
	if (!identify(p, GST_CLOCK_TIME_IS_VALID(pts) ? (gint64)pts : -1, key, &picture))
		return GST_PAD_PROBE_DROP;
	GST_BUFFER_PTS(buffer) = GST_BUFFER_DTS(buffer) =
		gst_segment_position_from_running_time(segment, GST_FORMAT_TIME, picture.pts);
	set_flip_time(buffer, &picture);
	if (key)
		keep_promise(p, buffer);
	look_for_motion(p, &picture, key, gst_buffer_get_size(buffer));
	g_mutex_lock(&p->lock);
	p->out = picture;
	p->out_us = g_get_monotonic_time();
	g_mutex_unlock(&p->lock);
	p->funcs->encoded(picture.seq, key, gain_of(p, &picture, key, gst_buffer_get_size(buffer)), p->user_data);
	/* Mux and payloader follow in this thread within microseconds. */
	if (!picture.repeat)
		p->funcs->frame_sent(picture.seq, p->out_us - picture.pushed_us,
				     gst_buffer_get_size(buffer), p->user_data);
	return GST_PAD_PROBE_OK;
}

/* With the lock held. */
static void add_parts(media_pipeline *p, guint64 flip_ns, guint64 sent_ns)
{
	gint64 flip_us = flip_ns / 1000, sent_us = sent_ns / 1000;

	latency_window_add(p->latency, sent_us - flip_us);
	if (p->out.repeat || p->out.flip_ns != flip_ns)
		return;
	latency_window_add(p->waiting, MAX(p->out.pushed_us - flip_us, 0));
	latency_window_add(p->encoding, p->out_us - p->out.pushed_us);
	latency_window_add(p->sending, MAX(sent_us - p->out_us, 0));
}

static void au_sent(GstElement *mux, guint64 pts, guint64 flip_ns, guint64 sent_ns,
		    gpointer user_data)
{
	media_pipeline *p = user_data;
	gboolean first, changed;
	guint divisor;
	gint64 slow_us;

	g_mutex_lock(&p->lock);
	p->stats.frames_sent++;
	changed = !p->out.repeat && flip_ns == p->out.flip_ns &&
		  encoder_load_sent(&p->load, p->out.begun_us, p->out_us, sent_ns / 1000);
	divisor = encoder_load_divisor(&p->load);
	slow_us = encoder_load_too_slow(&p->load);
	if (slow_us) {
		p->slow_us = slow_us;
		p->slow_mode = p->selection.mode;
		g_source_set_ready_time(p->slow_source, 0);
	}
	if (flip_ns != GST_CLOCK_TIME_NONE && sent_ns > flip_ns)
		add_parts(p, flip_ns, sent_ns);
	first = !p->sent_one;
	p->sent_one = TRUE;
	g_mutex_unlock(&p->lock);
	if (changed && p->funcs->load)
		p->funcs->load(divisor, p->user_data);
	if (first)
		g_source_attach(p->first_sent_source, p->context);
}

void media_encoded_watch(media_pipeline *p)
{
	g_autoptr(GstPad) pad = gst_element_get_static_pad(p->parser, "src");

	gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER, encoded, p, NULL);
	g_signal_connect(p->mux, "au-sent", G_CALLBACK(au_sent), p);
}
