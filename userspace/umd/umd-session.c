// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The session of umd-session.h.
 */
#include "umd-private.h"

#include <errno.h>
#include <string.h>

#include "audio-encoders.h"
#include "maintenance.h"
#include "monitor.h"
#include "wfdelements.h"

/*
 * The desktop gets so long to use its new monitor; then the stream begins with
 * black, because sinks give up 6 s after M3 (6.5).
 */
#define DESKTOP_MS 3000

/* Part of the recommended rate that video may take; the rest is audio, TS and RTP. */
#define VIDEO_SHARE_PERCENT 85

/* In-play M4: the new mode begins so long after the request. */
#define MODE_CHANGE_MS 200

/*
 * So many modes are tried before the stream: sinks give up 6 s after M3. The last
 * try is the mode that every sink must have.
 */
#define MAX_REFUSALS 6

/* --------------------------------------------------------------------- timers */

static void clear_source(GSource **source)
{
	if (!*source)
		return;
	g_source_destroy(*source);
	g_clear_pointer(source, g_source_unref);
}

static GSource *add_timer(umd_session *s, guint ms, GSourceFunc function)
{
	GSource *source = g_timeout_source_new(ms);

	g_source_set_callback(source, function, s, NULL);
	g_source_attach(source, s->context);
	return source;
}

static gboolean second_passed(gpointer data)
{
	umd_session *s = data;

	if (s->pipeline)
		umd_report_stats(s);
	return G_SOURCE_CONTINUE;
}

/* --------------------------------------------------------------------- the end */

static void stop_streaming(umd_session *s)
{
	clear_source(&s->desktop_timer);
	clear_source(&s->stream_timer);
	clear_source(&s->change_timer);
	clear_source(&s->tick);
	g_clear_pointer(&s->test_desktop, test_desktop_free);
	umd_stream_free(s);
}

static void session_over(umd_session *s, enum channel_reason reason, const char *message)
{
	if (s->over)
		return;
	s->over = TRUE;
	if (s->pipeline)
		umd_report_stats(s);
	umd_stream_log_sound(s);
	stop_streaming(s);
	umd_stream_log_reports(s);
	g_message("session over (%s): %s", channel_reason_name(reason), message);
	s->funcs->ended(s, reason, message, s->user_data);
}

/* The sink shall hear of it, if it listens. */
void umd_session_fail(umd_session *s, enum channel_reason reason, const char *message)
{
	if (s->rtsp)
		rtsp_session_fail(s->rtsp, reason, message);
	else
		session_over(s, reason, message);
}

/* ------------------------------------------------------------------- the mode */

static void select_mode(umd_session *s, const struct wfd_mode *mode)
{
	enum channel_reason reason;
	g_autoptr(GError) error = NULL;

	clear_source(&s->desktop_timer);
	s->selected = TRUE;
	if (!umd_modes_promise(s, mode, &s->selection, &reason, &error)) {
		umd_session_fail(s, reason, error->message);
		return;
	}
	s->bit_rate = s->selection.bitrate;
	rtsp_session_select(s->rtsp, &s->selection);
}

static gboolean desktop_is_late(gpointer data)
{
	umd_session *s = data;

	g_message("the desktop has not set a mode within %d ms; going on with a black picture",
		  DESKTOP_MS);
	select_mode(s, umd_modes_preferred(s));
	return G_SOURCE_REMOVE;
}

gboolean umd_session_offer_again(umd_session *s)
{
	g_autoptr(GError) error = NULL;

	if (!s->config->kernel || !s->modes->len || umd_plug(s, &error) == 0)
		return TRUE;
	umd_session_fail(s, CHANNEL_REASON_DRIVER_GONE, error->message);
	return FALSE;
}

/* The sink does not take the mode: the desktop is offered the others. FALSE: the session ends. */
static gboolean drop_mode(umd_session *s, const struct wfd_mode *mode)
{
	umd_modes_drop(s, mode);
	return umd_session_offer_again(s);
}

/* ----------------------------------------------------- what is wanted and reached */

/* FALSE: it cannot be asked for now, since the session ends. */
static gboolean ask_for_mode(umd_session *s)
{
	g_autoptr(GError) error = NULL;

	if (!umd_modes_negotiate(s, s->stream.wanted, &s->next, &error)) {
		umd_session_fail(s, CHANNEL_REASON_MODE_REFUSED, error->message);
		return FALSE;
	}
	s->change_us = g_get_monotonic_time() + MODE_CHANGE_MS * 1000;
	s->change_pts = media_pipeline_pts_in(s->pipeline, MODE_CHANGE_MS);
	return rtsp_session_change_mode(s->rtsp, &s->next, s->change_pts);
}

/* FALSE: nothing more can be done, since the session ends. */
static gboolean perform(umd_session *s, enum stream_action action)
{
	switch (action) {
	case STREAM_BLANK:
	case STREAM_UNBLANK:
		if (s->pump)
			frame_pump_set_blank(s->pump, action == STREAM_BLANK);
		return TRUE;
	case STREAM_SLEEP:
		return rtsp_session_ask(s->rtsp, RTSP_WISH_STANDBY);
	case STREAM_WAKE:
		return rtsp_session_ask(s->rtsp, RTSP_WISH_PLAY);
	case STREAM_PLAY_UNASKED:
		g_message("the sink does not ask to play again; going on without");
		rtsp_session_play_unasked(s->rtsp);
		return TRUE;
	case STREAM_CHANGE_MODE:
		return ask_for_mode(s);
	case STREAM_DROP_MODE:
		return drop_mode(s, s->stream.wanted);
	case STREAM_NOTHING:
		break;
	}
	return FALSE;
}

static gboolean stream_is_due(gpointer data);

/* After each event: the one place that brings together what is wanted and what is reached. */
static void reconcile(umd_session *s)
{
	enum stream_action action;
	gint64 now, due;

	clear_source(&s->stream_timer);
	for (;;) {
		now = g_get_monotonic_time();
		action = s->over ? STREAM_NOTHING : stream_state_next(&s->stream, now, &due);
		if (action == STREAM_NOTHING || !perform(s, action))
			break;
		stream_state_done(&s->stream, action, now);
	}
	if (!s->over && action == STREAM_NOTHING && due >= 0) {
		clear_source(&s->stream_timer);
		s->stream_timer = add_timer(s, (MAX(due - now, 0) + 999) / 1000, stream_is_due);
	}
}

static gboolean stream_is_due(gpointer data)
{
	reconcile(data);
	return G_SOURCE_REMOVE;
}

/* -------------------------------------------------------------- RTSP says ... */

static void sink_identified(rtsp_session *rtsp, const char *user_agent,
			    const struct wfd_quirks *quirks, gpointer user_data)
{
	umd_session *s = user_data;

	s->quirks = *quirks;
	umd_report_sink(s, user_agent);
}

/*
 * What the sink has said in M3 (R29).  Sinks that say that they have no panel get
 * a stream all the same (R33): it is there when somebody switches the panel on.
 */
static guint32 session_info(umd_session *s)
{
	guint32 info = 0;

	if (s->caps->no_panel)
		g_message("the sink says that it has no panel");
	else
		info |= MIRACAST_SESSION_MONITOR_CONNECTED;
	if (s->reduced)
		info |= MIRACAST_SESSION_REDUCED_MODES;
	return info;
}

/* Both are known: what the sink and what this side can do. */
static void offer_modes(umd_session *s)
{
	g_autoptr(GError) error = NULL;
	GArray *modes;

	/* Chosen already, by the thread; here for its limits. */
	if (!umd_encoder_choose(s, &error)) {
		umd_session_fail(s, CHANNEL_REASON_ENCODER_FAILED, error->message);
		return;
	}
	modes = umd_modes_new(s, &error);
	if (!modes) {
		umd_session_fail(s, CHANNEL_REASON_NO_COMMON_MODE, error->message);
		return;
	}
	g_mutex_lock(&s->lock);
	s->modes = modes;
	g_mutex_unlock(&s->lock);
	if (!s->caps->no_panel && s->limits.link_rate && s->limits.link_rate < FLOOR_BIT_RATE) {
		umd_session_fail(s, CHANNEL_REASON_BANDWIDTH,
				 "The link is too slow for even the smallest picture (1024x768)");
		return;
	}
	s->funcs->started(s, session_info(s), s->user_data);
}

static void capabilities(rtsp_session *rtsp, const wfd_sink_caps *caps,
			 const struct wfd_quirks *quirks, gpointer user_data)
{
	umd_session *s = user_data;

	s->caps = caps;
	s->quirks = *quirks;
	umd_report_sink(s, NULL);
	umd_report_phase(s, CHANNEL_PHASE_CAPABILITIES);
	if (caps->standby_resume && quirks->standby)
		stream_state_offers_standby(&s->stream);
	if (s->prepared)
		offer_modes(s);
}

/* The announced time has come, or the sink has let it pass. */
static gboolean mode_changed(gpointer data)
{
	umd_session *s = data;

	clear_source(&s->change_timer);
	umd_report_mode(s);
	stream_state_answered(&s->stream, TRUE);
	reconcile(s);
	return G_SOURCE_REMOVE;
}

static void mode_accepted(rtsp_session *rtsp, gboolean in_play, gpointer user_data)
{
	umd_session *s = user_data;
	gint64 now = g_get_monotonic_time();

	if (!in_play) {
		stream_state_agreed(&s->stream, s->selection.mode);
		umd_report_phase(s, CHANNEL_PHASE_MODE);
		umd_report_mode(s);
		reconcile(s);
		return;
	}
	/* What is shown until then is held by the pipeline. */
	s->selection = s->next;
	s->bit_rate = s->selection.bitrate;
	umd_stream_change_mode(s);
	if (now < s->change_us)
		s->change_timer = add_timer(s, (s->change_us - now + 999) / 1000, mode_changed);
	else
		mode_changed(s);
}

/* Whether it is the sound alone that the sink does not like. */
static gboolean only_audio_refused(const GArray *errors)
{
	for (guint i = 0; i < errors->len; i++) {
		if (!strstr(g_array_index(errors, struct wfd_param_error, i).name, "audio"))
			return FALSE;
	}
	return errors->len > 0;
}

/* The sink does not take the sound. FALSE: the session ends. */
static gboolean drop_sound(umd_session *s)
{
	guint channels = wfd_audio_channels(s->selection.audio_format, s->selection.audio_mode);
	guint *formats = channels > 2 ? &s->limits.audio_six : &s->limits.audio;
	g_autoptr(GError) error = NULL;

	*formats &= ~(1u << s->selection.audio_format);
	if (!s->config->kernel || umd_plug_sound(s, &error) == 0)
		return TRUE;
	umd_session_fail(s, CHANNEL_REASON_DRIVER_GONE, error->message);
	return FALSE;
}

/* Before the stream: without that sound, or in the next best mode. */
static void select_another(umd_session *s, const GArray *errors, const char *why)
{
	const struct wfd_mode *refused = s->selection.mode;
	const struct wfd_mode *mode = refused;
	g_autofree char *text = g_strdup_printf("The sink refused the mode (%s)", why);

	s->refusals++;
	if (s->selection.audio_format != WFD_AUDIO_NONE && only_audio_refused(errors)) {
		if (!drop_sound(s))
			return;
	} else {
		if (!drop_mode(s, refused))
			return;
		mode = umd_modes_next(s, s->refusals + 1 >= MAX_REFUSALS);
		if (s->stream.wanted == refused)
			stream_state_want_mode(&s->stream, s->config->kernel ? NULL : mode);
	}
	if (!mode || s->refusals >= MAX_REFUSALS) {
		umd_session_fail(s, CHANNEL_REASON_MODE_REFUSED, text);
		return;
	}
	g_message("%s; next: %ux%u at %u Hz%s", text, mode->width, mode->height, mode->refresh_hz,
		  mode == refused ? " with other sound, or none" : "");
	select_mode(s, mode);
}

static void mode_refused(rtsp_session *rtsp, gboolean in_play, const GArray *errors, const char *why,
			 gpointer user_data)
{
	umd_session *s = user_data;

	if (!in_play) {
		select_another(s, errors, why);
		return;
	}
	g_message("the sink refused %ux%u at %u Hz (%s); the stream keeps its mode",
		  s->next.mode->width, s->next.mode->height, s->next.mode->refresh_hz, why);
	stream_state_answered(&s->stream, FALSE);
	reconcile(s);
}

static gboolean setup(rtsp_session *rtsp, const struct rtsp_ports *client, struct rtsp_ports *server,
		      gpointer user_data, GError **error)
{
	umd_session *s = user_data;

	if (!umd_stream_new(s, client, server, error))
		return FALSE;
	umd_report_phase(s, CHANNEL_PHASE_SETUP);
	return TRUE;
}

/* When it plays for the first time. */
static void start_test_desktop(umd_session *s)
{
	const struct wfd_mode *mode = s->selection.mode;
	const struct miracast_mode_state state = {
		.width = mode->width,
		.height = mode->height,
		.refresh = mode->refresh_hz * 1000,
	};

	if (!s->config->kernel && !s->test_desktop)
		s->test_desktop = test_desktop_new(g_getenv(TEST_DESKTOP_VARIABLE), &state, s);
}

static void play(rtsp_session *rtsp, gpointer user_data)
{
	umd_session *s = user_data;

	start_test_desktop(s);
	umd_report_phase(s, CHANNEL_PHASE_PLAY);
	umd_stream_set_running(s, TRUE);
	stream_state_plays(&s->stream, g_get_monotonic_time());
	reconcile(s);
}

static void pause_stream(rtsp_session *rtsp, gpointer user_data)
{
	umd_session *s = user_data;

	umd_stream_set_running(s, FALSE);
	stream_state_paused(&s->stream);
	reconcile(s);
}

static void wish_answered(rtsp_session *rtsp, enum rtsp_wish wish, gboolean accepted,
			  gpointer user_data)
{
	umd_session *s = user_data;

	stream_state_answered(&s->stream, accepted);
	reconcile(s);
}

static void key_frame_requested(rtsp_session *rtsp, gpointer user_data)
{
	umd_session *s = user_data;

	s->idr_requests++;
	umd_report_event(s, MIRACAST_EVENT_IDR_REQUEST);
	umd_session_key_frame(s);
}

/* Of a sink that says what it would rather have, unless the user has said so. */
static void latency_wanted(rtsp_session *rtsp, enum channel_latency latency, gpointer user_data)
{
	umd_session *s = user_data;

	if (s->config->latency_chosen || s->latency == latency)
		return;
	g_message("the sink wants a latency that is %s", channel_latency_name(latency));
	s->latency = latency;
	if (s->pipeline)
		media_pipeline_set_latency(s->pipeline, latency);
}

/* The kernel's monitor departs with the session, which ends now. */
static void panel_unplugged(rtsp_session *rtsp, gpointer user_data)
{
	umd_report_event(user_data, MIRACAST_EVENT_MONITOR_DEPART);
}

static void rtsp_ended(rtsp_session *rtsp, enum channel_reason reason, const char *message,
		       gpointer user_data)
{
	session_over(user_data, reason, message);
}

static void m1_answered(rtsp_session *rtsp, gpointer user_data)
{
	umd_report_phase(user_data, CHANNEL_PHASE_ANSWERED);
}

static void hung_up_on_m3(rtsp_session *rtsp, gpointer user_data)
{
	g_message("the sink has hung up when it was asked what it can; next time it is asked for less");
	umd_report_short_m3(user_data);
}

static const struct rtsp_session_funcs rtsp_funcs = {
	.hung_up_on_m3 = hung_up_on_m3,
	.answered = m1_answered,
	.identified = sink_identified,
	.capabilities = capabilities,
	.mode_accepted = mode_accepted,
	.mode_refused = mode_refused,
	.setup = setup,
	.play = play,
	.pause = pause_stream,
	.wish_answered = wish_answered,
	.key_frame = key_frame_requested,
	.latency = latency_wanted,
	.unplugged = panel_unplugged,
	.ended = rtsp_ended,
};

/* ------------------------------------------------------------ the driver says ... */

umd_session *umd_session_new(const struct umd_config *config, channel *ch, struct miracast_host *host,
			     const struct miracast_callbacks *callbacks,
			     const struct umd_session_funcs *funcs, gpointer user_data,
			     enum channel_reason *reason, GError **error)
{
	g_autoptr(umd_session) s = g_new0(umd_session, 1);

	s->config = config;
	s->ch = ch;
	s->host = host;
	s->callbacks = callbacks;
	s->funcs = funcs;
	s->user_data = user_data;
	s->context = g_main_context_ref_thread_default();
	g_mutex_init(&s->lock);
	stream_state_init(&s->stream);
	s->plug.no_sound = config->no_card;
	s->latency = config->latency;

	*reason = CHANNEL_REASON_INTERNAL;
	if (config->seal.key_len) {
		s->seal = rtp_seal_new(&config->seal, error);
		if (!s->seal)
			return NULL;
	}
	s->source_class = config->kernel ? &frame_source_kernel : &frame_source_test;
	s->source = s->source_class->create(host, callbacks, error);
	if (!s->source)
		return NULL;
	return g_steal_pointer(&s);
}

void umd_session_free(umd_session *s)
{
	if (!s)
		return;
	stop_streaming(s);
	if (s->prepare_thread)
		g_thread_join(s->prepare_thread);
	clear_source(&s->prepared_source);
	g_clear_error(&s->prepare_error);
	rtsp_session_free(s->rtsp);
	if (s->source)
		s->source_class->destroy(s->source);
	rtp_sockets_free(s->sockets);
	rtp_seal_free(s->seal);
	if (s->modes)
		g_array_unref(s->modes);
	g_mutex_clear(&s->lock);
	g_main_context_unref(s->context);
	g_free(s);
}

static gboolean prepare_media(umd_session *s, GError **error)
{
	guint stereo, six;

	s->prepare_reason = CHANNEL_REASON_INTERNAL;
	maintenance_await(MAINTENANCE_WAIT_MS);
	if (!gst_init_check(NULL, NULL, error))
		return FALSE;
	if (!wfd_elements_register()) {
		g_set_error_literal(error, G_IO_ERROR, G_IO_ERROR_FAILED,
				    "GStreamer does not take our elements");
		return FALSE;
	}
	s->prepare_reason = CHANNEL_REASON_ENCODER_MISSING;
	if (!video_encoder_find(s->config->encoder, error))
		return FALSE;
	s->prepare_reason = CHANNEL_REASON_ENCODER_FAILED;
	if (!video_encoder_choose(s->config->encoder, error))
		return FALSE;
	/* These are tried now, and known when they are needed. */
	audio_encoders_available(&stereo, &six);
	return TRUE;
}

static gboolean media_prepared(gpointer data)
{
	umd_session *s = data;

	s->prepared = TRUE;
	if (s->over)
		return G_SOURCE_REMOVE;
	if (s->prepare_error)
		umd_session_fail(s, s->prepare_reason, s->prepare_error->message);
	else if (s->caps)
		offer_modes(s);
	return G_SOURCE_REMOVE;
}

/*
 * Beside the dialogue: with a cold registry of plugins GStreamer takes a second and
 * more, and encoders are tried; sinks hang up when they have heard nothing for two.
 */
static gpointer prepare_thread(gpointer data)
{
	umd_session *s = data;

	prepare_media(s, &s->prepare_error);
	g_source_attach(s->prepared_source, s->context);
	return NULL;
}

static void start_preparing(umd_session *s)
{
	s->prepared_source = g_idle_source_new();
	g_source_set_priority(s->prepared_source, G_PRIORITY_DEFAULT);
	g_source_set_callback(s->prepared_source, media_prepared, s, NULL);
	s->prepare_thread = g_thread_new("prepare", prepare_thread, s);
}

void umd_session_start(umd_session *s, int rtsp_fd, const struct miracast_wfd_connection_stats *stats)
{
	g_autoptr(GError) error = NULL;
	struct rtsp_session_config config = {
		.local_address = s->config->local_address,
		.quirk_table = s->config->quirk_table,
		.friendly_name = s->config->friendly_name,
		.device_model = s->config->device_model,
		.device_address = s->config->device_id,
		.latency = s->config->latency,
		.m3_scope = s->config->short_m3 ? WFD_M3_MINIMAL : WFD_M3_FULL,
	};

	s->limits.link_rate = MIN(stats->current_bit_rate, G_MAXUINT);
	s->rtsp = rtsp_session_new(rtsp_fd, &config, &rtsp_funcs, s, &error);
	if (!s->rtsp) {
		session_over(s, CHANNEL_REASON_SINK_VANISHED, error->message);
		return;
	}
	s->tick = add_timer(s, 1000, second_passed);
	umd_report_phase(s, CHANNEL_PHASE_CONNECTED);
	start_preparing(s);
}

void umd_session_stop(umd_session *s)
{
	if (s->rtsp)
		rtsp_session_teardown(s->rtsp);
	else
		session_over(s, CHANNEL_REASON_STOPPED, "Stopped");
}

void umd_session_running(umd_session *s)
{
	g_autoptr(GError) error = NULL;

	if (s->over)
		return;
	if (!s->config->kernel) {
		stream_state_want_mode(&s->stream, umd_modes_preferred(s));
		select_mode(s, s->stream.wanted);
		return;
	}
	if (umd_plug(s, &error) < 0) {
		umd_session_fail(s, CHANNEL_REASON_DRIVER_GONE, error->message);
		return;
	}
	umd_report_event(s, MIRACAST_EVENT_MONITOR_ARRIVE);
	umd_report_phase(s, CHANNEL_PHASE_MONITOR);
	if (!s->selected)
		s->desktop_timer = add_timer(s, DESKTOP_MS, desktop_is_late);
}

void umd_session_data_rate(umd_session *s, const struct miracast_data_rate *rate)
{
	guint64 bit_rate = rate->encoder_bit_rate * VIDEO_SHARE_PERCENT / 100;

	if (!s->pipeline || !rate->encoder_bit_rate)
		return;
	media_pipeline_limit_bit_rate(s->pipeline, MIN(bit_rate, G_MAXUINT));
}

void umd_session_key_frame(umd_session *s)
{
	if (!s->pipeline)
		return;
	media_pipeline_key_frame(s->pipeline);
}

gboolean umd_session_can_show(umd_session *s, const struct miracast_mode_state *mode)
{
	gboolean can;

	g_mutex_lock(&s->lock);
	can = s->modes && monitor_find_mode(s->modes, mode->width, mode->height, mode->refresh);
	g_mutex_unlock(&s->lock);
	return can;
}

void umd_session_mode_set(umd_session *s, const struct miracast_mode_state *state)
{
	const struct wfd_mode *mode;

	if (s->over)
		return;
	/* NULL: it was dropped while this was on its way; the desktop is told already. */
	mode = monitor_find_mode(s->modes, state->width, state->height, state->refresh);
	/* A monitor is lit with its mode; if it is not, that is said next. */
	stream_state_want_power(&s->stream, TRUE);
	stream_state_want_mode(&s->stream, mode);
	if (!s->selected && mode)
		select_mode(s, mode);
	reconcile(s);
}

void umd_session_mode_off(umd_session *s)
{
	stream_state_want_off(&s->stream);
	reconcile(s);
}

void umd_session_power(umd_session *s, gboolean on)
{
	stream_state_want_power(&s->stream, on);
	reconcile(s);
}
