// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The pipeline of media-pipeline.h.
 */
#include "media-pipeline.h"

#include <string.h>

#include <gst/app/gstappsrc.h>

#include "h264-promise.h"
#include "latency.h"
#include "ts-packer.h"
#include "wfdtsmux.h"

/* WMM's video class; the link layer takes it from the DSCP (CS5). */
#define RTP_DSCP 40

/* Key frames that nobody asked for. */
#define KEY_INTERVAL_S 4
#define KEY_INTERVAL_RARE_S 60

/*
 * Key frames that are asked for come this far apart at least: a sink that asks
 * all the time gets no stream of them.
 */
#define KEY_FRAME_GAP_US (G_USEC_PER_SEC / 4)

/*
 * Sound that is this late is lost, or it would stay late: so far from the pictures
 * it may be (WFD 4.10).
 */
#define LATE_SOUND_NS (500 * GST_MSECOND)

/* LPCM: one PES packet at a time (10 ms at 48 kHz); AAC and AC-3 frames are cut by the encoder. */
#define LPCM_SAMPLES 480

/* Pictures on their way from push to the network: one in the encoder, one behind it. */
#define IN_FLIGHT 8

struct in_flight {
	GstClockTime pts;
	guint64 seq;
	gint64 pushed_us;
	gboolean repeat;
};

struct media_pipeline {
	const struct media_pipeline_funcs *funcs;
	gpointer user_data;
	const struct video_encoder *encoder;
	GMainContext *context;

	GstElement *pipeline;
	GstElement *source; /* the elements are the pipeline's */
	GstElement *video_encoder;
	GstElement *video_filter;
	GstElement *mux;
	GstClockTime first_base; /* base time when it first played */
	GSource *bus_source;
	GSource *first_sent_source;
	GSource *key_frame_source; /* one that was put off */
	gboolean promise_broken; /* the streaming thread has said so */

	GMutex lock;
	const struct wfd_mode *mode; /* pictures of another size are not taken */
	guint profile;		     /* this, and the level, are what M4 has promised */
	enum wfd_level level;
	struct in_flight in_flight[IN_FLIGHT];
	guint next_in_flight;
	GstClockTime last_pts;
	gint64 key_frame_us; /* when one was asked for, or will be */
	gboolean sent_one;
	gboolean failed;
	struct media_stats stats;
	struct latency_window *latency;
};

/* ------------------------------------------------------------- construction */

static GstElement *add_element(media_pipeline *p, const char *factory, const char *name,
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

static gboolean link_elements(GstElement *from, GstElement *to, GError **error)
{
	if (gst_element_link(from, to))
		return TRUE;
	g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED, "GStreamer cannot connect %s with %s",
		    GST_ELEMENT_NAME(from), GST_ELEMENT_NAME(to));
	return FALSE;
}

static gboolean link_to_mux(media_pipeline *p, GstElement *from, const char *pad, GError **error)
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

static GstCaps *picture_caps(const struct wfd_mode *mode)
{
	return gst_caps_new_simple("video/x-raw", "format", G_TYPE_STRING, "I420", "width",
				   G_TYPE_INT, mode->width, "height", G_TYPE_INT, mode->height,
				   "framerate", GST_TYPE_FRACTION, mode->refresh_hz, 1,
				   "pixel-aspect-ratio", GST_TYPE_FRACTION, 1, 1, "interlace-mode",
				   G_TYPE_STRING, "progressive", "colorimetry", G_TYPE_STRING,
				   PICTURE_COLORIMETRY, NULL);
}

static void need_data(GstAppSrc *source, guint length, gpointer user_data)
{
	media_pipeline *p = user_data;

	p->funcs->wanted(p->user_data);
}

static gboolean build_video(media_pipeline *p, const struct media_pipeline_config *config,
			    GError **error)
{
	const struct wfd_selection *selection = config->selection;
	GstAppSrcCallbacks callbacks = { .need_data = need_data };
	GstElement *convert, *parse;
	struct video_encoder_settings settings = {
		.bit_rate = config->bit_rate,
		.fps = selection->mode->refresh_hz,
		.key_interval_s = config->rare_key_frames ? KEY_INTERVAL_RARE_S : KEY_INTERVAL_S,
		.slices = 1,
		.high = selection->profile == WFD_H264_PROFILE_CHP,
	};

	if (!(p->source = add_element(p, "appsrc", "pictures", error)) ||
	    !(convert = add_element(p, "videoconvert", "layout", error)) ||
	    !(p->video_encoder = add_element(p, video_encoder_element(config->encoder),
					     "video-encoder", error)) ||
	    !(p->video_filter = add_element(p, "capsfilter", "video-format", error)) ||
	    !(parse = add_element(p, "h264parse", "video-parser", error)))
		return FALSE;

	g_object_set(p->source, "is-live", TRUE, "format", GST_FORMAT_TIME, "block", FALSE, NULL);
	gst_app_src_set_callbacks(GST_APP_SRC(p->source), &callbacks, p, NULL);
	{
		g_autoptr(GstCaps) caps = picture_caps(selection->mode);

		gst_app_src_set_caps(GST_APP_SRC(p->source), caps);
	}
	if (!video_encoder_configure(config->encoder, p->video_encoder, &settings, error))
		return FALSE;
	set_filter(p->video_filter, video_encoder_caps(config->encoder, selection));

	return link_elements(p->source, convert, error) &&
	       link_elements(convert, p->video_encoder, error) &&
	       link_elements(p->video_encoder, p->video_filter, error) &&
	       link_elements(p->video_filter, parse, error) && link_to_mux(p, parse, "video", error);
}

static GstCaps *audio_source_caps(const struct wfd_selection *selection)
{
	gboolean lpcm = selection->audio_format == WFD_AUDIO_LPCM;
	int rate = lpcm && selection->audio_mode == WFD_LPCM_44K1_16_2 ? 44100 : 48000;

	return gst_caps_new_simple("audio/x-raw", "rate", G_TYPE_INT, rate, "channels", G_TYPE_INT,
				   2, NULL);
}

/* What the mux shall get; fixed, so that the first PMT knows it. */
static GstCaps *audio_sink_caps(const struct wfd_selection *selection)
{
	switch (selection->audio_format) {
	case WFD_AUDIO_LPCM: {
		GstCaps *caps = audio_source_caps(selection);

		gst_caps_set_simple(caps, "format", G_TYPE_STRING, "S16BE", "layout", G_TYPE_STRING,
				    "interleaved", NULL);
		return caps;
	}
	case WFD_AUDIO_AC3:
		return gst_caps_new_simple("audio/x-ac3", "framed", G_TYPE_BOOLEAN, TRUE, "rate",
					   G_TYPE_INT, 48000, "channels", G_TYPE_INT, 2, NULL);
	default:
		return gst_caps_new_simple("audio/mpeg", "mpegversion", G_TYPE_INT, 4,
					   "stream-format", G_TYPE_STRING, "adts", "framed",
					   G_TYPE_BOOLEAN, TRUE, "rate", G_TYPE_INT, 48000,
					   "channels", G_TYPE_INT, 2, NULL);
	}
}

static gboolean build_audio(media_pipeline *p, const struct media_pipeline_config *config,
			    GError **error)
{
	const struct wfd_selection *selection = config->selection;
	const char *encoder = audio_encoder_element(selection->audio_format);
	const char *parser = selection->audio_format == WFD_AUDIO_AC3 ? "ac3parse" : "aacparse";
	GstElement *source, *source_filter, *queue, *last, *filter;

	if (selection->audio_format == WFD_AUDIO_NONE)
		return TRUE;
	if (!(source = add_element(p, "audiotestsrc", "sound", error)) ||
	    !(source_filter = add_element(p, "capsfilter", "sound-format", error)) ||
	    !(queue = add_element(p, "queue", "sound-queue", error)) ||
	    !(last = add_element(p, "audioconvert", "sound-layout", error)) ||
	    !(filter = add_element(p, "capsfilter", "audio-format", error)))
		return FALSE;
	g_object_set(source, "is-live", TRUE, "samplesperbuffer", LPCM_SAMPLES, "volume", 0.1, NULL);
	gst_util_set_object_arg(G_OBJECT(source), "wave",
				config->audio == AUDIO_SOURCE_TONE ? "sine" : "silence");
	gst_util_set_object_arg(G_OBJECT(queue), "leaky", "downstream");
	g_object_set(queue, "max-size-time", (guint64)LATE_SOUND_NS, "max-size-buffers", 0,
		     "max-size-bytes", 0, NULL);
	set_filter(source_filter, audio_source_caps(selection));
	set_filter(filter, audio_sink_caps(selection));
	if (!link_elements(source, source_filter, error) ||
	    !link_elements(source_filter, queue, error) || !link_elements(queue, last, error))
		return FALSE;

	if (encoder) {
		GstElement *audio_encoder, *parse;

		if (!(audio_encoder = add_element(p, encoder, "audio-encoder", error)) ||
		    !(parse = add_element(p, parser, "audio-parser", error)) ||
		    !link_elements(last, audio_encoder, error) ||
		    !link_elements(audio_encoder, parse, error))
			return FALSE;
		last = parse;
	}
	return link_elements(last, filter, error) && link_to_mux(p, filter, "audio", error);
}

static gboolean build_network(media_pipeline *p, const struct media_pipeline_config *config,
			      GError **error)
{
	GstElement *pay, *sink;

	if (!(pay = add_element(p, "wfdrtppay", "rtp", error)) ||
	    !(sink = add_element(p, "udpsink", "network", error)))
		return FALSE;
	g_object_set(sink, "socket", config->socket, "close-socket", FALSE, "host",
		     config->peer_address, "port", config->peer_port, "sync", FALSE, "async", FALSE,
		     "qos-dscp", RTP_DSCP, NULL);
	return link_elements(p->mux, pay, error) && link_elements(pay, sink, error);
}

/* ------------------------------------------------------------------ what M4 promised */

static GstPadProbeReturn keep_promise(GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
	media_pipeline *p = user_data;
	GstBuffer *buffer = gst_pad_probe_info_get_buffer(info);
	enum h264_promise promise;
	enum wfd_level level;
	guint profile;
	GstMapInfo map;

	if (GST_BUFFER_FLAG_IS_SET(buffer, GST_BUFFER_FLAG_DELTA_UNIT))
		return GST_PAD_PROBE_OK;
	g_mutex_lock(&p->lock);
	profile = p->profile;
	level = p->level;
	g_mutex_unlock(&p->lock);
	buffer = gst_buffer_make_writable(buffer);
	GST_PAD_PROBE_INFO_DATA(info) = buffer;
	if (!gst_buffer_map(buffer, &map, GST_MAP_READWRITE))
		return GST_PAD_PROBE_OK;
	promise = h264_promise_keep(map.data, map.size, profile, level);
	gst_buffer_unmap(buffer, &map);
	if (promise == H264_PROMISE_BROKEN && !p->promise_broken) {
		g_warning("%s writes another profile than M4 has promised",
			  video_encoder_element(p->encoder));
		p->promise_broken = TRUE;
	}
	return GST_PAD_PROBE_OK;
}

/* ----------------------------------------------------------------- counting */

/* x264enc moves time stamps and the segment, so that only this stays the same. */
static GstClockTime running_time(GstPad *pad, GstBuffer *buffer)
{
	g_autoptr(GstEvent) event = gst_pad_get_sticky_event(pad, GST_EVENT_SEGMENT, 0);
	const GstSegment *segment;

	if (!event)
		return GST_CLOCK_TIME_NONE;
	gst_event_parse_segment(event, &segment);
	return gst_segment_to_running_time(segment, GST_FORMAT_TIME, GST_BUFFER_PTS(buffer));
}

static GstPadProbeReturn count_encoded(GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
	media_pipeline *p = user_data;
	GstBuffer *buffer = gst_pad_probe_info_get_buffer(info);
	guint64 now = g_get_monotonic_time();
	GstClockTime pts = running_time(pad, buffer);
	struct in_flight frame = { .pts = GST_CLOCK_TIME_NONE };

	g_mutex_lock(&p->lock);
	p->stats.frames_encoded++;
	if (!GST_BUFFER_FLAG_IS_SET(buffer, GST_BUFFER_FLAG_DELTA_UNIT))
		p->stats.idr++;
	for (guint i = 0; i < IN_FLIGHT; i++) {
		if (p->in_flight[i].pts == pts)
			frame = p->in_flight[i];
	}
	g_mutex_unlock(&p->lock);
	/* Mux and payloader follow in this thread within microseconds. */
	if (GST_CLOCK_TIME_IS_VALID(frame.pts) && !frame.repeat)
		p->funcs->frame_sent(frame.seq, now - frame.pushed_us, gst_buffer_get_size(buffer),
				     p->user_data);
	return GST_PAD_PROBE_OK;
}

static GstPadProbeReturn count_packets(GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
	media_pipeline *p = user_data;
	guint packets = 1;
	gsize bytes;

	if (info->type & GST_PAD_PROBE_TYPE_BUFFER_LIST) {
		GstBufferList *list = gst_pad_probe_info_get_buffer_list(info);

		packets = gst_buffer_list_length(list);
		bytes = gst_buffer_list_calculate_size(list);
	} else {
		bytes = gst_buffer_get_size(gst_pad_probe_info_get_buffer(info));
	}
	g_mutex_lock(&p->lock);
	p->stats.packets += packets;
	p->stats.bytes += bytes;
	g_mutex_unlock(&p->lock);
	return GST_PAD_PROBE_OK;
}

static gboolean deliver_first_sent(gpointer user_data)
{
	media_pipeline *p = user_data;

	p->funcs->first_sent(p->user_data);
	return G_SOURCE_REMOVE;
}

static void au_sent(GstElement *mux, guint64 pts, guint64 flip_ns, guint64 sent_ns,
		    gpointer user_data)
{
	media_pipeline *p = user_data;
	gboolean first;

	g_mutex_lock(&p->lock);
	p->stats.frames_sent++;
	if (flip_ns != GST_CLOCK_TIME_NONE && sent_ns > flip_ns)
		latency_window_add(p->latency, (sent_ns - flip_ns) / 1000);
	first = !p->sent_one;
	p->sent_one = TRUE;
	g_mutex_unlock(&p->lock);
	if (first)
		g_source_attach(p->first_sent_source, p->context);
}

static void watch_pads(media_pipeline *p)
{
	g_autoptr(GstElement) parse = gst_bin_get_by_name(GST_BIN(p->pipeline), "video-parser");
	g_autoptr(GstElement) pay = gst_bin_get_by_name(GST_BIN(p->pipeline), "rtp");
	g_autoptr(GstPad) encoded = gst_element_get_static_pad(parse, "src");
	g_autoptr(GstPad) packets = gst_element_get_static_pad(pay, "src");

	gst_pad_add_probe(encoded, GST_PAD_PROBE_TYPE_BUFFER, keep_promise, p, NULL);
	gst_pad_add_probe(encoded, GST_PAD_PROBE_TYPE_BUFFER, count_encoded, p, NULL);
	gst_pad_add_probe(packets, GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_BUFFER_LIST,
			  count_packets, p, NULL);
	g_signal_connect(p->mux, "au-sent", G_CALLBACK(au_sent), p);
}

/* ------------------------------------------------------------------ messages */

static gboolean bus_message(GstBus *bus, GstMessage *message, gpointer user_data)
{
	media_pipeline *p = user_data;
	g_autoptr(GError) error = NULL;
	g_autofree char *debug = NULL;
	g_autofree char *text = NULL;

	switch (GST_MESSAGE_TYPE(message)) {
	case GST_MESSAGE_WARNING:
		gst_message_parse_warning(message, &error, &debug);
		g_message("%s: %s (%s)", GST_OBJECT_NAME(message->src), error->message,
			  debug ? debug : "");
		break;
	case GST_MESSAGE_ERROR:
		gst_message_parse_error(message, &error, &debug);
		g_message("%s: %s (%s)", GST_OBJECT_NAME(message->src), error->message,
			  debug ? debug : "");
		if (p->failed)
			break;
		p->failed = TRUE;
		text = g_strdup_printf("The media pipeline failed in \"%s\": %s",
				       GST_OBJECT_NAME(message->src), error->message);
		p->funcs->failed(text, p->user_data);
		break;
	default:
		break;
	}
	return G_SOURCE_CONTINUE;
}

static void watch_bus(media_pipeline *p)
{
	g_autoptr(GstBus) bus = gst_element_get_bus(p->pipeline);

	p->bus_source = gst_bus_create_watch(bus);
	g_source_set_callback(p->bus_source, G_SOURCE_FUNC(bus_message), p, NULL);
	g_source_attach(p->bus_source, p->context);
}

/* ---------------------------------------------------------------- key frames */

static void force_key_frame(media_pipeline *p)
{
	g_autoptr(GstPad) pad = gst_element_get_static_pad(p->video_encoder, "src");

	gst_pad_send_event(pad, gst_video_event_new_upstream_force_key_unit(GST_CLOCK_TIME_NONE,
									    TRUE, 0));
}

static gboolean key_frame_is_due(gpointer user_data)
{
	media_pipeline *p = user_data;

	g_mutex_lock(&p->lock);
	p->key_frame_us = g_get_monotonic_time();
	g_source_set_ready_time(p->key_frame_source, -1);
	g_mutex_unlock(&p->lock);
	force_key_frame(p);
	return G_SOURCE_CONTINUE;
}

static gboolean call_back(GSource *source, GSourceFunc callback, gpointer user_data)
{
	return callback(user_data);
}

/* Runs at its ready time, which is set whenever one is put off. */
static GSourceFuncs key_frame_source_funcs = { .dispatch = call_back };

/* ------------------------------------------------------------------- the owner */

media_pipeline *media_pipeline_new(const struct media_pipeline_config *config,
				   const struct media_pipeline_funcs *funcs, gpointer user_data,
				   GError **error)
{
	g_autoptr(media_pipeline) p = g_new0(media_pipeline, 1);

	p->funcs = funcs;
	p->user_data = user_data;
	p->encoder = config->encoder;
	p->context = g_main_context_ref_thread_default();
	p->mode = config->selection->mode;
	p->profile = config->selection->profile;
	p->level = config->selection->level;
	p->last_pts = GST_CLOCK_TIME_NONE;
	p->first_base = GST_CLOCK_TIME_NONE;
	p->latency = latency_window_new();
	g_mutex_init(&p->lock);
	for (guint i = 0; i < IN_FLIGHT; i++)
		p->in_flight[i].pts = GST_CLOCK_TIME_NONE;
	p->first_sent_source = g_idle_source_new();
	g_source_set_callback(p->first_sent_source, deliver_first_sent, p, NULL);
	p->key_frame_source = g_source_new(&key_frame_source_funcs, sizeof(GSource));
	g_source_set_callback(p->key_frame_source, key_frame_is_due, p, NULL);
	g_source_attach(p->key_frame_source, p->context);

	p->pipeline = gst_object_ref_sink(gst_pipeline_new("miracast"));
	p->mux = add_element(p, "wfdtsmux", "mux", error);
	if (!p->mux)
		return NULL;
	g_object_set(p->mux, "pmt-pid", (guint)config->pmt_pid, NULL);
	if (!build_network(p, config, error) || !build_video(p, config, error) ||
	    !build_audio(p, config, error))
		return NULL;
	watch_pads(p);
	watch_bus(p);
	/* Opens devices and libraries, so that what does not work is known now. */
	if (gst_element_set_state(p->pipeline, GST_STATE_PAUSED) == GST_STATE_CHANGE_FAILURE) {
		g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED,
			    "the media pipeline with %s does not start",
			    video_encoder_element(config->encoder));
		return NULL;
	}
	return g_steal_pointer(&p);
}

void media_pipeline_free(media_pipeline *p)
{
	if (!p)
		return;
	gst_element_set_state(p->pipeline, GST_STATE_NULL);
	if (p->bus_source) {
		g_source_destroy(p->bus_source);
		g_source_unref(p->bus_source);
	}
	g_source_destroy(p->first_sent_source);
	g_source_unref(p->first_sent_source);
	g_source_destroy(p->key_frame_source);
	g_source_unref(p->key_frame_source);
	gst_object_unref(p->pipeline);
	latency_window_free(p->latency);
	g_main_context_unref(p->context);
	g_mutex_clear(&p->lock);
	g_free(p);
}

void media_pipeline_play(media_pipeline *p)
{
	force_key_frame(p);
	gst_element_set_state(p->pipeline, GST_STATE_PLAYING);
	if (!GST_CLOCK_TIME_IS_VALID(p->first_base))
		p->first_base = gst_element_get_base_time(p->pipeline);
}

void media_pipeline_pause(media_pipeline *p)
{
	gst_element_set_state(p->pipeline, GST_STATE_PAUSED);
}

void media_pipeline_set_mode(media_pipeline *p, const struct wfd_selection *selection)
{
	g_autoptr(GstCaps) caps = picture_caps(selection->mode);

	set_filter(p->video_filter, video_encoder_caps(p->encoder, selection));
	media_pipeline_set_bit_rate(p, selection->bitrate);
	g_mutex_lock(&p->lock);
	p->mode = selection->mode;
	p->profile = selection->profile;
	p->level = selection->level;
	gst_app_src_set_caps(GST_APP_SRC(p->source), caps);
	g_mutex_unlock(&p->lock);
}

/* Running time of now; never twice the same. */
static GstClockTime next_pts(media_pipeline *p)
{
	GstClockTime now = gst_element_get_current_running_time(p->pipeline);

	if (!GST_CLOCK_TIME_IS_VALID(now))
		now = 0;
	if (GST_CLOCK_TIME_IS_VALID(p->last_pts) && now <= p->last_pts)
		now = p->last_pts + 1;
	p->last_pts = now;
	return now;
}

static GstBuffer *make_buffer(const struct picture *picture)
{
	gsize size = GST_VIDEO_INFO_SIZE(&picture->info);
	GstBuffer *buffer = gst_buffer_new_allocate(NULL, size, NULL);

	gst_buffer_fill(buffer, 0, picture->data, size);
	return buffer;
}

static void add_flip_time(GstBuffer *buffer, guint64 flip_ns)
{
	static GstStaticCaps flip_caps = GST_STATIC_CAPS(WFD_FLIP_TIME_CAPS);
	g_autoptr(GstCaps) reference = gst_static_caps_get(&flip_caps);

	gst_buffer_add_reference_timestamp_meta(buffer, reference, flip_ns, GST_CLOCK_TIME_NONE);
}

static gboolean has_mode(const struct picture *picture, const struct wfd_mode *mode)
{
	return GST_VIDEO_INFO_WIDTH(&picture->info) == mode->width &&
	       GST_VIDEO_INFO_HEIGHT(&picture->info) == mode->height;
}

void media_pipeline_push(media_pipeline *p, const struct picture *picture,
			 const struct frame_info *info, gboolean repeat)
{
	GstBuffer *buffer = make_buffer(picture);
	gboolean taken;

	if (!repeat)
		add_flip_time(buffer, info->flip_ns);
	g_mutex_lock(&p->lock);
	taken = has_mode(picture, p->mode);
	if (taken) {
		GST_BUFFER_PTS(buffer) = next_pts(p);
		p->in_flight[p->next_in_flight++ % IN_FLIGHT] = (struct in_flight){
			.pts = GST_BUFFER_PTS(buffer),
			.seq = info->seq,
			.pushed_us = g_get_monotonic_time(),
			.repeat = repeat,
		};
		/* Refused while stopping, which is no error. */
		gst_app_src_push_buffer(GST_APP_SRC(p->source), g_steal_pointer(&buffer));
	}
	g_mutex_unlock(&p->lock);
	if (!taken) {
		/* The last one of the mode before; the encoder still waits. */
		gst_buffer_unref(buffer);
		p->funcs->wanted(p->user_data);
	}
}

void media_pipeline_key_frame(media_pipeline *p)
{
	gint64 now = g_get_monotonic_time();
	gboolean at_once;

	g_mutex_lock(&p->lock);
	at_once = now >= p->key_frame_us + KEY_FRAME_GAP_US;
	if (at_once) {
		p->key_frame_us = now;
	} else {
		/* One that was put off before serves this one, too. */
		if (now >= p->key_frame_us)
			p->key_frame_us += KEY_FRAME_GAP_US;
		g_source_set_ready_time(p->key_frame_source, p->key_frame_us);
	}
	g_mutex_unlock(&p->lock);
	if (at_once)
		force_key_frame(p);
}

void media_pipeline_set_bit_rate(media_pipeline *p, guint bit_rate)
{
	video_encoder_set_bit_rate(p->encoder, p->video_encoder, bit_rate);
}

guint64 media_pipeline_pts_in(media_pipeline *p, guint delay_ms)
{
	GstClockTime now = gst_element_get_current_running_time(p->pipeline);

	if (!GST_CLOCK_TIME_IS_VALID(now) || !GST_CLOCK_TIME_IS_VALID(p->first_base))
		return wfd_ts_time_to_90k(0);
	/* The mux counts pauses, too. */
	now += gst_element_get_base_time(p->pipeline) - p->first_base;
	return wfd_ts_time_to_90k(now + delay_ms * GST_MSECOND);
}

void media_pipeline_take_stats(media_pipeline *p, struct media_stats *stats)
{
	g_mutex_lock(&p->lock);
	*stats = p->stats;
	latency_window_take(p->latency, &stats->latency_median_us, &stats->latency_p95_us);
	g_mutex_unlock(&p->lock);
}
