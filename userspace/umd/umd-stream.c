// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Pictures and packets: see umd-private.h.
 */
#include "umd-private.h"

#include "log-limit.h"

static void picture_wanted(gpointer user_data)
{
	umd_session *s = user_data;

	frame_pump_want(s->pump);
}

static void first_sent(gpointer user_data)
{
	umd_report_phase(user_data, CHANNEL_PHASE_STREAMING);
}

static void picture_needed(gpointer user_data)
{
	umd_session *s = user_data;

	frame_pump_poke(s->pump);
}

/* With pictures of the GPU way; its frame is read once more, by the processor. */
static void gpu_failed(const char *message, gpointer user_data)
{
	umd_session *s = user_data;

	if (s->way)
		gpu_way_give_up(s->way, message);
	frame_pump_poke(s->pump);
}

/* With any: the next one in the table, which has to be able to keep what M4 said. */
static gboolean encoder_failed(const char *message, gpointer user_data)
{
	umd_session *s = user_data;
	g_autoptr(GError) error = NULL;

	/* It leads to that one alone, and has not failed itself. */
	if (s->way)
		gpu_way_give_up(s->way, "its encoder has failed");
	s->way_of = NULL;
	video_encoder_failed(s->encoder, s->selection.profile, message);
	umd_report_encoder_failed(s);
	if (!umd_encoder_replace(s, message, &error)) {
		g_message("no other encoder takes its place: %s", error->message);
		return FALSE;
	}
	media_pipeline_set_encoder(s->pipeline, s->encoder);
	umd_report_mode(s);
	return TRUE;
}

static void pipeline_failed(enum channel_reason reason, const char *message, gpointer user_data)
{
	umd_session_fail(user_data, reason, message);
}

static void frame_sent(guint64 seq, guint encode_us, guint bytes, gpointer user_data)
{
	umd_session *s = user_data;
	struct miracast_statistic statistic = {
		.type = MIRACAST_STATISTIC_CHUNK_COMPLETE,
		.info = {
			.type = MIRACAST_CHUNK_ENCODE,
			.processing_time = encode_us,
			.id = MIRACAST_CHUNK_ID(seq, 0),
			.encode_rate = s->bit_rate / 1000,
		},
	};

	s->callbacks->report_statistic(s->host, &statistic);
	statistic.type = MIRACAST_STATISTIC_CHUNK_SENT;
	s->callbacks->report_statistic(s->host, &statistic);
}

static void encoded(guint64 seq, gboolean key, enum picture_gain gain, gpointer user_data)
{
	umd_session *s = user_data;

	frame_pump_encoded(s->pump, seq, key, gain);
}

/* The desktop is not told: it draws as before, and what it draws last is shown. */
static void encoder_load(guint divisor, gpointer user_data)
{
	umd_session *s = user_data;

	if (divisor > 1)
		log_limited_here("%s is behind: one picture of %u is taken", video_encoder_element(s->encoder), divisor);
	else
		log_limited_here("%s keeps up again", video_encoder_element(s->encoder));
	frame_pump_set_divisor(s->pump, divisor);
}

static void too_slow(const struct wfd_mode *mode, guint picture_us, gpointer user_data)
{
	umd_session *s = user_data;

	/* Unless the desktop has gone on to another one. */
	if (mode == s->selection.mode && mode == s->stream.wanted && umd_modes_too_slow(s, mode, picture_us))
		umd_session_offer_again(s);
}

static const struct media_pipeline_funcs pipeline_funcs = {
	.wanted = picture_wanted,
	.needed = picture_needed,
	.first_sent = first_sent,
	.gpu_failed = gpu_failed,
	.encoder_failed = encoder_failed,
	.failed = pipeline_failed,
	.frame_sent = frame_sent,
	.load = encoder_load,
	.too_slow = too_slow,
	.encoded = encoded,
};

static void have_picture(const struct picture *picture, const struct frame_info *info,
			 gboolean repeat, gpointer user_data)
{
	umd_session *s = user_data;

	if (!repeat) {
		struct miracast_statistic statistic = {
			.type = MIRACAST_STATISTIC_CHUNK_COMPLETE,
			.info = {
				.type = MIRACAST_CHUNK_COLOR_CONVERT,
				.processing_time = info->convert_us,
				.id = MIRACAST_CHUNK_ID(info->seq, 0),
			},
		};

		s->callbacks->report_statistic(s->host, &statistic);
		umd_plug_picture(s, info, picture->gpu != NULL);
	}
	media_pipeline_push(s->pipeline, picture, info, repeat);
}

/* R87 */
static void frame_dropped(guint64 seq, gpointer user_data)
{
	const struct miracast_statistic statistic = {
		.type = MIRACAST_STATISTIC_CHUNK_COMPLETE,
		.info = {
			.type = MIRACAST_CHUNK_FRAME_DROPPED,
			.id = MIRACAST_CHUNK_ID(seq, 0),
		},
	};
	umd_session *s = user_data;

	s->callbacks->report_statistic(s->host, &statistic);
}

/* R63; what was on its way to the sink has had a gap of a second at least. */
static void frames_lost(gpointer user_data)
{
	umd_session *s = user_data;

	media_pipeline_key_frame(s->pipeline);
}

static gboolean source_gone(gpointer user_data)
{
	umd_session_fail(user_data, CHANNEL_REASON_DRIVER_GONE, "The kernel took the monitor away");
	return G_SOURCE_REMOVE;
}

/* In the pump's thread, once. */
static void pump_gone(gpointer user_data)
{
	umd_session *s = user_data;

	g_source_attach(s->gone_source, s->context);
}

static void pictures_unreadable(const char *why, gpointer user_data)
{
	umd_plug_unreadable(user_data, why);
}

static const struct frame_pump_funcs pump_funcs = {
	.picture = have_picture,
	.dropped = frame_dropped,
	.lost = frames_lost,
	.unreadable = pictures_unreadable,
	.gone = pump_gone,
};

struct stream_mode umd_stream_mode(const struct wfd_selection *selection)
{
	const struct wfd_mode *mode = selection->mode;
	const guint8 skip = selection->frame_rate_control;

	return (struct stream_mode){
		.width = mode->width,
		.height = mode->height,
		.refresh_mhz = mode->refresh_hz * 1000,
		/* Bit 0: pictures may be left out, for so many half seconds; 0: as long as we like. */
		.rest_ms = skip & 1 ? (skip >> 1 & 7) * 500 : 0,
	};
}

/* The sink has said what has come. */
static void reported(const struct rtcp_counters *counters, gpointer user_data)
{
	umd_session *s = user_data;

	if (s->pipeline)
		media_pipeline_report(s->pipeline, counters->loss, counters->highest);
}

/* With the encoder of the session, or one that takes its place. */
static media_pipeline *make_pipeline(umd_session *s, GError **error)
{
	struct media_pipeline_config config = {
		.selection = &s->selection,
		.bit_rate = s->bit_rate,
		.least_bit_rate = FLOOR_BIT_RATE,
		.socket = rtp_sockets_get_rtp(s->sockets),
		.seal = s->seal,
		.latency = s->latency,
		.pmt_pid = s->quirks.pmt_pid,
		.frame_marker = s->quirks.frame_marker,
		.lead_ms = s->quirks.lead_ms,
		.plain_video = s->quirks.plain_video,
	};
	const struct video_encoder *promised = s->encoder;

	for (;;) {
		g_autoptr(GError) cause = NULL;
		media_pipeline *pipeline;

		config.encoder = s->encoder;
		pipeline = media_pipeline_new(&config, &pipeline_funcs, s, &cause);
		if (pipeline && s->encoder != promised)
			umd_report_mode(s);
		if (pipeline)
			return pipeline;
		if (!umd_encoder_replace(s, cause->message, NULL)) {
			g_propagate_error(error, g_steal_pointer(&cause));
			return NULL;
		}
	}
}

/* ------------------------------------------------------------------- the GPU way */

/* When the encoder is the one that it will be. */
static void make_way(umd_session *s)
{
	const char *converter = video_encoder_converter(s->encoder);

	if (!converter || !s->source_class->set_gpu_way)
		return;
	s->way = gpu_way_new(video_encoder_gpu_kind(s->encoder), converter);
	s->way_of = s->encoder;
	gpu_way_set_colorimetry(s->way, video_encoder_colorimetry(s->encoder, s->selection.mode));
	s->source_class->set_gpu_way(s->source, s->way);
}

static void free_way(umd_session *s)
{
	if (!s->way)
		return;
	s->source_class->set_gpu_way(s->source, NULL);
	/* Here, where nobody waits for a file. */
	if (gpu_way_given_up(s->way) && s->way_of == s->encoder) {
		umd_report_gpu_failed(s);
		video_encoder_gpu_failed(s->encoder, gpu_way_given_up(s->way));
	}
	g_clear_pointer(&s->way, gpu_way_free);
}

/* ---------------------------------------------------------------------- sound */

static void sound_unit(const struct sound_unit *unit, gpointer user_data)
{
	umd_session *s = user_data;

	media_pipeline_push_sound(s->pipeline, unit);
}

static const struct sound_source_class *choose_sound(const umd_session *s)
{
	switch (s->config->audio) {
	case CHANNEL_AUDIO_DESKTOP:
		return s->config->kernel ? &sound_source_kernel : &sound_source_test;
	case CHANNEL_AUDIO_TONE:
		return &sound_source_test;
	default:
		return &sound_source_silence;
	}
}

static gboolean make_sound(umd_session *s, GError **error)
{
	struct sound_layout layout;

	if (!media_pipeline_sound_layout(&s->selection, &layout))
		return TRUE;
	s->sound_class = choose_sound(s);
	s->sound_source = s->sound_class->create(s->host, &layout.format, error);
	if (!s->sound_source)
		return FALSE;
	s->sound = sound_pump_new(s->sound_class, s->sound_source, &layout, sound_unit, s, error);
	return s->sound != NULL;
}

static void free_sound(umd_session *s)
{
	g_clear_pointer(&s->sound, sound_pump_free);
	if (s->sound_source)
		s->sound_class->destroy(s->sound_source);
	s->sound_source = NULL;
}

void umd_stream_set_running(umd_session *s, gboolean running)
{
	if (running)
		media_pipeline_play(s->pipeline);
	frame_pump_set_running(s->pump, running);
	if (s->sound)
		sound_pump_set_running(s->sound, running);
	if (!running)
		media_pipeline_pause(s->pipeline);
}

/* --------------------------------------------------------------------- stream */

gboolean umd_stream_new(umd_session *s, const struct rtsp_ports *client, struct rtsp_ports *server,
			GError **error)
{
	struct stream_mode mode = umd_stream_mode(&s->selection);

	s->sockets = rtp_sockets_new(&s->config->ports, error);
	if (!s->sockets)
		return FALSE;
	/* Done long before a picture is encoded; if it was not the stream recovers, as from any loss. */
	umd_report_rtp_port(s, client->rtp);
	rtp_sockets_watch(s->sockets, reported, s);
	server->rtp = rtp_sockets_get_port(s->sockets);
	server->rtcp = server->rtp + 1;
	umd_plug_watch(s);
	s->gone_source = g_idle_source_new();
	g_source_set_callback(s->gone_source, source_gone, s, NULL);
	s->pump = frame_pump_new(s->source_class, s->source, &pump_funcs, s, error);
	if (!s->pump)
		return FALSE;
	frame_pump_set_mode(s->pump, &mode);
	frame_pump_set_blank(s->pump, s->stream.black);
	s->pipeline = make_pipeline(s, error);
	if (!s->pipeline)
		return FALSE;
	make_way(s);
	return make_sound(s, error);
}

void umd_stream_change_mode(umd_session *s)
{
	struct stream_mode mode = umd_stream_mode(&s->selection);

	if (s->way)
		gpu_way_set_colorimetry(s->way, video_encoder_colorimetry(s->encoder, s->selection.mode));
	media_pipeline_set_mode(s->pipeline, &s->selection, s->change_pts);
	frame_pump_set_mode(s->pump, &mode);
}

void umd_stream_log_sound(umd_session *s)
{
	struct sound_state sound;
	struct media_stats media;

	if (!s->sound || !s->pipeline)
		return;
	sound_pump_get_state(s->sound, &sound);
	media_pipeline_take_stats(s->pipeline, &media);
	g_message("sound: %.1f ms came too late and were skipped, %.1f ms were lost, in %" G_GUINT64_FORMAT " places",
		  (sound.counters.skipped_us + media.sound_skipped_us) / 1000.0,
		  sound.counters.lost_us / 1000.0, sound.counters.gaps + media.sound_gaps);
}

void umd_stream_log_reports(umd_session *s)
{
	struct rtcp_counters counters = { 0 };

	if (s->sockets)
		rtp_sockets_get_counters(s->sockets, &counters);
	if (counters.reports)
		g_message("the sink has sent %" G_GUINT64_FORMAT " reports and %" G_GUINT64_FORMAT
			  " times feedback; it has missed %d packets",
			  counters.reports, counters.feedback, counters.lost);
}

void umd_stream_free(umd_session *s)
{
	/* Each calls the other from a thread of its own: no pictures, then no wishes. */
	if (s->pump)
		frame_pump_stop(s->pump);
	free_sound(s);
	umd_plug_free(s);
	if (s->gone_source)
		g_source_destroy(s->gone_source);
	g_clear_pointer(&s->gone_source, g_source_unref);
	g_clear_pointer(&s->pipeline, media_pipeline_free);
	g_clear_pointer(&s->pump, frame_pump_free);
	free_way(s);
}
