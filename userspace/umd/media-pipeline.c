// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The pipeline of media-pipeline.h: what the owner calls; see media-pipeline-private.h.
 */
#include "media-pipeline-private.h"

#include "gpu-way.h"
#include "picture.h"
#include "ts-packer.h"
#include "wfdchanged.h"
#include "wfdtsmux.h"

/* WMM's video class; the link layer takes it from the DSCP (CS5). */
#define RTP_DSCP 40

/* No sink is told a time that is further away; one that is comes from a mistake. */
#define MAX_MODE_DELAY_NS (2 * GST_SECOND)

#define RATE_CHANGE_PERCENT 4

/* ---------------------------------------------------------------------- time */

/* Running time of now; 0 before the first PLAY. */
static gint64 running_now(media_pipeline *p)
{
	GstClockTime now = gst_element_get_current_running_time(p->pipeline);

	return GST_CLOCK_TIME_IS_VALID(now) ? (gint64)now : 0;
}

static gint64 ticks_at(gint64 ns)
{
	return (ns + WFD_TS_TIME_BASE) * 9 / 100000;
}

/* The first running time that is written as PTS @at, which is near @now. */
static gint64 time_of_pts(guint64 at, gint64 now)
{
	guint64 ahead = at - wfd_ts_time_to_90k(now);
	/* 33 bits with a sign */
	gint64 ticks = ticks_at(now) + ((gint64)(ahead << 31) >> 31);

	return (ticks * 100000 + 8) / 9 - WFD_TS_TIME_BASE;
}

/* ------------------------------------------------------------------ messages */

void media_fail(media_pipeline *p, enum channel_reason reason, const char *message)
{
	if (p->failed)
		return;
	p->failed = TRUE;
	p->funcs->failed(reason, message, p->user_data);
}

/* An encoder that refuses what it is given shows as an error of whoever gives it. */
static enum channel_reason reason_of(media_pipeline *p, GstObject *source)
{
	g_autofree char *name = gst_object_get_name(source);

	if (g_str_equal(name, "video-encoder") || source == GST_OBJECT(p->source))
		return CHANNEL_REASON_ENCODER_FAILED;
	return CHANNEL_REASON_PIPELINE_FAILED;
}

gboolean media_bus_message(GstBus *bus, GstMessage *message, gpointer user_data)
{
	media_pipeline *p = user_data;
	g_autoptr(GError) error = NULL;
	g_autofree char *debug = NULL;
	g_autofree char *text = NULL;
	enum channel_reason reason;

	switch (GST_MESSAGE_TYPE(message)) {
	case GST_MESSAGE_WARNING:
		gst_message_parse_warning(message, &error, &debug);
		log_limited(&p->warnings, "%s: %s (%s)", GST_OBJECT_NAME(message->src), error->message,
			    debug ? debug : "");
		break;
	case GST_MESSAGE_ERROR:
		gst_message_parse_error(message, &error, &debug);
		log_limited(&p->warnings, "%s: %s (%s)", GST_OBJECT_NAME(message->src), error->message,
			    debug ? debug : "");
		text = g_strdup_printf("The media pipeline failed in \"%s\": %s",
				       GST_OBJECT_NAME(message->src), error->message);
		reason = reason_of(p, message->src);
		if (reason == CHANNEL_REASON_ENCODER_FAILED)
			media_encoder_broke(p, text);
		else
			media_fail(p, reason, text);
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
	g_source_set_callback(p->bus_source, G_SOURCE_FUNC(media_bus_message), p, NULL);
	g_source_attach(p->bus_source, p->context);
}

static gboolean deliver_first_sent(gpointer user_data)
{
	media_pipeline *p = user_data;

	p->funcs->first_sent(p->user_data);
	return G_SOURCE_REMOVE;
}

/* ------------------------------------------------------------------- network */

static void network_recovered(gpointer user_data)
{
	media_pipeline_key_frame(user_data);
}

static void network_lost(const char *message, gpointer user_data)
{
	media_pipeline *p = user_data;

	p->lost_message = g_strdup(message);
	g_source_attach(p->lost_source, p->context);
}

static gboolean deliver_lost(gpointer user_data)
{
	media_pipeline *p = user_data;

	media_fail(p, CHANNEL_REASON_LINK_LOST, p->lost_message);
	return G_SOURCE_REMOVE;
}

static gboolean deliver_slow(gpointer user_data)
{
	media_pipeline *p = user_data;
	const struct wfd_mode *mode;
	gint64 picture_us;

	g_source_set_ready_time(p->slow_source, -1);
	g_mutex_lock(&p->lock);
	mode = p->slow_mode;
	picture_us = p->slow_us;
	g_mutex_unlock(&p->lock);
	if (p->funcs->too_slow)
		p->funcs->too_slow(mode, MIN(picture_us, G_MAXUINT), p->user_data);
	return G_SOURCE_CONTINUE;
}

static const struct rtp_sender_funcs sender_funcs = {
	.recovered = network_recovered,
	.lost = network_lost,
};

/* ---------------------------------------------------------------- key frames */

/*
 * With the lock held: the picture with this PTS is a key frame, no other one.  Not for the
 * first picture of an encoder: x264enc moves the axis of its times there, and would take the
 * time of this one for a thousand hours later, and refuse all that are asked for after it.
 */
static void force_key_frame(media_pipeline *p, gint64 pts)
{
	g_autoptr(GstPad) pad = p->video_encoder ? gst_element_get_static_pad(p->video_encoder, "src") : NULL;

	if (pad)
		gst_pad_send_event(pad, gst_video_event_new_upstream_force_key_unit(pts, TRUE, 0));
}

static gboolean key_frame_is_due(gpointer user_data)
{
	media_pipeline *p = user_data;
	gboolean due;

	g_mutex_lock(&p->lock);
	g_source_set_ready_time(p->key_frame_source, -1);
	due = p->playing && key_frames_due(&p->keys) <= g_get_monotonic_time();
	g_mutex_unlock(&p->lock);
	if (due)
		p->funcs->needed(p->user_data);
	return G_SOURCE_CONTINUE;
}

void media_pipeline_key_frame(media_pipeline *p)
{
	g_mutex_lock(&p->lock);
	key_frames_requested(&p->keys, g_get_monotonic_time());
	g_source_set_ready_time(p->key_frame_source, key_frames_due(&p->keys));
	g_mutex_unlock(&p->lock);
}

/* ------------------------------------------------------------------ pictures */

/* For encoders that want to know; the others do not look. */
static void mark_changes(GstBuffer *buffer, const struct picture_changes *changes)
{
	if (changes->everything)
		return;
	wfd_picture_add_changed(buffer, 0, 0, 0, 0);
	for (guint i = 0; i < changes->n; i++) {
		const struct area *area = &changes->area[i];

		wfd_picture_add_changed(buffer, area->x1, area->y1, area->x2 - area->x1, area->y2 - area->y1);
	}
}

/* Of which half and more is new. */
static gboolean moves(const struct picture *picture, const struct picture_changes *changes)
{
	const guint64 pixels = (guint64)GST_VIDEO_INFO_WIDTH(&picture->info) * GST_VIDEO_INFO_HEIGHT(&picture->info);
	guint64 changed = 0;

	for (guint i = 0; i < changes->n; i++) {
		const struct area *area = &changes->area[i];

		changed += (guint64)(area->x2 - area->x1) * (area->y2 - area->y1);
	}
	return changes->everything || changed * 2 >= pixels;
}

static gboolean is_on_gpu(const struct picture *picture)
{
	return picture->gpu != NULL;
}

static gboolean has_mode(const struct picture *picture, const struct wfd_mode *mode)
{
	return GST_VIDEO_INFO_WIDTH(&picture->info) == mode->width &&
	       GST_VIDEO_INFO_HEIGHT(&picture->info) == mode->height;
}

static gint64 picture_pts(media_pipeline *p, const struct picture_time *picture)
{
	gint64 shown = picture->repeat ? -1 : (gint64)(picture->shown_ns - p->base_ns);

	return picture_times_pts(&p->times, running_now(p), shown);
}

/* Takes @buffer to the encoder, with the lock held. */
static void encode(media_pipeline *p, GstBuffer *buffer, struct picture_time *picture)
{
	picture->play = p->play;
	picture->encoder = p->encoder_number;
	GST_BUFFER_PTS(buffer) = picture->pts;
	p->encoder_used = TRUE;
	picture_times_push(&p->times, picture);
	/* Refused while stopping, which is no error. */
	gst_app_src_push_buffer(GST_APP_SRC(p->source), buffer);
}

static void encode_next(media_pipeline *p, GstBuffer *buffer, struct picture_time *picture)
{
	picture->pts = picture_pts(p, picture);
	picture->pushed_us = g_get_monotonic_time();
	if (key_frames_next(&p->keys, picture->pushed_us) && p->encoder_used)
		force_key_frame(p, picture->pts);
	encode(p, buffer, picture);
}

/* -------------------------------------------------------------------- a new mode */

static void drop_next(media_pipeline *p)
{
	gst_clear_buffer(&p->next_buffer);
}

/* With the lock held: if the time is there, and a picture. */
static void switch_when_due(media_pipeline *p)
{
	struct picture_time *picture = &p->next_picture;
	gint64 now = running_now(p);

	if (!p->mode_waits || !p->next_buffer || now < p->next_pts)
		return;
	p->mode_waits = FALSE;
	/* The announced time, if it can be; when it is too late for that the mux says so. */
	if (p->next_pts > p->times.last_pts)
		p->times.last_pts = picture->pts = p->next_pts;
	else
		picture->pts = picture_pts(p, picture);
	picture->pushed_us = g_get_monotonic_time();
	/* The first of an encoder is one by itself. */
	key_frames_restart(&p->keys);
	key_frames_next(&p->keys, picture->pushed_us);
	encode(p, g_steal_pointer(&p->next_buffer), picture);
}

static gboolean mode_is_due(gpointer user_data)
{
	media_pipeline *p = user_data;

	g_mutex_lock(&p->lock);
	g_source_set_ready_time(p->mode_source, -1);
	switch_when_due(p);
	g_mutex_unlock(&p->lock);
	return G_SOURCE_CONTINUE;
}

void media_pipeline_set_mode(media_pipeline *p, const struct wfd_selection *selection, guint64 at)
{
	g_autoptr(GstCaps) caps = NULL;
	gint64 now, delay;

	g_mutex_lock(&p->lock);
	caps = media_elements_picture_caps(p, selection->mode, p->on_gpu);
	drop_next(p);
	now = running_now(p);
	p->mode = selection->mode;
	p->next = *selection;
	rate_control_agree(&p->rate, selection->bitrate, selection->burst_bitrate);
	p->bit_rate = rate_control_get(&p->rate);
	p->burst_bit_rate = rate_control_get_burst(&p->rate);
	p->encoder_number++;
	p->encoder_waits = TRUE;
	gst_app_src_set_caps(GST_APP_SRC(p->source), caps);
	p->next_pts = time_of_pts(at, now);
	if (p->next_pts > now + (gint64)MAX_MODE_DELAY_NS)
		p->next_pts = now;
	p->mode_waits = TRUE;
	delay = MAX(p->next_pts - now, 0);
	/* Rounded up: never before its time. */
	g_source_set_ready_time(p->mode_source, g_get_monotonic_time() + (delay + 999) / 1000);
	g_mutex_unlock(&p->lock);
}

/* ------------------------------------------------------------------- the owner */

static gboolean call_back(GSource *source, GSourceFunc callback, gpointer user_data)
{
	return callback(user_data);
}

GSource *media_add_alarm(media_pipeline *p, GSourceFunc callback)
{
	static GSourceFuncs funcs = { .dispatch = call_back };
	GSource *source = g_source_new(&funcs, sizeof(GSource));

	g_source_set_callback(source, callback, p, NULL);
	g_source_attach(source, p->context);
	return source;
}

/* A source that others attach when it shall run. */
static GSource *new_idle(media_pipeline *p, GSourceFunc callback)
{
	GSource *source = g_idle_source_new();

	g_source_set_callback(source, callback, p, NULL);
	return source;
}

static void clear_source(GSource **source)
{
	if (!*source)
		return;
	g_source_destroy(*source);
	g_clear_pointer(source, g_source_unref);
}

/* Flips are told in CLOCK_MONOTONIC, so the pipeline has no other clock. */
static void use_monotonic_clock(media_pipeline *p)
{
	g_autoptr(GstClock) clock = gst_system_clock_obtain();

	gst_pipeline_use_clock(GST_PIPELINE(p->pipeline), clock);
}

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
	p->selection = *config->selection;
	rate_control_init(&p->rate, config->least_bit_rate, config->bit_rate, config->selection->burst_bitrate);
	p->bit_rate = rate_control_get(&p->rate);
	p->burst_bit_rate = rate_control_get_burst(&p->rate);
	p->lead_ms = config->lead_ms;
	p->plain_video = config->plain_video;
	p->latency_mode = config->latency;
	p->latency = latency_window_new();
	p->waiting = latency_window_new();
	p->encoding = latency_window_new();
	p->sending = latency_window_new();
	p->sound_latency = latency_window_new();
	g_mutex_init(&p->lock);
	picture_times_init(&p->times);
	encoder_load_init(&p->load, p->mode->refresh_hz);
	p->first_sent_source = new_idle(p, deliver_first_sent);
	p->lost_source = new_idle(p, deliver_lost);
	p->key_frame_source = media_add_alarm(p, key_frame_is_due);
	p->mode_source = media_add_alarm(p, mode_is_due);
	p->slow_source = media_add_alarm(p, deliver_slow);

	p->pipeline = gst_object_ref_sink(gst_pipeline_new("miracast"));
	use_monotonic_clock(p);
	gpu_way_share_device(p->pipeline);
	p->sender = rtp_sender_new(config->socket, RTP_DSCP, &sender_funcs, p);
	rtp_sender_seal(p->sender, config->seal);
	if (!media_elements_build(p, config, error))
		return NULL;
	media_encoded_watch(p);
	media_encoder_watch(p);
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
	g_mutex_lock(&p->lock);
	p->stopping = TRUE;
	g_mutex_unlock(&p->lock);
	if (p->sender)
		rtp_sender_stop(p->sender);
	gst_element_set_state(p->pipeline, GST_STATE_NULL);
	clear_source(&p->bus_source);
	clear_source(&p->first_sent_source);
	clear_source(&p->lost_source);
	clear_source(&p->key_frame_source);
	clear_source(&p->mode_source);
	clear_source(&p->slow_source);
	clear_source(&p->broken_source);
	gst_object_unref(p->pipeline);
	rtp_sender_free(p->sender);
	drop_next(p);
	latency_window_free(p->latency);
	latency_window_free(p->waiting);
	latency_window_free(p->encoding);
	latency_window_free(p->sending);
	latency_window_free(p->sound_latency);
	g_main_context_unref(p->context);
	g_mutex_clear(&p->lock);
	g_free(p->lost_message);
	g_free(p->broken_why);
	g_free(p);
}

void media_pipeline_play(media_pipeline *p)
{
	gst_element_set_state(p->pipeline, GST_STATE_PLAYING);
	g_mutex_lock(&p->lock);
	p->base_ns = gst_element_get_base_time(p->pipeline);
	p->play++;
	p->playing = TRUE;
	key_frames_restart(&p->keys);
	g_mutex_unlock(&p->lock);
	g_object_set(p->mux, "muted", FALSE, NULL);
}

void media_pipeline_pause(media_pipeline *p)
{
	g_mutex_lock(&p->lock);
	p->playing = FALSE;
	g_mutex_unlock(&p->lock);
	/* Waits until what is being sent has been sent. */
	g_object_set(p->mux, "muted", TRUE, NULL);
}

void media_pipeline_push(media_pipeline *p, const struct picture *picture,
			 const struct frame_info *info, gboolean repeat)
{
	g_autoptr(GstBuffer) buffer = picture_to_buffer(picture);
	struct picture_time time = {
		.seq = info->seq,
		.flip_ns = info->flip_ns,
		.shown_ns = info->shown_ns,
		.repeat = repeat,
		.begun_us = g_get_monotonic_time() - info->convert_us,
		.moves = !repeat && moves(picture, &info->changes),
	};
	gboolean fits, of_another, encoded = FALSE;

	g_mutex_lock(&p->lock);
	/* Memory of the GPU is for the encoder that the pipeline was made with. */
	of_another = is_on_gpu(picture) && p->replaced;
	fits = has_mode(picture, p->mode) && !of_another;
	if (fits)
		media_encoder_follow(p, is_on_gpu(picture));
	if (p->mode_waits && fits) {
		drop_next(p);
		p->next_buffer = g_steal_pointer(&buffer);
		p->next_picture = time;
		switch_when_due(p);
		encoded = !p->mode_waits;
	} else if (fits) {
		if (!p->changes_lost)
			mark_changes(buffer, &info->changes);
		encode_next(p, g_steal_pointer(&buffer), &time);
		encoded = TRUE;
	}
	p->changes_lost = !encoded;
	g_mutex_unlock(&p->lock);
	/* Of the mode before, or before its time: the encoder still waits; or it is to be read again by the processor. */
	if (of_another)
		p->funcs->needed(p->user_data);
	else if (!encoded)
		p->funcs->wanted(p->user_data);
}

void media_pipeline_set_latency(media_pipeline *p, enum channel_latency latency)
{
	const struct wfd_mode *mode;

	if (g_atomic_int_get(&p->latency_mode) == (gint)latency)
		return;
	g_atomic_int_set(&p->latency_mode, latency);
	g_mutex_lock(&p->lock);
	/* That of the encoder; if another one is on its way it looks at the latency itself. */
	mode = p->selection.mode;
	g_mutex_unlock(&p->lock);
	media_elements_apply_delay(p, mode);
}

static gboolean is_step(guint from, guint to)
{
	return ABS((gint64)to - from) * 100 >= (gint64)from * RATE_CHANGE_PERCENT && to != from;
}

void media_pipeline_follow_rate(media_pipeline *p)
{
	g_autoptr(GstElement) encoder = NULL;
	const struct video_encoder *of;
	guint bit_rate, burst;

	g_mutex_lock(&p->lock);
	bit_rate = rate_control_get(&p->rate);
	burst = rate_control_get_burst(&p->rate);
	of = p->made_of;
	/* Small steps are not worth a change of the encoder; but it shall get all that was agreed on. */
	if (is_step(p->bit_rate, bit_rate) || is_step(p->burst_bit_rate, burst) ||
	    (bit_rate != p->bit_rate && bit_rate == p->rate.agreed)) {
		p->bit_rate = bit_rate;
		p->burst_bit_rate = burst;
		if (p->video_encoder)
			encoder = gst_object_ref(p->video_encoder);
	}
	g_mutex_unlock(&p->lock);
	if (encoder)
		video_encoder_set_bit_rate(of, encoder, bit_rate, burst);
}

void media_pipeline_limit_bit_rate(media_pipeline *p, guint bit_rate)
{
	g_mutex_lock(&p->lock);
	rate_control_limit(&p->rate, bit_rate);
	g_mutex_unlock(&p->lock);
	media_pipeline_follow_rate(p);
}

void media_pipeline_report(media_pipeline *p, guint loss, guint16 seq)
{
	const gint64 now_us = g_get_monotonic_time();

	g_mutex_lock(&p->lock);
	rate_control_report(&p->rate, now_us, loss, seq);
	key_frames_reported(&p->keys, loss > 0, now_us);
	g_source_set_ready_time(p->key_frame_source, key_frames_due(&p->keys));
	g_mutex_unlock(&p->lock);
	media_pipeline_follow_rate(p);
}

guint64 media_pipeline_pts_in(media_pipeline *p, guint delay_ms)
{
	return wfd_ts_time_to_90k(running_now(p) + delay_ms * GST_MSECOND);
}

void media_pipeline_take_stats(media_pipeline *p, struct media_stats *stats)
{
	g_mutex_lock(&p->lock);
	*stats = p->stats;
	stats->bit_rate = p->bit_rate;
	latency_window_take(p->latency, &stats->latency);
	latency_window_take(p->waiting, &stats->waiting);
	latency_window_take(p->encoding, &stats->encoding);
	latency_window_take(p->sending, &stats->sending);
	latency_window_take(p->sound_latency, &stats->sound_latency);
	g_mutex_unlock(&p->lock);
}
