// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The elements of media-pipeline.h.
 */
#include "media-pipeline-private.h"

#include <gst/app/gstappsink.h>

#include "media-delay.h"

GstElement *media_add_element(media_pipeline *p, const char *factory, const char *name,
			       GError **error)
{
	GstElement *element = gst_element_factory_make(factory, name);

	if (!element) {
		g_set_error(error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
			    "GStreamer element \"%s\" is not installed", factory);
		return NULL;
	}
	gst_bin_add(GST_BIN(p->pipeline), element);
	return element;
}

gboolean media_link_elements(GstElement *from, GstElement *to, GError **error)
{
	if (gst_element_link(from, to))
		return TRUE;
	g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED, "GStreamer cannot connect %s with %s",
		    GST_ELEMENT_NAME(from), GST_ELEMENT_NAME(to));
	return FALSE;
}

gboolean media_link_to_mux(media_pipeline *p, GstElement *from, const char *pad, GError **error)
{
	if (gst_element_link_pads(from, "src", p->mux, pad))
		return TRUE;
	g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED, "GStreamer cannot connect %s with the mux",
		    GST_ELEMENT_NAME(from));
	return FALSE;
}

static void set_filter(GstElement *filter, GstCaps *caps)
{
	g_object_set(filter, "caps", caps, NULL);
	gst_caps_unref(caps);
}

/* ------------------------------------------------------------------ pictures */

/*
 * The rate is that of the mode, and not variable (0/1), which would be true: x264enc then keeps
 * each picture until the next one comes, a second on a still desktop.  What it costs is that a
 * picture after a pause may have no more bits than one in motion.
 */
GstCaps *media_elements_picture_caps(const media_pipeline *p, const struct wfd_mode *mode, gboolean on_gpu)
{
	if (on_gpu)
		return gpu_way_caps(video_encoder_gpu_kind(p->encoder), mode->width, mode->height, mode->refresh_hz,
				    video_encoder_colorimetry(p->encoder, mode));
	return gst_caps_new_simple("video/x-raw", "format", G_TYPE_STRING, "I420", "width",
				   G_TYPE_INT, mode->width, "height", G_TYPE_INT, mode->height,
				   "framerate", GST_TYPE_FRACTION, mode->refresh_hz, 1,
				   "pixel-aspect-ratio", GST_TYPE_FRACTION, 1, 1, "interlace-mode",
				   G_TYPE_STRING, "progressive", "colorimetry", G_TYPE_STRING,
				   PICTURE_COLORIMETRY, NULL);
}

static void remove_element(media_pipeline *p, GstElement *element)
{
	/* The bin's reference is the last one but this. */
	gst_object_ref(element);
	gst_element_set_state(element, GST_STATE_NULL);
	gst_bin_remove(GST_BIN(p->pipeline), element);
	gst_object_unref(element);
}

static void remove_encoder(media_pipeline *p)
{
	GstElement *encoder, *filter;

	g_mutex_lock(&p->lock);
	encoder = g_steal_pointer(&p->video_encoder);
	filter = g_steal_pointer(&p->video_filter);
	g_mutex_unlock(&p->lock);
	if (!encoder)
		return;
	gst_element_unlink_many(p->layout, encoder, filter, p->parser, NULL);
	remove_element(p, filter);
	remove_element(p, encoder);
}

void media_elements_apply_delay(media_pipeline *p, const struct wfd_mode *mode)
{
	enum channel_latency latency = g_atomic_int_get(&p->latency_mode);

	gint64 spread_us = media_delay_spread_us(latency, mode->refresh_hz);

	g_object_set(p->mux, "pcr-lag", (guint64)media_delay_lag(latency, p->lead_ms, mode->refresh_hz), "spread",
		     (guint64)spread_us * GST_USECOND, NULL);
	rtp_sender_set_spread(p->sender, spread_us);
}

gboolean media_elements_make_encoder(media_pipeline *p, const struct wfd_selection *selection,
				     guint bit_rate, guint burst_bit_rate, gboolean on_gpu, GError **error)
{
	const struct video_encoder *of;
	struct video_encoder_settings settings = {
		.bit_rate = bit_rate,
		.burst_bit_rate = burst_bit_rate,
		.plain = p->plain_video,
		.fps = selection->mode->refresh_hz,
		.key_interval_s = 0, /* none by itself, see key-frames.h */
		.slices = MAX(selection->slices, 1),
		.high = selection->profile == WFD_H264_PROFILE_CHP,
		.on_gpu = on_gpu,
	};
	GstElement *encoder, *filter;

	remove_encoder(p);
	g_mutex_lock(&p->lock);
	of = p->encoder;
	g_mutex_unlock(&p->lock);
	encoder = media_add_element(p, video_encoder_element(of), "video-encoder", error);
	filter = encoder ? media_add_element(p, "capsfilter", "video-format", error) : NULL;
	g_mutex_lock(&p->lock);
	p->made++;
	p->made_of = of;
	p->made_on_gpu = on_gpu;
	p->broken = FALSE;
	g_clear_pointer(&p->broken_why, g_free);
	p->video_encoder = encoder;
	p->video_filter = filter;
	g_mutex_unlock(&p->lock);
	if (!encoder || !filter)
		return FALSE;

	if (!video_encoder_configure(of, encoder, &settings, error))
		return FALSE;
	set_filter(filter, video_encoder_caps(of, selection));
	/* The GPU's converter has seen to it. */
	set_filter(p->layout, on_gpu ? gst_caps_new_any() : video_encoder_input_caps(of, selection->mode));
	if (!media_link_elements(encoder, filter, error) || !media_link_elements(filter, p->parser, error) ||
	    !media_link_elements(p->layout, encoder, error))
		return FALSE;
	media_elements_apply_delay(p, selection->mode);
	/* What is behind is ready before the first picture comes. */
	if (!gst_element_sync_state_with_parent(filter) || !gst_element_sync_state_with_parent(encoder)) {
		g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED, "%s does not start",
			    video_encoder_element(of));
		return FALSE;
	}
	return TRUE;
}

static void need_data(GstAppSrc *source, guint length, gpointer user_data)
{
	media_pipeline *p = user_data;

	p->funcs->wanted(p->user_data);
}

static gboolean build_video(media_pipeline *p, const struct media_pipeline_config *config,
			    GError **error)
{
	g_autoptr(GstCaps) caps = media_elements_picture_caps(p, config->selection->mode, FALSE);
	GstAppSrcCallbacks callbacks = { .need_data = need_data };
	GstElement *guard = media_guard_new("picture-guard", &media_encoder_guard, p);
	GstElement *convert;

	gst_bin_add(GST_BIN(p->pipeline), guard);
	if (!(p->source = media_add_element(p, "appsrc", "pictures", error)) ||
	    !(convert = media_add_element(p, "videoconvert", "layout", error)) ||
	    !(p->layout = media_add_element(p, "capsfilter", "layout-format", error)) ||
	    !(p->parser = media_add_element(p, "h264parse", "video-parser", error)))
		return FALSE;

	g_object_set(p->source, "is-live", TRUE, "format", GST_FORMAT_TIME, "block", FALSE, NULL);
	gst_app_src_set_callbacks(GST_APP_SRC(p->source), &callbacks, p, NULL);
	gst_app_src_set_caps(GST_APP_SRC(p->source), caps);
	return media_link_elements(p->source, guard, error) &&
	       media_link_elements(guard, convert, error) && media_link_elements(convert, p->layout, error) &&
	       media_link_to_mux(p, p->parser, "video", error) &&
	       media_elements_make_encoder(p, config->selection, p->bit_rate, p->burst_bit_rate, FALSE, error);
}

/* ------------------------------------------------------------------- network */

/* Sequence number of the last packet of a list. */
static guint16 last_sequence(GstBufferList *list)
{
	guint8 header[4] = { 0 };

	gst_buffer_extract(gst_buffer_list_get(list, gst_buffer_list_length(list) - 1), 0, header, sizeof(header));
	return header[2] << 8 | header[3];
}

static void count_packets(media_pipeline *p, gint64 begin_us, const struct rtp_sending *sending, guint16 seq)
{
	g_mutex_lock(&p->lock);
	p->stats.packets += sending->packets;
	p->stats.bytes += sending->bytes;
	rate_control_sent(&p->rate, begin_us, sending->waiting, sending->bytes, seq, sending->blocked_us);
	g_mutex_unlock(&p->lock);
	media_pipeline_follow_rate(p);
}

/* What comes out of the payloader, in the thread that it comes in. */
static GstFlowReturn send_packets(GstAppSink *sink, gpointer user_data)
{
	media_pipeline *p = user_data;
	g_autoptr(GstSample) sample = gst_app_sink_pull_sample(sink);
	GstBufferList *list = sample ? gst_sample_get_buffer_list(sample) : NULL;
	GstBuffer *buffer = sample ? gst_sample_get_buffer(sample) : NULL;
	g_autoptr(GstBufferList) one = NULL;
	struct rtp_sending sending;
	gint64 begin_us;

	if (!list && buffer) {
		list = one = gst_buffer_list_new_sized(1);
		gst_buffer_list_add(one, gst_buffer_ref(buffer));
	}
	if (!list || !gst_buffer_list_length(list))
		return GST_FLOW_OK;
	begin_us = g_get_monotonic_time();
	rtp_sender_send(p->sender, list, &sending);
	count_packets(p, begin_us, &sending, last_sequence(list));
	return GST_FLOW_OK;
}

static gboolean build_network(media_pipeline *p, const struct media_pipeline_config *config,
			      GError **error)
{
	GstAppSinkCallbacks callbacks = { .new_sample = send_packets };
	GstElement *sink;

	if (!(p->mux = media_add_element(p, "wfdtsmux", "mux", error)) ||
	    !(p->payloader = media_add_element(p, "wfdrtppay", "rtp", error)) ||
	    !(sink = media_add_element(p, "appsink", "network", error)))
		return FALSE;
	g_object_set(p->mux, "pmt-pid", (guint)config->pmt_pid, "muted", TRUE, NULL);
	g_object_set(p->payloader, "end-of-frame-marker", config->frame_marker, NULL);
	g_object_set(sink, "sync", FALSE, "async", FALSE, "buffer-list", TRUE, NULL);
	gst_app_sink_set_callbacks(GST_APP_SINK(sink), &callbacks, p, NULL);
	return media_link_elements(p->mux, p->payloader, error) && media_link_elements(p->payloader, sink, error);
}

gboolean media_elements_build(media_pipeline *p, const struct media_pipeline_config *config,
			      GError **error)
{
	return build_network(p, config, error) && build_video(p, config, error) &&
	       media_sound_build(p, config, error);
}
